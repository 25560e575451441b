// Package app is what Signet does. New builds all of it from ports: the one wiring of the core, for serve, the command line and tests
// alike. Each folder below is a feature (a Service whose methods are its use cases) or something that features stand on.
//
//	base, guard, access, proof, credential, signin, reauth     what features stand on
//	auth, password, profile, session, user, admin, federation  features: accounts
//	service, permission, role, assignment, apptoken            features: authorization
//	authz, oauth, stream, auditlog                             features: questions and their answers
//	keys, reseal, feed, outbox, audit, usage, janitor          what works behind them
//	restore                                                    what a backup brings back, and must not
package app

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/admin"
	"github.com/signet-auth/signet/app/apptoken"
	"github.com/signet-auth/signet/app/assignment"
	"github.com/signet-auth/signet/app/audit"
	"github.com/signet-auth/signet/app/auditlog"
	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/app/authz"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/app/credential"
	"github.com/signet-auth/signet/app/factor"
	"github.com/signet-auth/signet/app/federation"
	"github.com/signet-auth/signet/app/feed"
	"github.com/signet-auth/signet/app/guard"
	"github.com/signet-auth/signet/app/janitor"
	"github.com/signet-auth/signet/app/keys"
	"github.com/signet-auth/signet/app/oauth"
	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/app/password"
	"github.com/signet-auth/signet/app/permission"
	"github.com/signet-auth/signet/app/profile"
	"github.com/signet-auth/signet/app/proof"
	"github.com/signet-auth/signet/app/reauth"
	"github.com/signet-auth/signet/app/reseal"
	"github.com/signet-auth/signet/app/restore"
	"github.com/signet-auth/signet/app/role"
	"github.com/signet-auth/signet/app/service"
	"github.com/signet-auth/signet/app/session"
	"github.com/signet-auth/signet/app/signin"
	"github.com/signet-auth/signet/app/stream"
	"github.com/signet-auth/signet/app/usage"
	"github.com/signet-auth/signet/app/user"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/cache"
	"github.com/signet-auth/signet/ports/device"
	portfactor "github.com/signet-auth/signet/ports/factor"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/provider"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
	"github.com/signet-auth/signet/ports/transient"
)

// Ports are what the core is built on. None may be missing but what says so: a linter asks for complete literals, and New panics.
type Ports struct {
	Log       *slog.Logger
	System    sys.System
	Store     store.Store
	Caches    cache.Set
	Limiter   transient.Limiter // budgets that guard secrets, shared by all replicas
	Waker     transient.Waker
	Sealer    secure.Sealer
	Hasher    secure.PasswordHasher
	KeyMaker  secure.KeyMaker
	Issuer    secure.TokenIssuer
	Verifier  secure.TokenVerifier
	Composer  mailer.Composer
	Transport mailer.Transport
	Devices   device.Namer
	OTP       portfactor.OTP
	Passkeys  portfactor.Passkeys // nil: there are none, and Settings.NoPasskeys says why
	Providers []provider.Provider // for logins; there may be none
	// PrepareMonths creates the partitions of the coming months, as the owner of the schema, and returns how many.
	PrepareMonths func(ctx context.Context, now time.Time, n int) (int, error)
}

// Settings are what operators choose.
type Settings struct {
	Issuer      string        // of access tokens
	AccessTTL   time.Duration // of access tokens
	Product     string        // what authenticator apps call this server
	Keys        domain.KeyPolicy
	Sessions    domain.SessionPolicy
	Refresh     domain.RefreshPolicy
	KeepBearers bool
	RecentAuth  time.Duration
	// RequireFactor wants a second factor of everybody.
	RequireFactor bool
	TrustedDevice time.Duration // how long a device is remembered; 0: never
	NoPasskeys    string        // says to clients why there are none
	// PlatformLevel is the level from which the platform's roles count; zero: any.
	PlatformLevel domain.Level
	Registration  auth.RegistrationPolicy
	Password      domain.PasswordPolicy
	Proofs        proof.Settings
	CloseGrace    time.Duration
	Federation    federation.Settings
	Guard         guard.Settings
	Feed          feed.Settings
	Stream        stream.Settings
	Outbox        outbox.Settings
	CleanupEvery  time.Duration
	AuditKeep     time.Duration // how long the audit log is kept; 0: for ever
	// Reseal tells that there may be values that a previous SECRET_KEY sealed.
	Reseal bool
}

