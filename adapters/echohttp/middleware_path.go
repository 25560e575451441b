package echohttp

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// canonicalize gives the request the single form of its path that all later code sees (AZ-12): decoded once, without a trailing slash,
// RawPath empty, because Echo's router prefers RawPath and would match what nothing else looked at (echo GHSA-vfp3-v2gw-7wfq, oathkeeper
// CVE-2026-33494). ok is false for paths that a proxy in front may have read in another way: dot and empty segments, encoded slashes,
// backslashes, double encoding, and anything but printable ASCII. None of our routes has any of these. The URL is copied before a change,
// because r shares it with the request of net/http.
//
// base is the path of the public URL, which some proxies strip and others pass on: it is stripped once, so that both work.
func canonicalize(r *http.Request, base string) (ok bool) {
	path := r.URL.Path
	if !isPlain(path) || strings.Contains(strings.ToLower(r.URL.RawPath), "%2f") {
		return false
	}
	trimmed := path
	if rest, below := strings.CutPrefix(path, base); below && base != "" && isOurs(rest) {
		trimmed = cmp.Or(rest, "/")
	}
	if len(trimmed) > 1 {
		trimmed = strings.TrimSuffix(trimmed, "/")
	}
	if len(trimmed) == len(path) && r.URL.RawPath == "" {
		return true
	}
	u := new(url.URL)
	*u = *r.URL
	u.Path, u.RawPath = trimmed, ""
	r.URL = u
	return true
}

// roots are the first segments of our paths. The path after the base must begin with one of them, since the base itself may be /api.
var roots = []string{"", ".well-known", "api", "dev", "docs", "livez", "logo", "oauth2", "openapi.json", "readyz"}

func isOurs(path string) bool {
	if path == "" {
		return true
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return path[0] == '/' && slices.Contains(roots, first)
}

func isPlain(path string) bool {
	if path == "" || path[0] != '/' {
		return false
	}
	for i := range len(path) {
		switch c := path[i]; {
		case c <= ' ' || c >= 0x7f || c == '\\' || c == '%':
			return false
		case c == '/' && !isSegment(path[i+1:]):
			return false
		}
	}
	return true
}

// isSegment tells whether what follows a slash is a segment, or the end of the path.
func isSegment(rest string) bool {
	name, _, more := strings.Cut(rest, "/")
	return name != "." && name != ".." && (name != "" || !more)
}
