package signet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// What a verifier does when it hears nothing of revocations for more than 30 s.
const (
	// Allow goes on as if tokens were plain JWTs: a revocation counts when the token expires. It is the default, because a Signet that is
	// away must not take every service with it.
	Allow = "allow"
	// Deny answers 503 until the stream is there again.
	Deny = "deny"
)

// Config says whose tokens are accepted. Issuer and Audience are needed, AppToken or AppTokenFile wanted.
type Config struct {
	// Issuer is what tokens name as iss, compared letter by letter. Signet prints it when it starts.
	Issuer string
	// URL is where Signet is called, if that is elsewhere, as inside a cluster. By default it is the issuer.
	URL string
	// Audience is the key of this service at Signet.
	Audience string
	// AppToken is an application token of this service. Without one, revocations count when tokens expire.
	AppToken Secret
	// AppTokenFile has the application token instead. It is read again when it changes.
	AppTokenFile string
	// OnCut is Allow or Deny.
	OnCut string
	// Leeway is by how much clocks may differ, up to a minute; nil is 30 s.
	Leeway *time.Duration
	// AllowHTTP permits http:// off this machine, where everybody on the way can read and change what is said.
	AllowHTTP bool

	// Transport makes the calls to Signet: for a CA of your own, or a proxy.
	Transport http.RoundTripper
	// Logger gets a line when something begins or ends that an operator should know; by default slog's.
	Logger *slog.Logger
	// OnRefusal hears why a token was refused, which the caller is not told.
	OnRefusal func(context.Context, Refusal)
	// Answer writes refusals in place of the problem documents of this package.
	Answer func(http.ResponseWriter, *http.Request, Problem)
}

// EnvConfig is the configuration that the environment has: SIGNET_ISSUER, SIGNET_URL, SIGNET_AUDIENCE, SIGNET_APP_TOKEN and
// SIGNET_APP_TOKEN_FILE.
func EnvConfig() Config {
	return Config{
		Issuer: os.Getenv("SIGNET_ISSUER"), URL: os.Getenv("SIGNET_URL"), Audience: os.Getenv("SIGNET_AUDIENCE"),
		AppToken: Secret(os.Getenv("SIGNET_APP_TOKEN")), AppTokenFile: os.Getenv("SIGNET_APP_TOKEN_FILE"),
	}
}

// FromEnv is New with EnvConfig.
func FromEnv() (*Verifier, error) { return New(EnvConfig()) }

// settings are a checked Config.
type settings struct {
	Config

	url    string
	leeway time.Duration
}

func (c Config) check() (settings, error) {
	s := settings{Config: c, leeway: 30 * time.Second}
	if c.Issuer == "" {
		return s, errors.New("signet: Issuer (SIGNET_ISSUER) is empty: it is the address that Signet prints when it starts")
	}
	if c.Audience == "" {
		return s, errors.New("signet: Audience (SIGNET_AUDIENCE) is empty: it is this service's key at Signet")
	}
	if strings.ContainsAny(c.Audience, "/ ") {
		return s, fmt.Errorf("signet: Audience (SIGNET_AUDIENCE) %q is no key of a service", c.Audience)
	}
	if err := checkAddress("Issuer (SIGNET_ISSUER)", c.Issuer, c.AllowHTTP); err != nil {
		return s, err
	}
	if c.URL != "" {
		if err := checkAddress("URL (SIGNET_URL)", c.URL, c.AllowHTTP); err != nil {
			return s, err
		}
	}
	if c.AppToken != "" && c.AppTokenFile != "" {
		return s, errors.New("signet: AppToken and AppTokenFile are both given: one of them is enough")
	}
	if s.OnCut = cmp.Or(c.OnCut, Allow); s.OnCut != Allow && s.OnCut != Deny {
		return s, fmt.Errorf("signet: OnCut is %q: it is %q or %q", c.OnCut, Allow, Deny)
	}
	if c.Leeway != nil {
		s.leeway = *c.Leeway
	}
	if s.leeway < 0 || s.leeway > time.Minute {
		return s, fmt.Errorf("signet: Leeway is %v: it is 0 to 1m", s.leeway)
	}
	s.url = strings.TrimRight(cmp.Or(c.URL, c.Issuer), "/")
	if s.Logger == nil {
		s.Logger = slog.Default()
	}
	return s, nil
}

func checkAddress(setting, address string, allowHTTP bool) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("signet: %s is no address such as https://auth.example.com", setting) // without it: it may have a password
	}
	if u.Scheme == "http" && !allowHTTP && !loopback(u.Hostname()) {
		return fmt.Errorf("signet: %s %s is plain http: everybody on the way could issue tokens. Use https, or AllowHTTP inside a network that you trust", setting, address)
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
