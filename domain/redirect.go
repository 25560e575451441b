package domain

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// maxRedirect is the longest address to go back to, in bytes: it travels in a cookie.
const maxRedirect = 512

// Redirect is an address that a login may send a browser back to: one of the allow-list.
type Redirect struct {
	base   string // up to the query
	query  string // the caller's query, without the parameters of our answer
	custom bool
}

// RedirectAllowlist says where a login may send a browser back to (OA-10). A web address is compared by scheme, host and port, and its
// path is equal to the entry's or below it at a segment's end; an address of a native app (RFC 8252 §7.1) is compared whole.
type RedirectAllowlist struct {
	entries []redirectEntry
	// loopback allows every address of this machine, in development without a list.
	loopback bool
}

type redirectEntry struct {
	webAddress

	custom string // the whole text, for native apps
}

// webAddress is an http or https address in a comparable form.
type webAddress struct {
	scheme, host, port, path string
	loopback                 bool
}

// redirectAnswers are the parameters of our answer, which are removed from the caller's query.
var redirectAnswers = []string{"code", "error", "state", "continuation", "iss", "provider", "request_id"}

// ParseRedirectAllowlist reads the entries. anyLoopback allows the addresses of this machine if there are no entries.
func ParseRedirectAllowlist(entries []string, anyLoopback bool) (RedirectAllowlist, error) {
	l := RedirectAllowlist{loopback: anyLoopback && len(entries) == 0}
	for _, text := range entries {
		entry, err := parseRedirectEntry(text)
		if err != nil {
			return RedirectAllowlist{}, fmt.Errorf("%q %w", text, err)
		}
		l.entries = append(l.entries, entry)
	}
	return l, nil
}

func parseRedirectEntry(text string) (redirectEntry, error) {
	if strings.Contains(text, "*") {
		return redirectEntry{}, redirectError("has a *: name each address, a path stands for those below it")
	}
	if isCustomScheme(text) {
		if err := checkRedirectText(text); err != nil {
			return redirectEntry{}, err
		}
		return redirectEntry{custom: text}, nil
	}
	address, query, err := parseWebAddress(text)
	if err == nil && query != "" {
		err = redirectError("has a query: the query of an address is free")
	}
	if err == nil && address.loopback && !hasPort(text) {
		address.port = "" // any port: native apps listen on a free one (RFC 8252 §7.3)
	}
	return redirectEntry{webAddress: address}, err
}

func hasPort(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Port() != ""
}

// Find is the address if the list allows it. The error is a FieldError of redirect_to that does not repeat the address.
func (l RedirectAllowlist) Find(text string) (Redirect, error) {
	bad := func(why string) error {
		return ErrInvalidFields(FieldError{Field: "redirect_to", Code: "invalid", Text: "redirect_to " + why})
	}
	if isCustomScheme(text) {
		if slices.ContainsFunc(l.entries, func(e redirectEntry) bool { return e.custom == text }) {
			base, query, _ := strings.Cut(text, "?")
			return Redirect{base: base, query: query, custom: true}, nil
		}
		return Redirect{}, bad("is not one of REDIRECT_ALLOWLIST")
	}
	address, query, err := parseWebAddress(text)
	if err != nil {
		return Redirect{}, bad(err.Error())
	}
	if !l.has(address) {
		return Redirect{}, bad("is not one of REDIRECT_ALLOWLIST")
	}
	query, err = freeQuery(query)
	if err != nil {
		return Redirect{}, bad(err.Error())
	}
	base, _, _ := strings.Cut(text, "?")
	return Redirect{base: base, query: query}, nil
}

func (l RedirectAllowlist) has(a webAddress) bool {
	if l.loopback && a.loopback {
		return true
	}
	return slices.ContainsFunc(l.entries, func(e redirectEntry) bool {
		return e.custom == "" && e.scheme == a.scheme && e.host == a.host && (e.port == a.port || e.port == "") && isBelow(a.path, e.path)
	})
}

// isBelow compares at the end of a segment: /app does not let /apple in.
func isBelow(path, of string) bool {
	of = strings.TrimSuffix(of, "/")
	rest, ok := strings.CutPrefix(path, of)
	return ok && (rest == "" || rest[0] == '/')
}

// IsCustom tells whether it is an address of a native app, which a browser goes to only when its user touches something.
func (r Redirect) IsCustom() bool { return r.custom }

