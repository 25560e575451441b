package federation

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/app/guard"
	"github.com/signet-auth/signet/app/proof"
	"github.com/signet-auth/signet/app/reauth"
	"github.com/signet-auth/signet/app/signin"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/provider"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/sys"
)

// Settings are the rules of login through providers.
type Settings struct {
	AttemptTTL      time.Duration // from Begin to the callback
	CodeTTL         time.Duration // from the callback to Exchange
	ContinuationTTL time.Duration
	Redirects       domain.RedirectAllowlist
	Default         domain.Redirect // for browsers with an unknown login; zero: none
	SignUp          domain.SignUpPolicy
	// Friendly reports that an address is taken. Otherwise only its owner learns of it, by mail.
	Friendly bool
}

// Service is the use cases. Safe for concurrent use.
type Service struct {
	*base.Base

	guard     *guard.Guard
	proofs    *proof.Service
	reauth    *reauth.Service
	signin    *signin.Service
	directory *access.Directory
	sealer    secure.Sealer
	providers []provider.Provider
	settings  Settings

	turns  turns
	faults sys.Seldom
}

// Parts are what the service is made of.
type Parts struct {
	Guard     *guard.Guard
	Proofs    *proof.Service
	Reauth    *reauth.Service
	SignIn    *signin.Service
	Directory *access.Directory
	Sealer    secure.Sealer
	Providers []provider.Provider // in the order in which they are shown
}

// New makes the service.
func New(b *base.Base, p Parts, s Settings) *Service {
	return &Service{
		Base: b, guard: p.Guard, proofs: p.Proofs, reauth: p.Reauth, signin: p.SignIn, directory: p.Directory, sealer: p.Sealer,
		providers: p.Providers, settings: s,
	}
}

// Providers are the configured ones.
func (s *Service) Providers() []provider.Info {
	all := make([]provider.Info, len(s.providers))
	for i, p := range s.providers {
		all[i] = p.Info()
	}
	return all
}

// Provider is a configured provider, or domain.ErrNotFound.
func (s *Service) Provider(name string) (provider.Info, error) {
	p, err := s.provider(name)
	if err != nil {
		return provider.Info{}, err
	}
	return p.Info(), nil
}

func (s *Service) provider(name string) (provider.Provider, error) {
	for _, p := range s.providers {
		if p.Info().Name == name {
			return p, nil
		}
	}
	return nil, domain.ErrNotFound
}

// same is the provider with which an attempt began, if it is still configured: not another issuer or client under the same name (OA-9).
func (s *Service) same(name string, fingerprint []byte) (provider.Provider, bool) {
	p, err := s.provider(name)
	return p, err == nil && string(fingerprintOf(p.Info())) == string(fingerprint)
}

func fingerprintOf(i provider.Info) []byte {
	sum := sha256.Sum256([]byte(i.Issuer + "\x00" + i.ClientID))
	return sum[:8]
}

// Fallback is where a browser with an unknown login is sent; zero: nowhere.
func (s *Service) Fallback() domain.Redirect { return s.settings.Default }

// IsUsable tells whether an identity can be used to log in now: its provider is configured, under any name.
func (s *Service) IsUsable(i domain.Identity) bool {
	for _, p := range s.providers {
		if p.Owns(i.Issuer) {
			return true
		}
	}
	return false
}

// DisplayName is a provider's name for people; its technical name if it is no longer configured.
func (s *Service) DisplayName(name string) string {
	if info, err := s.Provider(name); err == nil {
		return info.DisplayName
	}
	return name
}

// Back is the way back to the application where a login began.
type Back struct {
	To       domain.Redirect // zero: there is none, the answer is for the browser itself
	State    string          // the application's own
	Provider string
}

// FailedError is why a login failed, with the way back.
type FailedError struct {
	Back

	Err          error
	Continuation domain.Secret // with which the person may continue; zero: they may not
}

// Error is the cause's.
func (f *FailedError) Error() string { return f.Err.Error() }

// Unwrap is the cause.
func (f *FailedError) Unwrap() error { return f.Err }

// turns serializes requests about a name within this process.
type turns struct {
	mu   sync.Mutex
	busy map[string]chan struct{}
}

// take waits for the turn; the caller ends it. The error is that of ctx.
func (t *turns) take(ctx context.Context, name string) (end func(), err error) {
	for {
		t.mu.Lock()
		other, taken := t.busy[name]
		if !taken {
			break
		}
		t.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	defer t.mu.Unlock()
	if t.busy == nil {
		t.busy = map[string]chan struct{}{}
	}
	mine := make(chan struct{})
	t.busy[name] = mine
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.busy, name)
		close(mine)
	}, nil
}

// note logs the cause of a failure that an operator can fix, once a minute, so that an attack does not fill the log.
func (s *Service) note(ctx context.Context, err error, now time.Time) {
	var fault *provider.Fault
	if !errors.As(err, &fault) {
		return
	}
	cause := fault.Provider + "\x00" + string(fault.Step) + "\x00" + fault.Code
	if !s.faults.Passes(cause, time.Minute, now) {
		return
	}
	told := []slog.Attr{
		slog.String("provider", fault.Provider), slog.String("step", string(fault.Step)), slog.String("error_code", fault.Code),
	}
	if fault.Remedy != "" {
		told = append(told, slog.String("remedy", fault.Remedy))
	}
	if fault.Err != nil {
		told = append(told, slog.Any("error", fault.Err))
	}
	s.Log.LogAttrs(ctx, slog.LevelWarn, "a login through a provider failed", told...)
}
