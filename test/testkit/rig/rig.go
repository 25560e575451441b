// Package rig puts the core on a real store in a temp folder, without HTTP: for tests of the app layer that look closer than a
// client can.
//
//	Database ─► Store (watched) ─► Rig: follower, ring, directory, … wired as in cmd/run, on a Clock that stands still
//
// The database is SQLite with all migrations applied; limits, cache and inbox are the in-process adapters. Nothing runs in
// the background: a test calls Follower.Poll or Settle where the program would have a loop.
package rig

import (
	"log/slog"
	"testing"
	"time"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/adapters/jwtoken"
	"github.com/signet-auth/signet/adapters/mailtmpl"
	"github.com/signet-auth/signet/adapters/memory"
	"github.com/signet-auth/signet/adapters/pwhash"
	"github.com/signet-auth/signet/adapters/seal"
	"github.com/signet-auth/signet/adapters/useragent"
	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/audit"
	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/app/feed"
	"github.com/signet-auth/signet/app/keys"
	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/app/password"
	"github.com/signet-auth/signet/app/profile"
	"github.com/signet-auth/signet/app/session"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
	"github.com/signet-auth/signet/ports/transient"
)

// SecretKey is the secret of every rig.
const SecretKey = "bXkgc2VjcmV0IGZvciB0aGUgcmlncyBvZiBhbGwgdGVzdHM"

// Issuer is who tokens of a rig are from.
const Issuer = "https://auth.test"

// Rig is one replica's core. Its parts may be changed until they are used.
type Rig struct {
	Database Database
	DB       *bunsql.DB
	Store    *Store
	Clock    *Clock
	System   sys.System
	Log      *Log

	Sealer   *seal.Sealer
	Hasher   *pwhash.Hasher
	Composer *mailtmpl.Composer
	Inbox    *memory.Inbox

	Follower      *feed.Follower
	Ring          *keys.Ring
	Directory     *access.Directory
	Authenticator *access.Authenticator
	Mint          *session.Mint
	Ender         session.Ender
	Lookout       *session.Lookout
	Guard         *auth.Guard
	Postbox       outbox.Postbox
	Verification  *auth.Verification
	EmailChange   *profile.EmailChange
	Recovery      *password.Recovery
	Dispatcher    *outbox.Dispatcher
	Failures      *audit.Failures
	Rehash        *auth.Rehash

	RefreshKeys domain.RefreshKeys
	Passwords   domain.PasswordPolicy
	Sessions    domain.SessionPolicy
}

// New is a rig on a database of its own, its ring started and its place in the feed found.
func New(tb testing.TB) *Rig {
	tb.Helper()
	return On(tb, NewDatabase(tb), NewClock())
}

