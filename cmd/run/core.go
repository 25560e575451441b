package run

import (
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
	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/admin"
	"github.com/signet-auth/signet/app/audit"
	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/app/feed"
	"github.com/signet-auth/signet/app/keys"
	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/app/session"
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
	sweeper       *feed.Sweeper
	ring          *keys.Ring
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
	admin    *admin.Create
}

// newCore wires the core. Reading it top to bottom is reading who depends on whom.
func newCore(o outside) (*core, error) {
	c := o.config
	refreshKeys := domain.RefreshKeys(o.sealer.Derive("refresh"))
	password := passwordPolicy(c, o.hasher, o.common)
	sessions := c.sessionPolicy()
	postbox := outbox.Postbox{Sealer: o.sealer, System: o.system}
	ender := session.Ender{System: o.system}

	follower := &feed.Follower{
		Store: o.store, Waker: o.waker, System: o.system, Log: o.log,
		Settings: feed.Settings{Poll: time.Duration(c.FeedPoll), MaxStaleness: time.Duration(c.FeedStaleness), MaxSilence: time.Hour},
	}
	ring := &keys.Ring{
		Store: o.store, Maker: jwtoken.KeyMaker{}, Issuer: jwtoken.Issuer{}, Verifier: jwtoken.Verifier{},
		Sealer: o.sealer, System: o.system, Algorithm: c.Algorithm,
	}
	directory := &access.Directory{
		Store: o.store, Feed: follower, System: o.system,
		Sessions: memory.NewCache[domain.SessionID, domain.Session](cacheSize, 0, o.system.Now, nil),
		Users:    memory.NewCache[domain.UserID, domain.User](cacheSize, 0, o.system.Now, nil),
		Logins:   memory.NewCache[domain.UserID, time.Time](cacheSize, loginTTL, o.system.Now, nil),
		Services: memory.NewCache[string, domain.Service](cacheSize, 0, o.system.Now, nil),
		Held:     memory.NewCache[access.GrantsKey, domain.Grants](cacheSize, 0, o.system.Now, access.GrantsExpire),
	}
	authenticator := &access.Authenticator{
		Ring: ring, Directory: directory, System: o.system, Issuer: o.issuer,
		Claims: memory.NewCache[access.TokenHash, domain.Claims](cacheSize, 0, o.system.Now, access.ClaimsExpire),
	}
	mint := &session.Mint{
		Ring: ring, Directory: directory, System: o.system, Issuer: o.issuer, TTL: time.Duration(c.AccessTTL), Policy: sessions,
	}
	guard := &auth.Guard{
		Shared: o.shared, Sealer: o.sealer,
		Limits: auth.Limits{
			Account: c.LimitLogin.limit("login"), Block: c.LimitFailures.limit("failures"), Register: c.LimitFailures.limit("registrations"),
			Mail: c.LimitMail.limit("mail"), MailByBlock: c.LimitMailBlock.limit("mail-block"),
		},
		Lockout: domain.LockoutPolicy{Failures: c.LockFailures, First: time.Duration(c.LockFirst), Longest: time.Duration(c.LockLongest)},
	}
	verification := &auth.Verification{
		System: o.system, Sealer: o.sealer, Postbox: postbox, Link: verifyLink(c, o.publicURL),
		TTL: time.Duration(c.VerifyTTL), Code: domain.CodePolicy{TTL: time.Duration(c.CodeTTL), Tries: c.CodeTries},
		RegistrationTTL: time.Duration(c.RegistrationTTL),
	}
	courier := outbox.Courier{Postbox: postbox, Composer: o.composer, Transport: o.transport}
	failures := &audit.Failures{Store: o.store, System: o.system, Log: o.log}
	rehash := &auth.Rehash{Store: o.store, System: o.system, Hasher: o.hasher, Log: o.log}
	unproved := c.Verification == "optional"

	k := &core{
		follower: follower, sweeper: &feed.Sweeper{Store: o.store, System: o.system, Keep: 2 * time.Hour, Log: o.log}, ring: ring, directory: directory, authenticator: authenticator, failures: failures, rehash: rehash, hasher: o.hasher,
		dispatcher: &outbox.Dispatcher{
			Store: o.store, System: o.system, Log: o.log,
			Settings: outbox.Settings{
				Workers: c.OutboxWorkers, Lease: time.Duration(c.OutboxLease), Poll: time.Second, MaxBackoff: 15 * time.Minute,
			},
			Prepare: map[domain.Topic]outbox.Prepare{
				domain.TopicRegistration: verification.Registered,
				domain.TopicResend:       verification.Resend,
			},
			Deliver: map[domain.Topic]outbox.Deliver{domain.TopicMail: courier.Deliver},
		},
		register: &auth.Register{
			Store: o.store, System: o.system, Hasher: o.hasher, Guard: guard, Postbox: postbox, Password: password, Verification: verification,
			Policy: auth.RegistrationPolicy{
				Door: auth.RegistrationDoor(c.Registration), Friendly: c.RegistrationMode == "friendly",
				Unproved: unproved, TTL: time.Duration(c.RegistrationTTL),
			},
		},
		verify: &auth.VerifyEmail{Store: o.store, System: o.system, Guard: guard, Verification: verification},
		resend: &auth.ResendVerification{Store: o.store, System: o.system, Guard: guard, Postbox: postbox, Verification: verification},
		login: &auth.Login{
			Store: o.store, System: o.system, Hasher: o.hasher, Guard: guard, Directory: directory, Mint: mint, Ender: ender,
			Refresh: refreshKeys, Password: password, Policy: sessions, Failures: failures, Rehash: rehash, Unproved: unproved,
		},
		refresh: &auth.Refresh{
			Store: o.store, System: o.system, Directory: directory, Mint: mint, Ender: ender, Postbox: postbox, Keys: refreshKeys,
			Policy:   domain.RefreshPolicy{Grace: time.Duration(c.RefreshGrace), Retry: time.Duration(c.RefreshRetry)},
			Sessions: sessions, MailTTL: 24 * time.Hour,
		},
		logout:   &auth.Logout{Store: o.store, System: o.system, Authenticator: authenticator, Ender: ender, Keys: refreshKeys},
		me:       &auth.Me{Directory: directory},
		validate: &auth.ValidateJWT{Directory: directory},
		admin:    &admin.Create{Store: o.store, System: o.system, Hasher: o.hasher, Password: password},
	}
	follower.Subscribe(directory)
	follower.Subscribe(ring)
	follower.Subscribe(authenticator) // after the ring, whose findings it remembers
	return k, unwired(reflect.ValueOf(k))
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

// verifyLink makes the links of mails, from configuration only: never from what a request says of our address (Zitadel
// CVE-2025-64101).
func verifyLink(c *Config, publicURL string) func(domain.Secret) string {
	if c.LinkVerify != "" {
		return func(token domain.Secret) string { return strings.ReplaceAll(c.LinkVerify, "{token}", token.Reveal()) }
	}
	return func(token domain.Secret) string { return publicURL + "/api/auth/verify-email/" + token.Reveal() }
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
		t := part.Elem().Type()
		for j := range t.NumField() {
			field := part.Elem().Field(j)
			if t.Field(j).IsExported() && isNilable(field) && field.IsNil() {
				errs = append(errs, fmt.Errorf("%s.%s is not wired", t, t.Field(j).Name))
			}
		}
	}
	return errors.Join(errs...)
}

func isNilable(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Func, reflect.Map, reflect.Slice:
		return true
	default:
		return false
	}
}
