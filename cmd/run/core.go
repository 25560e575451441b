package run

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"time"

	"github.com/signet-auth/signet/adapters/jwtoken"
	"github.com/signet-auth/signet/adapters/memory"
	"github.com/signet-auth/signet/adapters/pwhash"
	"github.com/signet-auth/signet/adapters/seal"
	"github.com/signet-auth/signet/adapters/useragent"
	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/admin"
	"github.com/signet-auth/signet/app/audit"
	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/app/feed"
	"github.com/signet-auth/signet/app/janitor"
	"github.com/signet-auth/signet/app/keys"
	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/app/password"
	"github.com/signet-auth/signet/app/profile"
	"github.com/signet-auth/signet/app/reseal"
	"github.com/signet-auth/signet/app/session"
	"github.com/signet-auth/signet/app/user"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
	"github.com/signet-auth/signet/ports/transient"
)

// cacheSize is how many entries each cache remembers.
const cacheSize = 10_000

// loginTTL is how late the last login may be shown.
const loginTTL = time.Minute

// outside is what the core is built on.
type outside struct {
	config    *Config
	log       *slog.Logger
	system    sys.System
	store     store.Store
	scrub     func(context.Context) error // makes the database forget on disk what was deleted
	sealer    *seal.Sealer
	hasher    *pwhash.Hasher
	shared    transient.Limiter
	waker     transient.Waker
	composer  mailer.Composer
	transport mailer.Transport
	common    *pwhash.Common
	publicURL string // where clients reach us, known once the listener is
	issuer    string
}

// core is the use cases and what works behind them.
type core struct {
	follower      *feed.Follower
	janitor       *janitor.Janitor
	ring          *keys.Ring
	reseal        *reseal.Reseal
	directory     *access.Directory
	authenticator *access.Authenticator
	dispatcher    *outbox.Dispatcher
	failures      *audit.Failures
	rehash        *auth.Rehash
	hasher        *pwhash.Hasher

	register *auth.Register
	verify   *auth.VerifyEmail
	resend   *auth.ResendVerification
	login    *auth.Login
	refresh  *auth.Refresh
	logout   *auth.Logout
	me       *auth.Me
	validate *auth.ValidateJWT
	forgot   *password.Forgot
	reset    *password.Reset
	change   *password.Change
	closing  *user.Close
	export   *user.Export
	admin    *admin.Create

	updateMe     *profile.Update
	changeEmail  *profile.ChangeEmail
	confirmEmail *profile.ConfirmEmail
	listSessions *session.List
	endSession   *session.EndOne
	endOthers    *session.EndOthers
	sessionStats *session.Stats
}

// parts is what several use cases are made of.
type parts struct {
	outside

	refreshKeys   domain.RefreshKeys
	password      domain.PasswordPolicy
	sessions      domain.SessionPolicy
	postbox       outbox.Postbox
	ender         session.Ender
	follower      *feed.Follower
	ring          *keys.Ring
	reseal        *reseal.Reseal // one, since it remembers what it has warned of
	directory     *access.Directory
	authenticator *access.Authenticator
	mint          *session.Mint
	guard         *auth.Guard
	verification  *auth.Verification
	recovery      *password.Recovery
	emailChange   *profile.EmailChange
	credentials   auth.Credentials
	rehash        *auth.Rehash
}

// newCore wires the core. Reading it top to bottom is reading who depends on whom.
func newCore(o outside) (*core, error) {
	p := newParts(o)
	k := &core{
		follower: p.follower, ring: p.ring, directory: p.directory, authenticator: p.authenticator,
		failures: p.credentials.Failures, rehash: p.rehash, hasher: o.hasher,
		janitor:    p.janitor(),
		reseal:     p.reseal,
		dispatcher: p.dispatcher(),
		admin:      &admin.Create{Store: o.store, System: o.system, Hasher: o.hasher, Password: p.password},
	}
	p.wireAccounts(k)
	p.wirePasswords(k)
	p.wireProfile(k)
	p.wireUsers(k)
	p.wireSessions(k)
	p.follower.Subscribe(p.directory)
	p.follower.Subscribe(p.ring)
	p.follower.Subscribe(p.authenticator) // after the ring, whose findings it remembers
	return k, unwired(reflect.ValueOf(k))
}

