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

const wantService = `{
  "service": {
    "created_at": "TIME",
    "description": "Invoices and payments",
    "id": "ID",
    "is_active": true,
    "is_platform": false,
    "key": "billing-desk",
    "managed_by": null,
    "min_acr": null,
    "name": "Billing Desk",
    "token_typ": "at+jwt",
    "updated_at": "TIME",
    "version": 1
  },
  "service_id": "ID",
  "success": true
}`

func TestServices(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		f := newFleet(t, b)

		t.Run("a service comes with its account, its reserved permissions and three roles", func(t *testing.T) {
			f := f.in(t)
			answer := f.c.Do(post("/api/roles/services", f.admin.token, body{"name": "  Billing   Desk ", "description": "Invoices and payments"})).Want(http.StatusCreated, "")
			if diff := cmp.Diff(wantService, normalized(t, answer.Body)); diff != "" {
				t.Error(diff)
			}
			id := answer.Text("service_id")
			if tag := answer.Header.Get("Etag"); tag != `"v1"` {
				t.Errorf("ETag %s", tag)
			}
			for _, ref := range []string{id, "billing-desk"} {
				f.c.Do(get("/api/roles/services/"+ref, f.admin.token)).Want(http.StatusOK, "")
			}
			f.c.Do(get("/api/roles/services/Billing%20Desk", f.admin.token)).Want(http.StatusNotFound, "not_found")
			roles := list(f.c.Do(get("/api/roles/service/"+id, f.admin.token)), "roles")
			names := values(roles, "name")
			slices.Sort(names)
			if diff := cmp.Diff([]string{"admin", "readonly", "user"}, names); diff != "" {
				t.Error(diff)
			}
			permissions := values(list(f.c.Do(get("/api/roles/permissions?service_id="+id, f.admin.token)), "permissions"), "name")
			slices.Sort(permissions)
			want := domain.ReservedPermissions()
			slices.Sort(want)
			if diff := cmp.Diff(want, permissions); diff != "" {
				t.Error(diff)
			}
			if n := len(f.record.Events(domain.EventServiceCreated, id)); n != 1 {
				t.Errorf("%d events", n)
			}
			if own := list(f.c.Do(get("/api/roles/services/user", f.admin.token)), "services"); len(own) != 1 {
				t.Errorf("its creator holds roles: %v", own)
			}
		})

		t.Run("is refused with what is wrong and what is accepted", func(t *testing.T) {
			f := f.in(t)
			f.service("taken")
			for name, row := range map[string]struct {
				body          any
				status        int
				code, message string
			}{
				"no name":                    {body{}, 400, "invalid_request", "name is required"},
				"an empty name":              {body{"name": "  "}, 400, "invalid_request", "name is required"},
				"a name of 101":              {body{"name": strings.Repeat("n", 101)}, 400, "invalid_request", "100 characters"},
				"control characters":         {body{"name": "a\u0007b"}, 400, "invalid_request", "control characters"},
				"a name that is an id":       {body{"name": domain.PlatformID}, 400, "invalid_request", "form of an id"},
				"a reserved key":             {body{"name": "x", "key": "signet-x"}, 400, "invalid_request", "keeps for itself"},
				"a name for a reserved key":  {body{"name": "Users"}, 400, "invalid_request", "choose another"},
				"a key that is none":         {body{"name": "x", "key": "A b"}, 400, "invalid_request", "1 to 64"},
				"another type of tokens":     {body{"name": "x", "token_typ": "at"}, 400, "invalid_request", "at+jwt, JWT"},
				"a key in use":               {body{"name": "x", "key": "taken"}, 409, "name_taken", "key is in use"},
				"a name in use":              {body{"name": "the TAKEN", "key": "other"}, 409, "name_taken", "name is in use"},
				"a name that is a key":       {body{"name": "Taken", "key": "other"}, 409, "name_taken", "name is in use"},
				"the platform's name":        {body{"name": "auth_service", "key": "other"}, 409, "name_taken", "name is in use"},
				"a body that is no object":   {`[]`, 400, "invalid_request", ""},
				"a description of 501":       {body{"name": "x", "description": strings.Repeat("d", 501)}, 400, "invalid_request", "500 characters"},
				"two members at once":        {body{"name": strings.Repeat("n", 101), "key": "A b"}, 400, "validation_failed", "100 characters"},
				"a key like a name of one":   {body{"name": "y", "key": "the taken"}, 400, "invalid_request", "key must"},
				"a derived key that is used": {body{"name": "TAKEN"}, 409, "name_taken", `"field":"name"`},
			} {
				answer := f.c.Do(post("/api/roles/services", f.admin.token, row.body))
				if answer.Outcome() != fmt.Sprint(row.status, " ", row.code) || !strings.Contains(string(answer.Body), row.message) {
					t.Errorf("%s: %s %s", name, answer.Outcome(), answer.Body)
				}
			}
		})

		t.Run("is changed, at the version that was read", func(t *testing.T) {
			f := f.in(t)
			id := f.service("versions")
			path := "/api/roles/services/" + id
			changed := f.c.Do(put(path, f.admin.token, body{"name": "Editions", "token_typ": "JWT"})).Want(http.StatusOK, "")
			if changed.Header.Get("Etag") != `"v2"` || changed.Text("service.token_typ") != "JWT" || changed.Text("service.key") != "versions" {
				t.Errorf("%v %s", changed.Header, changed.Body)
			}
			stale := put(path, f.admin.token, body{"description": "lost"})
			for _, tags := range []string{`"v1"`, `W/"v2"`, "v2", `"other"`} {
				stale.Header = http.Header{"If-Match": {tags}}
				f.c.Do(stale).Want(http.StatusPreconditionFailed, "precondition_failed")
			}
			for _, tags := range []string{`"v1", "v2"`, "*"} {
				stale.Header = http.Header{"If-Match": {tags}}
				stale.Body = body{"description": tags}
				f.c.Do(stale).Want(http.StatusOK, "")
			}
			same := f.c.Do(put(path, f.admin.token, body{"name": "Editions", "unknown": 1})).Want(http.StatusOK, "")
			if same.Header.Get("Etag") != `"v4"` {
				t.Errorf("a change of nothing is version %s", same.Header.Get("Etag"))
			}
			f.c.Do(put(path, f.admin.token, body{"name": nil})).Want(http.StatusBadRequest, "invalid_request")
			f.c.Do(put(path, f.admin.token, body{"name": "The taken"})).Want(http.StatusConflict, "name_taken")
			if f.c.Do(put(path, f.admin.token, body{"description": nil})).Want(http.StatusOK, "").Text("service.description") != "" {
				t.Error("null does not clear the description")
			}
		})

		t.Run("that is off has no audience, no grants and no administrators", func(t *testing.T) {
			f := f.in(t)
			id := f.service("kiosk")
			path := "/api/roles/services/" + id
			own, one := f.administrator(t, id), f.person(t)
			f.permission(id, "till:open")
			f.assign(one.ID, id, f.role(id, "clerk", []string{"till:open"}))
			if !f.may(f.admin.token, one.ID, "kiosk", "till:open") {
				t.Fatal("the clerk may not")
			}
			f.c.Do(put(path, own.token, body{"is_active": false})).Want(http.StatusForbidden, "forbidden")
			f.c.Do(put(path, f.admin.token, body{"is_active": false})).Want(http.StatusOK, "")
			if f.may(f.admin.token, one.ID, "kiosk", "till:open") {
				t.Error("the clerk still may")
			}
			f.c.Do(login(with(credentials(one.Account), body{"service": "kiosk"}))).Want(http.StatusBadRequest, "unknown_service")
			f.c.Do(put(path, own.token, body{"description": "mine"})).Want(http.StatusNotFound, "not_found")
			f.c.Do(put(path, f.admin.token, body{"is_active": true})).Want(http.StatusOK, "")
			if !f.may(f.admin.token, one.ID, "kiosk", "till:open") {
				t.Error("the grant does not count again")
			}
			f.c.Do(put(path, own.token, body{"description": "mine"})).Want(http.StatusOK, "")
		})

		t.Run("that is deleted is gone at once, and its key for good", func(t *testing.T) {
			f := f.in(t)
			id := f.service("gone")
			own := f.administrator(t, id)
			f.c.Do(del("/api/roles/services/gone", own.token)).Want(http.StatusForbidden, "forbidden")
			f.c.Do(del("/api/roles/services/gone", f.admin.token)).Want(http.StatusOK, "")
			for _, r := range []testkit.Request{
				del("/api/roles/services/gone", f.admin.token), get("/api/roles/services/"+id, f.admin.token), get("/api/roles/service/"+id, f.admin.token),
			} {
				f.c.Do(r).Want(http.StatusNotFound, "not_found")
			}
			f.c.Do(post("/api/roles/services", f.admin.token, body{"name": "Another", "key": "gone"})).Want(http.StatusConflict, "name_taken")
			next := f.c.Do(post("/api/roles/services", f.admin.token, body{"name": "Gone"})).Want(http.StatusCreated, "")
			if next.Text("service.key") != "gone-2" {
				t.Errorf("%s", next.Body)
			}
			f.c.Do(del("/api/roles/services/gone-2", f.admin.token)).Want(http.StatusOK, "")
			f.service("gone-3")
			if next = f.c.Do(post("/api/roles/services", f.admin.token, body{"name": "Gone"})).Want(http.StatusCreated, ""); next.Text("service.key") != "gone-4" {
				t.Errorf("%s", next.Body)
			}
			other := f.c.Do(post("/api/roles/services", f.admin.token, body{"name": "Gone 3!"})).Want(http.StatusConflict, "name_taken")
			if text := other.Text("message"); text != "name makes the key gone-3, which is in use by another service: send a key" {
				t.Error(text)
			}
		})

		t.Run("that is the platform stays", func(t *testing.T) {
			f := f.in(t)
			const path = "/api/roles/services/auth_service"
			if got := f.c.Do(get(path, f.admin.token)).Want(http.StatusOK, "").Text("service.name"); got != "auth_service" {
				t.Errorf("its name is %s", got)
			}
			f.c.Do(put(path, f.admin.token, body{"description": "Who is who"})).Want(http.StatusOK, "")
			for _, b := range []body{{"name": "x"}, {"is_active": false}, {"token_typ": "JWT"}} {
				f.c.Do(put(path, f.admin.token, b)).Want(http.StatusConflict, "platform_service")
			}
			f.c.Do(del(path, f.admin.token)).Want(http.StatusConflict, "platform_service")
		})

		t.Run("are listed whole for old clients, in pages for others, and to administrators only their own", func(t *testing.T) {
			f := f.in(t)
			for range 3 {
				f.service("many-" + strings.ToLower(newID()[:8]))
			}
			all := list(f.c.Do(get("/api/roles/services", f.admin.token)), "services")
			var paged []body
			for cursor := ""; ; {
				answer := f.c.Do(get("/api/roles/services?limit=2&cursor="+cursor, f.admin.token))
				paged = append(paged, list(answer, "services")...)
				next, more := answer.JSON()["next_cursor"].(string)
				if cursor = next; !more {
					break
				}
			}
			if diff := cmp.Diff(values(all, "id"), values(paged, "id")); diff != "" || len(all) < 4 {
				t.Errorf("%d services; pages (-whole +paged):\n%s", len(all), diff)
			}
			id := f.service("owned")
			own := f.administrator(t, id)
			if got := values(list(f.c.Do(get("/api/roles/services", own.token)), "services"), "key"); !cmp.Equal(got, []string{"owned"}) {
				t.Errorf("its administrator sees %v", got)
			}
			f.c.Do(get("/api/roles/services", f.person(t).token)).Want(http.StatusForbidden, "forbidden")
			cursor := f.c.Do(get("/api/roles/services?limit=1", f.admin.token)).Text("next_cursor")
			f.c.Do(get("/api/roles/services?cursor="+cursor, own.token)).Want(http.StatusBadRequest, "invalid_cursor")
			f.c.Do(get("/api/roles/permissions?cursor="+cursor, f.admin.token)).Want(http.StatusBadRequest, "invalid_cursor")
			f.c.Do(get("/api/roles/services?cursor="+testkit.Garble(cursor), f.admin.token)).Want(http.StatusBadRequest, "invalid_cursor")
		})
	})
}

