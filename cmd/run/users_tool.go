package run

import (
	"context"
	"time"

	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/app/password"
	"github.com/signet-auth/signet/app/session"
	"github.com/signet-auth/signet/app/user"
	"github.com/signet-auth/signet/domain"
)

// usersTool is the use cases behind `signet users`.
type usersTool struct {
	*tool

	list    *user.List
	show    *user.Show
	disable *user.Disable
	enable  *user.Enable
	end     *user.EndSessions
	set     *password.Set
	delete  *user.Delete
}

// operator is the authority at a terminal: whoever has the database may do everything to it.
type operator struct{}

// Require lets Signet's own work and the command line through, and nobody else.
func (operator) Require(_ context.Context, a domain.Actor, _ string) error {
	if a.Kind != domain.ActorSystem {
		return domain.ErrForbidden
	}
	return nil
}

func openUsers(ctx context.Context, c *Config) (*usersTool, error) {
	t, err := openTool(ctx, c)
	if err != nil {
		return nil, err
	}
	sealer, err := openSealer(c)
	if err == nil {
		err = checkServersSecret(ctx, t.db, sealer)
	}
	if err != nil {
		t.close()
		return nil, err
	}
	guard := &auth.Guard{Sealer: sealer} // no budgets: whoever is here guesses nothing
	ender := session.Ender{System: c.System}
	postbox := outbox.Postbox{Sealer: sealer, System: c.System}
	account := user.Account{Store: t.db, System: c.System, Authority: operator{}, Ender: ender}
	return &usersTool{
		tool: t, list: &user.List{Account: account, Sealer: sealer}, show: &user.Show{Account: account, Guard: guard, Policy: c.sessionPolicy()},
		disable: &user.Disable{Account: account}, enable: &user.Enable{Account: account}, end: &user.EndSessions{Account: account},
		set: &password.Set{Authority: operator{}, Replacement: password.Replacement{
			Store: t.db, System: c.System, Hasher: t.admin.Hasher, Guard: guard, Password: t.admin.Password, Ender: ender, Postbox: postbox,
			NoticeTTL: noticeTTL,
		}},
		delete: &user.Delete{Account: account, Eraser: &user.Eraser{
			Store: t.db, System: c.System, Ender: ender, Guard: guard, Postbox: postbox, Scrub: t.db.Scrub,
		}},
	}, nil
}

// until reads when a disablement ends: a time, a day, or how long from now.
func until(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	if d, err := parseDuration(text); err == nil {
		return now.Add(d), nil
	}
	return time.Time{}, domain.ErrInvalidFields(domain.FieldError{
		Field: "until", Code: "invalid", Text: "--until must be a day such as 2027-01-31, a time such as 2027-01-31T12:00:00Z, or how long: 12h or 30d",
	})
}