// App is the core. Its services are safe for concurrent use.
type App struct {
	Auth     *auth.Service
	Password *password.Service
	Factors  *factor.Service
	Profile  *profile.Service
	Sessions *session.Service
	Users    *user.Service
	AuditLog *auditlog.Service

	Federation *federation.Service

	Services    *service.Service
	Roles       *role.Service
	Permissions *permission.Service
	Assignments *assignment.Service
	Authz       *authz.Service
	AppTokens   *apptoken.Service
	OAuth       *oauth.Service

	Admins  *admin.Service
	Reseal  *reseal.Service
	Restore *restore.Service

	Authenticator *access.Authenticator
	Directory     *access.Directory
	Minter        *access.Minter
	SignIn        *signin.Service
	Reauth        *reauth.Service
	Proofs        *proof.Service
	Passwords     *credential.Passwords
	Guard         *guard.Guard
	Stops         *guard.Stops
	Usage         *usage.Recorder
	Base          *base.Base

	Keys      *keys.Ring
	Feed      *feed.Follower
	Retention *feed.Retention
	Stream    *stream.Hub
	Outbox    *outbox.Dispatcher
	Janitor   *janitor.Janitor

	settings Settings
}

// New builds the core. It panics where a port is missing, and does nothing else that can fail: Start does.
func New(p Ports, s Settings) *App {
	p.check()
	b := &base.Base{
		Store: p.Store, System: p.System, Log: p.Log,
		Audit: &audit.Recorder{Store: p.Store, System: p.System, Log: p.Log},
		Mail:  &outbox.MailQueue{Sealer: p.Sealer, System: p.System},
	}
	a := &App{Base: b, settings: s}
	a.Feed = &feed.Follower{Store: p.Store, Waker: p.Waker, System: p.System, Settings: s.Feed, Log: p.Log}
	a.Retention = &feed.Retention{Store: p.Store, Own: s.AccessTTL}
	a.Keys = &keys.Ring{
		Keeper: keys.Keeper{Base: b, Maker: p.KeyMaker, Sealer: p.Sealer, Policy: s.Keys}, Issuer: p.Issuer, Verifier: p.Verifier,
	}
	a.Directory = &access.Directory{Store: p.Store, Feed: a.Feed, System: p.System, Caches: p.Caches, PlatformLevel: s.PlatformLevel}
	a.Authenticator = &access.Authenticator{
		Ring: a.Keys, Directory: a.Directory, System: p.System, Issuer: s.Issuer, Claims: p.Caches.Claims, RequireFactor: s.RequireFactor,
	}
	a.Minter = &access.Minter{Ring: a.Keys, Directory: a.Directory, System: p.System, Issuer: s.Issuer, TTL: s.AccessTTL}
	a.Usage = &usage.Recorder{Store: p.Store, System: p.System, Log: p.Log}
	a.Stops = guard.NewStops(p.System, p.Log)
	a.Guard = guard.New(p.Limiter, p.Sealer, a.Stops, s.Guard)
	refreshKeys, cursors := domain.RefreshKeys(p.Sealer.Derive("refresh")), domain.CursorKeys(p.Sealer.Derive("cursor"))

	a.Passwords = credential.New(b, a.Guard, p.Hasher, s.Password)
	a.Proofs = proof.New(b, a.Guard, p.Sealer, s.Proofs)
	a.Reauth = reauth.New(b, a.Guard, a.Passwords, s.RecentAuth, p.rpID())
	a.SignIn = signin.New(b, signin.Parts{
		Directory: a.Directory, Minter: a.Minter, Devices: p.Devices, Proofs: a.Proofs, Keys: refreshKeys, Guard: a.Guard,
	}, signin.Settings{Sessions: s.Sessions, RequireFactor: s.RequireFactor, RPID: p.rpID(), TrustedDevice: s.TrustedDevice})

	a.Auth = auth.New(b, auth.Parts{
		Guard: a.Guard, Passwords: a.Passwords, Proofs: a.Proofs, SignIn: a.SignIn, Directory: a.Directory, Authenticator: a.Authenticator,
		Keys: refreshKeys,
	}, auth.Settings{
		Registration: s.Registration, Languages: p.Composer.Languages(), Refresh: s.Refresh, KeepBearers: s.KeepBearers, Sessions: s.Sessions,
	})
	a.Password = password.New(b, password.Parts{
		Guard: a.Guard, Passwords: a.Passwords, Proofs: a.Proofs, Reauth: a.Reauth, SignIn: a.SignIn, Directory: a.Directory,
	})
	a.Profile = profile.New(b, a.Guard, a.Proofs, a.Reauth)
	a.Sessions = session.New(b, a.Directory, p.Caches.SessionCount, s.Sessions, cursors)
	a.Federation = federation.New(b, federation.Parts{
		Guard: a.Guard, Proofs: a.Proofs, Reauth: a.Reauth, SignIn: a.SignIn, Directory: a.Directory, Sealer: p.Sealer, Providers: p.Providers,
	}, s.Federation)
	a.Factors = factor.New(b, factor.Parts{
		Guard: a.Guard, Reauth: a.Reauth, SignIn: a.SignIn, Directory: a.Directory, Proofs: a.Proofs, Sealer: p.Sealer, OTP: p.OTP,
		Passkeys: p.Passkeys, IsUsable: a.Federation.IsUsable,
	}, factor.Settings{Product: s.Product, Sessions: s.Sessions, NoPasskeys: s.NoPasskeys})
	a.Users = user.New(b, user.Parts{
		Guard: a.Guard, Directory: a.Directory, Proofs: a.Proofs, Reauth: a.Reauth, Cursors: cursors, ProviderName: a.Federation.DisplayName, Unreadable: p.Hasher.Unreadable,
	}, user.Settings{Grace: s.CloseGrace, Sessions: s.Sessions})
	a.AuditLog = auditlog.New(b, a.Directory, cursors)
	a.Services = service.New(b, a.Directory, cursors)
	a.Roles = role.New(b, a.Directory, cursors)
	a.Permissions = permission.New(b, a.Directory, cursors)
	a.Assignments = assignment.New(b, a.Directory, cursors)
	a.Authz = authz.New(b, a.Directory, cursors)
	a.AppTokens = apptoken.New(b, a.Directory, cursors)
	a.OAuth = oauth.New(b, a.Directory, a.Authenticator, a.Minter)
	a.Admins = admin.New(b, a.Passwords)
	a.Reseal = reseal.New(b, p.Sealer)
	a.Restore = restore.New(b)

	a.Outbox = a.newDispatcher(p)
	a.Janitor = a.newJanitor(p)
	a.Feed.Subscribe(a.Directory)
	a.Feed.Subscribe(a.Keys)
	a.Feed.Subscribe(a.Authenticator) // after the ring, whose results it caches
	a.Stream = stream.New(b, stream.Parts{
		Feed: a.Feed, Retention: a.Retention, Authenticator: a.Authenticator, Directory: a.Directory, Cursors: cursors,
	}, s.Stream)
	a.Feed.Subscribe(a.Stream) // after all caches: a fact must not be known before this replica judges by it
	p.Store.OnCommit(func(c store.Commit) {
		a.Feed.Committed(c) // first, so that no answer is given before this replica forgot
		a.Outbox.Committed(c)
	})
	return a
}

