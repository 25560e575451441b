package e2e_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

// levelled is a fleet with somebody who has a second factor, with an access token from before they proved it and one from after.
type levelled struct {
	*fleet
	person
	app    *testkit.Authenticator
	strong string
}

// levels is a person in two states. roles are given before they log in.
func (f *fleet) levels(t *testing.T, give func(p person)) levelled {
	t.Helper()
	p := f.person(t)
	give(p)
	in := f.c.Login(p.Account)
	app, strong := f.Enrol(in)
	p.token = in.Access
	return levelled{f, p, app, strong.Access}
}

// at logs in at a level for a service.
func (l levelled) at(t *testing.T, service string) testkit.Response {
	t.Helper()
	answer := l.c.Do(login(with(credentials(l.Account), body{"service": service}))).Want(http.StatusUnauthorized, "mfa_required")
	return l.c.Verify(answer.Text("challenge"), l.app.Code()).Want(http.StatusOK, "")
}

// answers are the results of a check as text: "true", "false" or the level that it needs.
func answers(r testkit.Response) (all []string) {
	for _, one := range list(r, "results") {
		word := "false"
		if one["allowed"] == true {
			word = "true"
		}
		if level, ok := one["needs_acr"].(string); ok {
			word = level
		}
		all = append(all, word)
	}
	return all
}

// but is a copy with other members.
func but(b, more body) body { return with(maps.Clone(b), more) }

