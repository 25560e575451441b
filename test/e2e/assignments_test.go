package e2e_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/race"
)

func TestAssignments(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		f := newFleet(t, b)
		id, other := f.service("billing"), f.service("shop")
		f.permission(id, "invoice:read")
		clerk := f.role(id, "clerk", []string{"invoice:read"})
		one := f.person(t)

		t.Run("are made once, listed, and taken away", func(t *testing.T) {
			f := f.in(t)
			path := assignment(one.ID, "billing", clerk)
			made := f.c.Do(post(path, f.admin.token, nil)).Want(http.StatusCreated, "").JSON()["assignment"].(body)
			f.c.Do(post(path, f.admin.token, nil)).Want(http.StatusOK, "")
			if !f.may(f.admin.token, one.ID, "billing", "invoice:read") {
				t.Error("it does not count")
			}
			listed := list(f.c.Do(get("/api/roles/user/"+one.ID+"/service/"+id, f.admin.token)), "roles")
			want := with(body{"email": one.Email}, made)
			want["email"] = one.Email
			if diff := cmp.Diff([]body{want}, listed); diff != "" {
				t.Errorf("listed (-made +listed):\n%s", diff)
			}
			if made["role_name"] != "clerk" || made["service_key"] != "billing" || made["user_id"] != one.ID || made["granted_by"] != f.admin.ID || made["expires_at"] != nil {
				t.Errorf("%v", made)
			}
			f.c.Do(del(path, f.admin.token)).Want(http.StatusOK, "")
			f.c.Do(del(path, f.admin.token)).Want(http.StatusNotFound, "not_found")
			if f.may(f.admin.token, one.ID, "billing", "invoice:read") {
				t.Error("it still counts")
			}
			for _, kind := range []domain.EventType{domain.EventGrantAdded, domain.EventGrantRemoved} {
				events := f.record.Events(kind, one.ID)
				if len(events) != 1 || events[0].Details["role"] != "clerk" || string(events[0].ServiceID) != id || string(events[0].ActorID) != f.admin.ID {
					t.Errorf("%s: %+v", kind, events)
				}
			}
		})

		t.Run("are refused with what is wrong", func(t *testing.T) {
			f := f.in(t)
			elsewhere := f.roleNamed(t, other, "user")
			for name, row := range map[string]struct {
				path    string
				body    any
				outcome string
			}{
				"an unknown user":               {assignment(newID(), id, clerk), nil, "404 not_found"},
				"what is no id":                 {assignment("me", id, clerk), nil, "404 not_found"},
				"a service for a user":          {assignment(other, id, clerk), nil, "404 not_found"},
				"an unknown service":            {assignment(one.ID, newID(), clerk), nil, "404 not_found"},
				"a service by its name":         {assignment(one.ID, "The%20billing", clerk), nil, "404 not_found"},
				"an unknown role":               {assignment(one.ID, id, newID()), nil, "404 not_found"},
				"a role of another service":     {assignment(one.ID, id, elsewhere), nil, "409 wrong_service"},
				"an end that has passed":        {assignment(one.ID, id, clerk), body{"expires_at": "2026-01-01T00:00:00Z"}, "400 invalid_request"},
				"an end too far off":            {assignment(one.ID, id, clerk), body{"expires_at": "2099-01-01T00:00:00Z"}, "400 invalid_request"},
				"an end that was never set":     {assignment(one.ID, id, clerk), body{"expires_at": time.Time{}}, "400 invalid_request"},
				"the platform's own account":    {"/api/roles/service-account/auth_service/service/" + id + "/role/" + clerk, nil, "409 platform_service"},
				"an end that is no time":        {assignment(one.ID, id, clerk), body{"expires_at": "soon"}, "400 invalid_request"},
				"a user for a service":          {"/api/roles/service-account/" + one.ID + "/service/" + id + "/role/" + clerk, nil, "404 not_found"},
				"a role of the platform's own":  {"/api/roles/service-account/auth_service/service/auth_service/role/" + string(domain.RolePlatformReader), nil, "409 platform_service"},
				"an unknown member (new route)": {"/api/roles/service-account/shop/service/" + id + "/role/" + clerk, body{"until": "x"}, "400 invalid_request"},
			} {
				if answer := f.c.Do(post(row.path, f.admin.token, row.body)); answer.Outcome() != row.outcome {
					t.Errorf("%s: %s", name, answer.Body)
				}
			}
		})

		t.Run("end by themselves, are lengthened and shortened", func(t *testing.T) {
			f := f.in(t)
			two := f.person(t)
			path := assignment(two.ID, id, clerk)
			soon := f.Clock.Now().Add(2 * time.Hour).UTC().Truncate(time.Microsecond)
			f.c.Do(post(path, f.admin.token, body{"expires_at": soon.In(time.FixedZone("", 3600))})).Want(http.StatusCreated, "")
			f.c.Do(post(path, f.admin.token, nil)).Want(http.StatusOK, "")
			at := func() any {
				return list(f.c.Do(get("/api/roles/user/"+two.ID+"/service/"+id, f.admin.token)), "roles")[0]["expires_at"]
			}
			if got := at(); got != soon.Format(time.RFC3339Nano) {
				t.Errorf("ends %v, want %v", got, soon)
			}
			f.c.Do(post(path, f.admin.token, body{"expires_at": nil})).Want(http.StatusOK, "")
			if got := at(); got != nil {
				t.Errorf("ends %v", got)
			}
			f.c.Do(post(path, f.admin.token, body{"expires_at": soon})).Want(http.StatusOK, "")
			if events := f.record.Events(domain.EventGrantUpdated, two.ID); len(events) != 2 || events[0].Details["was"] != "never" {
				t.Errorf("%+v", events)
			}
		})

		t.Run("are shown to oneself, and to those who may read roles", func(t *testing.T) {
			f := f.in(t)
			two, own := f.person(t), f.administrator(t, id)
			f.assign(two.ID, id, clerk)
			at := "/api/roles/user/" + two.ID + "/service/" + id
			mine := list(f.c.Do(get(at, two.token)), "roles")
			if len(mine) != 1 || mine[0]["granted_by"] != nil || mine[0]["email"] != nil {
				t.Errorf("mine: %v", mine)
			}
			if all := list(f.c.Do(get("/api/roles/user/"+two.ID, two.token)), "assignments"); len(all) != 2 {
				t.Errorf("all mine: %v", all)
			}
			theirs := list(f.c.Do(get(at, own.token)), "roles")
			if len(theirs) != 1 || theirs[0]["granted_by"] != f.admin.ID || theirs[0]["email"] != nil {
				t.Errorf("to the administrator: %v", theirs)
			}
			f.c.Do(get(at, one.token)).Want(http.StatusForbidden, "forbidden")
			f.c.Do(get("/api/roles/user/"+two.ID, own.token)).Want(http.StatusForbidden, "forbidden")
			f.c.Do(get("/api/roles/user/"+two.ID+"/service/"+other, own.token)).Want(http.StatusNotFound, "not_found")
			holders := values(list(f.c.Do(get("/api/roles/service/"+id+"/role/"+clerk+"/assignments", own.token)), "assignments"), "user_id")
			access := values(list(f.c.Do(get("/api/roles/service/"+id+"/assignments", own.token)), "assignments"), "user_id")
			if !slices.Contains(holders, two.ID) || !slices.Contains(access, own.ID) || slices.Contains(holders, own.ID) {
				t.Errorf("holders %v, access %v", holders, access)
			}
			f.c.Do(get("/api/roles/service/"+id+"/role/"+f.roleNamed(t, other, "user")+"/assignments", own.token)).Want(http.StatusNotFound, "not_found")
		})

		t.Run("go to the accounts of services too", func(t *testing.T) {
			f := f.in(t)
			path := "/api/roles/service-account/shop/service/billing"
			f.c.Do(post(path+"/role/"+clerk, f.admin.token, nil)).Want(http.StatusCreated, "")
			roles := list(f.c.Do(get(path, f.admin.token)), "roles")
			if len(roles) != 1 || roles[0]["kind"] != "service_account" || roles[0]["principal_id"] != other || roles[0]["user_id"] != nil {
				t.Errorf("%v", roles)
			}
			if !f.may(f.admin.token, other, "billing", "invoice:read") {
				t.Error("it does not count")
			}
			f.c.Do(del(path+"/role/"+clerk, f.admin.token)).Want(http.StatusOK, "")
		})

		t.Run("of many are one transaction, and one answer each", func(t *testing.T) {
			f := f.in(t)
			two, three := f.person(t), f.person(t)
			f.assign(three.ID, id, clerk)
			path := "/api/roles/service/" + id + "/role/" + clerk + "/assignments"
			unknown := newID()
			answer := f.c.Do(post(path, f.admin.token, body{"user_ids": []string{two.ID, three.ID, two.ID, unknown, "me", other}})).Want(http.StatusOK, "")
			want := []any{
				body{"user_id": two.ID, "outcome": "assigned"},
				body{"user_id": three.ID, "outcome": "unchanged"},
				body{"user_id": two.ID, "outcome": "unchanged"},
				body{"user_id": unknown, "outcome": "unknown"},
				body{"user_id": "me", "outcome": "unknown"},
				body{"user_id": other, "outcome": "unknown"},
			}
			if diff := cmp.Diff(want, answer.JSON()["results"]); diff != "" {
				t.Error(diff)
			}
			end := f.Clock.Now().Add(time.Hour)
			again := f.c.Do(post(path, f.admin.token, body{"user_ids": []string{two.ID}, "expires_at": end})).Want(http.StatusOK, "").JSON()["results"].([]any)
			if again[0].(body)["outcome"] != "updated" {
				t.Errorf("%v", again)
			}
			for name, b := range map[string]body{
				"nobody": {"user_ids": []string{}}, "no list": {}, "null": {"user_ids": nil}, "1001": {"user_ids": make([]string, 1001)},
			} {
				if answer := f.c.Do(post(path, f.admin.token, b)); answer.Outcome() != "400 invalid_request" {
					t.Errorf("%s: %s", name, answer.Body)
				}
			}
		})
	})
}

