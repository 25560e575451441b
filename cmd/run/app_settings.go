package run

import (
	"strings"
	"time"

	"github.com/signet-auth/signet/app"
	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/app/federation"
	"github.com/signet-auth/signet/app/feed"
	"github.com/signet-auth/signet/app/guard"
	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/app/proof"
	"github.com/signet-auth/signet/app/stream"
	"github.com/signet-auth/signet/domain"
)

// settings are the core's. publicURL is where clients reach us, known once the listener is; a command that serves nobody has none.
func (c *Config) settings(publicURL, issuer string, password domain.PasswordPolicy) app.Settings {
	return app.Settings{
		Issuer: issuer, AccessTTL: time.Duration(c.AccessTTL), Product: c.ProductName,
		Keys:     domain.KeyPolicy{Algorithm: c.Algorithm, Rotation: time.Duration(c.KeyRotation), TokenLife: time.Duration(c.AccessTTL)},
		Sessions: c.sessionPolicy(),
		Refresh:  domain.RefreshPolicy{Grace: time.Duration(c.RefreshGrace), Retry: time.Duration(c.RefreshRetry)},

		KeepBearers: c.RefreshBearer == "static",
		RecentAuth:  time.Duration(c.RecentAuth),

		RequireFactor: c.MFA == "required",
		TrustedDevice: time.Duration(c.TrustedDevice),
		PlatformLevel: c.platformLevel(),
		Registration: auth.RegistrationPolicy{
			Open: auth.Registration(c.Registration), Friendly: c.RegistrationMode == "friendly",
			Unverified: c.Verification == "optional", TTL: time.Duration(c.RegistrationTTL), Domains: c.registrationDomains(),
		},
		Password: password,
		Proofs: proof.Settings{
			Verify:      proof.Link{TTL: time.Duration(c.VerifyTTL), URL: link(c.LinkVerify, publicURL+"/api/auth/verify-email/")},
			Reset:       proof.Link{TTL: time.Duration(c.ResetTTL), URL: link(c.LinkReset, publicURL+"/api/password/reset/")},
			ChangeEmail: proof.Link{TTL: time.Duration(c.EmailChangeTTL), URL: link(c.LinkEmail, publicURL+"/api/auth/change-email/")},
			FactorUndo:  proof.Link{TTL: time.Duration(c.FactorUndo), URL: link(c.LinkFactorUndo, publicURL+"/api/auth/factors/undo/")},
			Code:        domain.CodePolicy{TTL: time.Duration(c.CodeTTL), Tries: c.CodeTries},
		},
		CloseGrace: time.Duration(c.CloseGrace),
		Federation: c.federation(),
		Guard: guard.Settings{
			Limits:  c.limits(),
			Lockout: domain.LockoutPolicy{Failures: c.LockFailures, First: time.Duration(c.LockFirst), Longest: time.Duration(c.LockLongest)},
		},
		Feed: feed.Settings{Poll: time.Duration(c.FeedPoll), MaxStaleness: time.Duration(c.FeedStaleness), MaxSilence: time.Hour},
		Stream: stream.Settings{
			Places: c.StreamMax, PerService: c.StreamPerService, Heartbeat: time.Duration(c.StreamHeartbeat), Life: time.Duration(c.StreamLife),
		},
		Outbox: outbox.Settings{
			Workers: c.OutboxWorkers, Lease: time.Duration(c.OutboxLease), Poll: time.Second, MaxBackoff: 15 * time.Minute,
		},
		CleanupEvery: time.Duration(c.CleanupEvery),
		AuditKeep:    time.Duration(c.AuditKeep),
		Reseal:       len(c.SecretKeyPrevious) > 0,
	}
}

// limits are those that guard secrets. Each name is one of a label in metrics, too.
func (c *Config) limits() guard.Limits {
	return guard.Limits{
		Account: c.LimitLogin.limit("login"), Block: c.LimitFailures.limit("failures"), Register: c.LimitFailures.limit("registrations"),
		Mail: c.LimitMail.limit("mail"), Recovery: c.LimitMail.limit("mail-recovery"), MailByBlock: c.LimitMailBlock.limit("mail-block"),
		ResetSent: c.LimitMail.limit("mail-reset"),
	}
}

// federation are the rules of login through providers; check has found that they can be read.
func (c *Config) federation() federation.Settings {
	redirects, _ := domain.ParseRedirectAllowlist(c.Redirects, c.isDevelopment())
	fallback, _ := c.redirectDefault()
	return federation.Settings{
		AttemptTTL: time.Duration(c.OAuthFlowTTL), CodeTTL: time.Duration(c.OAuthCodeTTL), ContinuationTTL: time.Duration(c.OAuthContinueTTL),
		Redirects: redirects, Default: fallback, Friendly: c.RegistrationMode == "friendly",
		SignUp: domain.SignUpPolicy{Closed: auth.Registration(c.Registration) != auth.RegistrationOpen, Domains: c.registrationDomains()},
	}
}

func (c *Config) registrationDomains() domain.EmailDomains {
	domains, _ := domain.ParseEmailDomains(c.RegistrationFrom)
	return domains
}

// redirectDefault is the address for browsers whose login is not known; none when it is not set.
func (l *loginSettings) redirectDefault() (domain.Redirect, error) {
	if l.RedirectDefault == "" {
		return domain.Redirect{}, nil
	}
	alone, err := domain.ParseRedirectAllowlist([]string{l.RedirectDefault}, false)
	if err != nil {
		return domain.Redirect{}, err
	}
	return alone.Find(l.RedirectDefault)
}

// link makes the links of mails, from configuration only: never from what a request says of our address (Zitadel
// CVE-2025-64101). template is a front end's page; without one it is the page of ours.
func link(template, page string) func(domain.Secret) string {
	if template != "" {
		return func(token domain.Secret) string { return strings.ReplaceAll(template, "{token}", token.Reveal()) }
	}
	return func(token domain.Secret) string { return page + token.Reveal() }
}
