package domain_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
)

// wantCodes fails unless err has that code and, in this order, those "field code" pairs.
func wantCodes(t testing.TB, err error, code string, fields ...string) {
	t.Helper()
	var e *domain.Error
	if !errors.As(err, &e) {
		t.Fatalf("got error %v, want code %s", err, code)
	}
	var got []string
	for _, f := range e.Fields {
		got = append(got, f.Field+" "+f.Code)
	}
	wantEqual(t, e.Code, code)
	wantEqual(t, got, fields)
}

func TestErrorInvalidFields(t *testing.T) {
	short := domain.FieldError{Field: "password", Code: "password_too_short", Text: "too short"}
	bad := domain.FieldError{Field: "email", Code: "invalid", Text: "bad address"}

	t.Run("of one member with a documented code has that code", func(t *testing.T) {
		for _, code := range []string{"password_too_short", "password_too_long", "password_common"} {
			wantEqual(t, domain.ErrInvalidFields(domain.FieldError{Field: "password", Code: code, Text: "no"}).Code, code)
		}
	})
	t.Run("of another one member is invalid_request, with its text", func(t *testing.T) {
		e := domain.ErrInvalidFields(bad)
		wantEqual(t, e.Code, "invalid_request")
		wantEqual(t, e.Text, "bad address")
		wantEqual(t, e.Kind, domain.Invalid)
		wantEqual(t, errors.Is(e, domain.ErrInvalidRequest), true)
	})
	t.Run("of several members is validation_failed, with all texts", func(t *testing.T) {
		e := domain.ErrInvalidFields(bad, short)
		wantEqual(t, e.Code, "validation_failed")
		wantEqual(t, e.Text, "bad address; too short")
		wantEqual(t, e.Fields, []domain.FieldError{bad, short})
		wantEqual(t, errors.Is(e, domain.ErrInvalidRequest), false)
	})
	t.Run("of a missing member has the text of the wire contract", func(t *testing.T) {
		wantEqual(t, domain.ErrInvalidFields(domain.Required("email")).Text, "email is required")
	})
}

func TestMergeFields(t *testing.T) {
	a := domain.ErrInvalidFields(domain.Required("a"))
	b := domain.ErrInvalidFields(domain.FieldError{Field: "b", Code: "password_common", Text: "b is common"})

	t.Run("of nothing is nil, and equals nil", func(t *testing.T) {
		for _, err := range []error{domain.MergeFields(), domain.MergeFields(nil), domain.MergeFields(nil, nil)} {
			if err != nil {
				t.Errorf("got %v", err)
			}
		}
	})
	t.Run("of one keeps its own code", func(t *testing.T) {
		wantCodes(t, domain.MergeFields(nil, a, nil), "invalid_request", "a required")
		wantCodes(t, domain.MergeFields(nil, b), "password_common", "b password_common")
	})
	t.Run("of several keeps their order", func(t *testing.T) {
		wantCodes(t, domain.MergeFields(a, nil, b), "validation_failed", "a required", "b password_common")
		wantCodes(t, domain.MergeFields(domain.MergeFields(b, a), a), "validation_failed", "b password_common", "a required", "a required")
	})
	t.Run("looks into wrapped errors", func(t *testing.T) {
		wantCodes(t, domain.MergeFields(fmt.Errorf("while reading: %w", a)), "invalid_request", "a required")
	})
	t.Run("returns any other error as it is, wherever it stands: it is not the client's", func(t *testing.T) {
		for _, other := range []error{io.ErrUnexpectedEOF, domain.ErrUnavailable, domain.ErrInvalidRequest, context.Canceled} {
			wantEqual(t, errors.Is(domain.MergeFields(a, other, b), other), true)
			wantEqual(t, errors.Is(domain.MergeFields(other), other), true)
		}
	})
	t.Run("changes none of its arguments", func(t *testing.T) {
		_ = domain.MergeFields(a, b)
		wantEqual(t, len(a.Fields)+len(b.Fields), 2)
	})
}

func TestErrorIs(t *testing.T) {
	cause := errors.New("duplicate key value violates unique constraint")
	t.Run("matches kind and code, whatever text, cause and wait", func(t *testing.T) {
		for _, err := range []error{
			domain.ErrTokenInvalid, domain.ErrTokenInvalid.Because(cause), domain.ErrTokenInvalid.Saying("other"), domain.ErrTokenInvalid.After(time.Second),
			fmt.Errorf("in a use case: %w", domain.ErrTokenInvalid.Because(cause)), errors.Join(io.EOF, domain.ErrTokenInvalid),
			&domain.Error{Kind: domain.Unauthenticated, Code: "token_invalid"}, domain.ErrInternal.Because(domain.ErrTokenInvalid),
		} {
			wantEqual(t, errors.Is(err, domain.ErrTokenInvalid), true)
		}
	})
	t.Run("tells kinds and codes apart", func(t *testing.T) {
		for _, err := range []error{
			domain.ErrTokenMissing, domain.ErrInvalidToken, cause, &domain.Error{Kind: domain.Invalid, Code: "token_invalid"},
			&domain.Error{Kind: domain.Unauthenticated, Code: "other"}, domain.ErrTokenMissing.Because(cause),
		} {
			wantEqual(t, errors.Is(err, domain.ErrTokenInvalid), false)
		}
	})
	t.Run("finds the private cause too (CVE-2024-51744: errors combined)", func(t *testing.T) {
		err := fmt.Errorf("wrapped: %w", domain.ErrTokenInvalid.Because(fmt.Errorf("kid: %w", domain.ErrForged)))
		wantEqual(t, errors.Is(err, domain.ErrForged), true)
		wantEqual(t, errors.Is(err, domain.ErrTokenInvalid), true)
		wantEqual(t, errors.Is(domain.ErrTokenInvalid, domain.ErrForged), false)
	})
	t.Run("shows the cause to the log and not in the text for the client", func(t *testing.T) {
		err := domain.ErrEmailTaken.Because(cause)
		wantEqual(t, strings.Contains(err.Error(), cause.Error()), true)
		wantEqual(t, strings.Contains(err.Text, cause.Error()), false)
		wantEqual(t, err.Text, domain.ErrEmailTaken.Text)
	})
	t.Run("copies: shared values stay as they are", func(t *testing.T) {
		_ = domain.ErrRateLimited.Because(cause).Saying("x").After(time.Hour)
		wantEqual(t, domain.ErrRateLimited.RetryAfter, 0)
		wantEqual(t, domain.ErrRateLimited.Text, "Too many requests. Try again later")
		wantEqual(t, errors.Unwrap(domain.ErrRateLimited), nil)
		e := domain.ErrRateLimited.Because(cause).Saying("x").After(time.Hour)
		wantEqual(t, e.RetryAfter, time.Hour)
		wantEqual(t, e.Text, "x")
		wantEqual(t, errors.Is(e, cause), true)
	})
	t.Run("an unclassified one is internal, never shown", func(t *testing.T) {
		wantEqual(t, (&domain.Error{}).Kind, domain.Internal)
	})
}
