package run

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/adapters/gothoauth"
	"github.com/signet-auth/signet/adapters/jwtoken"
	"github.com/signet-auth/signet/adapters/memory"
	"github.com/signet-auth/signet/adapters/otp"
	"github.com/signet-auth/signet/adapters/pwhash"
	"github.com/signet-auth/signet/adapters/seal"
	"github.com/signet-auth/signet/adapters/telemetry"
	"github.com/signet-auth/signet/adapters/useragent"
	"github.com/signet-auth/signet/app"
	"github.com/signet-auth/signet/app/admin"
	"github.com/signet-auth/signet/domain"
)

// Server is a running server.
type Server struct {
	// URL is where the API is, with the real port; AdminURL likewise, empty without an admin listener.
	URL      string
	AdminURL string
	// Handler is the API without its listener, for benchmarks of what is behind it, and for tests of what is mounted.
	Handler *echohttp.API

	config *Config
	log    *slog.Logger
	failed chan error
	stop   context.CancelFunc
	served chan struct{}
	halt   context.CancelFunc // of the background work
	work   sync.WaitGroup
	app    *app.App
	hasher *pwhash.Hasher
	undo   []func() // first opened, first

	providers *gothoauth.Providers
	welcome   welcome
}

// FeedLag is the metric signet_feed_lag_seconds, for tests that wait for the next look and would ask for all metrics many times a second.
func (s *Server) FeedLag() time.Duration { return s.app.Feed.Lag() }

// Start opens everything, in the order in which things need each other, and serves. On an error nothing is left open. ctx
// bounds the start only; Stop ends the server.
func Start(ctx context.Context, c *Config, stdio Stdio) (*Server, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return nil, err
	}
	log, err := telemetry.NewLogger(stdio.Err, level, c.ServiceName, Version(), telemetry.Format(c.LogFormat))
	if err != nil {
		return nil, err
	}
	s := &Server{config: c, log: log, failed: make(chan error, 1), served: make(chan struct{})}
	if err := s.start(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *Server) start(ctx context.Context) error {
	c := s.config
	for _, warning := range c.warnings {
		s.log.WarnContext(ctx, "a variable has no effect", "why", warning)
	}
	if err := c.checkPorts(); err != nil {
		return err
	}
	logo, err := openLogo(c.ProductLogo)
	if err != nil {
		return err
	}
	sealer, err := s.openSecrets()
	if err != nil {
		return err
	}
	if err := migrate(ctx, c, c.System, s.log); err != nil {
		return err
	}
	watch, err := s.openTelemetry()
	if err != nil {
		return err
	}
	db, err := openTracedDatabase(c, c.Database, c.System, watch.tracer)
	if err != nil {
		return err
	}
	s.onClose(func() { _ = db.Close() })
	l, err := openLimiters(c, s.log)
	if err != nil {
		return err
	}
	s.onClose(l.close)
	m, err := openMail(c)
	if err != nil {
		return err
	}
	if s.hasher, err = openHasher(c); err != nil {
		return err
	}
	l = l.measured(watch.meters, watch.tracer)
	listeners, mount, err := s.listen(db, l, m, sealer, watch)
	if err != nil {
		return err
	}
	publicURL := c.PublicURL
	if publicURL == "" {
		publicURL = "http://localhost:" + port(listeners.PublicAddr())
	}
	issuer, err := s.settleIssuer(ctx, db, publicURL)
	if err != nil {
		return err
	}
	s.welcome = s.newWelcome(publicURL, issuer)
	if s.providers, err = c.openProviders(ctx, publicURL, s.log); err != nil {
		return err
	}
	passkeys, rp, err := s.openPasskeys(ctx, db, publicURL)
	if err != nil {
		return err
	}
	caches, system := memory.NewCaches(c.System.Now), c.System
	system.Trace = watch.tracing.Begin()
	settings := c.settings(publicURL, issuer, passwordPolicy(c, s.hasher))
	settings.NoPasskeys = rp.off
	s.app = app.New(app.Ports{
		Log: s.log, System: system, Store: db, Caches: caches, Limiter: l.shared, Waker: l.waker, Sealer: sealer,
		Hasher: s.hasher, KeyMaker: jwtoken.KeyMaker{}, Issuer: jwtoken.Issuer{}, Verifier: jwtoken.Verifier{}, Composer: m.composer,
		Transport: &telemetry.Transport{Next: m.transport, Took: watch.meters.mails, Tracer: watch.tracer}, Devices: useragent.Namer{}, OTP: otp.Generator{},
		Passkeys:  passkeys,
		Providers: watch.meters.measuredProviders(s.providers.List(), watch.tracer), PrepareMonths: c.prepareMonths,
	}, settings)
	if err := s.prepare(ctx); err != nil {
		return err
	}
	if err := observe(watch.registry, s.app, s.hasher, db, l, caches); err != nil {
		return err
	}
	s.app.Stream.Meter = watch.meters.streamMeter()
	mount(s.app, whereabouts{publicURL, rp.related}, logo)
	s.serve(listeners)
	return nil
}

