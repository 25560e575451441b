package core_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/signet-auth/signet/app/apptoken"
	"github.com/signet-auth/signet/app/assignment"
	"github.com/signet-auth/signet/app/permission"
	"github.com/signet-auth/signet/app/role"
	"github.com/signet-auth/signet/app/service"
	"github.com/signet-auth/signet/app/user"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// Attempts to gain rights must be visible: each use case that refuses one records it in the audit log of the service concerned (LG-2).
func TestRefusalsAreEvents(t *testing.T) {
	r := rig.New(t)
	root, eve, ada := r.User(t, "root@example.com", domain.RolePlatformAdmin), r.User(t, "eve@example.com"), r.User(t, "ada@example.com")
	byRoot := assignment.Target{Actor: r.Actor(root), From: rig.From}
	shop, err := r.Services.Create(t.Context(), service.CreateInput{Actor: byRoot.Actor, Name: "Shop", Key: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	read, err := r.Permissions.Create(t.Context(), permission.CreateInput{Actor: byRoot.Actor, Service: "shop", Name: "invoice:read"})
	if err != nil {
		t.Fatal(err)
	}
	made := func(name string, permissions ...string) domain.RoleID {
		role, err := r.Roles.Create(t.Context(), role.CreateInput{Actor: byRoot.Actor, Service: "shop", Name: name, Permissions: permissions})
		if err != nil {
			t.Fatal(err)
		}
		return role.ID
	}
	keeper, clerk := made("keeper", "signet.*:*"), made("clerk", "invoice:read")
	r.Assign(t, eve, keeper, time.Time{})
	r.Assign(t, ada, clerk, time.Time{})

	byEve, from := r.Actor(eve), rig.From
	token, _ := r.AppToken(t, shop, nil)
	r.Assign(t, domain.User{ID: domain.UserID(shop.ID)}, domain.RoleUserManager, time.Time{}) // its tokens are an administrator's
	ofToken := apptoken.Target{Actor: byEve, From: from, ID: string(token.ID)}
	target := assignment.Target{Actor: byEve, From: from, Service: "shop", Role: string(clerk)}
	holder := assignment.Holder{Kind: domain.KindUser, Ref: string(ada.ID)}
	for name, row := range map[string]struct {
		try     func(ctx context.Context) error
		want    error
		kind    domain.EventType
		subject string
		service domain.ServiceID
	}{
		"to assign what they don't hold": {func(ctx context.Context) error {
			_, err := r.Assignments.Assign(ctx, assignment.AssignInput{Target: target, Holder: assignment.Holder{Kind: domain.KindUser, Ref: string(eve.ID)}})
			return err
		}, domain.ErrForbidden, domain.EventGrantAdded, string(eve.ID), shop.ID},
		"to many": {func(ctx context.Context) error {
			_, err := r.Assignments.Bulk(ctx, assignment.BulkInput{Target: target, Users: []string{string(eve.ID)}})
			return err
		}, domain.ErrForbidden, domain.EventGrantAdded, "", shop.ID},
		"to take it": {func(ctx context.Context) error {
			return r.Assignments.Remove(ctx, assignment.RemoveInput{Target: target, Holder: holder})
		}, domain.ErrForbidden, domain.EventGrantRemoved, string(ada.ID), shop.ID},
		"to make a role of it": {func(ctx context.Context) error {
			_, err := r.Roles.Create(ctx, role.CreateInput{Actor: byEve, From: from, Service: "shop", Name: "lead", Permissions: []string{"invoice:*"}})
			return err
		}, domain.ErrForbidden, domain.EventRoleCreated, "", shop.ID},
		"to put it into a role": {func(ctx context.Context) error {
			_, err := r.Roles.Update(ctx, role.UpdateInput{Actor: byEve, From: from, Role: string(keeper), Change: domain.RoleChange{Permissions: &[]string{"invoice:read"}}})
			return err
		}, domain.ErrForbidden, domain.EventRoleUpdated, string(keeper), shop.ID},
		"to delete a role": {func(ctx context.Context) error {
			return r.Roles.Delete(ctx, role.DeleteInput{Actor: byEve, From: from, Role: string(clerk), Force: true})
		}, domain.ErrForbidden, domain.EventRoleDeleted, string(clerk), shop.ID},
		"to delete a permission": {func(ctx context.Context) error {
			return r.Permissions.Delete(ctx, permission.DeleteInput{Actor: byEve, From: from, Permission: string(read.ID), Force: true})
		}, domain.ErrForbidden, domain.EventPermissionDeleted, string(read.ID), shop.ID},
		"to make a token of an account that may do more": {func(ctx context.Context) error {
			_, err := r.AppTokens.Create(ctx, apptoken.CreateInput{Actor: byEve, From: from, Service: "shop", Name: "CI"})
			return err
		}, domain.ErrTargetOutranks, domain.EventAppTokenCreated, "", shop.ID},
		"to rotate one": {func(ctx context.Context) error {
			_, err := r.AppTokens.Rotate(ctx, apptoken.RotateInput{Target: ofToken})
			return err
		}, domain.ErrTargetOutranks, domain.EventAppTokenRotated, string(token.ID), shop.ID},
		"to change one": {func(ctx context.Context) error {
			_, err := r.AppTokens.Update(ctx, apptoken.UpdateInput{Target: ofToken})
			return err
		}, domain.ErrTargetOutranks, domain.EventAppTokenUpdated, string(token.ID), shop.ID},
		"to remove the last administrator": {func(ctx context.Context) error {
			t := byRoot
			t.Service, t.Role = domain.PlatformKey, string(domain.RolePlatformAdmin)
			return r.Assignments.Remove(ctx, assignment.RemoveInput{Target: t, Holder: assignment.Holder{Kind: domain.KindUser, Ref: string(root.ID)}})
		}, domain.ErrLastAdmin, domain.EventGrantRemoved, string(root.ID), domain.PlatformID},
		"to leave as the last administrator": {func(ctx context.Context) error {
			_, err := r.Users.Close(ctx, user.CloseInput{Actor: byRoot.Actor, From: from, Password: domain.NewSecret(rig.Password)})
			return err
		}, domain.ErrLastAdmin, domain.EventUserDisabled, string(root.ID), ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := row.try(t.Context())
			var e *domain.Error
			if !errors.Is(err, row.want) || !errors.As(err, &e) {
				t.Fatalf("got %v, want %v", err, row.want)
			}
			r.Base.Audit.Flush(t.Context())
			newest := r.Events(t, row.kind)[0]
			if newest.Outcome != domain.Failed || newest.Details["code"] != e.Code || newest.SubjectID != row.subject || newest.ServiceID != row.service ||
				newest.ActorKind != domain.ActorUser || newest.Trace.IP != rig.From.IP {
				t.Errorf("the newest event: %+v", newest)
			}
		})
	}

	t.Run("other errors are none", func(t *testing.T) {
		before := r.Database.Int(t, "SELECT count(*) FROM audit_events")
		_, err := r.Assignments.Assign(t.Context(), assignment.AssignInput{Target: target, Holder: assignment.Holder{Kind: domain.KindUser, Ref: "nobody"}})
		if !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("got %v", err)
		}
		r.Base.Audit.Flush(t.Context())
		if n := r.Database.Int(t, "SELECT count(*) FROM audit_events"); n != before {
			t.Errorf("%d events", n-before)
		}
	})
}
