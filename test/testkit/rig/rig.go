// Package rig puts the core on a real store in a temp folder, without HTTP: for tests of the app layer that look closer than a
// client can.
//
//	Database ─► Store (watched) ─► Ports, Settings ─► app.New ─► Rig, on a Clock that stands still
//
// The core is the one that ships. The database is SQLite with all migrations applied; limits, caches and inbox are the in-process
// adapters. Nothing runs in the background: a test calls Feed.Poll or Settle where the program would have a loop. A test that wants
// another port or setting changes it in Ports or Settings and calls Rebuild.
package rig

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/adapters/jwtoken"
	"github.com/signet-auth/signet/adapters/mailtmpl"
	"github.com/signet-auth/signet/adapters/memory"
	"github.com/signet-auth/signet/adapters/otp"
	"github.com/signet-auth/signet/adapters/pwhash"
	"github.com/signet-auth/signet/adapters/seal"
	"github.com/signet-auth/signet/adapters/useragent"
	"github.com/signet-auth/signet/app"
	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/app/feed"
	"github.com/signet-auth/signet/app/guard"
	"github.com/signet-auth/signet/app/keys"
	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/app/proof"
	"github.com/signet-auth/signet/app/stream"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/sys"
	"github.com/signet-auth/signet/ports/transient"
)

// SecretKey is the secret of every rig.
const SecretKey = "bXkgc2VjcmV0IGZvciB0aGUgcmlncyBvZiBhbGwgdGVzdHM"

// Issuer is where tokens and links of a rig are from.
const Issuer = "https://auth.test"

// Rig is one replica's core and what it stands on.
type Rig struct {
	*app.App

	Ports    app.Ports
	Settings app.Settings

	Database Database
	DB       *bunsql.DB // another store on the database, for what tests themselves do
	Store    *Store     // the core's
	Clock    *Clock
	System   sys.System
	Log      *Log
	Inbox    *memory.Inbox

	hasher *pwhash.Hasher // for hashes that tests make themselves, whatever hashes in the core
}

// New is a rig on a database of its own, its keys made and its place in the feed found.
func New(tb testing.TB) *Rig {
	tb.Helper()
	return On(tb, newBegun(tb), NewClock())
}

