package signet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// TokenConfig says for what a service gets access tokens of its own.
type TokenConfig struct {
	// URL is Signet's address, and ClientID the key of this service at it.
	URL, ClientID string
	// AppToken is an application token of this service, or AppTokenFile has it and is read again when it is refused.
	AppToken     Secret
	AppTokenFile string
	// Service is the key of the service that the tokens are for; empty for Signet itself.
	Service string
	// Scope are the permissions asked for; without any it is all that the account holds there. One that it does not hold is an error, so a
	// missing grant shows at start.
	Scope []string
	// AllowHTTP permits http:// off this machine.
	AllowHTTP bool
	// Transport makes the calls to Signet.
	Transport http.RoundTripper
}

// TokenError is Signet's refusal to give a token (RFC 6749 §5.2).
type TokenError struct {
	Status            int
	Code, Description string
}

// Error names the code.
func (e *TokenError) Error() string {
	return fmt.Sprintf("signet: no access token: %s (%d): %s", e.Code, e.Status, e.Description)
}

const (
	renewAt     = 0.8              // of a token's life
	spare       = 30 * time.Second // no token is handed out that ends sooner
	tokenCall   = 10 * time.Second
	mistakeFor  = 10 * time.Second
	tokenTries  = 2
	longestWait = 5 * time.Second
)

// TokenSource has access tokens of this service, to call other services with. It is safe for use by many goroutines.
type TokenSource struct {
	set    TokenConfig
	client *client
	secret *appToken
	now    func() time.Time

	mu       sync.Mutex
	token    string
	life     time.Duration
	expires  time.Time
	flight   chan struct{}
	err      error
	failures int
	retryAt  time.Time
}

// NewTokenSource makes a token source. It calls nobody.
func NewTokenSource(c TokenConfig) (*TokenSource, error) {
	if err := checkAddress("URL", c.URL, c.AllowHTTP); err != nil {
		return nil, err
	}
	if err := checkKey("ClientID", c.ClientID); err != nil {
		return nil, err
	}
	secret, err := newAppToken(c.AppToken, c.AppTokenFile)
	if err != nil {
		return nil, err
	}
	if secret == nil {
		return nil, errors.New("signet: AppToken or AppTokenFile must be set. signet tokens create makes a token")
	}
	return &TokenSource{set: c, client: newClient(strings.TrimRight(c.URL, "/"), c.Transport), secret: secret, now: time.Now}, nil
}

// Token is an access token that lasts 30 s at least. It is renewed when a fifth of its life is left, while the old one is still handed out.
func (s *TokenSource) Token(ctx context.Context) (string, error) {
	s.mu.Lock()
	now := s.now()
	usable := s.token != "" && s.expires.Sub(now) > min(spare, s.life/2)
	if usable && s.expires.Sub(now) > time.Duration(float64(s.life)*(1-renewAt)) {
		defer s.mu.Unlock()
		return s.token, nil
	}
	if s.flight == nil && !now.Before(s.retryAt) {
		s.flight = make(chan struct{})
		go s.renew(s.flight) //nolint:gosec // it is for all callers, so it is not ended by one that hangs up
	}
	flight, token, err := s.flight, s.token, s.err
	s.mu.Unlock()
	switch {
	case usable:
		return token, nil
	case flight == nil:
		return "", err
	}
	select {
	case <-flight:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return "", s.err
	}
	return s.token, nil
}

// drop forgets a token that was refused, unless there is another one by now.
func (s *TokenSource) drop(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token == token {
		s.token = ""
	}
}

func (s *TokenSource) renew(done chan struct{}) {
	ctx, cancel := context.WithTimeout(context.Background(), tokenCall)
	defer cancel()
	token, life, err := s.fetch(ctx)
	var refused *TokenError
	if errors.As(err, &refused) && refused.Code == "invalid_client" && s.secret.reload() {
		token, life, err = s.fetch(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	defer close(done)
	s.flight, s.err = nil, err
	now := s.now()
	if err == nil {
		s.token, s.life, s.expires, s.failures, s.retryAt = token, life, now.Add(life), 0, time.Time{}
		return
	}
	wait := min(500*time.Millisecond<<min(s.failures, 6), 30*time.Second)
	if errors.As(err, &refused) && refused.Status < http.StatusInternalServerError && refused.Status != http.StatusTooManyRequests {
		wait = mistakeFor // a wrong setting: another try does not mend it
	}
	s.failures++
	s.retryAt = now.Add(wait)
}

func (s *TokenSource) fetch(ctx context.Context) (string, time.Duration, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {s.set.ClientID}, "client_secret": {string(s.secret.get())}}
	if s.set.Service != "" {
		form.Set("service", s.set.Service)
	}
	if len(s.set.Scope) > 0 {
		form.Set("scope", strings.Join(s.set.Scope, " "))
	}
	in := call{
		method: http.MethodPost, path: "/oauth2/token", body: form.Encode(),
		header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}},
	}
	got, err := s.client.patient(ctx, in)
	if err != nil {
		return "", 0, fmt.Errorf("signet: no access token: %w", err)
	}
	var body struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"`
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	decoded := json.Unmarshal(got.body, &body)
	if got.status != http.StatusOK {
		return "", 0, &TokenError{Status: got.status, Code: clip(body.Error), Description: clip(body.Description)}
	}
	if decoded != nil || body.AccessToken == "" || body.ExpiresIn <= 0 {
		return "", 0, fmt.Errorf("signet: no access token: %w", errNonsense)
	}
	return body.AccessToken, time.Duration(min(body.ExpiresIn, 86400)) * time.Second, nil
}

// patient makes a call again on 503, 429 and broken connections, when it may be made again soon.
func (c *client) patient(ctx context.Context, in call) (answer, error) {
	for try := 0; ; try++ {
		in.fresh = try > 0
		got, err := c.do(ctx, in)
		again := err != nil && broken(err) || err == nil && (got.status == http.StatusServiceUnavailable || got.status == http.StatusTooManyRequests)
		wait := time.Duration(0)
		if err == nil {
			wait = retryAfter(got.header)
		}
		if !again || try == tokenTries || wait > longestWait {
			return got, err
		}
		timer := time.NewTimer(max(wait, jitter(0, 200*time.Millisecond)))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return got, err
		}
	}
}
