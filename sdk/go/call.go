package signet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// client makes calls to Signet. No redirect is followed: a credential, or the trust in keys, would go where the redirect says.
type client struct {
	base        string
	http, fresh *http.Client // fresh opens a connection for each call
}

func newClient(base string, transport http.RoundTripper) *client {
	if transport == nil {
		transport = http.DefaultTransport
	}
	fresh := transport
	if pooled, ok := transport.(*http.Transport); ok {
		own, single := pooled.Clone(), pooled.Clone()
		single.DisableKeepAlives = true
		transport, fresh = own, single
	}
	last := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client{base: base, http: &http.Client{Transport: transport, CheckRedirect: last}, fresh: &http.Client{Transport: fresh, CheckRedirect: last}}
}

func (c *client) close() {
	c.http.CloseIdleConnections()
	c.fresh.CloseIdleConnections()
}

type call struct {
	method, path string
	header       http.Header
	body         string
	limit        int64
	fresh        bool // on a new connection
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

// maxAnswer is the most that is read of an answer.
const maxAnswer = 8 << 20

func (c *client) do(ctx context.Context, in call) (answer, error) {
	request, err := c.request(ctx, in)
	if err != nil {
		return answer{}, err
	}
	client := c.http
	if in.fresh {
		client = c.fresh
	}
	response, err := client.Do(request) //nolint:gosec // the address is a setting
	if err != nil {
		return answer{}, plain(err)
	}
	defer func() { _ = response.Body.Close() }()
	limit := in.limit
	if limit == 0 {
		limit = maxAnswer
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return answer{}, plain(err)
	}
	if int64(len(body)) > limit {
		return answer{}, fmt.Errorf("the answer is larger than %d bytes", limit)
	}
	return answer{status: response.StatusCode, header: response.Header, body: body}, nil
}

func (c *client) request(ctx context.Context, in call) (*http.Request, error) {
	var body io.Reader
	if in.body != "" {
		body = strings.NewReader(in.body)
	}
	request, err := http.NewRequestWithContext(ctx, in.method, c.base+in.path, body) //nolint:gosec // the address is a setting
	if err != nil {
		return nil, err
	}
	maps.Copy(request.Header, in.header)
	request.Header.Set("User-Agent", "signet-go")
	return request, nil
}

// retrying makes a call up to 1+more times, on new connections after the first. A replica that lost its database answers 503, and one that
// stops breaks connections, while the others are well.
func (c *client) retrying(ctx context.Context, in call, more int) (answer, error) {
	for try := 0; ; try++ {
		in.fresh = try > 0
		a, err := c.do(ctx, in)
		again := err != nil && broken(err) || err == nil && a.status == http.StatusServiceUnavailable
		if !again || try == more || ctx.Err() != nil {
			return a, err
		}
	}
}

// broken tells whether a connection ended under a call.
func broken(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		strings.Contains(err.Error(), "server closed idle connection")
}

// plain takes the address out of an error of net/http, which may have a secret in it.
func plain(err error) error {
	var outer *url.Error
	if errors.As(err, &outer) {
		return outer.Err
	}
	return err
}

// retryAfter reads the header, 0 without one. Dates are not read: Signet sends seconds.
func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(strings.TrimSpace(h.Get("Retry-After")))
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(min(seconds, 3600)) * time.Second
}

func bearer(token Secret) string { return "Bearer " + string(token) }

func decodeAnswer(body []byte) (map[string]any, bool) { return readObject(bytes.TrimSpace(body)) }
