package e2e_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit"
)

// person is an account that is logged in.
type person struct {
	testkit.Account
	token string
}

// fleet is a server with its first administrator, as a platform team begins.
type fleet struct {
	*testkit.Server
	c      *testkit.Client
	record *testkit.Record
	admin  person
}

func newFleet(t *testing.T, b testkit.Backends) *fleet {
	t.Helper()
	return fleetOf(t, testkit.Start(t, testkit.Options{Backends: b}))
}

func fleetOf(t *testing.T, s *testkit.Server) *fleet {
	t.Helper()
	f := &fleet{Server: s, c: s.Client(), record: s.Record()}
	f.admin = f.person(t, domain.RolePlatformAdmin)
	return f
}

// in is the fleet for a subtest: what it finds wrong is reported there.
func (f *fleet) in(t *testing.T) *fleet {
	own := *f
	own.c = f.c.In(t)
	return &own
}

// person is a fresh account with roles of the platform beside the one that everybody has.
func (f *fleet) person(t *testing.T, roles ...domain.RoleID) person {
	t.Helper()
	a := f.NewAccount()
	if len(roles) > 0 {
		err := f.record.Insist(func(ctx context.Context, tx *store.Tx) error {
			for _, role := range roles {
				_, err := tx.Assignments.Assign(ctx, domain.Assignment{
					ID: domain.AssignmentID(newID()), PrincipalID: domain.PrincipalID(a.ID), RoleID: role, ServiceID: domain.PlatformID, CreatedAt: f.Clock.Now(),
				})
				if err != nil {
					return err
				}
			}
			tx.Changed(domain.ChangePrincipal, a.ID, domain.TokensStale)
			return tx.Principals.Bump(ctx, []domain.PrincipalID{domain.PrincipalID(a.ID)}, f.Clock.Now())
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	p := person{a, f.c.Login(a).Access}
	if len(roles) > 0 { // until the server has heard of it
		f.Eventually(5*time.Second, func() bool {
			own := f.c.Do(get("/api/roles/services/user", p.token)).Want(http.StatusOK, "").JSON()["services"].([]any)
			return len(own) == 1 && len(own[0].(body)["roles"].([]any)) > len(roles)
		})
	}
	return p
}

func send(method, path, bearer string, b any) testkit.Request {
	return testkit.Request{Method: method, Path: path, Bearer: bearer, Body: b}
}

func post(path, bearer string, b any) testkit.Request { return send(http.MethodPost, path, bearer, b) }

func put(path, bearer string, b any) testkit.Request { return send(http.MethodPut, path, bearer, b) }

func del(path, bearer string) testkit.Request { return send(http.MethodDelete, path, bearer, nil) }

// service makes a service, and is its id.
func (f *fleet) service(key string) string {
	return f.c.Do(post("/api/roles/services", f.admin.token, body{"name": "The " + key, "key": key})).Want(http.StatusCreated, "").Text("service_id")
}

// permission registers a permission of a service, and is its id.
func (f *fleet) permission(service, name string) string {
	return f.c.Do(post("/api/roles/permissions", f.admin.token, body{"service_id": service, "name": name})).Want(http.StatusCreated, "").Text("permission_id")
}

// role makes a role of a service, and is its id.
func (f *fleet) role(service, name string, permissions []string, includes ...string) string {
	return f.c.Do(post("/api/roles/service/"+service, f.admin.token, body{"name": name, "permissions": append([]string{}, permissions...), "includes": append([]string{}, includes...)})).
		Want(http.StatusCreated, "").Text("role_id")
}

// roleNamed is the id of a role of a service.
func (f *fleet) roleNamed(t *testing.T, service, name string) string {
	t.Helper()
	for _, r := range f.c.Do(get("/api/roles/service/"+service, f.admin.token)).Want(http.StatusOK, "").JSON()["roles"].([]any) {
		if r.(body)["name"] == name {
			return r.(body)["id"].(string)
		}
	}
	t.Fatalf("%s has no role %s", service, name)
	return ""
}

// appToken makes an application token of a service, and is its text.
func (f *fleet) appToken(service string, more body) string {
	return f.c.Do(post("/api/tokens", f.admin.token, with(body{"service_id": service, "name": "production"}, more))).Want(http.StatusCreated, "").Text("token_data.token")
}

func assignment(user, service, role string) string {
	return "/api/roles/user/" + user + "/service/" + service + "/role/" + role
}

// assign gives a user a role.
func (f *fleet) assign(user, service, role string) {
	f.c.Do(post(assignment(user, service, role), f.admin.token, nil)).Want(http.StatusCreated, "")
}

// administrator is a fresh account that administrates one service.
func (f *fleet) administrator(t *testing.T, service string) person {
	t.Helper()
	p := f.person(t)
	f.assign(p.ID, service, f.roleNamed(t, service, "admin"))
	return p
}

// may asks whether a principal may do something.
func (f *fleet) may(bearer, principal, service, permission string) bool {
	answer := f.c.Do(post("/api/authz/check", bearer, body{"checks": []body{{"user_id": principal, "service": service, "permission": permission}}})).Want(http.StatusOK, "")
	return answer.JSON()["results"].([]any)[0].(body)["allowed"].(bool)
}

// list is a list of an answer.
func list(r testkit.Response, name string) []body {
	var all []body
	for _, one := range r.Want(http.StatusOK, "").JSON()[name].([]any) {
		all = append(all, one.(body))
	}
	return all
}

// values are a member of each.
func values(all []body, name string) []string {
	texts := []string{}
	for _, one := range all {
		texts = append(texts, one[name].(string))
	}
	return texts
}
