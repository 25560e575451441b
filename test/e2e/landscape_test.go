package e2e_test

import (
	"context"
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit"
)

// landscape is a server with services around it. What tests put there is written past the server, as another replica does.
type landscape struct {
	*testkit.Server
	c      *testkit.Client
	record *testkit.Record
	admin  string // an access token of somebody who may do everything
}

func newLandscape(t *testing.T, o testkit.Options) *landscape {
	t.Helper()
	return landscapeOf(t, testkit.Start(t, o))
}

// landscapeOf is the landscape around a server.
func landscapeOf(t *testing.T, s *testkit.Server) *landscape {
	t.Helper()
	l := &landscape{Server: s, c: s.Client(), record: s.Record()}
	l.admin = l.login(t, l.holder(t, domain.RolePlatformAdmin))
	return l
}

// in is the landscape for a subtest: what it finds wrong is reported there.
func (l *landscape) in(t *testing.T) *landscape {
	own := *l
	own.c = l.c.In(t)
	return &own
}

func (l *landscape) write(t *testing.T, fn func(ctx context.Context, tx *store.Tx) error) {
	t.Helper()
	if err := l.record.Insist(fn); err != nil {
		t.Fatal(err)
	}
}

// holder is a fresh account with roles.
func (l *landscape) holder(t *testing.T, roles ...domain.RoleID) testkit.Account {
	t.Helper()
	a := l.NewAccount()
	for _, role := range roles {
		l.assign(t, domain.PrincipalID(a.ID), role, time.Time{})
	}
	return a
}

// login logs an account in once the server has heard of its roles.
func (l *landscape) login(t *testing.T, a testkit.Account) string {
	t.Helper()
	l.heard(t)
	return l.c.Login(a).Access
}

// heard waits until the server has read the feed to its end.
func (l *landscape) heard(t *testing.T) {
	t.Helper()
	l.Heard()
}

func (l *landscape) assign(t *testing.T, to domain.PrincipalID, role domain.RoleID, expires time.Time) {
	t.Helper()
	now := l.Clock.Now()
	l.write(t, func(ctx context.Context, tx *store.Tx) error {
		r, err := tx.Roles.ByID(ctx, role)
		if err != nil {
			return err
		}
		err = tx.Assignments.Put(ctx, domain.Assignment{
			ID: freshID[domain.AssignmentID](), PrincipalID: to, RoleID: role, ServiceID: r.ServiceID, CreatedAt: now, ExpiresAt: expires,
		})
		if err != nil {
			return err
		}
		tx.Changed(domain.ChangePrincipal, string(to), domain.TokensStale)
		return tx.Principals.Bump(ctx, []domain.PrincipalID{to}, now)
	})
}

// service is a fresh service with permissions, and the role of its administrators.
func (l *landscape) service(t *testing.T, key string, permissions ...string) (domain.Service, domain.RoleID) {
	t.Helper()
	now := l.Clock.Now()
	s, err := domain.NewService(freshID[domain.ServiceID](), key, "The "+key, "", now)
	if err != nil {
		t.Fatal(err)
	}
	roles := domain.DefaultRoles(s.ID, freshID[domain.RoleID], now)
	l.write(t, func(ctx context.Context, tx *store.Tx) error {
		var all []domain.Permission
		for _, name := range append(domain.ReservedPermissions(), permissions...) {
			all = append(all, domain.Permission{ID: freshID[domain.PermissionID](), ServiceID: s.ID, Name: name, CreatedAt: now})
		}
		if err := tx.Services.Insert(ctx, s, all); err != nil {
			return err
		}
		for _, r := range roles {
			if err := tx.Roles.Insert(ctx, r); err != nil {
				return err
			}
		}
		tx.Changed(domain.ChangeService, string(s.ID), domain.TokensStale)
		tx.Changed(domain.ChangePrincipal, string(s.ID), domain.TokensStale)
		return nil
	})
	return s, roles[0].ID
}

// role is a fresh role of a service.
func (l *landscape) role(t *testing.T, s domain.ServiceID, name string, patterns ...domain.Pattern) domain.RoleID {
	t.Helper()
	now := l.Clock.Now()
	role, err := domain.NewRole(freshID[domain.RoleID](), s, name, "", patterns, now)
	if err != nil {
		t.Fatal(err)
	}
	l.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Roles.Insert(ctx, role) })
	return role.ID
}

// turn switches a service off or on, with its account.
func (l *landscape) turn(t *testing.T, s domain.ServiceID, on bool) {
	t.Helper()
	now := l.Clock.Now()
	l.write(t, func(ctx context.Context, tx *store.Tx) error {
		service, err := tx.Services.Lock(ctx, s, store.Exclusive)
		if err != nil {
			return err
		}
		account, err := tx.Principals.Lock(ctx, s.Principal())
		if err != nil {
			return err
		}
		if service, _, err = service.With(domain.ServiceChange{Active: &on}, now); err != nil {
			return err
		}
		account.Disable("service off", time.Time{}, now)
		if on {
			account.Enable(now)
		}
		tx.Changed(domain.ChangeService, string(s), domain.TokensStale)
		tx.Changed(domain.ChangePrincipal, string(s), domain.TokensStale)
		if err := tx.Principals.Update(ctx, account); err != nil {
			return err
		}
		return tx.Services.Update(ctx, service)
	})
	l.heard(t)
}

// appToken is an application token.
type appToken struct{ id, text string }

// appToken makes one of a service, with more in the body.
func (l *landscape) appToken(t *testing.T, s domain.Service, more testkit.Object) appToken {
	t.Helper()
	return tokenIn(l.c.Do(l.creating(l.admin, s.Key, more)).Want(http.StatusCreated, ""))
}

func tokenIn(r testkit.Response) appToken {
	return appToken{r.Text("token_data.id"), r.Text("token_data.token")}
}

func (l *landscape) creating(bearer, service string, more testkit.Object) testkit.Request {
	body := testkit.Object{"service_id": service, "name": "CI"}
	maps.Copy(body, more)
	return testkit.Request{Path: "/api/tokens", Bearer: bearer, Body: body}
}

// validating asks whether a token is good.
func validating(token string) testkit.Request {
	return testkit.Request{Path: "/api/tokens/validate", Bearer: token}
}

func freshID[T ~string]() T { return T(newID()) }
