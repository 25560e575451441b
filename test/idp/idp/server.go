package idp

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Options of a server.
type Options struct {
	// Now is the clock of codes and tokens; nil: the machine's.
	Now func() time.Time
	// Interactive shows a page on which a person chooses an account. Otherwise the account that is logged in is sent back at once.
	Interactive bool
	// PublicURL is where Signet is reached: its callbacks are registered at every provider. Register does it later.
	PublicURL string
}

// Server is all the providers at one address. Safe for concurrent use.
type Server struct {
	URL string // without a slash at its end

	Google, Microsoft, Apple, Discord, GitHub, GitLab, Facebook *Provider

	options Options
	mux     *http.ServeMux
	stopped chan struct{} // ends what is slow or held
	stop    func()

	mu        sync.Mutex
	publicURL string
	providers []*Provider
}

// New makes a server that is reached at a URL.
func New(url string, o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{
		URL: strings.TrimSuffix(url, "/"), options: o, mux: http.NewServeMux(), stopped: make(chan struct{}),
		publicURL: strings.TrimSuffix(o.PublicURL, "/"),
	}
	s.stop = sync.OnceFunc(func() { close(s.stopped) })
	s.Google = s.Add("google", Google)
	s.Microsoft = s.Add("microsoft", Microsoft)
	s.Apple = s.Add("apple", Apple)
	s.Discord = s.Add("discord", Discord)
	s.GitHub = s.Add("github", GitHub)
	s.GitLab = s.Add("gitlab", GitLab)
	s.Facebook = s.Add("facebook", Facebook)
	s.control()
	return s
}

// Start runs a server on a port of its own until the test ends.
func Start(tb testing.TB, o Options) *Server {
	tb.Helper()
	var s *Server
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.ServeHTTP(w, r) }))
	s = New(front.URL, o)
	tb.Cleanup(func() {
		s.Stop()
		front.Close()
	})
	return s
}

// Stop ends what is slow or held, so that the listener can close.
func (s *Server) Stop() { s.stop() }

// ServeHTTP is the server's handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Add adds a provider and registers Signet there; one of that name is returned as it is. Google, Microsoft, Apple, Discord, Facebook
// and "github" stand at their hosts, others at /issuers/name: issuers of one's own, GitLab, and GitHub Enterprise.
func (s *Server) Add(name string, d Dialect) *Provider {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.IndexFunc(s.providers, func(p *Provider) bool { return p.Name == name }); i >= 0 {
		return s.providers[i]
	}
	p := newProvider(s, name, d)
	if s.publicURL != "" {
		p.Register(p.callback(s.publicURL))
	}
	s.providers = append(s.providers, p)
	return p
}

// Issuer is the OpenID provider of that name, which is added when there is none.
func (s *Server) Issuer(name string) *Provider { return s.Add(name, Generic) }

// Providers lists them in the order in which they were added.
func (s *Server) Providers() []*Provider {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.providers)
}

// Register registers the callbacks of a Signet at every provider, and at those that are added later.
func (s *Server) Register(publicURL string) {
	publicURL = strings.TrimSuffix(publicURL, "/")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.publicURL = publicURL
	for _, p := range s.providers {
		p.Register(p.callback(publicURL))
	}
}

// callback is where Signet takes the answer of a provider.
func (p *Provider) callback(publicURL string) string {
	name := string(p.speaks)
	if p.speaks == Generic {
		name = p.Name
	}
	return publicURL + "/api/oauth/" + name + "/callback"
}
