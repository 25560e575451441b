package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/race"
)

func TestRoles(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		f := newFleet(t, b)
		id, other := f.service("billing"), f.service("shop")
		read, shared := f.permission(id, "invoice:read"), f.c.Do(post("/api/roles/permissions", f.admin.token, body{"name": "document:export"})).Text("permission_id")
		f.permission(id, "invoice:write")
		foreign := f.permission(other, "cart:fill")
		foreignRole := f.roleNamed(t, other, "user")
		clerk := f.role(id, "clerk", []string{read, "invoice:read", "document:export", "payment:*"})

		t.Run("carry permissions by id, by name and by pattern, each once", func(t *testing.T) {
			f := f.in(t)
			answer := f.c.Do(get("/api/roles/"+clerk, f.admin.token)).Want(http.StatusOK, "")
			if diff := cmp.Diff([]any{"document:export", "invoice:read", "payment:*"}, answer.JSON()["role"].(body)["permissions"]); diff != "" {
				t.Error(diff)
			}
			lead := f.c.Do(post("/api/roles/service/billing", f.admin.token, body{"name": "lead", "includes": []string{"CLERK", clerk}, "permissions": []string{"*:write"}})).Want(http.StatusCreated, "")
			full := f.c.Do(get("/api/roles/"+lead.Text("role_id"), f.admin.token)).Want(http.StatusOK, "").JSON()
			if diff := cmp.Diff([]any{"*:write", "document:export", "invoice:read", "payment:*"}, full["effective"]); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]any{body{"id": clerk, "name": "clerk"}}, full["role"].(body)["includes"]); diff != "" {
				t.Error(diff)
			}
		})

		t.Run("are refused with what is wrong and what is accepted", func(t *testing.T) {
			f := f.in(t)
			many := make([]string, 201)
			for i := range many {
				many[i] = fmt.Sprintf("a:b%d", i)
			}
			for name, row := range map[string]struct {
				body    any
				outcome string
				message string
			}{
				"no name":                       {body{"permissions": []string{}}, "400 invalid_request", "name is required"},
				"a name of 65":                  {body{"name": strings.Repeat("n", 65)}, "400 invalid_request", "64 characters"},
				"a comma":                       {body{"name": "a,b"}, "400 invalid_request", "comma"},
				"a name in use, whatever case":  {body{"name": "ClErK"}, "409 name_taken", "another role"},
				"a permission that is unknown":  {body{"name": "x", "permissions": []string{"invoice:read", "invoice:shred"}}, "404 not_found", `"field":"permissions[1]","code":"not_found"`},
				"an id that is unknown":         {body{"name": "x", "permissions": []string{newID()}}, "404 not_found", "permissions[0]"},
				"another service's permission":  {body{"name": "x", "permissions": []string{foreign}}, "404 not_found", "permissions[0]"},
				"a wildcard within a segment":   {body{"name": "x", "permissions": []string{"inv*:read"}}, "400 invalid_request", "permissions[0]: \\\"*\\\" stands"},
				"a wildcard for a part":         {body{"name": "x", "permissions": []string{"invoice:*:read"}}, "400 invalid_request", "not for a part of it"},
				"a role that is unknown":        {body{"name": "x", "includes": []string{"nobody"}}, "404 not_found", "includes[0]"},
				"a role of another service":     {body{"name": "x", "includes": []string{foreignRole}}, "409 wrong_service", "includes[0]"},
				"null for a list":               {body{"name": "x", "permissions": nil}, "400 invalid_request", "permissions must be a list"},
				"more permissions than may be":  {body{"name": "x", "permissions": many}, "400 invalid_request", "at most 200"},
				"more includes than may be":     {body{"name": "x", "includes": many[:51]}, "400 invalid_request", "at most 50"},
				"10 000 permissions":            {body{"name": "x", "permissions": strings.Fields(strings.Repeat("resource:action ", 10_000))}, "413 body_too_large", "64 KB"},
				"a list that is none":           {body{"name": "x", "permissions": "invoice:read"}, "400 invalid_request", ""},
				"a name that looks like an id":  {body{"name": newID()}, "400 invalid_request", "form of an id"},
				"what no permission looks like": {body{"name": "x", "permissions": []string{"nonsense"}}, "400 invalid_request", "resource:action"},
			} {
				answer := f.c.Do(post("/api/roles/service/"+id, f.admin.token, row.body))
				if answer.Outcome() != row.outcome || !strings.Contains(string(answer.Body), row.message) {
					t.Errorf("%s: %s %s", name, answer.Outcome(), answer.Body)
				}
			}
		})

		t.Run("include no role that includes them, and the way is named", func(t *testing.T) {
			f := f.in(t)
			a := f.role(id, "cycle-a", nil)
			bee := f.role(id, "cycle-b", nil, a)
			answer := f.c.Do(put("/api/roles/"+a, f.admin.token, body{"includes": []string{bee}})).Want(http.StatusBadRequest, "invalid_request")
			if answer.Text("message") != "cycle-a → cycle-b → cycle-a" || answer.JSON()["errors"].([]any)[0].(body)["code"] != "cycle" {
				t.Errorf("%s", answer.Body)
			}
			below := f.role(id, "depth-0", nil)
			for i := range 8 {
				below = f.role(id, fmt.Sprintf("depth-%d", i+1), nil, below)
			}
			f.c.Do(post("/api/roles/service/"+id, f.admin.token, body{"name": "too deep", "includes": []string{below}})).Want(http.StatusBadRequest, "invalid_request")
			deep := f.role(id, "deeper", nil, "depth-1")
			f.c.Do(put("/api/roles/"+f.roleNamed(t, id, "depth-0"), f.admin.token, body{"includes": []string{f.role(id, "bottom", nil)}})).Want(http.StatusBadRequest, "invalid_request")
			f.c.Do(get("/api/roles/"+deep, f.admin.token)).Want(http.StatusOK, "")
		})

		t.Run("that were made by Signet keep their names, and the administrators' what they may do", func(t *testing.T) {
			f := f.in(t)
			admin, user := f.roleNamed(t, id, "admin"), f.roleNamed(t, id, "user")
			f.c.Do(put("/api/roles/"+admin, f.admin.token, body{"permissions": []string{}})).Want(http.StatusConflict, "system_role")
			f.c.Do(put("/api/roles/"+user, f.admin.token, body{"name": "other"})).Want(http.StatusConflict, "system_role")
			f.c.Do(put("/api/roles/"+user, f.admin.token, body{"permissions": []string{"invoice:read"}})).Want(http.StatusOK, "")
			f.c.Do(del("/api/roles/"+user+"?force=true", f.admin.token)).Want(http.StatusConflict, "system_role")
			f.c.Do(put("/api/roles/"+string(domain.RolePlatformReader), f.admin.token, body{"permissions": []string{"user:write"}})).Want(http.StatusConflict, "system_role")
		})

		t.Run("of the platform carry names alone, of its own", func(t *testing.T) {
			f := f.in(t)
			path := "/api/roles/service/auth_service"
			f.c.Do(post(path, f.admin.token, body{"name": "helper", "permissions": []string{"user:*"}})).Want(http.StatusBadRequest, "invalid_request")
			f.c.Do(post(path, f.admin.token, body{"name": "helper", "permissions": []string{shared}})).Want(http.StatusNotFound, "not_found")
			f.c.Do(post(path, f.admin.token, body{"name": "Signet helper"})).Want(http.StatusBadRequest, "invalid_request")
			f.c.Do(post(path, f.admin.token, body{"name": "helper", "permissions": []string{"user:read"}})).Want(http.StatusCreated, "")
		})

		t.Run("change for all who hold them, and end for all of them", func(t *testing.T) {
			f := f.in(t)
			one := f.person(t)
			role := f.role(id, "temp", []string{"invoice:read"})
			above := f.role(id, "above", nil, role)
			f.assign(one.ID, id, role)
			f.c.Do(put("/api/roles/"+role, f.admin.token, body{"permissions": []string{"invoice:write"}, "name": "renamed"})).Want(http.StatusOK, "")
			if f.may(f.admin.token, one.ID, "billing", "invoice:read") || !f.may(f.admin.token, one.ID, "billing", "invoice:write") {
				t.Error("the holder has the former permissions")
			}
			f.role(id, "temp", nil) // the old name is free
			used := f.c.Do(del("/api/roles/"+role, f.admin.token)).Want(http.StatusConflict, "role_in_use").JSON()
			if used["holders"] != 1.0 || used["included_by"] != 1.0 {
				t.Errorf("%v", used)
			}
			f.c.Do(del("/api/roles/"+role+"?force=true", f.admin.token)).Want(http.StatusOK, "")
			if f.may(f.admin.token, one.ID, "billing", "invoice:write") {
				t.Error("a role that is gone still grants")
			}
			f.c.Do(get("/api/roles/"+role, f.admin.token)).Want(http.StatusNotFound, "not_found")
			if left := f.c.Do(get("/api/roles/"+above, f.admin.token)).JSON()["role"].(body)["includes"].([]any); len(left) != 0 {
				t.Errorf("still included: %v", left)
			}
			if got := list(f.c.Do(get("/api/roles/user/"+one.ID+"/service/"+id, f.admin.token)), "roles"); len(got) != 0 {
				t.Errorf("listed: %v", got)
			}
			f.role(id, "renamed", nil) // and so is the last one
		})

		t.Run("are edited at the version that was read", func(t *testing.T) {
			f := f.in(t)
			role := f.role(id, "edited", nil)
			stale := put("/api/roles/"+role, f.admin.token, body{"description": "one"})
			stale.Header = http.Header{"If-Match": {`"v1"`}}
			f.c.Do(stale).Want(http.StatusOK, "")
			f.c.Do(stale).Want(http.StatusPreconditionFailed, "precondition_failed")
		})
	})
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		f := newFleet(t, b)
		id := f.service("billing")
		one := f.person(t)
		wide := f.role(id, "wide", []string{"*:*"})
		f.assign(one.ID, id, wide)

		t.Run("must exist to count, whatever a role says", func(t *testing.T) {
			f := f.in(t)
			if f.may(f.admin.token, one.ID, "billing", "invoice:read") {
				t.Error("a name that nobody registered is allowed")
			}
			f.permission(id, "invoice:read")
			if !f.may(f.admin.token, one.ID, "billing", "invoice:read") {
				t.Error("a name that was registered is not allowed")
			}
			f.c.Do(post("/api/roles/permissions", f.admin.token, body{"name": "document:export", "description": "Take it away"})).Want(http.StatusCreated, "")
			if !f.may(f.admin.token, one.ID, "billing", "document:export") || f.may(f.admin.token, f.admin.ID, "auth_service", "document:export") {
				t.Error("the shared vocabulary counts at services, and not at the platform")
			}
		})
		t.Run("are refused with what is wrong", func(t *testing.T) {
			f := f.in(t)
			for name, row := range map[string]struct {
				body    body
				outcome string
			}{
				"no action":             {body{"name": "invoice", "service_id": id}, "400 invalid_request"},
				"a wildcard":            {body{"name": "invoice:*", "service_id": id}, "400 invalid_request"},
				"Signet's own":          {body{"name": "signet.role:own", "service_id": id}, "400 invalid_request"},
				"one that is there":     {body{"name": "invoice:read", "service_id": id}, "409 name_taken"},
				"an unknown service":    {body{"name": "a:b", "service_id": newID()}, "404 not_found"},
				"a service by its name": {body{"name": "a:b", "service_id": "The billing"}, "404 not_found"},
				"an empty service":      {body{"name": "a:b", "service_id": ""}, "400 invalid_request"},
				"the platform":          {body{"name": "a:b", "service_id": "auth_service"}, "409 platform_service"},
				"an unknown member":     {body{"name": "a:b", "service_id": id, "colour": 1}, "400 invalid_request"},
			} {
				if answer := f.c.Do(post("/api/roles/permissions", f.admin.token, row.body)); answer.Outcome() != row.outcome {
					t.Errorf("%s: %s", name, answer.Body)
				}
			}
		})
		t.Run("go when no role names them, and by force out of those that do", func(t *testing.T) {
			f := f.in(t)
			void := f.permission(id, "invoice:void")
			path := "/api/roles/permissions/" + void
			f.c.Do(put(path, f.admin.token, body{"description": "Make it void"})).Want(http.StatusOK, "")
			narrow := f.role(id, "narrow", []string{"invoice:void", "invoice:read"})
			if used := f.c.Do(del(path, f.admin.token)).Want(http.StatusConflict, "permission_in_use").JSON(); used["roles"] != 1.0 {
				t.Errorf("%v", used)
			}
			f.c.Do(del(path+"?force=true", f.admin.token)).Want(http.StatusOK, "")
			role := f.c.Do(get("/api/roles/"+narrow, f.admin.token)).JSON()["role"].(body)
			if diff := cmp.Diff(body{"permissions": []any{"invoice:read"}, "version": 2.0}, body{"permissions": role["permissions"], "version": role["version"]}); diff != "" {
				t.Error(diff)
			}
			f.permission(id, "invoice:void")
			if f.may(f.admin.token, f.admin.ID, "billing", "invoice:void") || !f.may(f.admin.token, one.ID, "billing", "invoice:void") {
				t.Error("a permission of that name revived a right, or a wildcard lost one")
			}
			shared := f.c.Do(post("/api/roles/permissions", f.admin.token, body{"name": "report:read"})).Text("permission_id")
			f.role(id, "reporter", []string{"report:read"})
			for _, force := range []string{"", "?force=true"} {
				inUse := f.c.Do(del("/api/roles/permissions/"+shared+force, f.admin.token)).Want(http.StatusConflict, "permission_in_use")
				if strings.Contains(inUse.Text("message"), "force") {
					t.Errorf("it promises that force helps: %s", inUse.Body)
				}
			}
		})
		t.Run("that are Signet's own stay", func(t *testing.T) {
			f := f.in(t)
			for _, service := range []string{id, "auth_service"} {
				own := list(f.c.Do(get("/api/roles/permissions?service_id="+service+"&search=signet.", f.admin.token)), "permissions")
				if service == "auth_service" {
					own = list(f.c.Do(get("/api/roles/permissions?service_id="+service, f.admin.token)), "permissions")
				}
				path := "/api/roles/permissions/" + own[0]["id"].(string)
				f.c.Do(del(path+"?force=true", f.admin.token)).Want(http.StatusConflict, "system_role")
				f.c.Do(put(path, f.admin.token, body{"description": "x"})).Want(http.StatusConflict, "system_role")
			}
		})
		t.Run("are listed by service, by how they begin, and to each who may read them", func(t *testing.T) {
			f := f.in(t)
			other := f.service("shop")
			f.permission(other, "cart:fill")
			own := f.administrator(t, other)
			names := func(bearer, query string) []string {
				return values(list(f.c.Do(get("/api/roles/permissions"+query, bearer)), "permissions"), "name")
			}
			if got := names(f.admin.token, "?search=cart"); !cmp.Equal(got, []string{"cart:fill"}) {
				t.Errorf("search: %v", got)
			}
			for _, name := range names(own.token, "") {
				if strings.HasPrefix(name, "invoice") {
					t.Errorf("its administrator sees %s", name)
				}
			}
			f.c.Do(get("/api/roles/permissions?service_id="+id, own.token)).Want(http.StatusNotFound, "not_found")
			if got := names(own.token, "?service_id=shared"); len(got) == 0 {
				t.Error("the shared ones are hidden")
			}
		})
	})
}

// TestAnIncludeIsAddedWhileItsTargetGainsAPermission: whichever is first, nobody ends with a permission that they could not pass on.
func TestAnIncludeIsAddedWhileItsTargetGainsAPermission(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		f := fleetOf(t, testkit.Shared(t, b))
		id := f.service("including")
		f.permission(id, "invoice:read")
		f.permission(id, "invoice:write")
		// The editor may edit roles and hold invoice:read, no more.
		editor := f.person(t)
		f.assign(editor.ID, id, f.role(id, "editor", []string{"signet.role:write", "invoice:read"}))
		for range 5 {
			target := f.role(id, "target-"+newID()[:8], []string{"invoice:read"})
			above := f.role(id, "above-"+newID()[:8], nil)
			outcomes := race.Together(2, func(i int) int {
				if i == 0 {
					return f.c.Do(put("/api/roles/"+target, f.admin.token, body{"permissions": []string{"invoice:write"}})).Status
				}
				return f.c.Do(put("/api/roles/"+above, editor.token, body{"includes": []string{target}})).Status
			})
			if outcomes[0] != http.StatusOK || outcomes[1] != http.StatusOK && outcomes[1] != http.StatusForbidden {
				t.Errorf("%v", outcomes)
			}
		}
	})
}
