package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/domain"
)

// publicURL is where the server is asked; in development without a PUBLIC_URL, on this machine.
func (d *doctor) publicURL() string {
	if d.config.PublicURL != "" {
		return d.config.PublicURL
	}
	return "http://" + local(d.config.publicAddr())
}

// answer is what the server said.
type answer struct {
	code   int
	status string
	header http.Header
	body   []byte
}

// ask fetches an address of the server's. The error is one line for people.
func (d *doctor) ask(ctx context.Context, path string, header http.Header) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.publicURL()+path, nil)
	if err != nil {
		return answer{}, err
	}
	request.Header = header
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	said, err := client.Do(request)
	if err != nil {
		if failed, ok := errors.AsType[*url.Error](err); ok {
			err = failed.Err
		}
		return answer{}, plainly(err)
	}
	defer func() { _ = said.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(said.Body, 1<<20))
	return answer{said.StatusCode, said.Status, said.Header, body}, err
}

// fetch is ask for a document, which must be there.
func (d *doctor) fetch(ctx context.Context, path string, into any) *finding {
	said, err := d.ask(ctx, path, nil)
	if err == nil && said.code != http.StatusOK {
		err = fmt.Errorf("it answers %s", said.status)
	}
	if err == nil && json.Unmarshal(said.body, into) != nil {
		err = errors.New("it answers something that is no JSON: another program is there")
	}
	if err != nil {
		f := trouble(d.publicURL()+path+": "+err.Error(), "see public address")
		return &f
	}
	return nil
}

func checkPublicURL(ctx context.Context, d *doctor) []finding {
	said, err := d.ask(ctx, "/livez", nil)
	at := d.publicURL()
	switch {
	case err != nil:
		return []finding{trouble(at+" can't be reached from here: "+err.Error(), "start the server, or check PUBLIC_URL, the name server, and the proxy's certificate and rules")}
	case said.code != http.StatusOK:
		return []finding{trouble(fmt.Sprintf("%s/livez answers %s", at, said.status), "let the proxy pass everything below PUBLIC_URL to Signet")}
	case d.config.Env == production && !hasScheme(at, "https"):
		return []finding{warning(at+" answers, without TLS", "let the proxy speak TLS, and set PUBLIC_URL to https://…")}
	}
	return []finding{ok("%s answers", at)}
}

func checkIssuer(ctx context.Context, d *doctor) []finding {
	if d.database == nil {
		return []finding{noDatabase}
	}
	if !d.schema {
		return []finding{noSchema}
	}
	stored, err := d.opened.Read().Meta.Get(ctx, issuerKey)
	switch {
	case errors.Is(err, domain.ErrNotFound):
		return []finding{skip("none yet: the first start stores it")}
	case err != nil:
		return []finding{trouble(causeOf(err).Error(), "see database")}
	case d.config.Issuer != "" && d.config.Issuer != stored && !bool(d.config.IssuerForce):
		return []finding{trouble(fmt.Sprintf("ISSUER (or PUBLIC_URL) is %s, but this deployment issues tokens as %s: a start is refused", d.config.Issuer, stored),
			"set ISSUER="+stored+" to keep it, or ISSUER_FORCE=on to change it: every access token out there ends")}
	}
	var metadata struct {
		Issuer string `json:"issuer"`
	}
	if f := d.fetch(ctx, "/.well-known/openid-configuration", &metadata); f != nil {
		return []finding{*f}
	}
	if metadata.Issuer != stored {
		return []finding{trouble(fmt.Sprintf("%s is the server of %q, and this database that of %q", d.publicURL(), metadata.Issuer, stored), "check PUBLIC_URL and DATABASE_URI: they are of two deployments")}
	}
	return []finding{ok("%s", stored)}
}

func checkKeySet(ctx context.Context, d *doctor) []finding {
	if d.database == nil {
		return []finding{noDatabase}
	}
	if !d.schema {
		return []finding{noSchema}
	}
	all, err := d.opened.Read().Keys.All(ctx)
	if err != nil {
		return []finding{trouble(causeOf(err).Error(), "see database")}
	}
	var stored, published []string
	for _, key := range all {
		if key.Verifies(d.config.System.Now()) {
			stored = append(stored, key.KID)
		}
	}
	var set struct {
		Keys []struct {
			KID string `json:"kid"`
		} `json:"keys"`
	}
	if f := d.fetch(ctx, "/.well-known/jwks.json", &set); f != nil {
		return []finding{*f}
	}
	for _, key := range set.Keys {
		published = append(published, key.KID)
	}
	slices.Sort(stored)
	slices.Sort(published)
	if !slices.Equal(stored, published) {
		return []finding{trouble(fmt.Sprintf("published are %v, stored %v", published, stored), "the server is of another database, or something before it keeps the key set for too long")}
	}
	return []finding{ok("%s, as they are stored", plural(len(published), "key"))}
}

// checkClientAddress asks the server how it sees a request from here. What it counts by is what it believes of the proxies before it.
func checkClientAddress(ctx context.Context, d *doctor) []finding {
	sealer, err := d.sealer()
	if err != nil || sealer == nil {
		return []finding{skip("there is no SECRET_KEY to ask with")}
	}
	header := http.Header{echohttp.ProbeHeader: {newProbe(sealer, time.Now).word()}}
	said, err := d.ask(ctx, "/readyz", header)
	if err != nil {
		return []finding{skip("the server can't be reached: see public address")}
	}
	seen := said.header.Get(echohttp.SeenHeader)
	if seen == "" {
		return []finding{warning("the server does not say how it sees this request", "is its SECRET_KEY another, its clock more than 5 minutes away, or its release older?")}
	}
	return []finding{judgeAddress(seen)}
}

// judgeAddress reads client=…; peer=…; trusted=…; hops=….
func judgeAddress(seen string) finding {
	fields := map[string]string{}
	for part := range strings.SplitSeq(seen, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		fields[name] = value
	}
	client, peer, trusted, forwarded := fields["client"], fields["peer"], fields["trusted"] == "true", fields["hops"] != "0"
	switch {
	case forwarded && !trusted:
		return warning(fmt.Sprintf("requests come from %s with X-Forwarded-For, which is not believed: every client counts as %s", peer, peer),
			"if that is your proxy, add it to TRUSTED_PROXIES; if it is none of yours, somebody makes the header up")
	case trusted && !forwarded:
		return warning(fmt.Sprintf("%s is in TRUSTED_PROXIES, and sends no X-Forwarded-For: every client counts as %s", peer, peer), "let the proxy add X-Forwarded-For, or take its address out")
	case trusted:
		if addr, err := netip.ParseAddr(client); err == nil && (addr.IsPrivate() || addr.IsLoopback()) {
			return ok("this machine is seen as %s, behind the proxy %s. (It is a private address: if clients of the internet are seen so, a further proxy is not in TRUSTED_PROXIES)", client, peer)
		}
		return ok("this machine is seen as %s, behind the proxy %s", client, peer)
	}
	return ok("this machine is seen as %s, without a proxy that names its clients", client)
}
