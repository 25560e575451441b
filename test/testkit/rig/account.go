package rig

import (
	"context"
	"testing"
	"time"

	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// Password is the password of users that a rig makes.
const Password = "correct horse battery"

// From is where a rig's requests come from.
var From = domain.Origin{IP: "192.0.2.7", UserAgent: "rig", RequestID: "r-1"}

// Email parses an address that must be right.
func Email(tb testing.TB, text string) domain.Email {
	tb.Helper()
	e, err := domain.ParseEmail(text)
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// Write runs a transaction that must succeed, and is no query of the core.
func (r *Rig) Write(tb testing.TB, fn func(ctx context.Context, tx *store.Tx) error) {
	tb.Helper()
	if err := r.DB.WithinTx(tb.Context(), fn); err != nil {
		tb.Fatalf("transaction: %v", err)
	}
}

// Hash is a hash of a password under the rig's setting.
func (r *Rig) Hash(tb testing.TB, password string) string {
	tb.Helper()
	place, err := r.hasher.Reserve(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	defer place.Release()
	hash, err := place.Hash(domain.NewSecret(password))
	if err != nil {
		tb.Fatal(err)
	}
	return hash
}

// User is a stored user with Password and a proved mailbox.
func (r *Rig) User(tb testing.TB, address string, roles ...domain.RoleID) domain.User {
	tb.Helper()
	u := domain.NewUser(domain.UserID(r.System.NewID()), Email(tb, address), r.Hash(tb, Password), domain.PersonName{First: "Ada"}, r.Clock.Now())
	u.VerifyEmail(r.Clock.Now())
	r.Write(tb, func(ctx context.Context, tx *store.Tx) error {
		tx.Changed(domain.ChangePrincipal, string(u.ID), domain.TokensStale)
		return tx.Users.Insert(ctx, u)
	})
	for _, role := range roles {
		r.Assign(tb, u, role, time.Time{})
	}
	return u
}

// Assign gives a user a role. It leaves the user's pv alone, as a use case would not.
func (r *Rig) Assign(tb testing.TB, u domain.User, role domain.RoleID, expires time.Time) {
	tb.Helper()
	r.Write(tb, func(ctx context.Context, tx *store.Tx) error {
		given, err := tx.Roles.ByID(ctx, role)
		if err != nil {
			return err
		}
		_, err = tx.Assignments.Assign(ctx, domain.Assignment{
			ID: domain.AssignmentID(r.System.NewOrderedID()), PrincipalID: u.ID.Principal(), RoleID: role, ServiceID: given.ServiceID, CreatedAt: r.Clock.Now(), ExpiresAt: expires,
		})
		return err
	})
}

// Principal changes a principal, and says so to everybody.
func (r *Rig) Principal(tb testing.TB, id domain.UserID, change func(*domain.Principal)) {
	tb.Helper()
	r.Write(tb, func(ctx context.Context, tx *store.Tx) error {
		p, err := tx.Principals.Lock(ctx, id.Principal())
		if err != nil {
			return err
		}
		change(&p)
		tx.Changed(domain.ChangePrincipal, string(id), domain.TokensStale)
		return tx.Principals.Update(ctx, p)
	})
}

// Service is a stored service with one role that has the patterns.
func (r *Rig) Service(tb testing.TB, key string, permissions []string, patterns ...domain.Pattern) (domain.Service, domain.RoleID) {
	tb.Helper()
	s, err := domain.NewService(domain.ServiceID(r.System.NewID()), key, "The "+key, "", r.Clock.Now())
	if err != nil {
		tb.Fatal(err)
	}
	role, err := domain.NewRole(domain.RoleID(r.System.NewID()), s.ID, "clerk", "", patterns, r.Clock.Now())
	if err != nil {
		tb.Fatal(err)
	}
	r.Write(tb, func(ctx context.Context, tx *store.Tx) error {
		tx.Changed(domain.ChangeService, string(s.ID), domain.TokensStale)
		if err := tx.Services.Insert(ctx, s, nil); err != nil {
			return err
		}
		for _, name := range permissions {
			p := domain.Permission{ID: domain.PermissionID(r.System.NewID()), ServiceID: s.ID, Name: name, CreatedAt: r.Clock.Now()}
			if err := tx.Permissions.Insert(ctx, p); err != nil {
				return err
			}
		}
		return tx.Roles.Insert(ctx, role)
	})
	return s, role.ID
}

// Session is a stored session of a user, and a token of it for a service.
func (r *Rig) Session(tb testing.TB, u domain.User, service domain.Service) (domain.Session, domain.Secret) {
	tb.Helper()
	now := r.Clock.Now()
	s := domain.NewSession(domain.SessionID(r.System.NewOrderedID()), u.ID, []string{domain.MethodPassword}, From, "", r.Settings.Sessions, now)
	f, _, err := domain.NewFamily(domain.FamilyID(r.System.NewID()), s.ID, domain.FirstPartyClient, r.Ports.Sealer.Derive("refresh"), r.System.Entropy, now)
	if err != nil {
		tb.Fatal(err)
	}
	r.Write(tb, func(ctx context.Context, tx *store.Tx) error { return tx.Sessions.Insert(ctx, s, f) })
	token, err := r.SignIn.AccessToken(tb.Context(), u, s, service, r.Directory.Applied(), now)
	if err != nil {
		tb.Fatal(err)
	}
	return s, token.Token
}

// Platform is the service that Signet itself is.
func (r *Rig) Platform(tb testing.TB) domain.Service {
	tb.Helper()
	s, err := r.DB.Read().Services.ByID(tb.Context(), domain.PlatformID)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// End ends a session, as every use case does.
func (r *Rig) End(tb testing.TB, id domain.SessionID) {
	tb.Helper()
	r.Write(tb, func(ctx context.Context, tx *store.Tx) error {
		ending := base.Ending{By: domain.System(), From: From, Reason: domain.EndedByAdmin}
		_, err := r.Base.EndSessions(ctx, tx, ending, r.Clock.Now(), id)
		return err
	})
}

// Poll reads the feed once.
func (r *Rig) Poll(tb testing.TB) {
	tb.Helper()
	if _, err := r.Feed.Poll(tb.Context()); err != nil {
		tb.Fatal(err)
	}
}

// Settle runs the dispatcher until nothing is due any more, what its own work promised included.
func (r *Rig) Settle(tb testing.TB) {
	tb.Helper()
	ctx, stop := context.WithCancel(tb.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Outbox.Run(ctx)
	}()
	Wait(tb, "the outbox to be empty", func() bool { return r.Due(tb) == 0 })
	stop()
	<-done
}

// Due is how many messages are due or being worked on.
func (r *Rig) Due(tb testing.TB) int {
	tb.Helper()
	return r.Database.Int(tb, "SELECT count(*) FROM outbox WHERE delivered_at IS NULL AND parked_at IS NULL")
}

// Wait polls until a condition that others bring about holds.
func Wait(tb testing.TB, what string, holds func() bool) {
	tb.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			tb.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// Events are the types of the audit log's events, oldest first, of those types or all.
func (r *Rig) Events(tb testing.TB, types ...domain.EventType) []domain.Event {
	tb.Helper()
	events, err := r.DB.Read().Audit.List(tb.Context(), store.AuditFilter{Types: types})
	if err != nil {
		tb.Fatal(err)
	}
	return events
}

// Actor is a user with a token for Signet itself, of no stored session.
func (r *Rig) Actor(u domain.User) domain.Actor {
	return domain.Actor{Kind: domain.ActorUser, ID: u.ID.Principal(), Audience: domain.PlatformKey, Level: domain.AAL1, AuthTime: r.Clock.Now()}
}

// SignedIn is a user with a token of a session that is stored.
func (r *Rig) SignedIn(tb testing.TB, u domain.User) domain.Actor {
	tb.Helper()
	session, _ := r.Session(tb, u, r.Platform(tb))
	actor := r.Actor(u)
	actor.SessionID = session.ID
	return actor
}

// SetPassword changes a password, as a use case does: with the epoch.
func (r *Rig) SetPassword(tb testing.TB, id domain.UserID, password string) {
	tb.Helper()
	hash := r.Hash(tb, password)
	r.Principal(tb, id, func(p *domain.Principal) { p.ReplaceCredentials(r.Clock.Now()) })
	r.Write(tb, func(ctx context.Context, tx *store.Tx) error {
		return tx.Users.SetPassword(ctx, id, hash, r.Clock.Now())
	})
}

// AppToken is a stored token of a service, after a change, and its text.
func (r *Rig) AppToken(tb testing.TB, s domain.Service, change func(*domain.AppToken)) (domain.AppToken, domain.Secret) {
	tb.Helper()
	secret, text, err := domain.NewAppTokenSecret(domain.AppTokenSecretID(r.System.NewID()), r.System.Entropy, r.Clock.Now())
	if err != nil {
		tb.Fatal(err)
	}
	token, err := domain.NewAppToken(domain.AppTokenID(r.System.NewID()), s.ID, "CI", domain.Scopes{}, "", time.Time{}, secret, r.Clock.Now())
	if err != nil {
		tb.Fatal(err)
	}
	if change != nil {
		change(&token)
	}
	r.Write(tb, func(ctx context.Context, tx *store.Tx) error { return tx.AppTokens.Insert(ctx, token) })
	return token, text
}
