package core_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/app/janitor"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// sweeping is a janitor whose pauses take no time, on a clock that stands still.
func sweeping(clock *rig.Clock, log *rig.Log, tasks ...janitor.Task) *janitor.Janitor {
	system := clock.System()
	system.Sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return &janitor.Janitor{System: system, Every: 10 * time.Minute, Tasks: tasks, Log: slog.New(slog.NewTextHandler(log, nil))}
}

// backlog is a task with so much to do; it notes when its turn comes.
func backlog(kind string, left int, turns *[]string) janitor.Task {
	return janitor.Task{Kind: kind, Do: func(_ context.Context, _ time.Time, n int) (int, error) {
		*turns = append(*turns, kind)
		done := min(n, left)
		left -= done
		return done, nil
	}}
}

func TestSweep(t *testing.T) {
	t.Run("does all there is, in turns, and counts it", func(t *testing.T) {
		var turns []string
		j := sweeping(rig.NewClock(), &rig.Log{}, backlog("many", 1200, &turns), backlog("few", 3, &turns), backlog("none", 0, &turns))
		j.Sweep(t.Context())
		if diff := cmp.Diff([]string{"many", "few", "none", "many", "many"}, turns); diff != "" {
			t.Errorf("turns (-want +got):\n%s", diff)
		}
		for kind, want := range map[string]int{"many": 1200, "few": 3, "none": 0} {
			if got := j.Done(kind); got != want || j.Failed(kind) != 0 {
				t.Errorf("%s: %d done and %d failed, want %d and 0", kind, got, j.Failed(kind), want)
			}
		}
		if got := j.LastRun(); got != rig.Noon.Unix() {
			t.Errorf("the last run was at %d", got)
		}
		if diff := cmp.Diff([]string{"many", "few", "none"}, j.Kinds()); diff != "" {
			t.Errorf("kinds (-want +got):\n%s", diff)
		}
	})

	t.Run("tells what is left of a task that counts it", func(t *testing.T) {
		var turns []string
		counted := backlog("counted", 1200, &turns)
		left := 700
		counted.Left = func(context.Context) (int, error) { left -= 100; return left, nil }
		j := sweeping(rig.NewClock(), &rig.Log{}, counted, backlog("not", 1, &turns))
		j.Sweep(t.Context())
		if diff := cmp.Diff([]string{"counted"}, j.Counted()); diff != "" || j.Left("counted") != left || j.Done("counted") != 1200 {
			t.Errorf("%s%d left, want %d; %d done", diff, j.Left("counted"), left, j.Done("counted"))
		}
	})

	t.Run("goes on past a task that fails, and says so", func(t *testing.T) {
		var turns []string
		log := &rig.Log{}
		broken := janitor.Task{Kind: "broken", Do: func(context.Context, time.Time, int) (int, error) { return 0, errors.New("no disk") }}
		j := sweeping(rig.NewClock(), log, broken, backlog("whole", 501, &turns))
		j.Sweep(t.Context())
		if j.Failed("broken") != 1 || j.Done("whole") != 501 {
			t.Errorf("%d failed, %d done", j.Failed("broken"), j.Done("whole"))
		}
		if !strings.Contains(log.String(), "kind=broken") || !strings.Contains(log.String(), "no disk") {
			t.Errorf("logged: %s", log)
		}
	})

	t.Run("stops with its context, without a word", func(t *testing.T) {
		log := &rig.Log{}
		ctx, cancel := context.WithCancel(t.Context())
		stopping := janitor.Task{Kind: "endless", Do: func(context.Context, time.Time, int) (int, error) {
			cancel()
			return 0, context.Canceled
		}}
		j := sweeping(rig.NewClock(), log, stopping)
		j.Sweep(ctx)
		if log.String() != "" || j.Failed("endless") != 0 || j.LastRun() != 0 {
			t.Errorf("%d failures, last run %d, logged: %s", j.Failed("endless"), j.LastRun(), log)
		}
	})
}

