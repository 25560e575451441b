package federation

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/provider"
)

const (
	maxState     = 256 // bytes of the application's own state
	maxHint      = 254
	maxService   = 100
	challengeLen = 43 // of an S256 challenge (RFC 7636 §4.2)
	// maxAttempts and maxAttemptBytes bound the cookies of one browser: proxies answer 431 to more.
	maxAttempts     = 4
	maxAttemptBytes = 6000
)

// BeginInput is an application's request for a login.
type BeginInput struct {
	From       domain.Origin
	Provider   string
	RedirectTo string // empty: the browser itself gets the answer
	State      string // the application's own, returned to it
	Challenge  string // S256, RFC 7636: required with RedirectTo
	Service    string // the audience of the first access token
	Prompt     string
	Hint       string
	Ticket     domain.Secret // from Link: it carries everything else
	Open       []Cookie      // attempts that the browser has
}

// BeginOutput is the address to which the browser is sent, and its cookies.
type BeginOutput struct {
	URL     string
	Cookie  Cookie
	Expired []string // names of older attempts, to make room
}

var prompts = []string{"", "select_account", "login", "consent"}

// Begin sends a browser to a provider. Errors before RedirectTo is known to be allowed are the caller's; later ones are a FailedError with the
// way back.
func (s *Service) Begin(ctx context.Context, in BeginInput) (BeginOutput, error) {
	p, err := s.provider(in.Provider)
	if err != nil {
		return BeginOutput{}, err
	}
	if err := in.check(); err != nil {
		return BeginOutput{}, err
	}
	now := s.System.Now()
	a := attempt{
		Provider: in.Provider, Fingerprint: fingerprintOf(p.Info()), RedirectTo: in.RedirectTo, CallerState: in.State, Challenge: in.Challenge,
		Service: in.Service, Begun: now,
	}
	if !in.Ticket.IsZero() {
		if err := s.redeemTicket(ctx, in.From, in.Ticket, &a, now); err != nil {
			return BeginOutput{}, err
		}
	}
	if a.RedirectTo != "" {
		if _, err := s.settings.Redirects.Find(a.RedirectTo); err != nil {
			return BeginOutput{}, err
		}
	}
	failed := func(err error) (BeginOutput, error) {
		s.note(ctx, err, now)
		return BeginOutput{}, &FailedError{Back: s.back(a), Err: err}
	}
	if _, err := s.directory.Service(ctx, a.Service); err != nil {
		return failed(err)
	}
	out, err := s.begin(ctx, p, a, in, now)
	if err != nil {
		return failed(err)
	}
	return out, nil
}

func (in BeginInput) check() error {
	var fields []domain.FieldError
	bad := func(field, text string) {
		fields = append(fields, domain.FieldError{Field: field, Code: "invalid", Text: field + " " + text})
	}
	if !in.Ticket.IsZero() {
		in.State, in.RedirectTo, in.Challenge, in.Service = "", "", "", "" // those of the ticket replace them
	}
	if !isToken(in.State, maxState) {
		bad("state", "must be at most 256 bytes of printable ASCII")
	}
	switch {
	case in.Challenge == "" && in.RedirectTo != "":
		bad("code_challenge", "is required with redirect_to: the base64url SHA-256 of a code_verifier (RFC 7636, S256)")
	case in.Challenge != "" && !isChallenge(in.Challenge):
		bad("code_challenge", "must be 43 characters, the base64url SHA-256 of a code_verifier (RFC 7636, S256)")
	}
	if !slices.Contains(prompts, in.Prompt) {
		bad("prompt", "must be one of select_account, login, consent")
	}
	if !isToken(in.Hint, maxHint) {
		bad("login_hint", "must be at most 254 bytes of printable ASCII")
	}
	if len(in.Service) > maxService {
		bad("service", "must be the key, id or name of a service")
	}
	if len(fields) > 0 {
		return domain.ErrInvalidFields(fields...)
	}
	return nil
}

// isToken tells whether a text may be put unescaped into an address and a cookie.
func isToken(text string, most int) bool {
	return len(text) <= most && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
}

func isChallenge(text string) bool {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return err == nil && len(raw) == 32 && len(text) == challengeLen
}

func (s *Service) begin(ctx context.Context, p provider.Provider, a attempt, in BeginInput, now time.Time) (BeginOutput, error) {
	var secrets [3]string // the state, the nonce and the verifier
	for i := range secrets {
		var raw [32]byte
		if _, err := io.ReadFull(s.System.Entropy, raw[:]); err != nil {
			return BeginOutput{}, err
		}
		secrets[i] = base64.RawURLEncoding.EncodeToString(raw[:])
	}
	state := secrets[0]
	a.State, a.Nonce, a.Verifier = hashState(state), secrets[1], secrets[2]
	upstream := a.upstream()
	upstream.State, upstream.Prompt, upstream.Hint = state, in.Prompt, in.Hint
	url, err := p.Begin(ctx, upstream)
	if err != nil {
		return BeginOutput{}, err
	}
	cookie, err := s.sealAttempt(CookieName(state), a)
	return BeginOutput{URL: url, Cookie: cookie, Expired: s.makeRoom(in.Open, len(cookie.Value), now)}, err
}

// makeRoom names the attempts to delete so that one more fits: those that have expired or can't be read, then the oldest.
func (s *Service) makeRoom(open []Cookie, size int, now time.Time) (expired []string) {
	type known struct {
		Cookie

		begun time.Time
	}
	var alive []known
	for _, c := range open {
		a, err := s.openAttempt(c)
		if errors.Is(err, errNoAttempt) || s.isOver(a, now) {
			expired = append(expired, c.Name)
			continue
		}
		alive = append(alive, known{c, a.Begun})
		size += len(c.Value)
	}
	slices.SortFunc(alive, func(a, b known) int { return a.begun.Compare(b.begun) })
	for len(alive) >= maxAttempts || len(alive) > 0 && size > maxAttemptBytes {
		expired = append(expired, alive[0].Name)
		size -= len(alive[0].Value)
		alive = alive[1:]
	}
	return expired
}