func wantWords(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// TestARoleCountsFromItsLevelOn asks at every door below the level of a role, and at it (docs/factors.md).
func TestARoleCountsFromItsLevelOn(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		f := newFleet(t, b)
		id := f.service("billing")
		f.permission(id, "invoice:read")
		f.permission(id, "payment:write")
		reader := f.role(id, "reader", []string{"invoice:read"})
		payer := f.role(id, "payer", []string{"payment:write"}, "reader")
		f.c.Do(send(http.MethodPut, "/api/roles/"+payer, f.admin.token, body{"min_acr": "aal2"})).Want(http.StatusOK, "")
		admin := f.roleNamed(t, id, "admin")
		f.c.Do(send(http.MethodPut, "/api/roles/"+admin, f.admin.token, body{"min_acr": "aal2"})).Want(http.StatusOK, "")
		other := f.person(t)
		l := f.levels(t, func(p person) { f.assign(p.ID, id, payer); f.assign(p.ID, id, admin) })
		token := f.appToken(id, nil)
		pays := body{"user_id": l.ID, "service": "billing", "permission": "payment:write"}
		reads := but(pays, body{"permission": "invoice:read"})

		t.Run("is read back, and null takes it away", func(t *testing.T) {
			f := f.in(t)
			made := f.c.Do(post("/api/roles/service/"+id, f.admin.token, body{"name": "strict", "min_acr": "phr"})).Want(http.StatusCreated, "")
			if made.Text("role.min_acr") != "phr" {
				t.Errorf("it answers %s", made.Body)
			}
			role := "/api/roles/" + made.Text("role_id")
			f.c.Do(send(http.MethodPut, role, f.admin.token, body{"description": "Strict"})).Want(http.StatusOK, "")
			if got := f.c.Do(get(role, f.admin.token)).Want(http.StatusOK, ""); got.Text("role.min_acr") != "phr" {
				t.Errorf("it answers %s", got.Body)
			}
			if got := f.c.Do(send(http.MethodPut, role, f.admin.token, body{"min_acr": nil})).Want(http.StatusOK, ""); got.JSON()["role"].(body)["min_acr"] != nil {
				t.Errorf("it answers %s", got.Body)
			}
			for _, wrong := range []any{"aal1", "aal3", 2, ""} {
				if got := f.c.Do(send(http.MethodPut, role, f.admin.token, body{"min_acr": wrong})); got.Status != http.StatusBadRequest || !strings.Contains(got.Text("message"), "min_acr") {
					t.Errorf("%v: %d %s", wrong, got.Status, got.Body)
				}
			}
			f.c.Do(send(http.MethodPut, "/api/roles/services/auth_service", f.admin.token, body{"min_acr": "aal2"})).Want(http.StatusConflict, "platform_service")
		})
		t.Run("in check, about others by the level that is said, and about oneself by the credential's", func(t *testing.T) {
			f := f.in(t)
			others := ask(token, pays, but(pays, body{"acr": "aal1"}), but(pays, body{"acr": "aal2"}), but(pays, body{"acr": "phr"}), reads, but(reads, body{"acr": "aal2"}),
				but(pays, body{"permission": "invoice:void"}))
			for range 2 { // what was remembered of one level answers at no other
				wantWords(t, "a service asks", answers(f.c.Do(others)), "aal2", "aal2", "true", "true", "aal2", "true", "false")
			}
			own := body{"service": "billing", "permission": "payment:write"}
			for range 2 {
				wantWords(t, "at aal2", answers(f.c.Do(ask(l.strong, own))), "true")
				wantWords(t, "below, as at aal2", answers(f.c.Do(ask(l.strong, but(own, body{"acr": "aal1"})))), "aal2")
				wantWords(t, "at aal1", answers(f.c.Do(ask(l.token, own, but(own, body{"acr": "aal2"}), but(own, body{"permission": "invoice:read"})))), "aal2", "aal2", "aal2")
			}
		})
		t.Run("in explain", func(t *testing.T) {
			f := f.in(t)
			low := f.c.Do(post("/api/authz/explain", token, pays)).Want(http.StatusOK, "").JSON()
			if diff := cmp.Diff(body{"reason": "needs_acr", "role": "admin"}, low["missing"]); diff != "" || low["allowed"] != false || low["needs_acr"] != "aal2" {
				t.Errorf("it answers %v %s", low, diff)
			}
			high := f.c.Do(post("/api/authz/explain", token, but(reads, body{"acr": "aal2"}))).Want(http.StatusOK, "").JSON()
			if high["allowed"] != true || len(high["path"].([]any)) != 3 && len(high["path"].([]any)) != 4 {
				t.Errorf("it answers %v", high)
			}
		})
		t.Run("in tokens, at login, refresh and step-up, which say what more there would be", func(t *testing.T) {
			f := f.in(t)
			l := f.levels(t, func(p person) { f.assign(p.ID, id, payer); f.assign(p.ID, id, reader) })
			in := f.c.Do(stepUp(l.token, body{"code": l.app.Code(), "service": "billing"})) // the old token of the same session
			in.Want(http.StatusOK, "")
			if _, claims := testkit.ReadToken(t, in.Text("access_token")); cmp.Diff([]any{"payer", "reader"}, claims["roles"]) != "" || in.JSON()["needs_acr"] != nil {
				t.Errorf("%v: %s", claims["roles"], in.Body)
			}
			weakly := f.person(t)
			f.assign(weakly.ID, id, payer)
			first := f.c.Do(login(with(credentials(weakly.Account), body{"service": "billing"}))).Want(http.StatusOK, "")
			again := f.c.Do(post("/api/auth/refresh", "", body{"refresh_token": first.Text("refresh_token"), "service": "billing"})).Want(http.StatusOK, "")
			for _, answer := range []testkit.Response{first, again} {
				if _, claims := testkit.ReadToken(t, answer.Text("access_token")); answer.Text("needs_acr") != "aal2" || len(claims["roles"].([]any)) != 0 {
					t.Errorf("%v: %s", claims["roles"], answer.Body)
				}
			}
			if got := f.c.Login(weakly.Account); got.Access == "" {
				t.Error("nothing is needed at the platform")
			}
			strongly := l.at(t, "billing")
			low := f.c.Do(form("introspect", "billing", token, "token="+first.Text("access_token"))).Want(http.StatusOK, "").JSON()
			high := f.c.Do(form("introspect", "billing", token, "token="+strongly.Text("access_token"))).Want(http.StatusOK, "").JSON()
			if low["permissions"] != nil && len(low["permissions"].([]any)) != 0 || cmp.Diff([]any{"invoice:read", "payment:write"}, high["permissions"]) != "" {
				t.Errorf("introspected %v and %v", low, high)
			}
		})
		t.Run("at Signet's own routes, which ask for the level", func(t *testing.T) {
			f := f.in(t)
			for _, r := range []testkit.Request{
				get("/api/roles/service/"+id, l.token), get("/api/roles/services", l.token), get("/api/roles/services/"+id, l.token),
				post("/api/tokens", l.token, body{"service_id": id, "name": "mine"}),
				post(assignment(other.ID, id, reader), l.token, nil),
				send(http.MethodPut, "/api/roles/"+reader, l.token, body{"description": "x"}),
				get("/api/audit?service="+id, l.token),
			} {
				refused := f.c.Do(r).Want(http.StatusForbidden, "reauth_required")
				if refused.Text("acr") != "aal2" || refused.JSON()["max_age"] != nil ||
					refused.Header.Get("WWW-Authenticate") != `Bearer error="insufficient_user_authentication", acr_values="aal2"` {
					t.Errorf("%s: %v %s", r.Path, refused.Header, refused.Body)
				}
				if got := f.c.Do(withBearer(r, l.strong)); got.Status >= http.StatusBadRequest {
					t.Errorf("%s at aal2: %s", r.Path, got.Body)
				}
			}
			f.c.Do(get("/api/roles/service/"+f.service("elsewhere"), l.token)).Want(http.StatusNotFound, "not_found") // where no level would help
			f.c.Do(get("/api/users", l.token)).Want(http.StatusForbidden, "forbidden")
		})
		t.Run("in the lists about oneself, while those about others have all", func(t *testing.T) {
			f := f.in(t)
			path := "/api/roles/user/" + l.ID + "/permissions"
			names := func(bearer string) int {
				return len(f.c.Do(get(path, bearer)).Want(http.StatusOK, "").JSON()["permissions"].([]any))
			}
			if own, strong, all := names(l.token), names(l.strong), names(f.admin.token); own != 0 || strong == 0 || all != strong {
				t.Errorf("%d at aal1, %d at aal2, %d to an administrator", own, strong, all)
			}
			if n := len(list(f.c.Do(get("/api/roles/services/user", l.token)), "services")); n != 1 { // Signet itself
				t.Errorf("%d services", n)
			}
			given := list(f.c.Do(get("/api/roles/user/"+l.ID+"/service/"+id, f.admin.token)), "roles")
			for _, one := range given {
				if one["min_acr"] != "aal2" {
					t.Errorf("%v", one)
				}
			}
			if len(given) != 2 {
				t.Errorf("%d assignments", len(given))
			}
		})
		t.Run("and not for the account of a service, which has none", func(t *testing.T) {
			f := f.in(t)
			shop := f.service("shop")
			f.c.Do(post("/api/roles/service-account/shop/service/billing/role/"+payer, f.admin.token, nil)).Want(http.StatusCreated, "")
			secret := f.appToken(shop, nil)
			got := f.c.Do(asking("shop", secret, "service=billing")).Want(http.StatusOK, "")
			if got.Text("scope") != "invoice:read payment:write" {
				t.Errorf("it answers %s", got.Body)
			}
			wantWords(t, "a service about another", answers(f.c.Do(ask(token, but(pays, body{"user_id": shop})))), "true")
		})
	})
}