func newParts(o outside) *parts {
	c := o.config
	p := &parts{
		outside: o, refreshKeys: o.sealer.Derive("refresh"), password: passwordPolicy(c, o.hasher, o.common), sessions: c.sessionPolicy(),
		postbox: outbox.Postbox{Sealer: o.sealer, System: o.system}, ender: session.Ender{System: o.system},
	}
	p.follower = &feed.Follower{
		Store: o.store, Waker: o.waker, System: o.system, Log: o.log,
		Settings: feed.Settings{Poll: time.Duration(c.FeedPoll), MaxStaleness: time.Duration(c.FeedStaleness), MaxSilence: time.Hour},
	}
	p.ring = &keys.Ring{
		Keeper: c.keeper(o.store, o.sealer), Issuer: jwtoken.Issuer{}, Verifier: jwtoken.Verifier{},
	}
	p.reseal = &reseal.Reseal{Store: o.store, Sealer: o.sealer, Log: o.log}
	p.directory = &access.Directory{
		Store: o.store, Feed: p.follower, System: o.system,
		Sessions: memory.NewCache[domain.SessionID, domain.Session](cacheSize, 0, o.system.Now, nil),
		Users:    memory.NewCache[domain.UserID, domain.User](cacheSize, 0, o.system.Now, nil),
		Logins:   memory.NewCache[domain.UserID, time.Time](cacheSize, loginTTL, o.system.Now, nil),
		Services: memory.NewCache[string, domain.Service](cacheSize, 0, o.system.Now, nil),
		Held:     memory.NewCache[access.GrantsKey, domain.Grants](cacheSize, 0, o.system.Now, access.GrantsExpire),
	}
	p.authenticator = &access.Authenticator{
		Ring: p.ring, Directory: p.directory, System: o.system, Issuer: o.issuer,
		Claims: memory.NewCache[access.TokenHash, domain.Claims](cacheSize, 0, o.system.Now, access.ClaimsExpire),
	}
	p.mint = &session.Mint{
		Ring: p.ring, Directory: p.directory, System: o.system, Issuer: o.issuer, TTL: time.Duration(c.AccessTTL), Policy: p.sessions,
	}
	p.guard = &auth.Guard{
		Shared: o.shared, Sealer: o.sealer,
		Limits: auth.Limits{
			Account: c.LimitLogin.limit("login"), Block: c.LimitFailures.limit("failures"), Register: c.LimitFailures.limit("registrations"),
			Mail: c.LimitMail.limit("mail"), Recovery: c.LimitMail.limit("mail-recovery"), MailByBlock: c.LimitMailBlock.limit("mail-block"),
		},
		Lockout: domain.LockoutPolicy{Failures: c.LockFailures, First: time.Duration(c.LockFirst), Longest: time.Duration(c.LockLongest)},
	}
	p.verification = &auth.Verification{
		System: o.system, Sealer: o.sealer, Postbox: p.postbox, Link: p.link(c.LinkVerify, "/api/auth/verify-email/"),
		TTL: time.Duration(c.VerifyTTL), Code: domain.CodePolicy{TTL: time.Duration(c.CodeTTL), Tries: c.CodeTries},
		RegistrationTTL: time.Duration(c.RegistrationTTL),
	}
	p.recovery = p.newRecovery()
	p.emailChange = p.newEmailChange()
	p.credentials = auth.Credentials{
		Store: o.store, System: o.system, Hasher: o.hasher, Guard: p.guard, Password: p.password,
		Failures: &audit.Failures{Store: o.store, System: o.system, Log: o.log},
	}
	p.rehash = &auth.Rehash{Store: o.store, System: o.system, Hasher: o.hasher, Log: o.log}
	return p
}

// dispatcher says what becomes of each topic of the outbox.
func (p *parts) dispatcher() *outbox.Dispatcher {
	c := p.config
	courier := outbox.Courier{Postbox: p.postbox, Composer: p.composer, Transport: p.transport, Devices: useragent.Namer{}}
	return &outbox.Dispatcher{
		Store: p.store, System: p.system, Log: p.log,
		Settings: outbox.Settings{
			Workers: c.OutboxWorkers, Lease: time.Duration(c.OutboxLease), Poll: time.Second, MaxBackoff: 15 * time.Minute,
		},
		Prepare: map[domain.Topic]outbox.Prepare{
			domain.TopicRegistration: p.verification.Registered,
			domain.TopicResend:       p.verification.Resend,
			domain.TopicForgot:       p.recovery.Asked,
			domain.TopicChangeEmail:  p.emailChange.Asked,
		},
		Deliver: map[domain.Topic]outbox.Deliver{domain.TopicMail: courier.Deliver},
	}
}

