package e2e_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

func TestIntrospection(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		c := newClients(t, b)
		user := c.holder(t)
		c.assign(t, domain.PrincipalID(user.ID), c.role(t, c.billing.ID, "reader", "invoice:read"), time.Time{})
		c.heard(t)
		loggedIn := c.c.Do(testkit.Request{Path: "/api/auth/login", Body: testkit.Object{"email": user.Email, "password": user.Password, "service": "billing"}}).Want(http.StatusOK, "")
		of := func(token string) testkit.Object {
			return c.c.Do(form("introspect", "billing", c.billingToken.text, "token="+token, "token_type_hint=refresh_token")).Want(http.StatusOK, "").JSON()
		}
		theirs := of(loggedIn.Text("access_token"))
		_, claims := testkit.ReadToken(t, loggedIn.Text("access_token"))
		want := testkit.Object{"active": true, "token_type": "Bearer", "scope": "invoice:read", "roles": []any{"reader"}}
		for _, name := range []string{"iss", "sub", "aud", "client_id", "exp", "iat", "nbf", "jti", "permissions", "pv", "sid", "auth_time", "acr", "amr", "email_verified"} {
			want[name] = claims[name]
		}
		want["cs"] = theirs["cs"] // of the answer, which may be newer
		if diff := cmp.Diff(want, theirs); diff != "" {
			t.Errorf("a user's (-want +got):\n%s", diff)
		}

		services := of(c.access(t, "service=billing"))
		if services["kind"] != "service_account" || services["key"] != c.token.id || services["sub"] != string(c.shop.ID) || services["sid"] != nil ||
			services["scope"] != "invoice:read invoice:write" {
			t.Errorf("a service's: %v", services)
		}
		own := of(c.billingToken.text)
		got := slices.Sorted(maps.Keys(own))
		if diff := cmp.Diff([]string{"active", "client_id", "cs", "iat", "iss", "jti", "sub", "token_type"}, got); diff != "" || own["token_type"] != "app_token" || own["jti"] != c.billingToken.id {
			t.Errorf("an own application token: %v", own)
		}

		// Rights are live: what was taken does not count although the token says it (zitadel#11177).
		c.write(t, takeAll(user.ID))
		c.heard(t)
		if late := of(loggedIn.Text("access_token")); late["scope"] != nil || len(late["permissions"].([]any)) != 0 || late["active"] != true {
			t.Errorf("after the role was taken: %v", late)
		}

		for name, request := range map[string]testkit.Request{
			"by bearer": {
				Method: http.MethodPost, Path: "/oauth2/introspect", Bearer: c.billingToken.text, Body: "token=" + c.billingToken.text,
				Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
			},
			"by an access token": {
				Method: http.MethodPost, Path: "/oauth2/introspect", Body: "token=" + c.billingToken.text,
				Bearer: c.c.Do(asking("billing", c.billingToken.text)).Text("access_token"),
				Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
			},
		} {
			if got := c.c.Do(request); got.Status != http.StatusOK || got.JSON()["active"] != true {
				t.Errorf("%s: %s", name, got.Body)
			}
		}
	})
}

// Nobody learns of tokens that are not theirs more than of invented ones (RFC 7662 §4; Keycloak CVE-2026-37979, fosite#845).
func TestIntrospectionAcrossServicesRFC7662Section4(t *testing.T) {
	t.Parallel()
	c := newClients(t, testkit.Embedded)
	loggedIn := c.c.Login(c.holder(t))
	ended := c.appToken(t, c.billing, nil)
	c.c.Do(testkit.Request{Method: http.MethodPost, Path: "/api/tokens/" + ended.id + "/revoke", Bearer: c.admin}).Want(http.StatusOK, "")
	for name, token := range map[string]string{
		"the platform's":                  loggedIn.Access,
		"a refresh token":                 loggedIn.Refresh,
		"another audience's":              c.access(t, "service=shop"),
		"the platform's of another":       c.access(t),
		"another's application token":     c.token.text,
		"one's own that ended":            ended.text,
		"an invented application token":   "sgat_" + strings.Repeat("0", 22) + "_" + strings.Repeat("0", 49),
		"an invented access token":        strings.Replace(loggedIn.Access, ".", ".e", 1),
		"nonsense":                        "x",
		"one's own with another spelling": c.billingToken.text + "%20",
	} {
		answer := c.c.Do(form("introspect", "billing", c.billingToken.text, "token="+token)).Want(http.StatusOK, "")
		if string(answer.Body) != `{"active":false}` {
			t.Errorf("%s: %s", name, answer.Body)
		}
	}
	for name, row := range map[string]struct {
		request testkit.Request
		want    string
	}{
		"nobody":                        {form("introspect", "", "", "token="+c.token.text), "401 invalid_client"},
		"no token":                      {form("introspect", "shop", c.token.text), "400 invalid_request"},
		"a user":                        {withBearer(form("introspect", "", "", "token="+c.token.text), loggedIn.Access), "401 invalid_client"},
		"an access token for a service": {withBearer(form("introspect", "", "", "token="+c.token.text), c.access(t, "service=billing")), "401 invalid_client"},
		"a bearer and a secret":         {withBearer(form("introspect", "", "", "token=x", "client_id=shop", "client_secret="+c.token.text), c.token.text), "400 invalid_request"},
	} {
		if got := oauthOutcome(c.c.Do(row.request)); got != row.want {
			t.Errorf("%s: %s, want %s", name, got, row.want)
		}
	}
}

func withBearer(r testkit.Request, token string) testkit.Request { r.Bearer = token; return r }

// A client ends its own tokens and no others' (RFC 7009 §2.1, fosite CVE-2020-15223).
func TestRevocationRFC7009(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		c := newClients(t, b)
		revoke := func(id string, by appToken, token string) string {
			return oauthOutcome(c.c.Do(form("revoke", id, by.text, "token="+token)))
		}
		second := c.appToken(t, c.shop, nil)
		for name, row := range map[string][2]string{
			"another's":               {revoke("billing", c.billingToken, c.token.text), "200"},
			"an invented one":         {revoke("billing", c.billingToken, "sgat_x"), "200"},
			"a user's access token":   {revoke("billing", c.billingToken, c.admin), "200"},
			"one's own access token":  {revoke("shop", c.token, c.access(t)), "400 unsupported_token_type"},
			"the access token's copy": {revoke("shop", c.token, c.access(t)+"x"), "200"},
		} {
			if row[0] != row[1] {
				t.Errorf("%s: %s, want %s", name, row[0], row[1])
			}
		}
		c.c.Do(validating(c.token.text)).Want(http.StatusOK, "")
		if got := revoke("shop", c.token, second.text); got != "200" {
			t.Error(got)
		}
		c.c.Do(validating(second.text)).Want(http.StatusUnauthorized, "token_invalid")
		access := c.access(t)
		if got := revoke("shop", c.token, c.token.text); got != "200" { // the one that authenticates
			t.Error(got)
		}
		c.c.Do(validating(c.token.text)).Want(http.StatusUnauthorized, "token_invalid")
		c.c.Do(testkit.Request{Path: "/api/auth/validate-jwt", Bearer: access}).Want(http.StatusUnauthorized, "token_invalid")
		if events := c.record.Events(domain.EventAppTokenRevoked, c.token.id); len(events) != 1 || events[0].ActorKind != domain.ActorService {
			t.Errorf("%+v", events)
		}
	})
}