// newDispatcher sets the handler of each topic of the outbox.
func (a *App) newDispatcher(p Ports) *outbox.Dispatcher {
	return &outbox.Dispatcher{
		Store: p.Store, System: p.System, Log: p.Log, Settings: a.settings.Outbox,
		Prepare: map[domain.Topic]outbox.Prepare{
			domain.TopicRegistration: a.Auth.PrepareRegistration,
			domain.TopicResend:       a.Auth.PrepareResend,
			domain.TopicForgot:       a.Password.PrepareForgot,
			domain.TopicChangeEmail:  a.Profile.PrepareChangeEmail,
			domain.TopicProveAddress: a.Federation.PrepareProveAddress,
		},
		Deliver: outbox.MailDelivery{Queue: a.Base.Mail, Composer: p.Composer, Transport: p.Transport, Devices: p.Devices}.Handlers(),
	}
}

// newJanitor sets the tasks that are done again and again.
func (a *App) newJanitor(p Ports) *janitor.Janitor {
	tasks := append(janitor.Cleaning(p.Store),
		janitor.Task{Kind: "changes", Do: a.Retention.Purge},
		janitor.Task{Kind: "users", Do: a.Users.EraseDue},
		janitor.Task{Kind: "keys", Do: a.Keys.Maintain},
		janitor.Daily(janitor.Task{Kind: "months", Do: p.PrepareMonths}))
	if a.settings.AuditKeep > 0 {
		tasks = append(tasks, janitor.OldEvents(p.Store, a.settings.AuditKeep))
	}
	if a.settings.Reseal { // again and again: a replica that does not know the new secret yet may still seal
		tasks = append(tasks, janitor.Task{Kind: "resealed", Do: a.Reseal.All})
	}
	return &janitor.Janitor{System: p.System, Every: a.settings.CleanupEvery, Log: p.Log, Tasks: tasks}
}