// TestNobodyRises: who may give roles gives no more than they hold, for no longer (AZ-3; Keycloak CVE-2026-9795, authentik
// GHSA-h6c5-mpvq-j4jc).
func TestNobodyRises(t *testing.T) {
	t.Parallel()
	f := newFleet(t, testkit.Embedded)
	id := f.service("billing")
	f.permission(id, "invoice:read")
	f.permission(id, "invoice:write")
	reader, writer := f.role(id, "reader", []string{"invoice:read"}), f.role(id, "writer", []string{"invoice:*"})
	above := f.role(id, "above", nil, writer)
	lead, one := f.person(t), f.person(t)
	f.assign(lead.ID, id, f.role(id, "lead", []string{"signet.role:write", "invoice:read"}))
	admin := f.roleNamed(t, id, "admin")

	t.Run("by giving, including, writing into a role, or taking away", func(t *testing.T) {
		f := f.in(t)
		f.c.Do(post(assignment(one.ID, id, reader), lead.token, nil)).Want(http.StatusCreated, "")
		f.assign(one.ID, id, writer)
		for name, r := range map[string]testkit.Request{
			"giving a wildcard":           post(assignment(lead.ID, id, writer), lead.token, nil),
			"giving what is included":     post(assignment(lead.ID, id, above), lead.token, nil),
			"giving the administrator's":  post(assignment(lead.ID, id, admin), lead.token, nil),
			"giving to many":              post("/api/roles/service/"+id+"/role/"+writer+"/assignments", lead.token, body{"user_ids": []string{lead.ID}}),
			"giving to an account":        post("/api/roles/service-account/billing/service/billing/role/"+writer, lead.token, nil),
			"taking what they don't hold": del(assignment(one.ID, id, writer), lead.token),
			"a new role":                  post("/api/roles/service/"+id, lead.token, body{"name": "mine", "permissions": []string{"invoice:write"}}),
			"a new role of wildcards":     post("/api/roles/service/"+id, lead.token, body{"name": "mine", "permissions": []string{"*:read"}}),
			"a new role of includes":      post("/api/roles/service/"+id, lead.token, body{"name": "mine", "includes": []string{writer}}),
			"putting in":                  put("/api/roles/"+reader, lead.token, body{"permissions": []string{"invoice:read", "invoice:write"}}),
			"taking out":                  put("/api/roles/"+writer, lead.token, body{"permissions": []string{}}),
			"including":                   put("/api/roles/"+reader, lead.token, body{"includes": []string{"writer"}}),
			"deleting":                    del("/api/roles/"+writer+"?force=true", lead.token),
		} {
			if answer := f.c.Do(r); answer.Outcome() != "403 forbidden" {
				t.Errorf("%s: %s", name, answer.Body)
			}
		}
		f.c.Do(post("/api/roles/service/"+id, lead.token, body{"name": "mine", "permissions": []string{"invoice:read", "signet.role:write"}})).Want(http.StatusCreated, "")
	})

	t.Run("at the platform, where everybody is bound by what they hold", func(t *testing.T) {
		f := f.in(t)
		manager := f.person(t, domain.RoleServiceManager)
		f.c.Do(post(assignment(one.ID, id, admin), manager.token, nil)).Want(http.StatusCreated, "") // appoints elsewhere
		for _, role := range []domain.RoleID{domain.RolePlatformAdmin, domain.RoleUserManager, domain.RoleTokenManager} {
			f.c.Do(post(assignment(manager.ID, "auth_service", string(role)), manager.token, nil)).Want(http.StatusForbidden, "forbidden")
		}
		f.c.Do(del(assignment(f.admin.ID, "auth_service", string(domain.RolePlatformAdmin)), manager.token)).Want(http.StatusForbidden, "forbidden")
		f.c.Do(post(assignment(one.ID, "auth_service", string(domain.RoleServiceManager)), manager.token, nil)).Want(http.StatusCreated, "")
		// The account of a service that may do more than the manager.
		f.c.Do(post("/api/roles/service-account/billing/service/auth_service/role/"+string(domain.RoleUserManager), f.admin.token, nil)).Want(http.StatusCreated, "")
		f.c.Do(post("/api/roles/service-account/billing/service/auth_service/role/"+string(domain.RoleServiceManager), manager.token, nil)).Want(http.StatusForbidden, "target_outranks")
	})

	t.Run("by a right that ends: what it makes, ends with it", func(t *testing.T) {
		f := f.in(t)
		temp, two := f.person(t), f.person(t)
		end := f.Clock.Now().Add(3 * time.Hour).UTC().Truncate(time.Microsecond)
		f.c.Do(post(assignment(temp.ID, id, admin), f.admin.token, body{"expires_at": end})).Want(http.StatusCreated, "")
		made := f.c.Do(post(assignment(two.ID, id, reader), temp.token, nil)).Want(http.StatusCreated, "").JSON()
		if made["assignment"].(body)["expires_at"] != end.Format(time.RFC3339Nano) || made["warnings"].([]any)[0].(body)["code"] != "expiry_capped" {
			t.Errorf("%v", made)
		}
		for _, later := range []any{end.Add(time.Microsecond), nil} {
			answer := f.c.Do(post(assignment(two.ID, id, reader), temp.token, body{"expires_at": later})).Want(http.StatusForbidden, "forbidden")
			if !strings.Contains(answer.Text("message"), end.Format(time.RFC3339Nano)) {
				t.Errorf("%s", answer.Body)
			}
		}
		f.c.Do(post(assignment(two.ID, id, reader), temp.token, body{"expires_at": end.Add(-time.Hour)})).Want(http.StatusOK, "")
		f.c.Do(post("/api/roles/service/"+id, temp.token, body{"name": "for good", "permissions": []string{"invoice:read"}})).Want(http.StatusForbidden, "forbidden")
		f.c.Do(put("/api/roles/"+reader, temp.token, body{"permissions": []string{}})).Want(http.StatusForbidden, "forbidden")
		f.Move(3 * time.Hour)
		f.c.Do(post(assignment(two.ID, id, reader), f.c.Login(temp.Account).Access, nil)).Want(http.StatusForbidden, "forbidden")
	})
}

