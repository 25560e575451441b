package echohttp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// ServerOptions are the listeners and their bounds. Zero durations and counts mean the default named.
type ServerOptions struct {
	PublicAddr string // host:port; port 0 takes a free one
	AdminAddr  string // likewise; empty means no admin listener
	// MaxConnections of the public listener, 10 000, and the share of one peer that is no trusted proxy, a quarter; the admin listener takes
	// 64.
	MaxConnections int
	MaxPerPeer     int
	// DrainDelay is how long readyz answers 503 before the listener closes, so that the load balancer notices.
	DrainDelay time.Duration
	// StopTimeout is how long requests under way may take after that, 15 s.
	StopTimeout time.Duration
	Log         *slog.Logger
}

const (
	defaultMaxConnections = 10_000
	adminMaxConnections   = 64
	defaultStopTimeout    = 15 * time.Second
	maxHeader             = 16 << 10
)

// Server is the two listeners, bound.
type Server struct {
	options  ServerOptions
	api      *API
	admin    http.Handler
	publicOn net.Listener
	adminOn  net.Listener // nil without one
}

// Listen binds the addresses, so that they are known before anything is served: with port 0, links in mails need them. A client that
// connects before Serve waits, so routes may still be added. admin may be nil when there is no admin listener. The error names the
// listener.
func Listen(o ServerOptions, a *API, admin http.Handler) (*Server, error) {
	if o.StopTimeout == 0 {
		o.StopTimeout = defaultStopTimeout
	}
	if o.MaxConnections == 0 {
		o.MaxConnections = defaultMaxConnections
	}
	if o.MaxPerPeer == 0 {
		o.MaxPerPeer = max(1, o.MaxConnections/4)
	}
	s := &Server{options: o, api: a, admin: admin}
	on, err := net.Listen("tcp", o.PublicAddr) //nolint:noctx // binding does not block
	if err != nil {
		return nil, fmt.Errorf("listen for the API: %w", err)
	}
	a.cookies.reachedAt(on.Addr())
	s.publicOn = limitConnections(on, o.MaxConnections, o.MaxPerPeer, a.edge.trusted)
	if o.AdminAddr == "" {
		return s, nil
	}
	if on, err = net.Listen("tcp", o.AdminAddr); err != nil { //nolint:noctx // likewise
		return nil, errors.Join(fmt.Errorf("listen for administration: %w", err), s.publicOn.Close())
	}
	s.adminOn = limitConnections(on, adminMaxConnections, 0, nil)
	return s, nil
}

// newHTTPServer bounds what a slow or greedy client may hold (ASVS 5.0 4.2.1, 15.2.2).
func newHTTPServer(h http.Handler, log *slog.Logger, write time.Duration) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: write,
		IdleTimeout: 75 * time.Second, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug), // broken handshakes and the like are not worth a line
	}
}

// PublicAddr is the address of the API.
func (s *Server) PublicAddr() net.Addr { return s.publicOn.Addr() }

// AdminAddr is the address of the admin listener, nil without one.
func (s *Server) AdminAddr() net.Addr {
	if s.adminOn == nil {
		return nil
	}
	return s.adminOn.Addr()
}

// Close releases the addresses, for a start that failed before Serve.
func (s *Server) Close() error {
	err := s.publicOn.Close()
	if s.adminOn != nil {
		err = errors.Join(err, s.adminOn.Close())
	}
	return err
}

// Serve serves until ctx ends or a listener fails, and then stops: readyz says 503, after the delay the listeners close,
// requests under way finish, and what does not finish in time is cut off, which is an error. Call it once.
func (s *Server) Serve(ctx context.Context) error {
	failed := make(chan error, 2)
	public := newHTTPServer(s.api, s.options.Log, 30*time.Second)
	go func() { failed <- serve(public, s.publicOn) }()
	servers := []*http.Server{public} // stopped in this order, so that the admin listener can report progress
	if s.adminOn != nil {
		server := newHTTPServer(s.admin, s.options.Log, 5*time.Minute) // profiles take as long as requested
		go func() { failed <- serve(server, s.adminOn) }()
		servers = append(servers, server)
	}
	var cause error
	select {
	case <-ctx.Done():
	case cause = <-failed:
	}
	s.api.drain()
	if cause == nil && s.options.DrainDelay > 0 {
		select {
		case <-time.After(s.options.DrainDelay):
		case cause = <-failed:
		}
	}
	return errors.Join(cause, stop(servers, s.options.StopTimeout))
}

func serve(server *http.Server, on net.Listener) error {
	if err := server.Serve(on); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// stop waits for requests under way, all within one timeout.
func stop(servers []*http.Server, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	var errs []error
	for _, server := range servers {
		if err := server.Shutdown(ctx); err != nil {
			errs = append(errs, fmt.Errorf("requests were cut off: %w", err), server.Close())
		}
	}
	return errors.Join(errs...)
}
