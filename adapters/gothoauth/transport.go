package gothoauth

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// maxBody is how much of an answer is read. More is an error: a library that cuts in silence would read half a document.
const maxBody = 1_000_000

var (
	errTooLong  = errors.New("the answer is longer than 1 MB")
	errInsecure = errors.New("an http address is accepted in development only")
	errOpen     = errors.New("not asked: the last five calls failed")
)

// newTransport is shared by all providers. It honours HTTPS_PROXY and SSL_CERT_FILE, as Go does.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    5 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// calls are the calls of one Complete, or of one reading of metadata or keys, and the transport of the clients that are handed to
// libraries. It binds them to ctx, which goth does not take, and remembers how the last one ended, which libraries only report as text.
type calls struct {
	ctx    context.Context //nolint:containedctx // goth has no parameter for it
	client *client

	status   int    // of the last answer, 0 without one
	err      error  // of the last call, without its URL
	location string // of a redirect, without its query
}

// http is a client of these calls. It follows no redirects: a code or a token would go where nobody sent it.
func (c *calls) http() *http.Client {
	return &http.Client{Transport: c, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// RoundTrip makes one call and reads its whole answer.
func (c *calls) RoundTrip(r *http.Request) (*http.Response, error) {
	c.status, c.err, c.location = 0, nil, ""
	resp, err := c.roundTrip(c.prepare(r))
	if err != nil {
		c.err = withoutURL(err)
		return nil, c.err
	}
	c.status = resp.StatusCode
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		c.location = withoutQuery(resp.Header.Get("Location"))
	}
	return resp, nil
}

// prepare moves a token from the query, where goth's facebook writes it and every proxy logs it, into the header.
func (c *calls) prepare(r *http.Request) *http.Request {
	r = r.Clone(c.ctx)
	r.URL = c.client.place(r.URL)
	r.Host = r.URL.Host
	if query := r.URL.Query(); query.Has("access_token") {
		r.Header.Set("Authorization", "Bearer "+query.Get("access_token"))
		query.Del("access_token")
		r.URL.RawQuery = query.Encode()
	}
	r.Header.Set("User-Agent", c.client.agent) // Go's own and browsers' are blocked by Discord at times
	return r
}

func (c *calls) roundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" && !c.client.insecure {
		return nil, errInsecure
	}
	breaker := &c.client.breaker
	if !breaker.closed(c.client.now()) {
		return nil, errOpen
	}
	resp, err := c.client.transport.RoundTrip(r)
	if err == nil {
		err = readWhole(resp)
	}
	switch {
	case errors.Is(c.ctx.Err(), context.Canceled): // the person hung up, which is no failure
	case err != nil && !errors.Is(err, errTooLong), err == nil && resp.StatusCode >= http.StatusInternalServerError:
		breaker.failed(c.client.now())
	default:
		breaker.succeeded()
	}
	if err != nil {
		return nil, err
	}
	return resp, nil
}

// readWhole replaces a body by what is in it.
func readWhole(resp *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	_ = resp.Body.Close()
	if err != nil {
		return err
	}
	if len(body) > maxBody {
		return errTooLong
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// get reads a JSON document.
func (c *calls) get(address, bearer string) (body []byte, header http.Header, err error) {
	r, err := http.NewRequestWithContext(c.ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		c.err = errors.New("not an address")
		return nil, nil, c.err
	}
	r.Header.Set("Accept", "application/json")
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := c.RoundTrip(r)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err = io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d", resp.StatusCode)
	}
	return body, resp.Header, err
}

// withoutURL is the cause of an error of net/http, which itself prints whole URLs.
func withoutURL(err error) error {
	for {
		outer, ok := errors.AsType[*url.Error](err)
		if !ok {
			return err
		}
		err = outer.Err
	}
}

// withoutQuery is a URL without its secret parts, for logs; empty for a malformed URL.
func withoutQuery(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || len(address) > 500 {
		return ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// place is the URL that is really called: with a test provider, the hosts of the built-in providers are folders of it.
func (c *client) place(u *url.URL) *url.URL {
	if c.test == nil || u.Scheme != "https" {
		return u
	}
	moved := *u
	moved.Scheme, moved.Host = c.test.Scheme, c.test.Host
	moved.Path = "/" + u.Host + u.Path
	if u.RawPath != "" {
		moved.RawPath = "/" + u.Host + u.RawPath
	}
	return &moved
}
