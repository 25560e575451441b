package stream

import (
	"time"

	"github.com/signet-auth/signet/domain"
)

// The kinds of facts: what Subject is the id of.
const (
	KindSession    = "session"     // sid
	KindSubject    = "subject"     // sub: a user, or a service's account
	KindAudience   = "audience"    // aud: the key of a service, or Everywhere
	KindKey        = "key"         // the application token behind a service's access token
	KindSigningKey = "signing_key" // kid
	KindReset      = "reset"       // none: the numbers start over, and compare with no earlier ones
)

// Everywhere is the audience of facts about what all services share.
const Everywhere = "*"

// Fact says what a commit meant to access tokens that were issued before it.
type Fact struct {
	Kind    string
	Tokens  domain.Fact // domain.TokensEnded or domain.TokensStale; empty for a reset
	Subject string
	Seq     int64     // of the change; tokens whose cs is below it were made from older data
	At      time.Time // zero for a reset
}

// factOf is what a change means to a service that verifies tokens for itself: other services' audiences are none of its business. ok is
// false when it is nothing.
func factOf(c domain.Change, own domain.Service) (f Fact, ok bool) {
	f = Fact{Tokens: c.Tokens, Subject: c.Subject, Seq: c.Seq, At: c.At}
	if c.Tokens == domain.TokensUnknown {
		f.Tokens = domain.TokensStale
	}
	switch c.Kind {
	case domain.ChangeSession:
		f.Kind = KindSession
	case domain.ChangePrincipal:
		f.Kind = KindSubject
	case domain.ChangeAppToken:
		f.Kind = KindKey
	case domain.ChangeSigningKey:
		f.Kind = KindSigningKey
	case domain.ChangeService:
		f.Kind = KindAudience
		switch domain.ServiceID(c.Subject) {
		case own.ID:
			f.Subject = own.Key
		case domain.PlatformID:
			f.Subject = Everywhere
		default:
			return Fact{}, false
		}
	}
	return f, f.Kind != "" && c.Tokens != domain.TokensUnaffected
}