// TestTheLastAdministrator can't be lost (AZ-9), not by an end, not by the role that holds it, and not by two at once.
func TestTheLastAdministrator(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		f := newFleet(t, b)
		admin := string(domain.RolePlatformAdmin)
		own := assignment(f.admin.ID, "auth_service", admin)
		end := f.Clock.Now().Add(time.Hour)
		f.c.Do(del(own, f.admin.token)).Want(http.StatusConflict, "last_admin")
		f.c.Do(post(own, f.admin.token, body{"expires_at": end})).Want(http.StatusConflict, "last_admin")

		board := f.role("auth_service", "board", nil, admin)
		chair := f.person(t)
		f.assign(chair.ID, "auth_service", board)
		f.c.Do(post(own, f.admin.token, body{"expires_at": end})).Want(http.StatusOK, "") // the chair stays
		f.c.Do(put("/api/roles/"+board, f.admin.token, body{"includes": []string{}})).Want(http.StatusForbidden, "forbidden")
		f.c.Do(put("/api/roles/"+board, chair.token, body{"includes": []string{}})).Want(http.StatusConflict, "last_admin")
		f.c.Do(del("/api/roles/"+board+"?force=true", chair.token)).Want(http.StatusConflict, "last_admin")
		f.c.Do(post(own, chair.token, body{"expires_at": nil})).Want(http.StatusOK, "")
		f.c.Do(del("/api/roles/"+board+"?force=true", chair.token)).Want(http.StatusOK, "")

		for range 5 {
			two := f.person(t, domain.RolePlatformAdmin)
			outcomes := race.Together(2, func(i int) string {
				who, whom := f.admin, two
				if i == 1 {
					who, whom = two, f.admin
				}
				return f.c.Do(del(assignment(whom.ID, "auth_service", admin), who.token)).Outcome()
			})
			if f.record.Count("SELECT count(*) FROM assignments WHERE role_id = ? AND expires_at IS NULL", admin) != 1 {
				t.Fatalf("%v", outcomes)
			}
			if f.may(two.token, two.ID, "auth_service", "user:read") {
				f.admin = two
			}
		}
	})
}

