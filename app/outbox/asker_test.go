package outbox_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
)

func TestAskers(t *testing.T) {
	for _, row := range []struct{ fact, userAgent, says string }{
		{"a user agent is told by its name", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "from 192.0.2.7 (Firefox on Linux)."},
		{"one that nobody knows is not told", "Call +1 555 0100/1.0", "from 192.0.2.7."},
		{"none is none", "", "from 192.0.2.7."},
	} {
		t.Run(row.fact, func(t *testing.T) {
			r := rig.New(t)
			asked := letter(t).AskedBy(outbox.By(domain.Origin{IP: "192.0.2.7", UserAgent: row.userAgent}))
			r.Write(t, func(ctx context.Context, tx *store.Tx) error {
				return r.Postbox.Mail(ctx, tx, asked, r.Clock.Now().Add(time.Hour))
			})
			r.Settle(t)
			if got := r.Inbox.List()[0].Text; !strings.Contains(got, row.says) || strings.Contains(got, "555") {
				t.Errorf("it does not say %q:\n%s", row.says, got)
			}
		})
	}

	t.Run("keep at most 300 characters of a user agent, and no control character", func(t *testing.T) {
		by := outbox.By(domain.Origin{UserAgent: "a\r\n\x00b" + strings.Repeat("é", 10_000)})
		if n := len([]rune(by.UserAgent)); n != 300 || !strings.HasPrefix(by.UserAgent, "abé") {
			t.Errorf("%d characters: %.10q", n, by.UserAgent)
		}
	})
}