// TestALevelOfAService: raising it takes service:write there, lowering it the platform's.
func TestALevelOfAService(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		f := newFleet(t, b)
		id := f.service("billing")
		f.permission(id, "invoice:read")
		clerk := f.role(id, "clerk", []string{"invoice:read"})
		admin := f.roleNamed(t, id, "admin")
		l := f.levels(t, func(p person) { f.assign(p.ID, id, admin); f.assign(p.ID, id, clerk) })
		token := f.appToken(id, nil)
		put := func(bearer string, level any) testkit.Request {
			return send(http.MethodPut, "/api/roles/services/"+id, bearer, body{"min_acr": level})
		}
		reads := body{"user_id": l.ID, "service": "billing", "permission": "invoice:read"}
		wantWords(t, "before", answers(f.c.Do(ask(token, reads))), "true")
		raised := f.c.Do(put(l.token, "aal2")).Want(http.StatusOK, "")
		if raised.Text("service.min_acr") != "aal2" {
			t.Errorf("it answers %s", raised.Body)
		}
		wantWords(t, "raised", answers(f.c.Do(ask(token, reads, but(reads, body{"acr": "aal2"})))), "aal2", "true")
		f.c.Do(put(l.token, "phr")).Want(http.StatusForbidden, "reauth_required")
		f.c.Do(put(l.strong, nil)).Want(http.StatusForbidden, "forbidden")
		f.c.Do(put(l.strong, "phr")).Want(http.StatusOK, "")
		wantWords(t, "raised again", answers(f.c.Do(ask(token, but(reads, body{"acr": "aal2"}), but(reads, body{"acr": "phr"})))), "phr", "true")
		f.c.Do(put(f.admin.token, nil)).Want(http.StatusOK, "")
		wantWords(t, "taken away", answers(f.c.Do(ask(token, reads))), "true")
		if n := len(f.record.Events(domain.EventServiceUpdated, id)); n != 3 {
			t.Errorf("%d events", n)
		}
	})
}

