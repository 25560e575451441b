package domain_test

import (
	"strings"
	"testing"

	"github.com/signet-auth/signet/domain"
)

func scopes(t testing.TB, texts ...string) domain.Scopes {
	t.Helper()
	s, err := domain.ParseScopes(texts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestParseScopes(t *testing.T) {
	for _, text := range []string{"billing/invoice:read", "billing/invoice:item:*", "a.b/*:*", "auth_service/user:read", "billing/signet.*:*"} {
		wantEqual(t, scopes(t, text).Texts(), []string{text})
	}
	for _, text := range []string{
		"", "/", "invoice:read", "billing/", "/invoice:read", "billing/invoice", "billing//invoice:read", "billing/x/invoice:read", "Billing/invoice:read",
		"*/invoice:read", "*/*:*", "billing/inv*:read", "billing/invoice:read ", "billing /invoice:read", "billing/invoice:read,x/*:*", "billing/\x00:read",
	} {
		t.Run("refuses "+text, func(t *testing.T) {
			_, err := domain.ParseScopes([]string{"a/b:c", text})
			wantField(t, err, "scopes[1]", "invalid", text)
		})
	}
	t.Run("refuses none, and more than 50 (CUDly#1301: an empty list is not everything)", func(t *testing.T) {
		_, err := domain.ParseScopes(nil)
		wantField(t, err, "scopes", "invalid")
		_, err = domain.ParseScopes(strings.Split(strings.Repeat("a/b:c ", 50)+"a/b:c", " "))
		wantField(t, err, "scopes", "invalid")
	})
}

func TestScopes(t *testing.T) {
	some := scopes(t, "b/z:read", "a/x:*", "a/y:read", "a/x:*")
	wantEqual(t, some.Texts(), []string{"a/x:*", "a/y:read", "b/z:read"})
	wantEqual(t, some.At("a"), []domain.Pattern{"x:*", "y:read"})
	wantEqual(t, some.At("c"), nil)
	wantEqual(t, some.Key() == scopes(t, "a/y:read", "a/x:*", "b/z:read").Key(), true)
	wantEqual(t, some.Key() == scopes(t, "a/x:*").Key(), false)

	t.Run("that were stored empty permit nothing, and none at all narrow nothing", func(t *testing.T) {
		none := domain.RestoreScopes(nil)
		wantEqual(t, none.Narrows(), true)
		wantEqual(t, none.Key() == "", false)
		wantEqual(t, domain.Scopes{}.Narrows(), false)
		wantEqual(t, domain.Scopes{}.Key(), "")
	})
	t.Run("lie within those that permit all they do", func(t *testing.T) {
		for _, c := range []struct {
			inner, outer domain.Scopes
			want         bool
		}{
			{some, domain.Scopes{}, true},
			{domain.Scopes{}, some, false},
			{domain.Scopes{}, domain.Scopes{}, true},
			{some, some, true},
			{scopes(t, "a/x:read"), some, true},
			{scopes(t, "a/*:read"), some, false},
			{scopes(t, "c/x:read"), some, false},
			{domain.RestoreScopes(nil), some, true},
			{some, domain.RestoreScopes(nil), false},
		} {
			wantEqual(t, c.inner.Within(c.outer), c.want)
		}
	})
}

func TestAskedScopes(t *testing.T) {
	narrow := domain.RestoreScopes([]string{"billing/invoice:*", "shop/order:read"})
	for _, c := range []struct {
		name   string
		scopes domain.Scopes
		asked  []string
		narrow bool
		want   []string
	}{
		{"nothing asked, nothing narrowed", domain.Scopes{}, nil, false, nil},
		{"nothing asked", narrow, nil, true, []string{"billing/invoice:*", "shop/order:read"}},
		{"asked of all", domain.Scopes{}, []string{"invoice:read"}, true, []string{"billing/invoice:read"}},
		{"asked within", narrow, []string{"invoice:read"}, true, []string{"billing/invoice:read"}},
		{"asked beyond, since the scopes were cut", narrow, []string{"payment:read", "order:read"}, true, nil},
		{"asked for none", domain.Scopes{}, []string{}, true, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := c.scopes.Asked("billing", c.asked)
			wantEqual(t, got.Narrows(), c.narrow)
			if len(got.Texts()) > 0 || len(c.want) > 0 {
				wantEqual(t, got.Texts(), c.want)
			}
		})
	}
}
