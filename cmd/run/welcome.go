package run

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"

	"github.com/signet-auth/signet/adapters/echohttp/pages"
	"github.com/signet-auth/signet/app/auth"
)

// welcome is where things are and what to do next, as a person who has just started the server opens or types it. The lines of the start say
// it, and so does the page of the API's bare address.
type welcome struct {
	heading   string
	addresses []pages.Address
	ways      []pages.Way // in development
}

// newWelcome is made once the listeners are bound.
func (s *Server) newWelcome(publicURL, issuer string) welcome {
	c := s.config
	w := welcome{heading: fmt.Sprintf("Signet %s (%s)", Version(), c.Env)}
	add := func(name, value string) { w.addresses = append(w.addresses, pages.Address{Name: name, Value: value}) }
	guide := newGuide(c, here(), publicURL, openable(s.AdminURL))
	add("API", publicURL)
	if local := openable(s.URL); local != publicURL && !guide.remote { // a container does not know how it is published
		add("Here", local)
	}
	add("Issuer", issuer)
	if docs := guide.docs(); docs != "" {
		add("Documentation", docs)
	}
	if guide.reaches() {
		add("Metrics", guide.admin+"/metrics")
		if c.inbox() {
			add("Inbox", guide.mailbox())
		}
	}
	if c.embedded() {
		add("Data", c.DataDir)
	}
	if c.isDevelopment() {
		w.ways = guide.ways()
	}
	return w
}

// openable is the address of a listener as people write it: in the same words as the issuer.
func openable(address string) string {
	u, err := url.Parse(address)
	if err != nil || address == "" {
		return ""
	}
	if host := u.Hostname(); host == "127.0.0.1" || host == "::1" {
		u.Host = net.JoinHostPort("localhost", u.Port())
	}
	return u.String()
}

// guide knows what the ways on are here.
type guide struct {
	config  *Config
	public  string // address of the API
	admin   string // of the admin listener; empty: none that a person reaches
	command string // what is typed for signet
	remote  bool   // a person's terminal is on another machine than the program
}

func newGuide(c *Config, at surroundings, publicURL, adminURL string) guide {
	g := guide{config: c, public: publicURL, admin: adminURL, command: at.command(), remote: at.inContainer()}
	if !g.remote && c.embedded() && c.DataDir != "./data" {
		g.command = "DATA_DIR=" + quoted(c.DataDir) + " " + g.command
	}
	return g
}

// reaches tells whether a browser of the person gets to the admin listener: that of a container listens to the container alone unless
// ADMIN_ADDR says otherwise.
func (g guide) reaches() bool {
	return g.admin != "" && (!g.remote || !isLoopback("http://"+g.config.AdminAddr))
}

// docs is where calls can be tried from, in development; empty: no person reaches it.
func (g guide) docs() string {
	switch {
	case g.config.isDevelopment() && (!g.remote || len(g.config.DevPeers) > 0):
		return g.public + "/docs"
	case g.reaches():
		return g.admin + "/docs"
	}
	return ""
}

func (g guide) mailbox() string { return g.admin + "/dev/inbox" }

func (g guide) ways() []pages.Way {
	var ways []pages.Way
	if auth.Registration(g.config.Registration) == auth.RegistrationOpen {
		ways = append(ways, pages.Way{Title: "Register", Text: "As anybody does who comes to your product. A mail with a link and a code follows.", Command: g.register()})
	}
	if g.config.inbox() {
		ways = append(ways, g.inbox())
	}
	ways = append(ways, pages.Way{
		Title: "Make an administrator", Text: "Asks for a password. " + g.sameSettings(), Command: g.command + " admin create --email you@example.com",
	}, pages.Way{
		Title: "Protect a service",
		Text: "docs/integrate.md shows the five lines in Go, Node and Python, and docs/quickstart.md a service from nothing. It begins with telling Signet of " +
			"the service:",
		Command: g.command + " services create 'My service'",
	})
	if docs := g.docs(); docs != "" {
		ways = append(ways, pages.Way{Title: "Documentation", Text: "Every call of the API, to read and to try.", Link: docs})
	}
	return ways
}

// sameSettings says what a command needs beside itself.
func (g guide) sameSettings() string {
	if g.config.embedded() || g.remote {
		return "It may be done while this server runs."
	}
	return "It reads the settings of this server: DATABASE_URI and SECRET_KEY above all."
}

func (g guide) inbox() pages.Way {
	way := pages.Way{Title: "Read the mail", Text: "No mail leaves this machine: the development inbox keeps the last hundred, in memory."}
	switch {
	case g.reaches():
		way.Link = g.mailbox()
	case g.admin != "":
		way.Command = g.command + " dev mail"
	default:
		way.Text += " ADMIN_ADDR is off, so nothing shows it."
	}
	return way
}

// register is a call that works as it stands, in a POSIX shell.
func (g guide) register() string {
	return "curl " + g.public + `/api/auth/register -H 'Content-Type: application/json' -d '{"email": "ada@example.com", "password": "correct horse battery"}'`
}

// page is the welcome for a browser; nil in production.
func (w welcome) page() *pages.Welcome {
	if w.ways == nil {
		return nil
	}
	named := make([]pages.Address, 0, len(w.addresses))
	for _, a := range w.addresses {
		if a.Name == "API" || a.Name == "Issuer" {
			named = append(named, a)
		}
	}
	return &pages.Welcome{Version: Version(), Addresses: named, Ways: w.ways}
}

// print is the welcome for a terminal.
func (w welcome) print(out io.Writer) {
	var text strings.Builder
	fmt.Fprintln(&text, w.heading)
	for _, a := range w.addresses {
		fmt.Fprintf(&text, "%-14s %s\n", a.Name, a.Value)
	}
	for _, way := range w.ways {
		if way.Command != "" { // the links are above
			fmt.Fprintf(&text, "\n%s:\n  %s\n", way.Title, way.Command)
		}
	}
	_, _ = io.WriteString(out, text.String())
}