// Start does what must be done before the first request: it prepares the signing keys, seals again what a previous SECRET_KEY sealed, and
// finds the place in the change feed. retry runs each step, and may run it again.
func (a *App) Start(ctx context.Context, retry func(context.Context, func(context.Context) error) error) error {
	if err := retry(ctx, a.Keys.Start); err != nil {
		return fmt.Errorf("signing keys: %w", err)
	}
	if a.settings.Reseal {
		err := retry(ctx, func(ctx context.Context) error {
			_, err := a.Reseal.All(ctx, a.Base.System.Now(), 0)
			return err
		})
		if err != nil {
			return fmt.Errorf("seal again: %w", err)
		}
	}
	announce := func(ctx context.Context) error { return a.Retention.Announce(ctx, a.Base.System.Now()) }
	if err := retry(ctx, announce); err != nil {
		return fmt.Errorf("life of access tokens: %w", err)
	}
	err := retry(ctx, func(ctx context.Context) error { _, err := a.Feed.Poll(ctx); return err })
	if err != nil {
		return fmt.Errorf("change feed: %w", err)
	}
	return nil
}

// Run does the background work until ctx ends, and then finishes what is under way.
func (a *App) Run(ctx context.Context) {
	var work sync.WaitGroup
	for _, run := range []func(context.Context){a.Feed.Run, a.Janitor.Run, a.Outbox.Run, a.Base.Audit.Run, a.Usage.Run, a.Stops.Run} {
		work.Go(func() { run(ctx) })
	}
	work.Wait()
	a.Passwords.Wait()
}

// rpID is the WebAuthn relying party; empty without one.
func (p Ports) rpID() string {
	if p.Passkeys == nil {
		return ""
	}
	return p.Passkeys.RPID()
}

// check panics if a port is missing: that is a bug, found at every start.
func (p Ports) check() {
	for name, missing := range map[string]bool{
		"Log": p.Log == nil, "System": p.System.Now == nil || p.System.NewID == nil || p.System.NewOrderedID == nil || p.System.Entropy == nil || p.System.Sleep == nil,
		"Store": p.Store == nil, "Limiter": p.Limiter == nil, "Waker": p.Waker == nil, "Sealer": p.Sealer == nil, "Hasher": p.Hasher == nil,
		"KeyMaker": p.KeyMaker == nil, "Issuer": p.Issuer == nil, "Verifier": p.Verifier == nil, "Composer": p.Composer == nil,
		"Transport": p.Transport == nil, "Devices": p.Devices == nil, "OTP": p.OTP == nil, "PrepareMonths": p.PrepareMonths == nil,
		"Caches": p.Caches.Sessions == nil || p.Caches.Users == nil || p.Caches.Identities == nil || p.Caches.LastLogins == nil || p.Caches.Principals == nil ||
			p.Caches.ServiceRefs == nil || p.Caches.Services == nil || p.Caches.Vocabularies == nil || p.Caches.Grants == nil ||
			p.Caches.Assigned == nil || p.Caches.AppTokens == nil || p.Caches.AppTokenRefs == nil || p.Caches.Claims == nil || p.Caches.SessionCount == nil,
	} {
		if missing {
			panic("app: the port " + name + " is missing")
		}
	}
}