// IsZero tells whether there is none.
func (r Redirect) IsZero() bool { return r.base == "" }

// Text is the address itself.
func (r Redirect) Text() string {
	if r.query == "" {
		return r.base
	}
	return r.base + "?" + r.query
}

// With is the address with parameters, pairs of name and value; those without a value are left out. A web address ends in an empty
// fragment, so that the browser does not carry the provider's on (RFC 9110 §10.2.2). It is put together as text: net/url drops the
// slashes of com.example.app://.
func (r Redirect) With(pairs ...string) string {
	query := []string{}
	if r.query != "" {
		query = append(query, r.query)
	}
	for pair := range slices.Chunk(pairs, 2) {
		if pair[1] != "" {
			query = append(query, pair[0]+"="+url.QueryEscape(pair[1]))
		}
	}
	text := r.base
	if len(query) > 0 {
		text += "?" + strings.Join(query, "&")
	}
	if !r.custom {
		text += "#"
	}
	return text
}

// isCustomScheme recognizes an app's private scheme by its dot: com.example.app. A scheme without a dot could belong to any program (RFC
// 8252 §8.4).
func isCustomScheme(text string) bool {
	scheme, _, ok := strings.Cut(text, ":")
	if !ok || !strings.Contains(scheme, ".") || scheme[0] < 'a' || scheme[0] > 'z' {
		return false
	}
	return !strings.ContainsFunc(scheme, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '.' && r != '-' && r != '+'
	})
}

type redirectError string

func (e redirectError) Error() string { return string(e) }

// checkRedirectText refuses what browsers and parsers read differently.
func checkRedirectText(text string) error {
	switch {
	case len(text) > maxRedirect:
		return redirectError(fmt.Sprintf("must have at most %d bytes", maxRedirect))
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return redirectError("must be printable ASCII without spaces: encode the rest")
	case strings.ContainsAny(text, "\\#"):
		return redirectError("must have no backslash and no fragment")
	}
	return nil
}

func parseWebAddress(text string) (webAddress, string, error) {
	if err := checkRedirectText(text); err != nil {
		return webAddress{}, "", err
	}
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" || u.Host == "" || u.User != nil {
		return webAddress{}, "", redirectError("must be an absolute https address without a user, or one of a native app's scheme with a dot")
	}
	a := webAddress{scheme: u.Scheme, host: strings.ToLower(u.Hostname()), port: u.Port(), path: u.EscapedPath()}
	if addr, err := netip.ParseAddr(a.host); err == nil {
		a.loopback = addr.IsLoopback() && addr.Zone() == ""
	} else if ascii, err := domainProfile.ToASCII(a.host); err == nil && ascii != "" {
		a.host, a.loopback = ascii, ascii == "localhost"
	} else {
		return webAddress{}, "", redirectError("must have a host that can exist")
	}
	switch {
	case a.scheme == "https" && a.port == "":
		a.port = "443"
	case a.scheme == "http" && a.port == "":
		a.port = "80"
	}
	if a.scheme != "https" && (a.scheme != "http" || !a.loopback) {
		return webAddress{}, "", redirectError("must be https; http is for localhost, 127.0.0.1 and [::1]")
	}
	if !isPlainPath(a.path) {
		return webAddress{}, "", redirectError("must have a path without //, . and .. as segments, %2f and %5c")
	}
	return a, u.RawQuery, nil
}

// isPlainPath refuses paths that servers behind may interpret as other paths.
func isPlainPath(path string) bool {
	lower := strings.ToLower(path)
	if strings.Contains(lower, "//") || strings.Contains(lower, "%2f") || strings.Contains(lower, "%5c") {
		return false
	}
	for segment := range strings.SplitSeq(strings.ReplaceAll(lower, "%2e", "."), "/") {
		if segment == "." || segment == ".." {
			return false
		}
	}
	return true
}

// freeQuery is the caller's query without the parameters of our answer, so that none of these can be forged.
func freeQuery(query string) (string, error) {
	var kept []string
	for part := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(name)
		_, unreadable := url.QueryUnescape(value)
		if err != nil || unreadable != nil {
			return "", redirectError("has a query that can't be read")
		}
		if part != "" && !slices.Contains(redirectAnswers, name) {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, "&"), nil
}