// On is a rig on a database that others may be on too: another replica.
func On(tb testing.TB, database Database, clock *Clock) *Rig {
	tb.Helper()
	db := database.Open(tb, bunsql.Options{Now: clock.Now})
	r := &Rig{
		Database: database, DB: db, Store: watch(tb, database, clock, db), Clock: clock, System: clock.System(),
		Log: &Log{}, Inbox: memory.NewInbox(clock.Now),
	}
	r.hasher = NewHasher(tb, clock, pwhash.Bcrypt{Cost: pwhash.MinBcryptCost})
	composer, err := mailtmpl.New(mailtmpl.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	r.Ports = app.Ports{
		Log: slog.New(slog.NewTextHandler(r.Log, nil)), System: r.System, Store: r.Store, Caches: memory.NewCaches(clock.Now),
		Limiter: memory.NewLimiter(clock.Now), Waker: memory.NewWaker(), Sealer: Sealer(tb, SecretKey), Hasher: r.hasher,
		KeyMaker: jwtoken.KeyMaker{}, Issuer: jwtoken.Issuer{}, Verifier: jwtoken.Verifier{}, Composer: composer, Transport: r.Inbox,
		Devices: useragent.Namer{}, OTP: otp.Generator{}, Passkeys: nil, Providers: nil, PrepareMonths: func(context.Context, time.Time, int) (int, error) { return 0, nil },
	}
	r.Settings = settings(r.hasher.MaxBytes())
	r.Rebuild(tb)
	return r
}

// settings are the defaults of the program.
func settings(maxPasswordBytes int) app.Settings {
	const day = 24 * time.Hour
	link := func(ttl time.Duration, path string) proof.Link {
		return proof.Link{TTL: ttl, URL: func(token domain.Secret) string { return Issuer + path + token.Reveal() }}
	}
	return app.Settings{
		Issuer: Issuer, AccessTTL: 15 * time.Minute, Product: "Signet",
		Keys:         domain.KeyPolicy{Algorithm: domain.ES256, Rotation: 30 * day, TokenLife: 15 * time.Minute},
		Sessions:     domain.SessionPolicy{Idle: 14 * day, Absolute: 30 * day, Max: 10},
		Refresh:      domain.RefreshPolicy{Grace: 10 * time.Second, Retry: 15 * time.Minute},
		RecentAuth:   10 * time.Minute,
		Registration: auth.RegistrationPolicy{Open: auth.RegistrationOpen, TTL: 7 * day},
		Password:     domain.PasswordPolicy{MinLength: 8, MaxLength: 256, MaxBytes: maxPasswordBytes, Common: func(string) bool { return false }},
		Proofs: proof.Settings{
			Verify: link(day, "/api/auth/verify-email/"), Reset: link(30*time.Minute, "/api/password/reset/"),
			ChangeEmail: link(day, "/api/auth/change-email/"), FactorUndo: link(3*day, "/api/auth/factors/undo/"), Code: domain.CodePolicy{TTL: 10 * time.Minute, Tries: 5},
		},
		CloseGrace: 14 * day,
		Guard: guard.Settings{
			Limits: guard.Limits{
				Account:     transient.Limit{Name: "login", Burst: 10, Window: 15 * time.Minute},
				Block:       transient.Limit{Name: "failures", Burst: 60, Window: time.Minute},
				Register:    transient.Limit{Name: "registrations", Burst: 60, Window: time.Minute},
				Mail:        transient.Limit{Name: "mail", Burst: 3, Window: time.Hour},
				Recovery:    transient.Limit{Name: "mail-recovery", Burst: 3, Window: time.Hour},
				MailByBlock: transient.Limit{Name: "mail-block", Burst: 20, Window: time.Hour},
				ResetSent:   transient.Limit{Name: "mail-reset", Burst: 3, Window: time.Hour},
			},
			Lockout: domain.LockoutPolicy{Failures: 100, First: 15 * time.Minute, Longest: day},
		},
		Feed:         feed.Settings{Poll: 500 * time.Millisecond, MaxStaleness: 30 * time.Second, MaxSilence: time.Hour},
		Outbox:       outbox.Settings{Workers: 4, Lease: 30 * time.Second, Poll: time.Second, MaxBackoff: 15 * time.Minute},
		CleanupEvery: 10 * time.Minute,
		Stream:       stream.Settings{Places: 1000, PerService: 500, Heartbeat: 5 * time.Second, Life: 15 * time.Minute},
	}
}

// Rebuild builds the core of what Ports and Settings are now, and starts it, as a restart of the process would.
func (r *Rig) Rebuild(tb testing.TB) {
	tb.Helper()
	r.Ports.Caches = memory.NewCaches(r.Clock.Now)
	r.App = app.New(r.Ports, r.Settings)
	once := func(ctx context.Context, step func(context.Context) error) error { return step(ctx) }
	if err := r.Start(tb.Context(), once); err != nil {
		tb.Fatal(err)
	}
	if _, err := r.Keys.JWKS(tb.Context()); err != nil { // the first poll made it forget
		tb.Fatal(err)
	}
	r.Store.Reset()
}

// NewRing is another ring, of an algorithm, on the rig's store; it has not started.
func (r *Rig) NewRing(alg domain.Algorithm) *keys.Ring {
	ring := &keys.Ring{Keeper: r.Keys.Keeper, Issuer: r.Ports.Issuer, Verifier: r.Ports.Verifier}
	ring.Policy.Algorithm = alg
	return ring
}

// Sealer is the sealer of a secret.
func Sealer(tb testing.TB, current string, previous ...string) *seal.Sealer {
	tb.Helper()
	old := make([]domain.Secret, len(previous))
	for i, secret := range previous {
		old[i] = domain.NewSecret(secret)
	}
	s, err := seal.New(domain.NewSecret(current), old, NewClock().System().Entropy)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// NewHasher hashes under a setting. It measures by the real clock, and its callers wait for a place as long as it takes.
func NewHasher(tb testing.TB, clock *Clock, setting pwhash.Setting) *pwhash.Hasher {
	tb.Helper()
	h, err := pwhash.New(pwhash.Options{Setting: setting, Now: time.Now, Sleep: clock.Sleep})
	if err != nil {
		tb.Fatal(err)
	}
	return h
}
