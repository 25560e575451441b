package signet

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
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
	if err := checkAddress("Issuer (SIGNET_ISSUER)", c.Issuer, c.AllowHTTP); err != nil {
		return s, err
	}
	if c.URL != "" {
		if err := checkAddress("URL (SIGNET_URL)", c.URL, c.AllowHTTP); err != nil {
			return s, err
		}
	}
	if err := checkKey("Audience (SIGNET_AUDIENCE)", c.Audience); err != nil {
		return s, err
	}
	if s.OnCut = cmp.Or(c.OnCut, Allow); s.OnCut != Allow && s.OnCut != Deny {
		return s, fmt.Errorf("signet: OnCut must be %q or %q; it is %q", Allow, Deny, c.OnCut)
	}
	if c.Leeway != nil {
		s.leeway = *c.Leeway
	}
	if s.leeway < 0 || s.leeway > time.Minute {
		return s, fmt.Errorf("signet: Leeway must be 0 to 60 seconds; it is %v", s.leeway)
	}
	s.url = strings.TrimRight(cmp.Or(c.URL, c.Issuer), "/")
	if s.Logger == nil {
		s.Logger = slog.Default()
	}
	return s, nil
}

func checkAddress(setting, address string, allowHTTP bool) error {
	u, err := url.Parse(address)
	switch {
	case strings.Contains(address, "@"): // what is before it is shown nowhere
		return fmt.Errorf("signet: %s must have no user or password in it", setting)
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("signet: %s must be the address of Signet, such as https://auth.example.com; it is %q", setting, address)
	case u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("signet: %s must have no query and no fragment; it is %q", setting, address)
	case u.Scheme == "http" && !allowHTTP && !loopback(u.Hostname()):
		return fmt.Errorf("signet: %s must begin with https:// (or set AllowHTTP inside a network that you trust); it is %q", setting, address)
	}
	return nil
}

var keyForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

func checkKey(setting, key string) error {
	if !keyForm.MatchString(key) {
		return fmt.Errorf("signet: %s must be the key of your service at Signet (not its name), such as billing; it is %q", setting, key)
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