// wireAccounts makes the use cases of getting in and out.
func (p *parts) wireAccounts(k *core) {
	c := p.config
	unproved := c.Verification == "optional"
	k.register = &auth.Register{
		Store: p.store, System: p.system, Hasher: p.hasher, Guard: p.guard, Postbox: p.postbox, Password: p.password,
		Verification: p.verification, Languages: p.composer.Languages(),
		Policy: auth.RegistrationPolicy{
			Door: auth.RegistrationDoor(c.Registration), Friendly: c.RegistrationMode == "friendly",
			Unproved: unproved, TTL: time.Duration(c.RegistrationTTL),
		},
	}
	k.verify = &auth.VerifyEmail{Store: p.store, System: p.system, Guard: p.guard, Verification: p.verification}
	k.resend = &auth.ResendVerification{
		Store: p.store, System: p.system, Guard: p.guard, Postbox: p.postbox, Verification: p.verification,
	}
	k.login = &auth.Login{
		Credentials: p.credentials, Directory: p.directory, Mint: p.mint, Ender: p.ender,
		Lookout: &session.Lookout{Devices: useragent.Namer{}, Postbox: p.postbox, MailTTL: noticeTTL},
		Refresh: p.refreshKeys, Policy: p.sessions, Rehash: p.rehash, Unproved: unproved,
	}
	k.refresh = &auth.Refresh{
		Store: p.store, System: p.system, Directory: p.directory, Mint: p.mint, Ender: p.ender, Postbox: p.postbox, Keys: p.refreshKeys,
		Policy:   domain.RefreshPolicy{Grace: time.Duration(c.RefreshGrace), Retry: time.Duration(c.RefreshRetry)},
		Sessions: p.sessions, MailTTL: noticeTTL, KeepBearers: c.RefreshBearer == "static",
	}
	k.logout = &auth.Logout{Store: p.store, System: p.system, Authenticator: p.authenticator, Ender: p.ender, Keys: p.refreshKeys}
	k.me = &auth.Me{Directory: p.directory}
	k.validate = &auth.ValidateJWT{Directory: p.directory}
}

// noticeTTL is how long a mail without a secret in it is worth sending.
const noticeTTL = 24 * time.Hour

// link makes the links of mails, from configuration only: never from what a request says of our address (Zitadel
// CVE-2025-64101). template is a front end's page; without one it is the page of ours at path.
func (p *parts) link(template, path string) func(domain.Secret) string {
	if template != "" {
		return func(token domain.Secret) string { return strings.ReplaceAll(template, "{token}", token.Reveal()) }
	}
	return func(token domain.Secret) string { return p.publicURL + path + token.Reveal() }
}

// committed hears of every commit of this replica: the feed first, so that no answer is given before this replica forgot.
func (k *core) committed(c store.Commit) {
	k.follower.Committed(c)
	k.dispatcher.Committed(c)
}

func passwordPolicy(c *Config, hasher *pwhash.Hasher, common *pwhash.Common) domain.PasswordPolicy {
	return domain.PasswordPolicy{
		MinLength: c.PasswordMin, MaxLength: c.PasswordMax, MaxBytes: hasher.MaxBytes(), Common: common.Contains,
	}
}

// unwired finds exported fields of the core's parts that were left nil: wiring by literals forgets silently, and the first
// request to notice would be a user's.
func unwired(v reflect.Value) error {
	var errs []error
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	for i := range v.NumField() {
		part := v.Field(i)
		if part.Kind() != reflect.Pointer || part.IsNil() {
			errs = append(errs, fmt.Errorf("%s is not wired", v.Type().Field(i).Name))
			continue
		}
		errs = append(errs, forgotten(part.Elem())...)
	}
	return errors.Join(errs...)
}

// forgotten are the nil fields of a part, and of what it embeds.
func forgotten(part reflect.Value) (errs []error) {
	t := part.Type()
	for i := range t.NumField() {
		field := part.Field(i)
		switch {
		case !t.Field(i).IsExported():
		case t.Field(i).Anonymous && field.Kind() == reflect.Struct:
			errs = append(errs, forgotten(field)...)
		case isNilable(field) && field.IsNil():
			errs = append(errs, fmt.Errorf("%s.%s is not wired", t, t.Field(i).Name))
		}
	}
	return errs
}

func isNilable(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Func, reflect.Map, reflect.Slice:
		return true
	default:
		return false
	}
}
