package domain_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/signet-auth/signet/domain"
)

func redirects(t testing.TB, entries ...string) domain.RedirectAllowlist {
	t.Helper()
	l, err := domain.ParseRedirectAllowlist(entries, false)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestRedirectsAreComparedAsBrowsersReadThem is OA-10 (RFC 9700 §4.11; better-auth CVE-2024-56734, CVE-2025-27143).
func TestRedirectsAreComparedAsBrowsersReadThem(t *testing.T) {
	l := redirects(t, "https://app.example.com/login", "https://xn--bcher-kva.example:8443", "http://127.0.0.1/cb", "http://localhost:3000", "com.example.app:/login", "org.example.app://")
	for _, good := range []string{
		"https://app.example.com/login", "https://app.example.com/login/", "https://app.example.com/login/deep?next=%2Fa&x=1", "https://APP.example.com:443/login",
		"https://xn--bcher-kva.example:8443/anything", "https://xn--bcher-kva.example:8443", "http://127.0.0.1:51234/cb", "http://127.0.0.1/cb/x",
		"http://localhost:3000/", "com.example.app:/login", "org.example.app://",
	} {
		if _, err := l.Find(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "/login", "//app.example.com/login", "app.example.com/login", "https:app.example.com/login", "https:///login", "https://",
		"http://app.example.com/login", "https://app.example.com", "https://app.example.com/", "https://app.example.com/loginx", "https://app.example.com/Login",
		"https://app.example.com:444/login", "https://evil.example/login", "https://app.example.com.evil.example/login", "https://evilapp.example.com/login",
		"https://app.example.com@evil.example/login", "https://user@app.example.com/login", "https://@app.example.com/login", "https://app.example.com/login#x", "https://app.example.com/login#",
		`https://app.example.com\@evil.example/login`, `https:\\app.example.com/login`, "https://app.example.com/login/../admin", "https://app.example.com/login/%2e%2E/admin",
		"https://app.example.com/login/.", "https://app.example.com/login/.%2e", "https://app.example.com/login//evil", "https://app.example.com/login%2f..%2fadmin",
		"https://app.example.com/login/%5Cevil", "https://app.example.com/log\nin", "https://app.example.com/log\tin", " https://app.example.com/login",
		"https://app.example.com/login ", "https://app.example.com/login?x=%zz", "https://app.example.com/login?x=\x00", "javascript:alert(1)", "data:text/html,x", "com.evil.app:/login",
		"com.example.app:/login/x", "com.example.app:/login?x=1", "COM.example.app:/login", "comexampleapp:/login", "http://127.0.0.1:51234/other", "http://127.0.0.2/cb",
		"http://[::1%25eth0]:3000/", "http://localhost:3001/", "http://localhost.evil.example:3000/", "https://app.example.com/login?" + strings.Repeat("x", 600),
		"https://app.example.com%2eevil.example/login", "https://app.example.com%00.evil.example/login",
	} {
		if r, err := l.Find(bad); err == nil {
			t.Errorf("%q is let in as %s", bad, r.Text())
		} else if strings.Contains(err.Error(), "evil") {
			t.Errorf("%q: the error repeats it: %v", bad, err)
		}
	}
}

func TestRedirectsAnswerBesideTheCallersQuery(t *testing.T) {
	l := redirects(t, "https://app.example.com/login", "com.example.app:/login", "org.example.app://")
	for address, want := range map[string]string{
		"https://app.example.com/login":       "https://app.example.com/login?code=a%2Bb&state=s+%26%3D#",
		"https://app.example.com/login?x=1&y": "https://app.example.com/login?x=1&y&code=a%2Bb&state=s+%26%3D#",
		"https://app.example.com/login?code=forged&x=1&%73tate=forged&error=e&continuation=c&iss=i&provider=p&request_id=r": "https://app.example.com/login?x=1&code=a%2Bb&state=s+%26%3D#",
		"com.example.app:/login": "com.example.app:/login?code=a%2Bb&state=s+%26%3D",
		"org.example.app://":     "org.example.app://?code=a%2Bb&state=s+%26%3D",
	} {
		r, err := l.Find(address)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if got := r.With("code", "a+b", "error", "", "state", "s &="); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}

func TestRedirectEntriesThatCantBeMeant(t *testing.T) {
	for _, bad := range []string{
		"*", "https://*.example.com", "https://app.example.com/*", "app.example.com", "http://app.example.com", "ftp://app.example.com", "myapp:/login",
		"https://bücher.example", "https://app.example.com/?x=1", "https://app.example.com/#x", "https://user@app.example.com", "com.example.app:/*", "",
	} {
		if _, err := domain.ParseRedirectAllowlist([]string{bad}, false); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	development, err := domain.ParseRedirectAllowlist(nil, true)
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]bool{"http://127.0.0.1:4000/x": true, "http://localhost:1/": true, "http://[::1]:9/": true, "https://app.example.com/": false, "http://10.0.0.1/": false} {
		if _, err := development.Find(address); (err == nil) != want {
			t.Errorf("%s in development: %v", address, err)
		}
	}
	if _, err := redirects(t).Find("http://127.0.0.1:4000/x"); err == nil {
		t.Error("production lets loopback in without being told to")
	}
}

// FuzzRedirect looks for an address that is allowed but that a browser would send elsewhere.
func FuzzRedirect(f *testing.F) {
	for _, seed := range []string{"https://app.example.com/login", "https://app.example.com/login?x=1", `https://app.example.com\@x/login`, "com.example.app:/login"} {
		f.Add(seed)
	}
	l := redirects(f, "https://app.example.com/login", "com.example.app:/login")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := l.Find(text)
		if err != nil {
			return
		}
		location := r.With("code", "c")
		if r.IsCustom() {
			if location != "com.example.app:/login?code=c" {
				t.Fatalf("%q leads to %q", text, location)
			}
			return
		}
		u, err := url.Parse(location)
		if err != nil || !strings.EqualFold(u.Scheme+"://"+u.Hostname(), "https://app.example.com") || u.User != nil || u.Port() != "" && u.Port() != "443" {
			t.Fatalf("%q leads to %q (%v)", text, location, err)
		}
		if !strings.HasPrefix(u.EscapedPath(), "/login") || len(u.Query()["code"]) != 1 || u.Query().Get("code") != "c" {
			t.Fatalf("%q leads to %q", text, location)
		}
	})
}
