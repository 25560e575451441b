package domain_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
)

func TestCursor(t *testing.T) {
	keys := domain.CursorKeys{[]byte("current key of thirty-two bytes!"), []byte("previous key of thirty-two bytes")}
	at := domain.Cursor{At: epoch.Add(123456 * time.Microsecond), ID: string(sessionID)}
	text := at.Text(keys, "sessions ada")

	t.Run("comes back as it went, and in no other spelling", func(t *testing.T) {
		got, err := domain.ParseCursor(text, keys, "sessions ada")
		wantEqual(t, err, nil)
		wantEqual(t, got, at)
		for _, other := range []string{text + " ", strings.ToUpper(text), text[:len(text)-1], text + "0", "x", "\x00", strings.Repeat("0", 4096)} {
			if _, err := domain.ParseCursor(other, keys, "sessions ada"); !errors.Is(err, domain.ErrInvalidCursor) {
				t.Errorf("%q: %v", other, err)
			}
		}
	})
	t.Run("of nothing is the beginning", func(t *testing.T) {
		got, err := domain.ParseCursor("", keys, "sessions ada")
		wantEqual(t, err, nil)
		wantEqual(t, got.IsZero(), true)
		wantEqual(t, got.Text(keys, "sessions ada"), "")
	})
	t.Run("counts under a previous key", func(t *testing.T) {
		old := at.Text(keys[1:], "sessions ada")
		got, err := domain.ParseCursor(old, keys, "sessions ada")
		wantEqual(t, err, nil)
		wantEqual(t, got, at)
	})
	t.Run("counts in its own list only, and nobody can make one (hydra CVE-2026-33503)", func(t *testing.T) {
		for _, forged := range []string{
			at.Text(keys, "sessions eve"), at.Text(keys, "users"), at.Text(keys, ""),
			at.Text(domain.CursorKeys{[]byte("a key that the server does not have")}, "sessions ada"),
		} {
			if _, err := domain.ParseCursor(forged, keys, "sessions ada"); !errors.Is(err, domain.ErrInvalidCursor) {
				t.Errorf("%q: %v", forged, err)
			}
		}
	})
	t.Run("says nothing of its list when it has no id", func(t *testing.T) {
		wantEqual(t, domain.Cursor{At: epoch, ID: "no uuid"}.Text(keys, "sessions ada"), "")
	})
}