// openSecrets makes the sealer of SECRET_KEY, and claims the folder of the embedded mode.
func (s *Server) openSecrets() (*seal.Sealer, error) {
	c := s.config
	if c.embedded() {
		folder := dataDir(c.DataDir)
		if err := folder.open(); err != nil {
			return nil, err
		}
		release, err := folder.lock()
		if err != nil {
			return nil, err
		}
		s.onClose(release)
		if !locksFolders {
			s.log.Warn("a folder can't be locked on this system: see to it that no second server uses DATA_DIR", "folder", c.DataDir)
		}
	}
	if path := dataDir(c.DataDir).secretKeyPath(); !c.SecretKey.IsZero() && (c.embedded() || c.isDevelopment()) {
		if _, err := os.Stat(path); err == nil {
			s.log.Info("SECRET_KEY takes the place of the key that the data folder came with; values that the old key sealed can still be opened", "file", path)
		}
	}
	return openSealer(c)
}

// prepare does what must be done before the first request. What a former SECRET_KEY sealed is looked for before anything is sealed
// or read.
func (s *Server) prepare(ctx context.Context) error {
	if err := s.checkSecrets(ctx); err != nil {
		return err
	}
	if err := s.app.Start(ctx, s.retryUnavailable); err != nil {
		return err
	}
	c := s.config
	if err := s.checkAdministrators(ctx); err != nil {
		return err
	}
	if c.AdminEmail == "" {
		return nil
	}
	made, err := s.app.Admins.Bootstrap(ctx, admin.CreateInput{Email: c.AdminEmail, Password: c.AdminPassword})
	if err != nil {
		return fmt.Errorf("BOOTSTRAP_ADMIN_EMAIL: %w", clientText(err))
	}
	if made {
		s.log.InfoContext(ctx, "the first administrator was made; BOOTSTRAP_ADMIN_PASSWORD can go now")
	}
	return nil
}

// checkAdministrators warns of administrators whose password is enough, and of those whose roles don't count before they add a factor.
func (s *Server) checkAdministrators(ctx context.Context) error {
	c := s.config
	weak := c.platformLevel() == domain.AAL1
	if weak && c.Env != production {
		return nil
	}
	if weak {
		s.log.WarnContext(ctx, adviceOnLevel+"; aal2 is advised, once they have added a second factor")
	}
	return s.retryUnavailable(ctx, func(ctx context.Context) error {
		without, err := s.app.Base.Store.Read().Grants.WithoutFactor(ctx, c.System.Now(), maxListed)
		for _, user := range without {
			s.log.WarnContext(ctx, "an administrator has no second factor", "user_id", user.ID)
		}
		return err
	})
}

// retryUnavailable tries a step of the start again while the database can't be reached, or is too busy for the short deadlines of
// requests: a busy machine must not make the start fail.
func (s *Server) retryUnavailable(ctx context.Context, step func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, startWait)
	defer cancel()
	for {
		err := step(ctx)
		if !errors.Is(err, domain.ErrUnavailable) || s.config.System.Sleep(ctx, 200*time.Millisecond) != nil {
			return err
		}
	}
}

// serve starts the background work and the listeners.
func (s *Server) serve(listeners *echohttp.Server) {
	serving, stop := context.WithCancel(context.Background())
	working, halt := context.WithCancel(context.Background())
	s.stop, s.halt = stop, halt
	for _, run := range []func(context.Context){s.app.Run, s.hasher.Warm, s.providers.Run} {
		s.work.Go(func() { run(working) })
	}
	go func() {
		defer close(s.served)
		if err := listeners.Serve(serving); err != nil {
			s.failed <- err
		}
	}()
}

// Failed yields the error of a listener that gave up.
func (s *Server) Failed() <-chan error { return s.failed }

// Stop ends the server gracefully: first requests, then background work, then the database and the rest. ctx bounds the wait. Call
// it once.
func (s *Server) Stop(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.stop()
		<-s.served
		s.halt()
		s.work.Wait()
		s.close()
	}()
	select {
	case <-done:
	case <-ctx.Done():
		return errors.New("the server did not stop in time")
	}
	select {
	case err := <-s.failed:
		return err
	default:
		return nil
	}
}

func (s *Server) onClose(undo func()) { s.undo = append(s.undo, undo) }

// close undoes the start, last things first.
func (s *Server) close() {
	for _, undo := range slices.Backward(s.undo) {
		undo()
	}
}

func openHasher(c *Config) (*pwhash.Hasher, error) {
	var setting pwhash.Setting = pwhash.Bcrypt{Cost: c.BcryptCost}
	if c.PasswordHash == "argon2id" {
		setting = pwhash.DefaultArgon2id()
	}
	return pwhash.New(pwhash.Options{
		Setting: setting, Workers: c.HashWorkers, Wait: time.Duration(c.HashWait), FirebaseSigners: c.FirebaseSigners.reveal(),
		Now: time.Now, Sleep: c.System.Sleep, // it measures work, which no moved clock should stretch
	})
}

func passwordPolicy(c *Config, hasher *pwhash.Hasher) domain.PasswordPolicy {
	return domain.PasswordPolicy{MinLength: c.PasswordMin, MaxLength: c.PasswordMax, MaxBytes: hasher.MaxBytes(), Common: pwhash.IsCommon}
}

func port(addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok {
		return strconv.Itoa(tcp.Port)
	}
	return ""
}
