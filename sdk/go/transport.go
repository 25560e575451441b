package signet

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Client is an HTTP client that sends the token to these origins ("https://shipping.example.com"), and to no other, redirects included. base
// may be nil. A 401 from there drops the token and tries once more with another, if the body can be sent again. It panics for what is no
// origin.
func (s *TokenSource) Client(base *http.Client, origins ...string) *http.Client {
	if base == nil {
		base = http.DefaultClient
	}
	t := &tokenTransport{source: s, next: base.Transport, origins: map[string]bool{}}
	if t.next == nil {
		t.next = http.DefaultTransport
	}
	for _, o := range origins {
		if err := checkAddress("an origin", o, s.set.AllowHTTP); err != nil {
			panic(err)
		}
		u, err := url.Parse(o)
		if err != nil || strings.Trim(u.Path, "/") != "" {
			panic(fmt.Sprintf("signet: %s is no origin such as https://shipping.example.com", o))
		}
		t.origins[origin(u)] = true
	}
	out := *base
	out.Transport = t
	return &out
}

// origin is scheme, host and port (RFC 6454).
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}

type tokenTransport struct {
	source  *TokenSource
	next    http.RoundTripper
	origins map[string]bool
}

// RoundTrip sends a request with the token.
func (t *tokenTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	if !t.origins[origin(request.URL)] || request.Header.Get("Authorization") != "" {
		return t.next.RoundTrip(request)
	}
	token, err := t.source.Token(request.Context())
	if err != nil {
		if request.Body != nil {
			_ = request.Body.Close()
		}
		return nil, err
	}
	response, err := t.next.RoundTrip(authorized(request, token))
	if err != nil || response.StatusCode != http.StatusUnauthorized || request.Body != nil && request.GetBody == nil {
		return response, err
	}
	t.source.drop(token)
	another, err := t.source.Token(request.Context())
	if err != nil || another == token {
		return response, nil //nolint:nilerr // the answer that there is
	}
	again := authorized(request, another)
	if request.GetBody != nil {
		if again.Body, err = request.GetBody(); err != nil {
			return response, nil //nolint:nilerr // the answer that there is
		}
	}
	_ = response.Body.Close()
	return t.next.RoundTrip(again)
}

// authorized is a copy: a RoundTripper may not change the request.
func authorized(request *http.Request, token string) *http.Request {
	out := request.Clone(request.Context())
	out.Header.Set("Authorization", "Bearer "+token)
	return out
}
