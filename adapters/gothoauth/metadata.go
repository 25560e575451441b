package gothoauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/signet-auth/signet/ports/provider"
)

// metadata is a provider's endpoints: constants, or its discovery document (OIDC Discovery §3).
type metadata struct {
	Issuer                string   `json:"issuer"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	UserinfoEndpoint      string   `json:"userinfo_endpoint"`
	JWKSURI               string   `json:"jwks_uri"`
	Algorithms            []string `json:"id_token_signing_alg_values_supported"`
	AuthMethods           []string `json:"token_endpoint_auth_methods_supported"`
	PKCEMethods           []string `json:"code_challenge_methods_supported"`
	Prompts               []string `json:"prompt_values_supported"`
	SendsIssuer           bool     `json:"authorization_response_iss_parameter_supported"`
}

const (
	metadataLife  = 24 * time.Hour
	metadataRetry = 5 * time.Second // after the first failure, then twice as long each time
	metadataWait  = time.Minute     // at most
	metadataPause = time.Second     // during which new logins get the last error
)

// discovered is the metadata of a provider that publishes it. A document that was read once is used for as long as the provider can't be
// reached.
type discovered struct {
	turn chan struct{} // of the one that reads

	mu     sync.Mutex
	known  *metadata
	read   time.Time
	failed time.Time
	err    error // of that failure
}

func newDiscovered() *discovered { return &discovered{turn: make(chan struct{}, 1)} }

func (d *discovered) get() (*metadata, time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.known, d.read
}

// metadata returns the known document, or reads it now.
func (c *client) metadata(ctx context.Context) (*metadata, error) {
	if c.dialect.pinned != nil {
		return c.dialect.pinned, nil
	}
	if known, err := c.discovered.recent(c.now()); known != nil || err != nil {
		return known, err
	}
	return c.discover(ctx, time.Time{})
}

// recent is the known document, or the error of the last attempt if that was a moment ago: strangers can begin logins, and must not make us
// call the provider as often as they like.
func (d *discovered) recent(now time.Time) (*metadata, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.known == nil && d.err != nil && now.Sub(d.failed) < metadataPause {
		return nil, d.err
	}
	return d.known, nil
}

// discover reads the document, unless another call has done so since.
func (c *client) discover(ctx context.Context, since time.Time) (*metadata, error) {
	d := c.discovered
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	case <-ctx.Done():
		return nil, c.networkFailed(provider.StepDiscovery, ctx.Err())
	}
	if known, read := d.get(); known != nil && read.After(since) {
		return known, nil
	}
	m, err := c.readMetadata(ctx)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		d.failed, d.err = c.now(), err
		return nil, err
	}
	d.known, d.read, d.err = m, c.now(), nil
	return m, nil
}

func (c *client) readMetadata(ctx context.Context) (*metadata, error) {
	calls := &calls{ctx: ctx, client: c}
	body, _, err := calls.get(c.discoveryURL(), "")
	if err != nil {
		return nil, c.discoveryFailed(calls)
	}
	m := &metadata{}
	if err := json.Unmarshal(body, m); err != nil {
		return nil, c.unavailable(provider.StepDiscovery, "unreadable", "check "+c.issuerSetting(), nil)
	}
	if code, err := c.checkMetadata(m); err != nil {
		return nil, c.unavailable(provider.StepDiscovery, code, err.Error(), nil)
	}
	return m, nil
}

// discoveryFailed classifies a failure of discovery. Whatever it is, nobody can log in through this provider until it is fixed.
func (c *client) discoveryFailed(last *calls) error {
	err := c.callFailed(provider.StepDiscovery, last, c.issuerSetting())
	if fault := faultOf(err); fault != nil {
		if fault.Remedy == "" && last.status >= 400 && last.status < 500 {
			fault.Remedy = "check " + c.issuerSetting() + ": nothing is at its /.well-known/openid-configuration"
		}
		return c.unavailable(provider.StepDiscovery, fault.Code, fault.Remedy, fault.Err)
	}
	return err
}

func (c *client) issuerSetting() string {
	if c.options.Kind != OIDC {
		return c.options.Prefix + "_URL"
	}
	return c.options.Prefix + "_ISSUER"
}

func (c *client) discoveryURL() string {
	if c.options.DiscoveryURL != "" {
		return c.options.DiscoveryURL
	}
	return strings.TrimSuffix(c.info.Issuer, "/") + "/.well-known/openid-configuration"
}

// checkMetadata finds what is unusable in a document; the error is a remedy.
func (c *client) checkMetadata(m *metadata) (code string, err error) {
	p := c.options.Prefix
	switch {
	case strings.Contains(m.Issuer, "{tenantid}"):
		return "issuer", errors.New("the issuer is a template of Microsoft's: use MICROSOFT_CLIENT_ID and MICROSOFT_TENANT")
	case strings.TrimSuffix(m.Issuer, "/") != strings.TrimSuffix(c.info.Issuer, "/"):
		return "issuer", fmt.Errorf("the document is of another issuer than %s says", c.issuerSetting())
	case c.options.ClientSecret.IsZero() && !slices.Contains(m.PKCEMethods, "S256"):
		return "pkce", fmt.Errorf("set %s_CLIENT_SECRET: without one the provider must list S256 among its code challenge methods", p)
	}
	for _, endpoint := range []string{m.AuthorizationEndpoint, m.TokenEndpoint, m.JWKSURI} {
		u, err := url.Parse(endpoint)
		if err != nil || u.Host == "" || !acceptedScheme(u, c.insecure) {
			return "endpoints", errors.New("the document must name authorization_endpoint, token_endpoint and jwks_uri by https")
		}
	}
	return "", nil
}

// keepMetadata reads the document at start and again each day, so that nobody has to wait for it.
func (c *client) keepMetadata(ctx context.Context) {
	retry := metadataRetry
	for {
		_, read := c.discovered.get()
		wait := metadataLife
		asked, cancel := context.WithTimeout(ctx, c.timeout)
		_, err := c.discover(asked, read)
		cancel()
		if err != nil {
			c.report(ctx, err)
			wait, retry = retry, min(2*retry, metadataWait)
		} else {
			retry = metadataRetry
		}
		if c.sleep(ctx, wait) != nil {
			return
		}
	}
}