func TestManyServicesOfOneName(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		f := fleetOf(t, testkit.Shared(t, b))
		outcomes := map[string]int{}
		for _, o := range race.Together(10, func(int) string {
			return f.c.Do(post("/api/roles/services", f.admin.token, body{"name": "One and only"})).Outcome()
		}) {
			outcomes[o]++
		}
		if outcomes["201"] != 1 || outcomes["409 name_taken"] != 9 {
			t.Errorf("%v", outcomes)
		}
	})
}

// TestADeactivationAgainstLogins: a token that was got for the service before it went off is refused a second later.
func TestADeactivationAgainstLogins(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		f := fleetOf(t, testkit.Shared(t, b))
		id := f.service("switched-off")
		one := f.person(t)
		tokens := make([]string, 20)
		race.Together(21, func(i int) int {
			if i == 20 {
				return f.c.Do(put("/api/roles/services/"+id, f.admin.token, body{"is_active": false})).Want(http.StatusOK, "").Status
			}
			answer := f.c.Do(login(with(credentials(one.Account), body{"service": "switched-off"})))
			if answer.Status == http.StatusOK {
				tokens[i] = answer.Text("access_token")
			}
			return answer.Status
		})
		for _, token := range tokens {
			if token != "" {
				f.Eventually(time.Second, func() bool { return f.c.Do(validate(token)).Outcome() == "401 token_invalid" })
			}
		}
	})
}
