package e2e_test

import (
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/signet-auth/signet/test/idp/idp"
	"github.com/signet-auth/signet/test/testkit"
)

// federated is a server beside providers that do what a test says.
type federated struct {
	*testkit.Server

	idp *idp.Server
	api *testkit.Client
}

// startFederated starts a server that knows the named providers, all of them when none is named.
func startFederated(t *testing.T, b testkit.Backends, env map[string]string, names ...string) *federated {
	t.Helper()
	clock := &testkit.Clock{}
	f := &federated{idp: idp.Start(t, idp.Options{Now: clock.System().Now})}
	settings := f.idp.Env(names...)
	maps.Copy(settings, env)
	f.Server = testkit.Start(t, testkit.Options{Backends: b, Env: settings, Clock: clock})
	f.idp.Register(f.public())
	f.api = f.Client()
	return f
}

// public is the address that browsers know the server by.
func (f *federated) public() string { return strings.Replace(f.URL, "127.0.0.1", "localhost", 1) }

const home = "http://127.0.0.1:4000/signed-in" // of the application; its loopback address is let in in development

// application is what an application keeps of one login.
type application struct{ verifier, challenge, state string }

func newApplication() application {
	verifier := strings.Repeat("v", 43)
	sum := sha256.Sum256([]byte(verifier))
	return application{verifier, base64.RawURLEncoding.EncodeToString(sum[:]), "application's state &="}
}

func (a application) query() url.Values {
	return url.Values{"redirect_to": {home}, "state": {a.state}, "code_challenge": {a.challenge}}
}

// visitor is a person's browser: it keeps cookies and goes nowhere by itself.
type visitor struct {
	testing.TB

	at      *federated
	cookies map[string]string
}

func (f *federated) visitor(t testing.TB) *visitor {
	t.Helper()
	return &visitor{TB: t, at: f, cookies: map[string]string{}}
}

// open opens an address of the server as a window does.
func (v *visitor) open(method, address string, form url.Values) testkit.Response {
	v.Helper()
	u, err := url.Parse(address)
	if err != nil {
		v.Fatal(err)
	}
	request := testkit.Request{Method: method, Path: u.RequestURI(), Header: http.Header{"Host": {u.Host}, "Accept": {"text/html"}}}
	if form != nil {
		request.Body = form.Encode()
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if form == nil { // Lax: a POST from another site comes without
		var pairs []string
		for name, value := range v.cookies {
			pairs = append(pairs, name+"="+value)
		}
		request.Header.Set("Cookie", strings.Join(pairs, "; "))
	}
	answer := v.at.api.In(v).Do(request)
	for _, cookie := range (&http.Response{Header: answer.Header}).Cookies() {
		v.cookies[cookie.Name] = cookie.Value
		if cookie.MaxAge < 0 {
			delete(v.cookies, cookie.Name)
		}
	}
	return answer
}

// begin asks for a login and returns the address of the provider.
func (v *visitor) begin(provider string, query url.Values) string {
	v.Helper()
	answer := v.open(http.MethodGet, v.at.public()+"/api/oauth/"+provider+"?"+query.Encode(), nil).Want(http.StatusSeeOther, "")
	return answer.Header.Get("Location")
}

var metaRefresh = regexp.MustCompile(`content="0; url=([^"]*)"`)

// come brings an answer of a provider back, by way of the page between where it is posted.
func (v *visitor) come(a idp.Answer) testkit.Response {
	v.Helper()
	if a.Problem != "" {
		v.Fatalf("the provider sends nobody back: %s", a.Problem)
	}
	if a.Form == nil {
		return v.open(http.MethodGet, a.URL, nil)
	}
	page := v.open(http.MethodPost, a.URL, a.Form).Want(http.StatusOK, "")
	next := metaRefresh.FindSubmatch(page.Body)
	if next == nil {
		v.Fatalf("no way on: %s", page.Body)
	}
	return v.open(http.MethodGet, a.URL+strings.ReplaceAll(string(next[1]), "&amp;", "&"), nil)
}

// logIn goes the whole way: to the provider, where somebody is logged in, and back.
func (v *visitor) logIn(provider string, query url.Values) testkit.Response {
	v.Helper()
	return v.come(idp.Visit(v, v.begin(provider, query)))
}

// sentHome is the query of the address that the browser was sent back to the application with.
func sentHome(t testing.TB, answer testkit.Response) url.Values {
	t.Helper()
	location := answer.Want(http.StatusSeeOther, "").Header.Get("Location")
	rest, ok := strings.CutPrefix(location, home+"?")
	if !ok || !strings.HasSuffix(rest, "#") {
		t.Fatalf("sent to %q", location)
	}
	query, err := url.ParseQuery(strings.TrimSuffix(rest, "#"))
	if err != nil {
		t.Fatal(err)
	}
	return query
}

// exchange is the application's call.
func (a application) exchange(code string) testkit.Request {
	return testkit.Request{Path: "/api/oauth/exchange", Body: map[string]any{"code": code, "code_verifier": a.verifier}}
}

// session goes the whole way of an application and returns the answer to its exchange.
func (v *visitor) session(provider string) testkit.Response {
	v.Helper()
	app := newApplication()
	code := sentHome(v, v.logIn(provider, app.query())).Get("code")
	return v.at.api.In(v).Do(app.exchange(code))
}
