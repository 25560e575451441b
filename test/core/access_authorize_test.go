package core_test

import (
	"context"
	"errors"
	"testing"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// TestWhoMay is the table of requirements and actors (AZ-1): each cell is the refusal, nil for a yes.
func TestWhoMay(t *testing.T) {
	r := rig.New(t)
	admin := r.User(t, "admin@example.com", domain.RolePlatformDefault, domain.RolePlatformAdmin)
	reader := r.User(t, "reader@example.com", domain.RolePlatformReader)
	user := r.User(t, "user@example.com", domain.RolePlatformDefault)
	former := r.User(t, "former@example.com")
	r.Assign(t, former, domain.RolePlatformAdmin, rig.Noon) // it ended just now

	// Everything at a service is nothing at the platform.
	_, everything := r.Service(t, "shop", []string{"user:read"}, "*:*", "signet.*:*")
	merchant := r.User(t, "merchant@example.com", everything)
	r.Poll(t)

	by := func(u domain.User, audience string) domain.Actor {
		return domain.Actor{Kind: domain.ActorUser, ID: u.ID.Principal(), Audience: audience}
	}
	missing, audience, forbidden := error(domain.ErrTokenMissing), error(domain.ErrWrongAudience), error(domain.ErrForbidden)
	person, raw := forbidden, forbidden
	desk, _ := r.Service(t, "desk", nil)
	r.Write(t, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Assignments.Assign(ctx, domain.Assignment{
			ID: domain.AssignmentID(r.System.NewOrderedID()), PrincipalID: desk.ID.Principal(), RoleID: domain.RolePlatformReader,
			ServiceID: domain.PlatformID, CreatedAt: r.Clock.Now(),
		})
		return err
	})
	service := func(audience string, raw bool) domain.Actor {
		a := domain.Actor{Kind: domain.ActorService, ID: desk.ID.Principal(), Audience: audience, Raw: raw}
		if audience == "" && !raw {
			a.Audience = domain.PlatformKey
		}
		return a
	}
	narrow := service("", false)
	narrow.Scopes = domain.RestoreScopes([]string{"auth_service/role:read", "shop/user:read"})
	for _, test := range []struct {
		name                      string
		actor                     domain.Actor
		user, platform            error
		userRead, userWrite, role error // of signet.role:read, which exists in no platform
	}{
		{"nobody", domain.Actor{}, missing, missing, missing, missing, missing},
		{"anonymous", domain.Anonymous(), missing, missing, missing, missing, missing},
		{"anonymous who claims an id", domain.Actor{Kind: domain.ActorAnonymous, ID: admin.ID.Principal(), Audience: domain.PlatformKey}, missing, missing, missing, missing, missing},
		{"a service", service("", false), person, person, nil, forbidden, forbidden},
		{"a service by a token for another", service("shop", false), person, person, audience, audience, audience},
		{"an application token", service("", true), person, person, raw, raw, raw},
		{"a service whose credential is narrow", narrow, person, person, forbidden, forbidden, forbidden},
		{"the system", domain.System(), missing, missing, nil, nil, nil},
		{"a user", by(user, domain.PlatformKey), nil, nil, forbidden, forbidden, forbidden},
		{"a user by a service's token", by(user, "shop"), nil, audience, audience, audience, audience},
		{"a user by a token without audience", by(user, ""), nil, audience, audience, audience, audience},
		{"a reader", by(reader, domain.PlatformKey), nil, nil, nil, forbidden, forbidden},
		{"an administrator", by(admin, domain.PlatformKey), nil, nil, nil, nil, forbidden},
		{"an administrator by a service's token", by(admin, "shop"), nil, audience, audience, audience, audience},
		{"an administrator of former times", by(former, domain.PlatformKey), nil, nil, forbidden, forbidden, forbidden},
		{"who may do everything at a service", by(merchant, domain.PlatformKey), nil, nil, forbidden, forbidden, forbidden},
	} {
		t.Run(test.name, func(t *testing.T) {
			require := func(permission string) error {
				return r.Directory.Require(context.WithoutCancel(t.Context()), test.actor, permission)
			}
			for what, cell := range map[string][2]error{
				"any user":         {access.RequireUser(test.actor), test.user},
				"a platform user":  {access.RequirePlatformUser(test.actor), test.platform},
				"user:read":        {require(domain.UserRead), test.userRead},
				"user:write":       {require(domain.UserWrite), test.userWrite},
				"signet.role:read": {require("signet.role:read"), test.role},
			} {
				if got, want := cell[0], cell[1]; !errors.Is(got, want) {
					t.Errorf("%s: %v, want %v", what, got, want)
				}
			}
		})
	}
}