// TestParallelChangesOfOneRole: assigning, renaming and deleting at once leaves what one order of them would.
func TestParallelChangesOfOneRole(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		f := fleetOf(t, testkit.Shared(t, b))
		id := f.service("raced")
		one := f.person(t)
		for n := range 5 {
			role := f.role(id, fmt.Sprintf("raced-%d", n), nil)
			outcomes := race.Together(6, func(i int) string {
				switch i % 3 {
				case 0:
					return f.c.Do(post(assignment(one.ID, id, role), f.admin.token, nil)).Outcome()
				case 1:
					return f.c.Do(put("/api/roles/"+role, f.admin.token, body{"name": fmt.Sprintf("renamed-%d-%d", n, i)})).Outcome()
				}
				return f.c.Do(del("/api/roles/"+role+"?force=true", f.admin.token)).Outcome()
			})
			deleted := 0
			for i, o := range outcomes {
				if i%3 == 2 && o == "200" {
					deleted++
				}
				if !slices.Contains([]string{"200", "201", "404 not_found"}, o) {
					t.Errorf("%d: %s", i, o)
				}
			}
			if deleted != 1 {
				t.Errorf("deleted %d times: %v", deleted, outcomes)
			}
			if got := list(f.c.Do(get("/api/roles/user/"+one.ID+"/service/"+id, f.admin.token)), "roles"); len(got) != 0 {
				t.Errorf("still held: %v", got)
			}
		}
	})
}
