// Idp starts the services by which people log in, played by a test, so that Signet can be tried without registering anywhere:
//
//	go run ./test/idp                 prints the settings that Signet needs
//	go run ./cmd/signet serve         with these settings, in another terminal
//
// Then open http://localhost:5000/api/oauth/google. A page asks who you want to be, and how the provider misbehaves. It listens on
// loopback only and believes everybody. All of it is in package idp; /control scripts it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/signet-auth/signet/test/idp/idp"
)

// options are the flags.
type options struct {
	listen  string
	public  string
	issuers string
	atOnce  bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := serve(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "idp:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to defer
	}
}

func parse(args []string, help io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("idp", flag.ContinueOnError)
	f.SetOutput(help)
	f.StringVar(&o.listen, "listen", "127.0.0.1:9090", "address to listen on: loopback")
	f.StringVar(&o.public, "public", "http://localhost:5000", "PUBLIC_URL of Signet")
	f.StringVar(&o.issuers, "issuers", "acme", "names of OpenID providers of one's own, separated by commas")
	f.BoolVar(&o.atOnce, "at-once", false, "ask nobody: send the person back who is logged in, as /control says")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	address, err := netip.ParseAddrPort(o.listen)
	if err != nil || !address.Addr().IsLoopback() {
		return o, errors.New("-listen takes an address of this machine alone, such as 127.0.0.1:9090: everybody is let in")
	}
	return o, nil
}

// serve listens until the context ends.
func serve(ctx context.Context, args []string, out, help io.Writer) error {
	o, err := parse(args, help)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.listen)
	if err != nil {
		return err
	}
	s := idp.New("http://"+listener.Addr().String(), idp.Options{Interactive: !o.atOnce, PublicURL: o.public})
	for name := range strings.SplitSeq(o.issuers, ",") {
		if name != "" {
			s.Issuer(name)
		}
	}
	if err := printSettings(out, s, o.public); err != nil {
		return err
	}
	server := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	ended := context.AfterFunc(ctx, func() {
		s.Stop()
		_ = server.Close()
	})
	defer ended()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// printSettings prints lines for .env, and for a shell.
func printSettings(out io.Writer, s *idp.Server, public string) error {
	env := s.Env()
	var text strings.Builder
	text.WriteString("# Settings for Signet, which has to run with SIGNET_ENV=development:\n")
	for _, name := range slices.Sorted(maps.Keys(env)) {
		fmt.Fprintf(&text, "%s='%s'\n", name, strings.ReplaceAll(strings.TrimSpace(env[name]), "\n", `\n`))
	}
	fmt.Fprintf(&text, "# Then open %s/api/oauth/google; what else can be scripted: curl %s/control\n", public, s.URL)
	_, err := io.WriteString(out, text.String())
	return err
}
