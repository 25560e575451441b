package echohttp

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// cors answers browsers whether a page of another origin may call (Fetch standard §3.2). The list is exact: patterns and
// echoed origins are how such lists leak (UI-4, casdoor CVE-2024-41657).
type cors struct {
	origins map[string]bool
	all     bool
}

func newCORS(origins []string) (*cors, error) {
	c := &cors{origins: map[string]bool{}}
	for _, origin := range origins {
		if origin == "*" {
			c.all = true
			continue
		}
		u, err := url.Parse(origin)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || originOf(u) != origin {
			return nil, fmt.Errorf("CORS origins must look like https://app.example.com, without path or trailing slash")
		}
		c.origins[origin] = true
	}
	if c.all && len(c.origins) > 0 {
		return nil, fmt.Errorf("CORS origins are * or a list, not both")
	}
	return c, nil
}

// originOf is the serialization of a URL's origin (RFC 6454 §6.2).
func originOf(u *url.URL) string {
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" {
		host = strings.TrimSuffix(host, ":443")
	} else {
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host
}

// lists tells whether an origin is on the list by name. It decides about cookies, so "*" does not count.
func (c *cors) lists(origin string) bool { return c.origins[origin] }

// Shared header values.
var (
	corsExpose  = []string{"X-Request-Id, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, ETag"}
	corsMethods = []string{"GET, HEAD, POST, PUT, PATCH, DELETE"}
	corsHeaders = []string{"Authorization, Content-Type, X-Signet, X-Request-Id"}
	corsMaxAge  = []string{"3600"}
	corsVary    = []string{"Origin"}
	corsYes     = []string{"true"}
	corsAll     = []string{"*"}
)

// handle sets the headers, and answers preflight requests, for which done is true. An origin that is not allowed gets no
// headers, and its preflight the 204 of any OPTIONS: the browser does the refusing.
func (c *cors) handle(ex *exchange, r *http.Request) (done bool) {
	if len(c.origins) == 0 && !c.all {
		return false
	}
	h := ex.Header()
	if !c.all {
		h["Vary"] = corsVary
	}
	sent := r.Header["Origin"]
	if len(sent) != 1 {
		return false
	}
	switch {
	case c.origins[sent[0]]:
		h["Access-Control-Allow-Origin"] = []string{sent[0]}
		h["Access-Control-Allow-Credentials"] = corsYes
	case c.all:
		h["Access-Control-Allow-Origin"] = corsAll
	default:
		return false
	}
	if r.Method != http.MethodOptions || len(r.Header["Access-Control-Request-Method"]) == 0 {
		h["Access-Control-Expose-Headers"] = corsExpose
		return false
	}
	h["Access-Control-Allow-Methods"] = corsMethods
	h["Access-Control-Allow-Headers"] = corsHeaders
	h["Access-Control-Max-Age"] = corsMaxAge
	ex.answer(http.StatusNoContent, nil)
	return true
}
