package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

func ask(bearer string, checks ...body) testkit.Request {
	return post("/api/authz/check", bearer, body{"checks": checks})
}

func TestCheck(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		f := newFleet(t, b)
		id := f.service("billing")
		f.service("shop")
		f.permission(id, "invoice:read")
		one, two := f.person(t), f.person(t)
		f.assign(one.ID, id, f.role(id, "clerk", []string{"invoice:read"}))
		own := f.administrator(t, id)

		t.Run("answers in order, by key, id and name, and what is unknown is false", func(t *testing.T) {
			f := f.in(t)
			answer := f.c.Do(ask(f.admin.token,
				body{"user_id": one.ID, "service": "billing", "permission": "invoice:read"},
				body{"user_id": two.ID, "service": "billing", "permission": "invoice:read"},
				body{"user_id": strings.ToUpper(one.ID), "service": id, "permission": "invoice:read"},
				body{"user_id": one.ID, "service": "THE billing", "permission": "invoice:read"},
				body{"user_id": one.ID, "service": "shop", "permission": "invoice:read"},
				body{"user_id": newID(), "service": "billing", "permission": "invoice:read"},
				body{"user_id": "nobody", "service": "billing", "permission": "invoice:read"},
				body{"user_id": one.ID, "service": "billing", "permission": "invoice:shred"},
				body{"service": "auth_service", "permission": "user:delete"},
			)).Want(http.StatusOK, "")
			var got []bool
			for _, r := range answer.JSON()["results"].([]any) {
				got = append(got, r.(body)["allowed"].(bool))
			}
			if diff := cmp.Diff([]bool{true, false, true, true, false, false, false, false, true}, got); diff != "" {
				t.Error(diff)
			}
		})

		t.Run("is anybody's about themselves, and about others theirs who may read roles", func(t *testing.T) {
			f := f.in(t)
			self := body{"service": "billing", "permission": "invoice:read"}
			if !f.may(one.token, one.ID, "billing", "invoice:read") || f.may(two.token, two.ID, "billing", "invoice:read") {
				t.Error("about oneself")
			}
			f.c.Do(ask(two.token, self, body{"service": "nowhere", "permission": "a:b"})).Want(http.StatusOK, "")
			about := body{"user_id": one.ID, "service": "billing", "permission": "invoice:read"}
			f.c.Do(ask(two.token, self, about)).Want(http.StatusForbidden, "forbidden")
			f.c.Do(ask(own.token, about)).Want(http.StatusOK, "")
			f.c.Do(ask(own.token, body{"user_id": one.ID, "service": "shop", "permission": "a:b"})).Want(http.StatusForbidden, "forbidden")
			f.c.Do(ask(own.token, body{"user_id": one.ID, "service": "nowhere", "permission": "a:b"})).Want(http.StatusForbidden, "forbidden")
			f.c.Do(ask("", about)).Want(http.StatusUnauthorized, "token_missing")
		})

		t.Run("with a token for a service asks about oneself there", func(t *testing.T) {
			f := f.in(t)
			token := f.c.Do(login(with(credentials(one.Account), body{"service": "billing"}))).Want(http.StatusOK, "").Text("access_token")
			if !f.may(token, one.ID, "billing", "invoice:read") {
				t.Error("not allowed")
			}
			f.c.Do(ask(token, body{"service": "shop", "permission": "a:b"})).Want(http.StatusForbidden, "wrong_audience")
			f.c.Do(ask(token, body{"user_id": two.ID, "service": "billing", "permission": "a:b"})).Want(http.StatusForbidden, "wrong_audience")
			f.c.Do(get("/api/roles/services/user", token)).Want(http.StatusForbidden, "wrong_audience")
			f.c.Do(get("/api/roles/user/"+one.ID+"/permissions", token)).Want(http.StatusForbidden, "wrong_audience")
		})

		t.Run("is about nobody where the user's id came out empty, and not about the one that asks", func(t *testing.T) {
			f := f.in(t)
			for _, none := range []any{"", nil} {
				nobody := body{"user_id": none, "service": "billing", "permission": "invoice:read"}
				if results := f.c.Do(ask(one.token, nobody)); results.Status == http.StatusOK && strings.Contains(string(results.Body), "true}") {
					t.Errorf("%v: %s", none, results.Body)
				}
				missing := f.c.Do(post("/api/authz/explain", f.admin.token, nobody)).Want(http.StatusOK, "").JSON()["missing"]
				if diff := cmp.Diff(body{"reason": "unknown_principal"}, missing); diff != "" {
					t.Errorf("%v: %s", none, diff)
				}
			}
		})

		t.Run("says what of a question is wrong", func(t *testing.T) {
			f := f.in(t)
			good := body{"service": "billing", "permission": "invoice:read"}
			for name, row := range map[string]struct {
				checks any
				text   string
			}{
				"none":            {[]body{}, "checks"},
				"null":            {nil, "checks is required"},
				"101":             {make([]body, 101), "at most 100"},
				"a wildcard":      {[]body{good, {"service": "billing", "permission": "invoice:*"}}, "checks[1].permission must be the name"},
				"no permission":   {[]body{{"service": "billing"}}, "checks[0].permission is required"},
				"no service":      {[]body{{"permission": "a:b"}}, "checks[0].service is required"},
				"another member":  {[]body{{"service": "billing", "permission": "a:b", "user": "x"}}, "user"},
				"what is no list": {"x", ""},
			} {
				answer := f.c.Do(post("/api/authz/check", f.admin.token, body{"checks": row.checks}))
				if answer.Status != http.StatusBadRequest || !strings.Contains(answer.Text("message"), row.text) {
					t.Errorf("%s: %s", name, answer.Body)
				}
			}
		})

		t.Run("is false for those who may not act", func(t *testing.T) {
			f := f.in(t)
			three := f.person(t)
			f.assign(three.ID, id, f.roleNamed(t, id, "clerk"))
			if !f.may(f.admin.token, three.ID, "billing", "invoice:read") {
				t.Fatal("not allowed")
			}
			f.record.Exec("UPDATE principals SET state = 'disabled' WHERE id = ?", three.ID)
			f.record.Changed(domain.ChangePrincipal, three.ID)
			f.Eventually(time.Second, func() bool { return !f.may(f.admin.token, three.ID, "billing", "invoice:read") })
			permissions := f.c.Do(get("/api/roles/user/"+three.ID+"/permissions", f.admin.token)).Want(http.StatusOK, "").JSON()
			if diff := cmp.Diff(body{"success": true, "permissions": []any{}, "by_service": body{}, "is_active": false}, permissions); diff != "" {
				t.Error(diff)
			}
		})

		t.Run("knows a service and a user that were unknown a moment ago", func(t *testing.T) {
			f := f.in(t)
			if f.may(f.admin.token, one.ID, "late", "a:b") {
				t.Fatal("allowed")
			}
			late := f.service("late")
			f.permission(late, "a:b")
			f.assign(one.ID, late, f.role(late, "r", []string{"a:b"}))
			if !f.may(f.admin.token, one.ID, "late", "a:b") {
				t.Error("still unknown")
			}
			f.c.Do(put("/api/roles/services/late", f.admin.token, body{"name": "Renamed"})).Want(http.StatusOK, "")
			if f.may(f.admin.token, one.ID, "The late", "a:b") || !f.may(f.admin.token, one.ID, "renamed", "a:b") {
				t.Error("its former name means it still, or its new one does not")
			}
		})
	})
}

