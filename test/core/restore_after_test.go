package core_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/signet-auth/signet/app/restore"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// A run that is interrupted between two transactions leaves rows alive; the next run finds them, and only then the epoch changes.
func TestARestoreIsFinishedByTheNextRun(t *testing.T) {
	r := rig.New(t)
	ada := r.User(t, "ada@example.com")
	r.Session(t, ada, r.Platform(t))
	const flows = 1201
	r.Database.Exec(t, `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
		INSERT INTO sessions (id, user_id, amr, auth_time, created_at, expires_at)
		SELECT printf('00000000-0000-4000-8000-%012d', i), ?2, '[]', ?3, ?3, ?3 FROM n`, flows, ada.ID, r.Clock.Now().Format(storedTime))
	r.Database.Exec(t, `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		INSERT INTO flows (id, purpose, secret_hash, subject, created_at, expires_at)
		SELECT printf('00000000-0000-4000-8000-%012d', i), 'reset_password', CAST(i AS blob), 's', ?, ? FROM n`,
		flows, r.Clock.Now().Format(storedTime), r.Clock.Now().Add(time.Hour).Format(storedTime))
	epoch := func() string { return r.Database.Text(t, "SELECT value FROM meta WHERE key = 'feed_epoch'") }
	live := func() int { return r.Database.Int(t, "SELECT count(*) FROM flows WHERE consumed_at IS NULL") }
	in, before := restore.AfterInput{Actor: domain.System(), BackupTime: r.Clock.Now()}, epoch()

	n := 0
	ctx, closeTerminal := context.WithCancel(t.Context())
	r.Store.Before(func(query string) error {
		if n++; query == "WithinTx" && n > 5 {
			closeTerminal()
		}
		return nil
	})
	if _, err := r.Restore.After(ctx, in); !errors.Is(err, domain.ErrUnavailable) || live() == 0 || epoch() != before {
		t.Fatalf("%v: %d secrets live", err, live())
	}
	r.Store.Up()
	out, err := r.Restore.After(t.Context(), in)
	if err != nil || out.Secrets == 0 || live() != 0 || epoch() == before {
		t.Errorf("%+v, %v: %d secrets live", out, err, live())
	}
	for _, table := range []string{"sessions", "refresh_families"} {
		if open := r.Database.Int(t, "SELECT count(*) FROM "+table+" WHERE ended_at IS NULL"); open != 0 {
			t.Errorf("%d of %s have not ended", open, table)
		}
	}
}

// storedTime is how the embedded database keeps times.
const storedTime = "2006-01-02 15:04:05.999999-07:00"

func TestRestoringIsTheOperatorsAlone(t *testing.T) {
	r := rig.New(t)
	root := r.Actor(r.User(t, "root@example.com", domain.RolePlatformAdmin))
	_, after := r.Restore.After(t.Context(), restore.AfterInput{Actor: root, BackupTime: r.Clock.Now()})
	_, standing := r.Restore.Standing(t.Context(), root)
	_, undone := r.Restore.Undone(t.Context(), restore.UndoneInput{Actor: root, Former: r.DB.Read(), BackupTime: r.Clock.Now()})
	for name, err := range map[string]error{"after": after, "standing": standing, "undone": undone} {
		if !errors.Is(err, domain.ErrForbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
