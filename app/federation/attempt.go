package federation

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/provider"
)

// An attempt is the data from Begin that the callback needs. It is sealed in a cookie, so that strangers write no rows, and the cookie
// binds the attempt to the browser (login CSRF, RFC 9700 §4.7). It is not in `state`, which some providers cut at 128 characters.
type attempt struct {
	State       []byte // its hash
	Provider    string
	Fingerprint []byte // of issuer and client id
	Verifier    string
	Nonce       string
	User        domain.UserID    // the user who links an identity; empty: a login
	Session     domain.SessionID // and in which session
	RedirectTo  string
	CallerState string
	Challenge   string
	Service     string
	Begun       time.Time
}

// Cookie is an attempt in the browser's cookie. The adapter knows the full name; Name is its end, which is derived from the state.
type Cookie struct{ Name, Value string }

// CookieName is the end of the name of a state's cookie. Each attempt has its own cookie, so that tabs don't interfere.
func CookieName(state string) string {
	text := domain.Base62(hashState(state))
	return text[len(text)-10:]
}

// AttemptCookieAge is how long the browser keeps an attempt: longer than it is valid, so that a late answer can still be sent back to the
// application.
const AttemptCookieAge = time.Hour

const attemptVersion = "1."

func hashState(state string) []byte {
	sum := sha256.Sum256([]byte(state))
	return sum[:]
}

func attemptPlace(name string) string { return "cookie/oauth/" + name }

func (s *Service) sealAttempt(name string, a attempt) (Cookie, error) {
	sealed, err := s.sealer.Seal(attemptPlace(name), a.pack())
	return Cookie{name, attemptVersion + base64.RawURLEncoding.EncodeToString(sealed)}, err
}

var errNoAttempt = errors.New("no attempt of this browser")

// openAttempt reads a cookie. Every defect gives the same error: this login did not begin here.
func (s *Service) openAttempt(c Cookie) (attempt, error) {
	text, ok := strings.CutPrefix(c.Value, attemptVersion)
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if !ok || err != nil {
		return attempt{}, errNoAttempt
	}
	plain, err := s.sealer.Open(attemptPlace(c.Name), sealed)
	if err != nil {
		return attempt{}, errNoAttempt
	}
	return unpackAttempt(plain)
}

// isOver tells whether the attempt has expired.
func (s *Service) isOver(a attempt, now time.Time) bool {
	return now.Sub(a.Begun) > s.settings.AttemptTTL
}

func (s *Service) back(a attempt) Back {
	to, err := s.settings.Redirects.Find(a.RedirectTo)
	if err != nil { // none was given, or the list has become shorter since
		to = domain.Redirect{}
	}
	return Back{To: to, State: a.CallerState, Provider: a.Provider}
}

func (a attempt) upstream() provider.Attempt {
	return provider.Attempt{Nonce: a.Nonce, Verifier: domain.NewSecret(a.Verifier)}
}

func (a attempt) texts() []string {
	return []string{
		string(a.State), a.Provider, string(a.Fingerprint), a.Verifier, a.Nonce, string(a.User), string(a.Session), a.RedirectTo,
		a.CallerState, a.Challenge, a.Service,
	}
}

// pack is a short encoding, because browsers and proxies limit the cookies of a request.
func (a attempt) pack() []byte {
	b := binary.AppendVarint(nil, a.Begun.UnixMicro())
	for _, text := range a.texts() {
		b = binary.AppendUvarint(b, uint64(len(text)))
		b = append(b, text...)
	}
	return b
}

func unpackAttempt(b []byte) (attempt, error) {
	begun, n := binary.Varint(b)
	if n <= 0 {
		return attempt{}, errNoAttempt
	}
	b = b[n:]
	texts := make([]string, len(attempt{}.texts()))
	for i := range texts {
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return attempt{}, errNoAttempt
		}
		texts[i], b = string(b[n:n+int(size)]), b[n+int(size):]
	}
	if len(b) > 0 {
		return attempt{}, errNoAttempt
	}
	return attempt{
		State: []byte(texts[0]), Provider: texts[1], Fingerprint: []byte(texts[2]), Verifier: texts[3], Nonce: texts[4],
		User: domain.UserID(texts[5]), Session: domain.SessionID(texts[6]), RedirectTo: texts[7], CallerState: texts[8],
		Challenge: texts[9], Service: texts[10], Begun: time.UnixMicro(begun).UTC(),
	}, nil
}