func TestExplain(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		f := newFleet(t, b)
		id := f.service("billing")
		f.permission(id, "invoice:read")
		f.permission(id, "invoice:void")
		clerk := f.role(id, "clerk", []string{"invoice:*"})
		lead := f.role(id, "lead", nil, clerk)
		one, two := f.person(t), f.person(t)
		end := f.Clock.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
		f.c.Do(post(assignment(one.ID, id, lead), f.admin.token, body{"expires_at": end})).Want(http.StatusCreated, "")
		explain := func(f *fleet, principal, service, permission string) body {
			return f.c.Do(post("/api/authz/explain", f.admin.token, body{"user_id": principal, "service": service, "permission": permission})).Want(http.StatusOK, "").JSON()
		}

		t.Run("gives the way", func(t *testing.T) {
			f := f.in(t)
			want := body{"success": true, "allowed": true, "path": []any{
				body{"type": "user", "id": one.ID},
				body{"type": "role", "id": lead, "name": "lead", "expires_at": end.Format(time.RFC3339Nano)},
				body{"type": "include", "id": clerk, "name": "clerk"},
				body{"type": "pattern", "name": "invoice:*"},
			}}
			if diff := cmp.Diff(want, explain(f, one.ID, "billing", "invoice:read")); diff != "" {
				t.Error(diff)
			}
			f.assign(one.ID, id, clerk) // a shorter way
			if path := explain(f, one.ID, "billing", "invoice:read")["path"].([]any); len(path) != 3 {
				t.Errorf("%v", path)
			}
		})
		t.Run("says what is missing", func(t *testing.T) {
			f := f.in(t)
			off := f.service("off")
			f.c.Do(put("/api/roles/services/"+off, f.admin.token, body{"is_active": false})).Want(http.StatusOK, "")
			for reason, q := range map[string][3]string{
				"unknown_principal":  {newID(), "billing", "invoice:read"},
				"unknown_service":    {one.ID, "nowhere", "invoice:read"},
				"service_inactive":   {one.ID, "off", "invoice:read"},
				"unknown_permission": {one.ID, "billing", "invoice:shred"},
				"not_granted":        {two.ID, "billing", "invoice:read"},
			} {
				got := explain(f, q[0], q[1], q[2])
				if diff := cmp.Diff(body{"success": true, "allowed": false, "missing": body{"reason": reason}}, got); diff != "" {
					t.Errorf("%s: %s", reason, diff)
				}
			}
			f.c.Do(post("/api/authz/explain", two.token, body{"user_id": one.ID, "service": "billing", "permission": "invoice:read"})).Want(http.StatusForbidden, "forbidden")
			f.c.Do(post("/api/authz/explain", two.token, body{"service": "billing", "permission": "invoice:read"})).Want(http.StatusOK, "")
		})
		t.Run("tells what has ended", func(t *testing.T) {
			f := f.in(t)
			three := f.person(t)
			ends := f.Clock.Now().Add(time.Minute).UTC().Truncate(time.Microsecond)
			f.c.Do(post(assignment(three.ID, id, lead), f.admin.token, body{"expires_at": ends})).Want(http.StatusCreated, "")
			if !f.may(f.admin.token, three.ID, "billing", "invoice:void") {
				t.Error("not allowed before its end")
			}
			f.Move(time.Minute)
			if f.may(f.admin.token, three.ID, "billing", "invoice:void") {
				t.Error("allowed at its end (AZ-8)")
			}
			want := body{"success": true, "allowed": false, "missing": body{"reason": "expired", "role": "lead", "ended_at": ends.Format(time.RFC3339Nano)}}
			if diff := cmp.Diff(want, explain(f, three.ID, "billing", "invoice:void")); diff != "" {
				t.Error(diff)
			}
		})
	})
}

