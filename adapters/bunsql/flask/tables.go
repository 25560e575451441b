package flask

import (
	"context"
	"strings"
	"time"
)

// User is a row of users.
type User struct {
	ID, Email, Hash, First, Last string
	Active, Verified             bool
	CreatedAt                    time.Time
}

// Account is a row of oauth_accounts.
type Account struct{ User, Provider, Subject, Email string }

// Service is a row of services.
type Service struct {
	ID, Name, Description string
	Active                bool
	CreatedAt             time.Time
}

// Permission is a row of permissions. Without a service it applies to all services.
type Permission struct {
	ID, Name, Description, Service string
	CreatedAt                      time.Time
}

// Role is a row of roles, with the ids of its permissions.
type Role struct {
	ID, Name, Description, Service string
	Permissions                    []string
	CreatedAt                      time.Time
}

// Grant is a row of user_service_roles.
type Grant struct {
	ID, User, Service, Role string
	CreatedAt               time.Time
}

// Token is a row of app_tokens. Its secret is not read.
type Token struct {
	ID, Name, Service string
	Active            bool
	ExpiresAt         time.Time // zero: none
}

// Rest is everything except the users, who may be many.
type Rest struct {
	Accounts    map[string][]Account // by user
	Services    []Service
	Permissions []Permission
	Roles       []Role
	Grants      []Grant
	Tokens      []Token
}

// Users calls do for each user.
func (s *Source) Users(ctx context.Context, do func(User) error) error {
	return s.each(ctx, "users", func(r record) error {
		return do(User{
			ID: r["id"], Email: r["email"], Hash: r["hash"], First: r["first"], Last: r["last"],
			Active: r.is("active", true), Verified: r.is("verified", false), CreatedAt: r.time("created"),
		})
	})
}

// Rest reads the other tables.
func (s *Source) Rest(ctx context.Context) (rest Rest, err error) {
	rest.Accounts = map[string][]Account{}
	carried := map[string][]string{}
	for _, t := range []struct {
		table string
		take  func(record)
	}{
		{"oauth_accounts", func(r record) {
			a := Account{r["user"], strings.ToLower(r["provider"]), r["subject"], r["email"]}
			rest.Accounts[a.User] = append(rest.Accounts[a.User], a)
		}},
		{"services", func(r record) {
			rest.Services = append(rest.Services, Service{r["id"], r["name"], r["description"], r.is("active", true), r.time("created")})
		}},
		{"permissions", func(r record) {
			rest.Permissions = append(rest.Permissions, Permission{r["id"], r["name"], r["description"], r["service"], r.time("created")})
		}},
		{"role_permissions", func(r record) { carried[r["role"]] = append(carried[r["role"]], r["permission"]) }},
		{"roles", func(r record) {
			rest.Roles = append(rest.Roles, Role{r["id"], r["name"], r["description"], r["service"], carried[r["id"]], r.time("created")})
		}},
		{"user_service_roles", func(r record) {
			rest.Grants = append(rest.Grants, Grant{r["id"], r["user"], r["service"], r["role"], r.time("created")})
		}},
		{"app_tokens", func(r record) {
			rest.Tokens = append(rest.Tokens, Token{r["id"], r["name"], r["service"], r.is("active", true), r.time("expires")})
		}},
	} {
		if err := s.each(ctx, t.table, func(r record) error { t.take(r); return nil }); err != nil {
			return Rest{}, err
		}
	}
	return rest, nil
}
