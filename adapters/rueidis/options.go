package rueidis

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	redis "github.com/redis/rueidis"

	"github.com/signet-auth/signet/domain"
)

const (
	// defaultBudget is what one call may cost a request.
	defaultBudget = 100 * time.Millisecond
	// dialTimeout bounds connecting, authentication included. Only the keeper and the subscriber wait for it.
	dialTimeout = time.Second
	// pingEvery and silence detect a dead connection: after each second without any answer a ping is sent, and if that gets no answer either,
	// the connection is closed.
	pingEvery = time.Second
	silence   = 500 * time.Millisecond
	// buffer is for commands and answers of some hundred bytes; the default of the library is 1 MB for each connection.
	buffer = 16 << 10
	// lookAgain is how often Sentinels are asked which server is the master, besides what they announce: an announcement may be missed.
	lookAgain = 5 * time.Second
)

// Options say where Redis is: by URL, by host and the rest, or by the Sentinels that know which of several servers it is.
type Options struct {
	// URL is redis[s]://[user[:password]@]host[:port][/db]; rediss verifies the server's certificate.
	URL domain.Secret

	// Host and the rest count when URL is empty.
	Host     string
	Port     int // 0 = 6379
	DB       int
	Username string
	Password domain.Secret
	TLS      bool

	// Sentinels are host or host:port (26379) of those that watch Master; they take the place of Host and Port. The rest above is about
	// the servers that they name; TLS is about the Sentinels too.
	Sentinels        []string
	Master           string
	SentinelUsername string
	SentinelPassword domain.Secret

	// Roots are the certificates to trust, nil = the system's.
	Roots *x509.CertPool
	// Budget is what one call may cost a request; 0 = 100 ms.
	Budget time.Duration
	// Log reports when Redis is lost and when it is back; nil = no log.
	Log *slog.Logger
}

// errURL says what is accepted; the URL itself may hold the password.
var errURL = errors.New("must read redis[s]://[user[:password]@]host[:port][/db], without a query; in the password @ is written %40, / %2F, # %23, ? %3F and % %25")

// client is the options for the library.
func (o Options) client() (redis.ClientOption, error) {
	if !o.URL.IsZero() {
		parsed, err := o.parse()
		if err != nil {
			return redis.ClientOption{}, err
		}
		parsed.Roots = o.Roots
		o = parsed
	}
	addresses, err := o.addresses()
	if err != nil {
		return redis.ClientOption{}, err
	}
	option := redis.ClientOption{
		InitAddress:         addresses,
		Username:            o.Username,
		Password:            o.Password.Reveal(),
		SelectDB:            o.DB,
		ClientName:          "signet",
		Dialer:              net.Dialer{Timeout: dialTimeout, KeepAlive: pingEvery},
		ConnWriteTimeout:    silence,
		ReadBufferEachConn:  buffer,
		WriteBufferEachConn: buffer,
		RingScaleEachConn:   8,
		PipelineMultiplex:   -1,   // one connection: our commands are few, and don't block each other
		ForceSingleClient:   true, // no detection of clusters
		DisableCache:        true, // a stale counter would allow extra guesses
		DisableRetry:        true, // the fallback is quicker, and a Take must not be counted twice
	}
	if o.TLS { // behind Sentinels the name is that of the address which is dialled
		option.TLSConfig = &tls.Config{ServerName: o.Host, RootCAs: o.Roots, MinVersion: tls.VersionTLS12}
	}
	if o.Master != "" {
		option.Sentinel = redis.SentinelOption{
			MasterSet: o.Master, Username: o.SentinelUsername, Password: o.SentinelPassword.Reveal(), ClientName: option.ClientName,
			Dialer: option.Dialer, TLSConfig: option.TLSConfig, TopologyRefreshInterval: lookAgain,
		}
	}
	return option, nil
}

// Way tells how commands get to Redis: by TLS, which always verifies the server, and whether they stay on this machine. Sentinels on this
// machine may name a server on another.
func (o Options) Way() (encrypted, local bool, err error) {
	option, err := o.client()
	if err != nil {
		return false, false, err
	}
	host, _, err := net.SplitHostPort(option.InitAddress[0])
	local = o.Master == "" && (host == "localhost" || net.ParseIP(host).IsLoopback())
	return option.TLSConfig != nil, local, err
}

// addresses are those of the server, or of the Sentinels.
func (o Options) addresses() ([]string, error) {
	watched := len(o.Sentinels) > 0
	switch {
	case o.Port < 0 || o.Port > 65535 || o.DB < 0 || o.Host == "" && !watched:
		return nil, fmt.Errorf("there can be no Redis at host %q, port %d, database %d", o.Host, o.Port, o.DB)
	case watched != (o.Master != "") || watched && o.Host != "":
		return nil, errSentinels
	case !watched:
		return []string{net.JoinHostPort(o.Host, strconv.Itoa(cmp.Or(o.Port, 6379)))}, nil
	}
	addresses := make([]string, 0, len(o.Sentinels))
	for _, sentinel := range o.Sentinels {
		address, err := sentinelAddress(sentinel)
		if err != nil {
			return nil, err
		}
		addresses = append(addresses, address)
	}
	return addresses, nil
}

// errSentinels says which options belong together.
var errSentinels = errors.New("a master needs the Sentinels that watch it, and they need its name; a host of Redis has no place beside them")

// errSentinel says what is accepted; a URL given in its place may hold a password.
var errSentinel = errors.New("the address of a Sentinel is host or host:port")

// sentinelAddress completes host, host:port or [::1]:port.
func sentinelAddress(text string) (string, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		host, port = strings.Trim(text, "[]"), "26379"
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number == 0 || host == "" || strings.ContainsAny(host, "/@?# ") || strings.Contains(host, ":") && net.ParseIP(host) == nil {
		return "", errSentinel
	}
	return net.JoinHostPort(host, port), nil
}

// CheckSentinel tells whether a text can be a Sentinel's address.
func CheckSentinel(text string) error {
	_, err := sentinelAddress(text)
	return err
}

// parse reads the URL. A query is refused, because libraries read options from it, such as one that skips verification.
func (o Options) parse() (Options, error) {
	u, err := url.Parse(o.URL.Reveal())
	if err != nil || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" {
		return Options{}, errURL
	}
	parsed := Options{Host: u.Hostname(), Username: u.User.Username()}
	if password, ok := u.User.Password(); ok {
		parsed.Password = domain.NewSecret(password)
	}
	switch u.Scheme {
	case "redis", "valkey":
	case "rediss", "valkeys":
		parsed.TLS = true
	default:
		return Options{}, errURL
	}
	if port := u.Port(); port != "" {
		if parsed.Port, err = strconv.Atoi(port); err != nil {
			return Options{}, errURL
		}
	}
	if db := strings.Trim(u.Path, "/"); db != "" {
		if parsed.DB, err = strconv.Atoi(db); err != nil {
			return Options{}, errURL
		}
	}
	return parsed, nil
}