func TestHoldings(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		f := newFleet(t, b)
		id, other := f.service("billing"), f.service("shop")
		for _, service := range []string{id, other} {
			f.permission(service, "invoice:read")
			f.permission(service, "invoice:write")
		}
		one := f.person(t)
		clerk := f.role(id, "clerk", []string{"*:read"})
		lead := f.role(id, "lead", []string{"invoice:write"}, clerk)
		f.assign(one.ID, id, lead)
		f.assign(one.ID, other, f.role(other, "guest", []string{"invoice:read"}))
		own := f.administrator(t, other)
		permissions := func(bearer, query string) testkit.Request {
			return get("/api/roles/user/"+one.ID+"/permissions"+query, bearer)
		}

		t.Run("are all one may do, at the services that the caller may see", func(t *testing.T) {
			f := f.in(t)
			all := body{
				"success": true, "is_active": true, "permissions": []any{"billing/invoice:read", "billing/invoice:write", "shop/invoice:read"},
				"by_service": body{"billing": []any{"invoice:read", "invoice:write"}, "shop": []any{"invoice:read"}},
			}
			for _, bearer := range []string{f.admin.token, one.token} {
				if diff := cmp.Diff(all, f.c.Do(permissions(bearer, "")).Want(http.StatusOK, "").JSON()); diff != "" {
					t.Error(diff)
				}
			}
			if diff := cmp.Diff(body{"shop": []any{"invoice:read"}}, f.c.Do(permissions(own.token, "")).Want(http.StatusOK, "").JSON()["by_service"]); diff != "" {
				t.Error(diff)
			}
			f.c.Do(permissions(own.token, "?service=billing")).Want(http.StatusForbidden, "forbidden")
			f.c.Do(permissions(f.admin.token, "?service=nowhere")).Want(http.StatusNotFound, "not_found")
			f.c.Do(permissions(f.person(t).token, "")).Want(http.StatusForbidden, "forbidden")
			f.c.Do(get("/api/roles/user/"+newID()+"/permissions", f.admin.token)).Want(http.StatusNotFound, "not_found")
		})
		t.Run("are listed to oneself with the roles they come from", func(t *testing.T) {
			f := f.in(t)
			mine := list(f.c.Do(get("/api/roles/services/user", one.token)), "services")
			if len(mine) != 3 {
				t.Fatalf("%v", mine)
			}
			got := mine[1]
			roles := []any{
				body{"id": clerk, "name": "clerk", "expires_at": nil, "direct": false}, body{"id": lead, "name": "lead", "expires_at": nil, "direct": true},
			}
			if diff := cmp.Diff(roles, got["roles"]); diff != "" || got["service"].(body)["key"] != "billing" {
				t.Errorf("%v %s", got, diff)
			}
			if diff := cmp.Diff([]any{"invoice:read", "invoice:write"}, got["permissions"]); diff != "" {
				t.Error(diff)
			}
		})
		t.Run("are listed to oneself in pages", func(t *testing.T) {
			f := f.in(t)
			first := f.c.Do(get("/api/roles/services/user?limit=2", one.token)).Want(http.StatusOK, "")
			cursor := first.Text("next_cursor")
			rest := f.c.Do(get("/api/roles/services/user?cursor="+cursor, one.token)).Want(http.StatusOK, "")
			if len(list(first, "services")) != 2 || len(list(rest, "services")) != 1 || rest.JSON()["next_cursor"] != nil {
				t.Errorf("%s\n%s", first.Body, rest.Body)
			}
			f.c.Do(get("/api/roles/services?cursor="+cursor, f.admin.token)).Want(http.StatusBadRequest, "invalid_cursor")
			f.c.Do(get("/api/roles/services/user?cursor="+cursor, own.token)).Want(http.StatusBadRequest, "invalid_cursor")
		})
		t.Run("too many for a token are left out of it, and their giver is told", func(t *testing.T) {
			f := f.in(t)
			two := f.person(t)
			var names []string
			for i := range 30 {
				name := strings.Repeat("long-", 15) + string(rune('a'+i%26)) + strings.Repeat("x", i/26) + ":read"
				f.permission(other, name)
				names = append(names, name)
			}
			answer := f.c.Do(post(assignment(two.ID, other, f.role(other, "much", names)), f.admin.token, nil)).Want(http.StatusCreated, "")
			if answer.JSON()["warnings"].([]any)[0].(body)["code"] != "permissions_by_reference" {
				t.Errorf("%s", answer.Body)
			}
			token := f.c.Do(login(with(credentials(two.Account), body{"service": "shop"}))).Want(http.StatusOK, "").Text("access_token")
			if _, claims := testkit.ReadToken(t, token); claims["perm_ref"] != true || claims["permissions"] != nil {
				t.Errorf("%v", claims)
			}
			if !f.may(token, two.ID, "shop", names[29]) {
				t.Error("the service can't ask with the token that it got")
			}
		})
		t.Run("that end within a minute are in no token, and count to their end", func(t *testing.T) {
			f := f.in(t)
			two := f.person(t)
			f.c.Do(post(assignment(two.ID, id, clerk), f.admin.token, body{"expires_at": f.Clock.Now().Add(time.Minute)})).Want(http.StatusCreated, "")
			answer := f.c.Do(login(with(credentials(two.Account), body{"service": "billing"}))).Want(http.StatusOK, "")
			_, claims := testkit.ReadToken(t, answer.Text("access_token"))
			if len(claims["permissions"].([]any)) != 0 || len(claims["roles"].([]any)) != 0 || answer.JSON()["expires_in"] != 900.0 {
				t.Errorf("%v %v", claims, answer.JSON()["expires_in"])
			}
			if !f.may(f.admin.token, two.ID, "billing", "invoice:read") {
				t.Error("not allowed")
			}
		})
	})
}