// TestThePlatformAsksForALevel: an administrator with a mere password is nobody, and nothing that they start goes on.
func TestThePlatformAsksForALevel(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		f := newLandscape(t, testkit.Options{Backends: b, Env: map[string]string{"MFA_PLATFORM": "aal2"}})
		strongly := func(a testkit.Account) string {
			_, strong := f.Enrol(f.c.Login(a))
			return strong.Access
		}
		victim, second := f.NewAccount(), f.holder(t, domain.RolePlatformAdmin)
		manager, admin := f.holder(t, domain.RoleUserManager), f.holder(t, domain.RolePlatformAdmin)
		f.heard(t)

		in := f.c.Do(login(credentials(second))).Want(http.StatusOK, "")
		if _, claims := testkit.ReadToken(t, in.Text("access_token")); in.Text("needs_acr") != "aal2" || cmp.Diff([]any{"user"}, claims["roles"]) != "" {
			t.Errorf("%v: %s", claims["roles"], in.Body)
		}
		f.c.Me(in.Text("access_token")).Want(http.StatusOK, "")
		for _, r := range []testkit.Request{
			get("/api/users", in.Text("access_token")), post("/api/users/"+victim.ID+"/disable", in.Text("access_token"), body{"reason": "x"}),
			post("/api/roles/services", in.Text("access_token"), body{"name": "Mine"}), get("/api/audit", in.Text("access_token")),
		} {
			if refused := f.c.Do(r).Want(http.StatusForbidden, "reauth_required"); refused.Text("acr") != "aal2" {
				t.Errorf("%s: %s", r.Path, refused.Body)
			}
		}
		f.c.Do(get("/api/users", strongly(admin))).Want(http.StatusOK, "")
		if b.Name == testkit.Embedded.Name {
			f.Restart()
			f.c = f.Client()
			if log := f.Log.String(); !strings.Contains(log, "an administrator has no second factor") || !strings.Contains(log, second.ID) || strings.Contains(log, admin.ID) {
				t.Errorf("the start does not name who is shut out:\n%s", log)
			}
			found := signet(t, cheaply(f.Env), "", "doctor").Out
			if !strings.Contains(found, second.Email+" holds roles of Signet and has no second factor") || strings.Contains(found, admin.Email+" holds") {
				t.Errorf("nor does the doctor:\n%s", found)
			}
		}
		managing := strongly(manager)
		f.c.Do(post("/api/users/"+second.ID+"/disable", managing, body{"reason": "x"})).Want(http.StatusForbidden, "target_outranks") // whose roles count for rank at any level
		f.c.Do(post("/api/users/"+victim.ID+"/disable", managing, body{"reason": "x"})).Want(http.StatusOK, "")
	})
}

// TestALevelIsHeardOf: a replica that remembers grants and a service that follows the stream both hear that a level was raised.
func TestALevelIsHeardOf(t *testing.T) {
	s := testkit.Start(t, testkit.Options{Backends: testkit.Production})
	replica := s.Replica(nil)
	f := fleetOf(t, s)
	id := f.service("billing")
	f.permission(id, "invoice:read")
	clerk := f.role(id, "clerk", []string{"invoice:read"})
	one := f.person(t)
	f.assign(one.ID, id, clerk)
	token := f.appToken(id, nil)
	reads := body{"user_id": one.ID, "service": "billing", "permission": "invoice:read"}
	there := replica.Client()
	f.Eventually(10*time.Second, func() bool { return answers(there.Do(ask(token, reads)))[0] == "true" })
	for _, path := range []string{"/api/roles/services/" + id, "/api/roles/" + clerk} {
		f.c.Do(send(http.MethodPut, path, f.admin.token, body{"min_acr": "aal2"})).Want(http.StatusOK, "")
		f.Eventually(10*time.Second, func() bool { return answers(there.Do(ask(token, reads)))[0] == "aal2" })
		f.c.Do(send(http.MethodPut, path, f.admin.token, body{"min_acr": nil})).Want(http.StatusOK, "")
		f.Eventually(10*time.Second, func() bool { return answers(there.Do(ask(token, reads)))[0] == "true" })
	}
}