func TestJanitorRun(t *testing.T) {
	var mu sync.Mutex
	var at []time.Time
	clock := rig.NewClock()
	j := sweeping(clock, &rig.Log{}, janitor.Task{Kind: "k", Do: func(_ context.Context, now time.Time, _ int) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		at = append(at, now)
		return 0, nil
	}})
	j.System = clock.System()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		j.Run(ctx)
	}()
	sweeps := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(at)
	}
	for i := range 3 {
		rig.Wait(t, "the janitor to sleep", func() bool { return clock.Asleep() == 1 })
		clock.Move(7*time.Minute + 29*time.Second)
		if n := sweeps(); n != i {
			t.Fatalf("%d sweeps before three quarters of the interval", n)
		}
		clock.Move(5*time.Minute + 2*time.Second)
		rig.Wait(t, "a sweep", func() bool { return sweeps() == i+1 })
	}
	cancel()
	<-done
}

func TestDaily(t *testing.T) {
	runs := 0
	clock := rig.NewClock()
	task := janitor.Daily(janitor.Task{Kind: "k", Do: func(context.Context, time.Time, int) (int, error) { runs++; return 0, errors.New("no") }})
	j := sweeping(clock, &rig.Log{}, task)
	for _, step := range []struct {
		move time.Duration
		want int
	}{{0, 1}, {0, 1}, {24*time.Hour - time.Microsecond, 1}, {time.Microsecond, 2}, {time.Hour, 2}, {72 * time.Hour, 3}} {
		clock.Move(step.move)
		if j.Sweep(t.Context()); runs != step.want {
			t.Errorf("after %s more it ran %d times, want %d", step.move, runs, step.want)
		}
	}
}

// TestCleaning leaves one of each kind on a store and looks when it goes.
func TestCleaning(t *testing.T) {
	r := rig.New(t)
	j := sweeping(r.Clock, r.Log, append(janitor.Cleaning(r.Store), janitor.Task{Kind: "changes", Do: r.Retention.Purge})...)
	user := r.User(t, "ada@example.com")
	ended, _ := r.Session(t, user, r.Platform(t))
	r.Session(t, user, r.Platform(t))
	r.End(t, ended.ID)
	in := auth.RegisterInput{From: rig.From, Email: "grace@example.com", Password: domain.NewSecret(rig.Password)}
	if _, err := r.Auth.Register(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	r.Settle(t) // a delivered message, and a flow
	r.Write(t, func(ctx context.Context, tx *store.Tx) error {
		return tx.Lockouts.Save(ctx, domain.Lockout{Key: []byte("k"), Failures: 1, UpdatedAt: r.Clock.Now()})
	})
	shop, clerk := r.Service(t, "bank", nil)
	_, gone := r.Service(t, "gone", nil)
	r.Assign(t, user, clerk, r.Clock.Now())
	r.Write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Roles.Delete(ctx, gone, r.Clock.Now()) })
	r.Write(t, func(_ context.Context, tx *store.Tx) error {
		tx.Changed(domain.ChangeSession, "newest", domain.TokensStale)
		return nil
	})
	leaveAppToken(t, r)
	r.Write(t, func(ctx context.Context, tx *store.Tx) error {
		return tx.Factors.Insert(ctx, domain.Factor{ID: "0198c2a4-7b1e-7c3a-9d55-2f6e8a1b4c70", UserID: user.ID, Kind: domain.FactorTOTP, Secret: []byte("s"), CreatedAt: r.Clock.Now()})
	})
	r.Write(t, func(ctx context.Context, tx *store.Tx) error {
		return tx.Trusted.Insert(ctx, domain.TrustedDevice{
			ID: "0198c2a4-7b1e-7c3a-9d55-2f6e8a1b4c70", UserID: user.ID, Hash: []byte("h"), CreatedAt: r.Clock.Now(), ExpiresAt: r.Clock.Now().Add(time.Hour),
		})
	})

	tables := []string{
		"sessions", "refresh_families", "registrations", "flows", "outbox", "login_failures", "changes", "assignments", "roles",
		"app_tokens", "app_token_secrets", "token_use", "factors", "device_tokens",
	}
	rows := func() map[string]int {
		all := map[string]int{}
		for _, table := range tables {
			if n := r.Database.Int(t, "SELECT count(*) FROM "+table); n > 0 {
				all[table] = n
			}
		}
		return all
	}
	before := rows()
	if len(before) != len(tables) {
		t.Fatalf("the tables have %v", before)
	}
	before["roles"]-- // the deleted one goes at once
	passed := time.Duration(0)
	for _, step := range []struct {
		at   time.Duration
		what string
		gone map[string]int // how many are left
	}{
		{0, "nothing", nil},
		{domain.EnrolTTL + time.Second, "the factor that nobody confirmed", map[string]int{"factors": 0}},
		{2*time.Hour + time.Second, "the changes but the newest, and the remembered device", map[string]int{"changes": 1, "device_tokens": 0}},
		{25*time.Hour + time.Second, "the flow", map[string]int{"flows": 0}},
		{7*24*time.Hour - time.Second, "nothing more", nil},
		{7*24*time.Hour + time.Second, "the ended session, and messages", map[string]int{"sessions": 1, "refresh_families": 1, "outbox": 0}},
		{7*24*time.Hour + time.Hour + time.Second, "the registration", map[string]int{"registrations": 0}},
		{30*24*time.Hour + time.Second, "the run of failures", map[string]int{"login_failures": 0}},
		{37*24*time.Hour - time.Second, "nothing more", nil},
		{37*24*time.Hour + time.Second, "the session that nobody ended", map[string]int{"sessions": 0, "refresh_families": 0}},
		{90*24*time.Hour - time.Second, "nothing more", nil},
		{90*24*time.Hour + time.Second, "the assignment that had ended", map[string]int{"assignments": 0}},
		{91*24*time.Hour + time.Second, "the token, and what was known of its use", map[string]int{"app_tokens": 0, "app_token_secrets": 0, "token_use": 0}},
		{92 * 24 * time.Hour, "what a deleted service owned", map[string]int{"roles": before["roles"] - 1}},
	} {
		r.Clock.Move(step.at - passed)
		passed = step.at
		if step.what == "what a deleted service owned" {
			r.Write(t, func(ctx context.Context, tx *store.Tx) error {
				return tx.Services.Update(ctx, shop.Deleted(r.Clock.Now()))
			})
		}
		j.Sweep(t.Context())
		for table, n := range step.gone {
			if before[table] = n; n == 0 {
				delete(before, table)
			}
		}
		if diff := cmp.Diff(before, rows()); diff != "" {
			t.Errorf("after %s (%s) rows (-want +got):\n%s", step.at, step.what, diff)
		}
	}
	for _, kind := range j.Kinds() {
		if j.Done(kind) == 0 || j.Failed(kind) > 0 {
			t.Errorf("%s: %d done, %d failed", kind, j.Done(kind), j.Failed(kind))
		}
	}
}