// On is a rig on a database that others may be on too: another replica.
func On(tb testing.TB, database Database, clock *Clock) *Rig {
	tb.Helper()
	r := &Rig{Database: database, DB: database.Open(tb, clock.Now), Clock: clock, System: clock.System(), Log: &Log{}}
	r.Store = Watch(r.DB)
	r.Sealer = Sealer(tb, SecretKey)
	r.Hasher = NewHasher(tb, clock, pwhash.Bcrypt{Cost: pwhash.MinBcryptCost})
	r.Inbox = memory.NewInbox(clock.Now)
	r.Sessions = domain.SessionPolicy{Idle: 14 * 24 * time.Hour, Absolute: 30 * 24 * time.Hour, Max: 10}
	r.Passwords = domain.PasswordPolicy{MinLength: 8, MaxLength: 256, MaxBytes: r.Hasher.MaxBytes(), Common: func(string) bool { return false }}
	r.RefreshKeys = r.Sealer.Derive("refresh")
	log := slog.New(slog.NewTextHandler(r.Log, nil))

	r.Follower = &feed.Follower{
		Store: r.Store, Waker: memory.NewWaker(), System: r.System, Log: log,
		Settings: feed.Settings{Poll: 500 * time.Millisecond, MaxStaleness: 30 * time.Second, MaxSilence: time.Hour},
	}
	r.Ring = r.NewRing(domain.ES256)
	r.Directory = &access.Directory{
		Store: r.Store, Feed: r.Follower, System: r.System,
		Sessions: memory.NewCache[domain.SessionID, domain.Session](1000, 0, clock.Now, nil),
		Users:    memory.NewCache[domain.UserID, domain.User](1000, 0, clock.Now, nil),
		Logins:   memory.NewCache[domain.UserID, time.Time](1000, time.Minute, clock.Now, nil),
		Services: memory.NewCache[string, domain.Service](1000, 0, clock.Now, nil),
		Held:     memory.NewCache[access.GrantsKey, domain.Grants](1000, 0, clock.Now, access.GrantsExpire),
	}
	r.Authenticator = &access.Authenticator{
		Ring: r.Ring, Directory: r.Directory, System: r.System, Issuer: Issuer,
		Claims: memory.NewCache[access.TokenHash, domain.Claims](1000, 0, clock.Now, access.ClaimsExpire),
	}
	r.Mint = &session.Mint{
		Ring: r.Ring, Directory: r.Directory, System: r.System, Issuer: Issuer, TTL: 15 * time.Minute, Policy: r.Sessions,
	}
	r.Ender = session.Ender{System: r.System}
	r.Guard = &auth.Guard{
		Shared: memory.NewLimiter(clock.Now), Sealer: r.Sealer,
		Limits: auth.Limits{
			Account:  transient.Limit{Name: "login", Burst: 10, Window: 15 * time.Minute},
			Block:    transient.Limit{Name: "failures", Burst: 60, Window: time.Minute},
			Register: transient.Limit{Name: "registrations", Burst: 60, Window: time.Minute},
			Mail:     transient.Limit{Name: "mail", Burst: 3, Window: time.Hour},
			Recovery: transient.Limit{Name: "mail-recovery", Burst: 3, Window: time.Hour}, MailByBlock: transient.Limit{Name: "mail-block", Burst: 20, Window: time.Hour},
		},
		Lockout: domain.LockoutPolicy{Failures: 100, First: 15 * time.Minute, Longest: 24 * time.Hour},
	}
	r.Postbox = outbox.Postbox{Sealer: r.Sealer, System: r.System}
	r.Lookout = &session.Lookout{Devices: useragent.Namer{}, Postbox: r.Postbox, MailTTL: 24 * time.Hour}
	r.Verification = &auth.Verification{
		System: r.System, Sealer: r.Sealer, Postbox: r.Postbox, TTL: 24 * time.Hour, RegistrationTTL: 7 * 24 * time.Hour,
		Code: domain.CodePolicy{TTL: 10 * time.Minute, Tries: 5},
		Link: func(token domain.Secret) string { return Issuer + "/api/auth/verify-email/" + token.Reveal() },
	}
	var err error
	if r.Composer, err = mailtmpl.New(mailtmpl.Options{}); err != nil {
		tb.Fatal(err)
	}
	r.EmailChange = r.newEmailChange()
	r.Recovery = r.newRecovery()
	courier := outbox.Courier{Postbox: r.Postbox, Composer: r.Composer, Transport: r.Inbox, Devices: useragent.Namer{}}
	r.Dispatcher = &outbox.Dispatcher{
		Store: r.Store, System: r.System, Log: log,
		Settings: outbox.Settings{Workers: 4, Lease: 30 * time.Second, Poll: time.Second, MaxBackoff: 15 * time.Minute},
		Prepare: map[domain.Topic]outbox.Prepare{
			domain.TopicRegistration: r.Verification.Registered, domain.TopicResend: r.Verification.Resend,
			domain.TopicForgot:      r.Recovery.Asked,
			domain.TopicChangeEmail: r.EmailChange.Asked,
		},
		Deliver: map[domain.Topic]outbox.Deliver{domain.TopicMail: courier.Deliver},
	}
	r.Failures = &audit.Failures{Store: r.Store, System: r.System, Log: log}
	r.Rehash = &auth.Rehash{Store: r.Store, System: r.System, Hasher: r.Hasher, Log: log}
	tb.Cleanup(r.Rehash.Wait)

	for _, l := range []feed.Listener{r.Ring, r.Directory, r.Authenticator} {
		r.Follower.Subscribe(l)
	}
	r.DB.OnCommit(func(c store.Commit) {
		r.Follower.Committed(c)
		r.Dispatcher.Committed(c)
	})
	if err := r.Ring.Start(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	r.Poll(tb)
	if _, err := r.Ring.JWKS(tb.Context()); err != nil { // the first poll made it forget
		tb.Fatal(err)
	}
	r.Store.Reset()
	return r
}

// NewRing is another ring on the rig's store; it has not started.
func (r *Rig) NewRing(alg domain.Algorithm) *keys.Ring {
	return &keys.Ring{
		Keeper: keys.Keeper{
			Store: r.Store, Maker: jwtoken.KeyMaker{}, Sealer: r.Sealer, System: r.System,
			Policy: domain.KeyPolicy{Algorithm: alg, Rotation: 30 * 24 * time.Hour, TokenLife: 15 * time.Minute},
		},
		Issuer: jwtoken.Issuer{}, Verifier: jwtoken.Verifier{},
	}
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
