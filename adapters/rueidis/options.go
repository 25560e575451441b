package rueidis

import (
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
	// pingEvery and silence find out that a connection leads nowhere: a ping after each second without an answer to
	// anything, and an end to the connection when the ping is not answered either.
	pingEvery = time.Second
	silence   = 500 * time.Millisecond
	// buffer is for commands and answers of some hundred bytes; the default of the library is 1 MB for each connection.
	buffer = 16 << 10
)

// Options say where Redis is: by URL, or by host and the rest.
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

	// Roots are the certificates to trust, nil = the system's.
	Roots *x509.CertPool
	// Budget is what one call may cost a request; 0 = 100 ms.
	Budget time.Duration
	// Log hears when Redis is lost and when it is back; nil = nobody.
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
	if o.Host == "" || o.Port < 0 || o.Port > 65535 || o.DB < 0 {
		return redis.ClientOption{}, fmt.Errorf("there can be no Redis at host %q, port %d, database %d", o.Host, o.Port, o.DB)
	}
	if o.Port == 0 {
		o.Port = 6379
	}
	option := redis.ClientOption{
		InitAddress:         []string{net.JoinHostPort(o.Host, strconv.Itoa(o.Port))},
		Username:            o.Username,
		Password:            o.Password.Reveal(),
		SelectDB:            o.DB,
		ClientName:          "signet",
		Dialer:              net.Dialer{Timeout: dialTimeout, KeepAlive: pingEvery},
		ConnWriteTimeout:    silence,
		ReadBufferEachConn:  buffer,
		WriteBufferEachConn: buffer,
		RingScaleEachConn:   8,
		PipelineMultiplex:   -1,   // one connection: our commands are few, and never wait for each other
		ForceSingleClient:   true, // no guessing about clusters
		DisableCache:        true, // a stale counter is a guess for free
		DisableRetry:        true, // the fallback is quicker, and a Take must not be counted twice
	}
	if o.TLS {
		option.TLSConfig = &tls.Config{ServerName: o.Host, RootCAs: o.Roots, MinVersion: tls.VersionTLS12}
	}
	return option, nil
}

// parse reads the URL. A query is refused because libraries read switches from it, such as one that skips verification.
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
