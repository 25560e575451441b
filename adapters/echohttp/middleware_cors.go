package echohttp

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/signet-auth/signet/ports/sys"
)

// cors answers browsers whether a page of another origin may call (Fetch standard §3.2). The list is exact: patterns and
// echoed origins are how such lists leak (UI-4, casdoor CVE-2024-41657).
type cors struct {
	origins map[string]bool
	all     bool
	// local tells whether pages of this machine may call too; nil: never.
	local func(*http.Request) bool
	log   *slog.Logger
	said  sys.Seldom
}

func newCORS(origins []string, local func(*http.Request) bool, log *slog.Logger) (*cors, error) {
	c := &cors{origins: map[string]bool{}, local: local, log: log}
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

// lists tells whether the list names the origin of a request, or, in development, whether it is of this machine. It decides about cookies,
// so "*" does not count.
func (c *cors) lists(origin string, r *http.Request) bool {
	return c.origins[origin] || c.local != nil && isLocalOrigin(origin) && c.local(r)
}

// Shared header values.
var (
	corsExpose  = []string{"X-Request-Id, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, ETag, WWW-Authenticate"}
	corsMethods = []string{"GET, HEAD, POST, PUT, PATCH, DELETE"}
	corsHeaders = []string{"Authorization, Content-Type, X-Signet, X-Request-Id"}
	corsMaxAge  = []string{"3600"}
	corsVary    = []string{"Origin"}
	corsYes     = []string{"true"}
	corsAll     = []string{"*"}
)

// handle sets the headers, and answers preflight requests, for which done is true. An origin that is not allowed gets no headers, and its
// preflight the same 204 as any OPTIONS request: the browser then refuses the call.
func (c *cors) handle(ex *exchange, r *http.Request) (done bool) {
	h := ex.Header()
	if len(c.origins) > 0 || c.local != nil {
		h["Vary"] = corsVary
	}
	sent := r.Header["Origin"]
	if len(sent) != 1 {
		return false
	}
	switch {
	case c.lists(sent[0], r):
		h["Access-Control-Allow-Origin"] = []string{sent[0]}
		h["Access-Control-Allow-Credentials"] = corsYes
	case c.all:
		h["Access-Control-Allow-Origin"] = corsAll
	default:
		c.tell(r, sent[0])
		return false
	}
	if r.Method != http.MethodOptions || len(r.Header["Access-Control-Request-Method"]) == 0 {
		h["Access-Control-Expose-Headers"] = corsExpose
		return false
	}
	h["Access-Control-Allow-Methods"] = corsMethods
	h["Access-Control-Allow-Headers"] = allowedHeaders(r)
	h["Access-Control-Max-Age"] = corsMaxAge
	ex.answer(http.StatusNoContent, nil)
	return true
}

// allowedHeaders are the headers that the page asks for: tracing adds headers to each request, and a page that may call may send any
// header, since none of them grants access. If the list is too long or malformed, the page gets the headers that the API itself knows.
func allowedHeaders(r *http.Request) []string {
	asked := r.Header["Access-Control-Request-Headers"]
	if len(asked) != 1 || len(asked[0]) > 1024 {
		return corsHeaders
	}
	names := strings.Split(asked[0], ",")
	if len(names) > 20 {
		return corsHeaders
	}
	for i, name := range names {
		if names[i] = strings.TrimSpace(name); !httpguts.ValidHeaderFieldName(names[i]) {
			return corsHeaders
		}
	}
	return []string{strings.Join(names, ", ")}
}

// tell logs that a page can't call, once a minute for each origin: the browser reports it only in its console, and names no setting.
func (c *cors) tell(r *http.Request, origin string) {
	u, err := url.Parse(origin)
	mode := r.Header["Sec-Fetch-Mode"]
	if c.log == nil || err != nil || u.Host == "" || strings.EqualFold(u.Host, r.Host) || len(mode) == 1 && mode[0] != "cors" {
		return // our own page, a form, or a request that needs no CORS
	}
	if len(origin) <= 255 && c.said.Passes(origin, time.Minute, time.Now()) {
		c.log.LogAttrs(r.Context(), slog.LevelWarn, "a page was refused: CORS_ORIGINS does not name its origin", slog.String("origin", origin))
	}
}
