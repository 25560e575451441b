package e2e_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

// TestAccess asks every route as every actor (AZ-1): what nobody wrote down may nobody do.
func TestAccess(t *testing.T) {
	t.Parallel()
	table := readAccessTable(t, "../../docs/access.txt")
	m := newMatrix(t)
	var routes, documented, served []string
	for _, route := range table.routes {
		name, _, again := strings.Cut(route.name, "#")
		if again {
			continue
		}
		routes = append(routes, name)
		if !route.hidden {
			documented = append(documented, name)
		}
	}
	for path, operations := range m.c.Do(get("/openapi.json", "")).Want(http.StatusOK, "").JSON()["paths"].(body) {
		for method := range operations.(body) {
			served = append(served, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(routes)
	slices.Sort(documented)
	slices.Sort(served)
	if diff := cmp.Diff(routes, m.Routes()); diff != "" {
		t.Errorf("routes (-docs/access.txt +mounted):\n%s", diff)
	}
	if diff := cmp.Diff(documented, served); diff != "" {
		t.Errorf("routes that are not hidden (-docs/access.txt +openapi.json):\n%s", diff)
	}
	var actors []string
	for _, a := range m.actors {
		actors = append(actors, a.name)
	}
	if diff := cmp.Diff(table.actors, actors); diff != "" {
		t.Fatalf("actors (-docs/access.txt +tested):\n%s", diff)
	}
	for _, route := range table.routes {
		t.Run(route.name, func(t *testing.T) {
			m := m.in(t)
			for _, a := range m.actors {
				request := m.request(route.name, a)
				request.OffContract = route.hidden
				got, want := m.c.Do(request), route.want[a.name]
				if outcome := got.Outcome(); outcome != want && strconv.Itoa(got.Status) != want {
					t.Errorf("%s: %s, want %s: %s", a.name, outcome, want, got.Body)
				}
			}
		})
	}
}

// actor is a sort of caller.
type actor struct {
	name   string
	token  string
	client string // of an application token: the key of its service
	// Of persons who can log in: their account, another one like it, and a login.
	own     testkit.Account
	another func(t *testing.T) testkit.Account
	enter   func(testkit.Account) testkit.Tokens
}

// matrix is two services, those who ask, and what of service A they ask for.
type matrix struct {
	*fleet
	t                                         *testing.T
	a, other, member, role, permission, token string // ids; other is a service whose account gets roles at A
	memberAccount                             testkit.Account
	actors                                    []actor
	requests                                  map[string]func(actor, *testkit.Request)
	apps                                      map[string]*enrolled // by address
}

// enrolled is the second factor of an account, and the token of the session that proved it.
type enrolled struct {
	*testkit.Authenticator
	strong string
}

func newMatrix(t *testing.T) *matrix {
	t.Helper()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{
		"ISSUER": "http://localhost/issuer", "GOOGLE_CLIENT_ID": "client", "GOOGLE_CLIENT_SECRET": "secret",
	}})
	f := &fleet{Server: s, c: s.Client(), record: s.Record()}
	f.admin = f.person(t, domain.RolePlatformAdmin)
	m := &matrix{fleet: f, t: t, a: f.service("alpha"), other: f.service("gamma"), apps: map[string]*enrolled{}}
	b := f.service("beta")
	member := f.person(t)
	m.member, m.memberAccount, m.permission = member.ID, member.Account, f.permission(m.a, "invoice:read")
	m.role = f.role(m.a, "clerk", []string{"invoice:read"})
	f.assign(m.member, m.a, m.role)
	m.token = m.appToken(m.a).id

	platform := func(account testkit.Account) testkit.Tokens { return m.c.Login(account) }
	person := func(name string, enter func(testkit.Account) testkit.Tokens, another func(t *testing.T) testkit.Account) {
		own := another(t)
		m.actors = append(m.actors, actor{name: name, token: enter(own).Access, own: own, another: another, enter: enter})
	}
	holding := func(roles ...domain.RoleID) func(t *testing.T) testkit.Account {
		return func(t *testing.T) testkit.Account { t.Helper(); return f.in(t).person(t, roles...).Account }
	}
	of := func(service string) func(t *testing.T) testkit.Account {
		return func(t *testing.T) testkit.Account { t.Helper(); return f.in(t).administrator(t, service).Account }
	}
	m.actors = append(m.actors, actor{name: "anonymous"})
	person("user", platform, holding())
	person("admin_a", platform, of(m.a))
	person("admin_b", platform, of(b))
	person("platform_admin", platform, holding(domain.RolePlatformAdmin))
	person("user_manager", platform, holding(domain.RoleUserManager))
	person("service_manager", platform, holding(domain.RoleServiceManager))
	person("token_manager", platform, holding(domain.RoleTokenManager))
	person("readonly", platform, holding(domain.RolePlatformReader))
	own := m.appToken(m.a)
	out := f.person(t)
	f.c.Do(post("/api/users/"+out.ID+"/disable", f.admin.token, body{"reason": "left"})).Want(http.StatusOK, "")
	m.actors = append(m.actors,
		actor{name: "app_a", token: own.text, client: "alpha"}, actor{name: "app_b", token: m.appToken(b).text, client: "beta"},
		actor{name: "client_a", token: f.c.Do(asking("alpha", own.text)).Want(http.StatusOK, "").Text("access_token")},
		actor{name: "disabled", token: out.token})
	person("user_at_a", func(account testkit.Account) testkit.Tokens {
		answer := m.c.Do(login(body{"email": account.Email, "password": account.Password, "service": "alpha"})).Want(http.StatusOK, "")
		return testkit.Tokens{Access: answer.Text("access_token"), Session: answer.Text("session_id")}
	}, of(m.a))
	person("aal1", func(account testkit.Account) testkit.Tokens { weak, _ := m.enrol(account); return weak }, holding())
	person("aal2", func(account testkit.Account) testkit.Tokens { _, strong := m.enrol(account); return strong }, holding())
	all := f.role("auth_service", "weak", nil, "admin")
	f.c.Do(send(http.MethodPut, "/api/roles/"+all, f.admin.token, body{"min_acr": "aal2"})).Want(http.StatusOK, "")
	person("weak_admin", platform, func(t *testing.T) testkit.Account {
		t.Helper()
		p := f.in(t).person(t)
		f.assign(p.ID, "auth_service", all)
		return p.Account
	})
	m.requests = m.allRequests()
	return m
}

// enrol logs in and adds a second factor: weak are the session's tokens from before, strong those from after. Where there is one already,
// both are of another session, which has proved it.
func (m *matrix) enrol(account testkit.Account) (weak, strong testkit.Tokens) {
	if app := m.apps[account.Email]; app != nil {
		strong = testkit.TokensOf(m.c.Verify(m.c.Challenge(account), app.Code()).Want(http.StatusOK, ""))
		return strong, strong
	}
	weak = m.c.Login(account)
	app, strong := m.Enrol(weak)
	m.apps[account.Email] = &enrolled{app, strong.Access}
	return weak, strong
}

func (m *matrix) in(t *testing.T) *matrix {
	own := *m
	own.t, own.fleet = t, m.fleet.in(t)
	own.requests = own.allRequests()
	return &own
}

func (m *matrix) appToken(service string) appToken {
	return tokenIn(m.c.Do(post("/api/tokens", m.admin.token, body{"service_id": service, "name": "CI"})).Want(http.StatusCreated, ""))
}

// request is a valid request of a route. What it destroys was made for it.
func (m *matrix) request(route string, a actor) testkit.Request {
	method, path, _ := strings.Cut(route, " ")
	path, _, _ = strings.Cut(path, "#")
	r := send(method, path, a.token, nil)
	if complete := m.requests[route]; complete != nil {
		complete(a, &r)
	}
	id := m.member
	switch {
	case strings.HasPrefix(path, "/api/tokens/"):
		id = m.token
	case strings.HasPrefix(path, "/api/roles/permissions/"):
		id = m.permission
	}
	r.Path = strings.NewReplacer("{service_id}", m.a, "{account}", m.other, "{user_id}", m.member, "{role_id}", m.role, "{id}", id,
		"{iid}", newID(), "{token}", "invented", "{provider}", "google").Replace(r.Path)
	return r
}

// allRequests are what requests need beyond their path.
func (m *matrix) allRequests() map[string]func(actor, *testkit.Request) {
	all := map[string]func(actor, *testkit.Request){}
	m.addAccounts(all)
	m.addFactors(all)
	m.addServices(all)
	m.addTokens(all)
	m.addProviders(all)
	return all
}

// says is a request with a body.
func says(b body) func(actor, *testkit.Request) {
	return func(_ actor, r *testkit.Request) { r.Body = b }
}

// names is a request that names an object made for it.
func names(parameter string, object func() string) func(actor, *testkit.Request) {
	return func(_ actor, r *testkit.Request) { r.Path = strings.Replace(r.Path, parameter, object(), 1) }
}

func queries(query string) func(actor, *testkit.Request) {
	return func(_ actor, r *testkit.Request) { r.Path += query }
}

func (m *matrix) addAccounts(all map[string]func(actor, *testkit.Request)) {
	address := func(member string, more body) func(actor, *testkit.Request) {
		return func(_ actor, r *testkit.Request) { r.Body = with(body{member: testkit.NewAddress()}, more) }
	}
	browser := func(_ actor, r *testkit.Request) { r.Header = http.Header{"Accept": {"text/html"}} }
	invented := body{"token": "invented", "new_password": testkit.Password}
	// as somebody like the actor, so that the actor stays who they are
	instead := func(b body) func(actor, *testkit.Request) {
		return func(a actor, r *testkit.Request) {
			r.Body = b
			if a.another != nil {
				r.Bearer = a.enter(a.another(m.t)).Access
			}
		}
	}
	all["POST /api/auth/register"] = address("email", body{"password": testkit.Password})
	all["POST /api/auth/login"] = says(credentials(m.memberAccount))
	all["POST /api/auth/refresh"] = func(_ actor, r *testkit.Request) { r.Body = body{"refresh_token": m.c.Login(m.memberAccount).Refresh} }
	all["POST /api/auth/verify-email"] = says(body{"token": "invented"})
	all["POST /api/auth/verify-email/resend"] = address("email", nil)
	all["GET /api/auth/verify-email/{token}"] = browser
	all["POST /api/auth/change-email/confirm"] = says(body{"token": "invented"})
	all["GET /api/auth/change-email/{token}"] = browser
	all["GET /api/auth/factors/undo/{token}"] = browser
	all["POST /api/password/forgot"] = address("email", nil)
	all["POST /api/password/reset"] = says(invented)
	all["POST /api/password/reset/{token}"] = func(_ actor, r *testkit.Request) {
		r.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
		r.Body = "new_password=a+long+passphrase&repeated=a+long+passphrase"
	}
	all["POST /api/auth/logout"] = func(a actor, r *testkit.Request) {
		if a.enter != nil {
			r.Bearer = a.enter(a.another(m.t)).Access
		}
	}
	all["PATCH /api/auth/me"] = says(body{"first_name": "Ada"})
	all["POST /api/auth/change-password"] = instead(body{"current_password": testkit.Password, "new_password": "another long passphrase 8"})
	all["POST /api/auth/change-email"] = address("new_email", body{"password": testkit.Password})
	all["POST /api/auth/close"] = instead(body{"password": testkit.Password})
	all["DELETE /api/auth/sessions/{id}"] = func(a actor, r *testkit.Request) {
		session := newID()
		if a.enter != nil {
			session = a.enter(a.own).Session
		}
		names("{id}", func() string { return session })(a, r)
	}
	all["PATCH /api/users/{id}"] = says(body{"first_name": "Ada"})
	account := func() string { return m.NewAccount().ID }
	all["PATCH /api/users/{id}#email"] = func(a actor, r *testkit.Request) {
		names("{id}", account)(a, r)
		r.Body = body{"email": testkit.NewAddress()}
	}
	all["DELETE /api/users/{id}"] = names("{id}", account)
	all["POST /api/users/{id}/disable"] = func(a actor, r *testkit.Request) {
		names("{id}", account)(a, r)
		r.Body = body{"reason": "asked to"}
	}
	all["POST /api/users/{id}/factors/reset"] = says(body{"reason": "asked to"})
	all["GET /api/audit"] = queries("?service=" + m.a)
}

// addFactors asks about the actor's own factors where that changes none of their rights, else about those of somebody like the actor.
func (m *matrix) addFactors(all map[string]func(actor, *testkit.Request)) {
	about := func(complete func(app *enrolled, r *testkit.Request), who func(actor, *testkit.Request) testkit.Account) func(actor, *testkit.Request) {
		return func(a actor, r *testkit.Request) {
			app := &enrolled{Authenticator: &testkit.Authenticator{ID: newID()}}
			if a.another != nil {
				account := who(a, r)
				app.strong = r.Bearer
				if known := m.apps[account.Email]; known != nil {
					app = known
				}
			}
			complete(app, r)
			r.Path = strings.Replace(r.Path, "{id}", app.ID, 1)
		}
	}
	own := func(complete func(app *enrolled, r *testkit.Request)) func(actor, *testkit.Request) {
		return about(complete, func(a actor, _ *testkit.Request) testkit.Account { return a.own })
	}
	instead := func(complete func(app *enrolled, r *testkit.Request)) func(actor, *testkit.Request) {
		return about(complete, func(a actor, r *testkit.Request) testkit.Account {
			account := a.another(m.t)
			r.Bearer = a.enter(account).Access
			return account
		})
	}
	all["POST /api/auth/mfa/verify"] = says(body{"challenge": "invented", "code": "123456"})
	all["POST /api/auth/step-up"] = instead(func(app *enrolled, r *testkit.Request) {
		r.Body = body{"password": testkit.Password}
		if app.Key != "" {
			r.Body = body{"code": app.Code()}
		}
	})
	all["POST /api/auth/factors/totp"] = says(body{"name": "Phone"})
	all["POST /api/auth/factors/totp/{id}/confirm"] = instead(func(app *enrolled, r *testkit.Request) {
		r.Body = body{"code": "123456"}
		if app.strong != "" && m.c.Do(get("/api/auth/factors", app.strong)).Status == http.StatusOK {
			*r = m.BeginEnrolment(app.strong).Confirm(r.Bearer)
		}
	})
	all["POST /api/auth/factors/undo"] = says(body{"token": "invented"})
	all["POST /api/auth/mfa/options"] = says(body{"challenge": "invented"})
	all["POST /api/auth/passkey/options"] = says(body{})
	all["POST /api/auth/passkey/login"] = func(_ actor, r *testkit.Request) {
		r.Body = extended(m.NewKey().Sign(m.c.AskForPasskey()), body{"state": "invented"})
	}
	all["POST /api/auth/step-up/options"] = own(func(*enrolled, *testkit.Request) {})
	all["POST /api/auth/factors/webauthn/options"] = own(func(_ *enrolled, r *testkit.Request) { r.Body = body{"kind": passkey} })
	all["POST /api/auth/factors/webauthn"] = instead(func(app *enrolled, r *testkit.Request) {
		r.Body = body{"state": "invented", "credential": body{}}
		if app.strong != "" && m.c.Do(get("/api/auth/factors", app.strong)).Status == http.StatusOK {
			r.Body = m.NewKey().Create(m.c.AskForKey(app.strong, passkey))
		}
	})
	all["POST /api/auth/factors/{id}/resume"] = own(func(*enrolled, *testkit.Request) {})
	all["DELETE /api/auth/password"] = own(func(*enrolled, *testkit.Request) {})
	all["PATCH /api/auth/factors/{id}"] = own(func(_ *enrolled, r *testkit.Request) { r.Body = body{"name": "Tablet"} })
	all["DELETE /api/auth/factors/{id}"] = instead(func(*enrolled, *testkit.Request) {})
	all["POST /api/auth/factors/recovery-codes"] = own(func(*enrolled, *testkit.Request) {})
	all["DELETE /api/auth/devices/{id}"] = names("{id}", newID)
}

func (m *matrix) addServices(all map[string]func(actor, *testkit.Request)) {
	described := says(body{"description": "Said again"})
	role := func() string { return m.fleet.role(m.a, newID()[:8]+"-role", []string{"invoice:read"}) }
	permission := func() string { return m.fleet.permission(m.a, "made:x"+newID()) }
	held := func(path func(role string) string) func(actor, *testkit.Request) {
		return names("{role_id}", func() string {
			id := role()
			m.c.Do(post(path(id), m.admin.token, nil)).Want(http.StatusCreated, "")
			return id
		})
	}
	all["POST /api/roles/services"] = func(_ actor, r *testkit.Request) { r.Body = body{"name": "Made " + newID()} }
	all["PUT /api/roles/services/{service_id}"] = described
	all["PUT /api/roles/services/{service_id}#is_active"] = says(body{"is_active": true})
	all["DELETE /api/roles/services/{service_id}"] = names("{service_id}", func() string { return m.service("s" + newID()[:8]) })
	all["POST /api/roles/service/{service_id}"] = func(_ actor, r *testkit.Request) {
		r.Body = body{"name": newID()[:8] + "-role", "permissions": []string{"invoice:read"}}
	}
	all["PUT /api/roles/{role_id}"] = described
	all["DELETE /api/roles/{role_id}"] = names("{role_id}", role)
	all["GET /api/roles/permissions"] = queries("?service_id=" + m.a)
	all["POST /api/roles/permissions"] = func(_ actor, r *testkit.Request) { r.Body = body{"service_id": m.a, "name": "made:x" + newID()} }
	all["POST /api/roles/permissions#shared"] = func(_ actor, r *testkit.Request) { r.Body = body{"name": "made:x" + newID()} }
	all["PUT /api/roles/permissions/{id}"] = described
	all["DELETE /api/roles/permissions/{id}"] = names("{id}", permission)

	const user, account = "/api/roles/user/{user_id}/service/{service_id}/role/{role_id}", "/api/roles/service-account/{account}/service/{service_id}/role/{role_id}"
	all["POST "+user] = names("{role_id}", role)
	all["DELETE "+user] = held(func(role string) string { return assignment(m.member, m.a, role) })
	all["POST "+account] = names("{role_id}", role)
	all["DELETE "+account] = held(func(role string) string {
		return "/api/roles/service-account/" + m.other + "/service/" + m.a + "/role/" + role
	})
	all["POST /api/roles/service/{service_id}/role/{role_id}/assignments"] = func(a actor, r *testkit.Request) {
		names("{role_id}", role)(a, r)
		r.Body = body{"user_ids": []string{m.member}}
	}
	question := body{"user_id": m.member, "service": m.a, "permission": "invoice:read"}
	all["POST /api/authz/check"] = says(body{"checks": []body{question}})
	all["POST /api/authz/explain"] = says(question)
	self := body{"service": m.a, "permission": "invoice:read"}
	all["POST /api/authz/check#self"] = says(body{"checks": []body{self}})
	all["POST /api/authz/explain#self"] = says(self)
}

func (m *matrix) addTokens(all map[string]func(actor, *testkit.Request)) {
	made := func() string { return m.appToken(m.a).id }
	all["POST /api/tokens"] = says(body{"service_id": m.a, "name": "CI"})
	all["PATCH /api/tokens/{id}"] = says(body{"name": "Deployment"})
	all["POST /api/tokens/{id}/revoke"] = names("{id}", made)
	all["POST /api/tokens/{id}/rotate"] = names("{id}", made)
	all["DELETE /api/tokens/{id}"] = names("{id}", made)
	all["POST /oauth2/token"] = func(a actor, r *testkit.Request) {
		switch asking := asking(a.client, a.token); {
		case a.client != "":
			*r = asking
		default: // whatever it is, it is no secret of A's
			*r = form("token", "", "", "grant_type=client_credentials", "client_id=alpha", "client_secret="+a.token)
		}
	}
	about := func(path string) func(actor, *testkit.Request) {
		return func(a actor, r *testkit.Request) {
			*r = form(path, "", "", "token=invented")
			r.Bearer = a.token
		}
	}
	all["POST /oauth2/introspect"] = about("introspect")
	all["POST /oauth2/revoke"] = about("revoke")
}

func (m *matrix) addProviders(all map[string]func(actor, *testkit.Request)) {
	app := newApplication()
	all["POST /api/oauth/exchange"] = says(body{"code": "invented", "code_verifier": app.verifier})
	all["POST /api/oauth/complete"] = says(body{"continuation": "invented"})
	all["POST /api/oauth/complete#confirm"] = says(body{"continuation": "invented", "confirm": true})
	all["POST /api/oauth/{provider}/link"] = says(body{"redirect_to": home, "code_challenge": app.challenge})
	all["POST /api/oauth/{provider}/callback"] = func(_ actor, r *testkit.Request) {
		r.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
		r.Body = "state=invented&code=invented"
	}
}
