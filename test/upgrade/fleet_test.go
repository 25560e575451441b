package upgrade_test

import (
	"net/http"
	"strings"
	"testing"
)

// fleet is all that serves, and a service with a role that somebody may be given.
type fleet struct {
	t             *testing.T
	all           []*server
	service, role string
}

// person is somebody with a session.
type person struct {
	f                       *fleet
	id, email, access, next string
}

func slug(name string) string { return strings.ReplaceAll(name, " ", "-") }

// root is a fresh access token of the administrator.
func (f *fleet) root(at *server) string {
	f.t.Helper()
	return text(f.t, at.do(http.StatusOK, http.MethodPost, "/api/auth/login", "", body{"email": "root@example.com", "password": password}), "access_token")
}

func (f *fleet) setUp(at *server) {
	f.t.Helper()
	root := f.root(at)
	f.service = text(f.t, at.do(http.StatusCreated, http.MethodPost, "/api/roles/services", root, body{"name": "Billing", "key": "billing"}), "service_id")
	at.do(http.StatusCreated, http.MethodPost, "/api/roles/permissions", root, body{"service_id": f.service, "name": "invoice:read"})
	f.role = text(f.t, at.do(http.StatusCreated, http.MethodPost, "/api/roles/service/"+f.service, root,
		body{"name": "clerk", "permissions": []string{"invoice:read"}, "includes": []string{}}), "role_id")
}

// register makes an account, whose address is proved by the code of the mail, whichever of them delivers that.
func (f *fleet) register(at *server, email string) *person {
	f.t.Helper()
	p := &person{f: f, email: email}
	p.id = text(f.t, at.do(http.StatusCreated, http.MethodPost, "/api/auth/register", "", body{"email": email, "password": password}), "user_id")
	code := ""
	eventually(f.t, "mail to "+email, func() bool {
		for _, s := range f.all {
			if code = s.code(email); code != "" {
				return true
			}
		}
		return false
	})
	at.do(http.StatusOK, http.MethodPost, "/api/auth/verify-email", "", body{"email": email, "code": code})
	return p
}

func (f *fleet) assign(at *server, p *person) {
	f.t.Helper()
	at.do(http.StatusCreated, http.MethodPost, "/api/roles/user/"+p.id+"/service/"+f.service+"/role/"+f.role, f.root(at), nil)
}

// may asks whether a person may read invoices.
func (f *fleet) may(at *server, p *person) bool {
	f.t.Helper()
	answer := at.do(http.StatusOK, http.MethodPost, "/api/authz/check", p.access, body{"checks": []body{{"service": "billing", "permission": "invoice:read"}}})
	results, ok := answer["results"].([]any)
	if !ok || len(results) != 1 {
		f.t.Fatalf("%s answers %v", at.name, answer)
	}
	return results[0].(map[string]any)["allowed"] == true
}

// everythingWorks is the life of an account at one server: register, log in, refresh, check, log out.
func (f *fleet) everythingWorks(at *server, email string) {
	f.t.Helper()
	p := f.register(at, email)
	p.logIn(at)
	p.refresh(at)
	p.isSeen(at)
	if f.may(at, p) {
		f.t.Errorf("%s: somebody without a role may", at.name)
	}
	f.assign(at, p)
	eventually(f.t, at.name+" counts the role", func() bool { return f.may(at, p) })
	at.do(http.StatusOK, http.MethodPost, "/api/auth/logout", p.access, nil)
	at.do(http.StatusUnauthorized, http.MethodPost, "/api/auth/refresh", "", body{"refresh_token": p.next})
}

// readsWhatIsWritten wants one server to go by what another has written: an account, a role, a token, a password, the end of a session.
func (f *fleet) readsWhatIsWritten(here, there *server) {
	f.t.Helper()
	p := f.register(there, slug(there.name)+"-writes@example.com")
	p.logIn(here)
	f.assign(there, p)
	eventually(f.t, "the role counts", func() bool { return f.may(here, p) })
	made := there.do(http.StatusCreated, http.MethodPost, "/api/tokens", f.root(there), body{"service_id": f.service, "name": slug(there.name)})
	here.do(http.StatusOK, http.MethodGet, "/api/tokens/validate", text(f.t, inside(f.t, made, "token_data"), "token"), nil)

	there.do(http.StatusOK, http.MethodPost, "/api/auth/change-password", p.access, body{"current_password": password, "new_password": password + "!"})
	here.do(http.StatusUnauthorized, http.MethodPost, "/api/auth/login", "", body{"email": p.email, "password": password})
	access := text(f.t, here.do(http.StatusOK, http.MethodPost, "/api/auth/login", "", body{"email": p.email, "password": password + "!"}), "access_token")
	there.do(http.StatusOK, http.MethodPost, "/api/auth/logout", access, nil)
	eventually(f.t, "the logout is heard of", func() bool {
		status, _, err := here.try(http.MethodGet, "/api/auth/me", access, nil)
		return err == nil && status == http.StatusUnauthorized
	})
}

func (p *person) take(answer body) {
	p.f.t.Helper()
	p.access, p.next = text(p.f.t, answer, "access_token"), text(p.f.t, answer, "refresh_token")
}

func (p *person) logIn(at *server) {
	p.f.t.Helper()
	p.take(at.do(http.StatusOK, http.MethodPost, "/api/auth/login", "", body{"email": p.email, "password": password}))
}

func (p *person) refresh(at *server) {
	p.f.t.Helper()
	p.take(at.do(http.StatusOK, http.MethodPost, "/api/auth/refresh", "", body{"refresh_token": p.next}))
}

// isSeen wants a token to be good by both of the ways in which a service asks.
func (p *person) isSeen(at *server) {
	p.f.t.Helper()
	for _, path := range []string{"/api/auth/me", "/api/auth/validate-jwt"} {
		at.do(http.StatusOK, http.MethodGet, path, p.access, nil)
	}
}
