package domain_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
)

// epoch is the time at which tests begin.
var epoch = time.Date(2026, time.January, 2, 3, 4, 5, 6000, time.UTC)

// seeded is entropy that is the same in every run.
func seeded(seed byte) io.Reader { return rand.NewChaCha8([32]byte{seed}) }

// dry is entropy that ends after n bytes.
func dry(n int) io.Reader { return bytes.NewReader(make([]byte, n)) }

func email(t testing.TB, text string) domain.Email {
	t.Helper()
	e, err := domain.ParseEmail(text)
	if err != nil {
		t.Fatalf("ParseEmail(%q): %v", text, err)
	}
	return e
}

// numbered gives held roles their ids.
func numbered(held []domain.HeldRole) []domain.HeldRole {
	for i := range held {
		held[i].ID = domain.RoleID(strconv.Itoa(i))
	}
	return held
}

// wantField fails unless err is the error of one bad member, with that code, and repeats none of the
// values that are long enough to be recognized.
func wantField(t testing.TB, err error, field, code string, values ...string) {
	t.Helper()
	var e *domain.Error
	if !errors.As(err, &e) {
		t.Fatalf("got error %v, want one of field %s", err, field)
	}
	if e.Kind != domain.Invalid || len(e.Fields) != 1 || e.Fields[0].Field != field || e.Fields[0].Code != code {
		t.Fatalf("got %+v, want the one field %s with code %s", e, field, code)
	}
	for _, value := range values {
		if len(value) > 2 && strings.Contains(err.Error(), value) {
			t.Errorf("the error repeats the value %q: %v", value, err)
		}
	}
}

func wantEqual[T any](t testing.TB, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