// leaveAppToken leaves a token that ends in a day.
func leaveAppToken(t *testing.T, r *rig.Rig) {
	t.Helper()
	service, _ := r.Service(t, "mill", nil)
	token, _ := r.AppToken(t, service, func(token *domain.AppToken) { token.ExpiresAt = r.Clock.Now().Add(24 * time.Hour) })
	r.Write(t, func(ctx context.Context, tx *store.Tx) error {
		use := domain.TokenUse{Secret: token.Secrets[0].ID, Token: token.ID, Count: 1, LastAt: r.Clock.Now()}
		return tx.AppTokens.AddUse(ctx, []domain.TokenUse{use}, nil)
	})
}

// A row that the janitor removed gets the answer for an ended one, not for one that never existed.
func TestTokensOfRemovedSessions(t *testing.T) {
	r := rig.New(t)
	r.User(t, "ada@example.com")
	in := auth.LoginInput{From: rig.From, Email: "ada@example.com", Password: domain.NewSecret(rig.Password)}
	out, err := r.Auth.Login(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	r.Clock.Move(38 * 24 * time.Hour)
	r.Poll(t)
	sweeping(r.Clock, r.Log, janitor.Cleaning(r.Store)...).Sweep(t.Context())
	if n := r.Database.Int(t, "SELECT count(*) FROM sessions"); n != 0 {
		t.Fatalf("%d sessions are left", n)
	}
	_, err = r.Auth.Refresh(t.Context(), auth.RefreshInput{From: rig.From, Token: out.RefreshToken})
	if !errors.Is(err, domain.ErrTokenInvalid) || errors.Is(err, domain.ErrForged) {
		t.Errorf("refresh: %v, want a refusal of a genuine token", err)
	}
}
