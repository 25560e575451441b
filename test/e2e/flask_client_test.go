package e2e_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

// flaskClient calls as clients of the Flask service do, and knows only what that service's documentation names: further members don't
// bother it, missing ones do.
type flaskClient struct {
	*fleet
	t *testing.T
}

// do calls and wants the status, success accordingly, and the members.
func (f flaskClient) do(r testkit.Request, status int, members ...string) body {
	f.t.Helper()
	answer := f.c.Do(r)
	got := answer.JSON()
	if answer.Status != status || got["success"] != (status < 300) {
		f.t.Fatalf("%s %s: %d, want %d\n%s", r.Method, r.Path, answer.Status, status, answer.Body)
	}
	f.has(got, members...)
	return got
}

// has wants members, null or not.
func (f flaskClient) has(object any, members ...string) body {
	f.t.Helper()
	got, ok := object.(body)
	if !ok {
		f.t.Fatalf("no object: %v", object)
	}
	for _, name := range members {
		if _, ok := got[name]; !ok {
			f.t.Errorf("there is no %s in %v", name, got)
		}
	}
	return got
}

// says wants a refusal whose message begins so.
func (f flaskClient) says(r testkit.Request, status int, message string) {
	f.t.Helper()
	if got, _ := f.do(r, status)["message"].(string); !strings.HasPrefix(got, message) {
		f.t.Errorf("%s: %q, want %q", r.Path, got, message)
	}
}

// one finds an object of a list by a member.
func (f flaskClient) one(list any, name, value string) body {
	f.t.Helper()
	all, ok := list.([]any)
	if i := slices.IndexFunc(all, func(o any) bool { return o.(body)[name] == value }); ok && i >= 0 {
		return all[i].(body)
	}
	f.t.Fatalf("nothing has the %s %s: %v", name, value, list)
	return nil
}

// TestTheAdministrationOfTheFlaskService is a day of an administrator whose client was written for the Flask service.
func TestTheAdministrationOfTheFlaskService(t *testing.T) {
	t.Parallel()
	f := flaskClient{newFleet(t, testkit.Embedded), t}
	admin, user, stranger := f.admin.token, f.person(t), f.person(t)

	fresh := body{"name": "Invoice Service", "description": "Invoices", "api_version": 2} // what is unknown is ignored on these routes
	made := f.do(post("/api/roles/services", admin, fresh), 201, "service_id", "service")
	service := made["service_id"].(string)
	f.says(post("/api/roles/services", admin, body{"description": "Invoices"}), 400, "name is required")
	f.do(post("/api/roles/services", admin, body{"name": "Invoice Service"}), 409, "message")
	f.do(post("/api/roles/services", "", body{"name": "Another"}), 401, "message")
	f.do(post("/api/roles/services", user.token, body{"name": "Another"}), 403, "message")
	f.do(put("/api/roles/services/"+service, admin, body{"description": "Invoices and payments", "is_active": true}), 200, "service")
	listed := f.one(f.do(get("/api/roles/services", admin), 200)["services"], "name", "Invoice Service")
	if f.has(listed, "id", "is_active", "created_at", "updated_at"); listed["id"] != service || listed["description"] != "Invoices and payments" {
		t.Errorf("listed: %v", listed)
	}
	f.one(f.do(get("/api/roles/services/", admin), 200)["services"], "name", "auth_service")

	permission := f.permission(service, "invoice:read")
	f.permission(service, "invoice:write")
	f.has(f.one(f.do(get("/api/roles/permissions", admin), 200)["permissions"], "name", "invoice:read"), "id", "description", "service_id")

	front := body{"name": "clerk", "description": "Front office", "permissions": []string{permission}}
	role := f.do(post("/api/roles/service/"+service, admin, front), 201, "role")["role_id"].(string)
	f.says(post("/api/roles/service/"+service, admin, body{"permissions": []string{}}), 400, "name is required")
	f.do(post("/api/roles/service/"+newID(), admin, body{"name": "clerk"}), 404, "message")
	f.do(put("/api/roles/"+role, admin, body{"name": "clerk", "permissions": []string{"invoice:read", "invoice:write"}}), 200, "role")
	clerk := f.one(f.do(get("/api/roles/service/"+service, admin), 200)["roles"], "id", role)
	if f.has(clerk, "name", "description", "service_id", "is_default"); len(clerk["permissions"].([]any)) != 2 || clerk["description"] != "Front office" {
		t.Errorf("role: %v", clerk)
	}

	path := assignment(user.ID, service, role)
	f.do(post(path, admin, nil), 201, "message")
	again := post(path, admin, nil)
	again.Header = http.Header{"Content-Type": {"application/json"}}
	f.do(again, 200, "message")
	held := f.one(f.do(get("/api/roles/user/"+user.ID+"/service/"+service, admin), 200)["roles"], "role_id", role)
	f.has(held, "id", "role_name", "user_id", "service_id", "service_name", "assigned_at", "created_at", "expires_at")
	if held["role_name"] != "clerk" || held["user_id"] != user.ID || held["service_id"] != service || held["service_name"] != "Invoice Service" ||
		held["expires_at"] != nil {
		t.Errorf("held: %v", held)
	}
	mine := f.do(get("/api/roles/services/user", user.token), 200)["services"].([]any)
	if !slices.ContainsFunc(mine, func(s any) bool {
		service, _ := s.(body)["service"].(body)
		return service["name"] == "Invoice Service" && len(s.(body)["roles"].([]any)) == 1 && len(s.(body)["permissions"].([]any)) == 2
	}) {
		t.Errorf("the user's services: %v", mine)
	}

	now := f.Clock.Now()
	tokens := map[string]body{}
	for name, end := range map[string]struct {
		more body
		at   time.Time
	}{
		"for good":   {body{}, time.Time{}},
		"at a time":  {body{"expires_at": now.Add(48 * time.Hour).Format(time.RFC3339)}, now.Add(48 * time.Hour)},
		"in days":    {body{"expires_in_days": 30}, now.AddDate(0, 0, 30)},
		"in seconds": {body{"expires_in": 3600}, now.Add(time.Hour)},
	} {
		answer := f.do(post("/api/tokens/", admin, with(body{"service_id": service, "name": name}, end.more)), 201)
		data := f.has(answer["token_data"], "token", "id", "name", "service_id", "prefix", "scopes", "is_active", "expires_at", "created_at", "created_by")
		if data["name"] != name || data["service_id"] != service || data["is_active"] != true || data["created_by"] != f.admin.ID ||
			!about(data["expires_at"], end.at) {
			t.Errorf("%s: %v", name, data)
		}
		tokens[name] = data
	}
	f.says(post("/api/tokens", admin, body{}), 400, "service_id is required; name is required")
	f.says(post("/api/tokens", admin, body{"service_id": newID(), "name": "x"}), 404, "Service not found")
	f.do(post("/api/tokens", stranger.token, body{"service_id": service, "name": "x"}), 403, "message")

	text := tokens["in days"]["token"].(string)
	for _, r := range []testkit.Request{
		{Path: "/api/tokens/validate", Bearer: text},
		{Path: "/api/tokens/validate", Header: http.Header{"X-App-Token": {text}}},
	} {
		answer := f.do(r, 200)
		of := f.has(answer["service"], "id", "name")
		token := f.has(answer["token"], "id", "name", "scopes", "expires_at")
		want := tokens["in days"]
		if of["id"] != service || of["name"] != "Invoice Service" || token["id"] != want["id"] || token["expires_at"] != want["expires_at"] {
			t.Errorf("validated: %v", answer)
		}
	}
	f.says(get("/api/tokens/validate", ""), 401, "Missing ")
	f.says(get("/api/tokens/validate", "not-a-token"), 401, "Invalid ")
	f.says(testkit.Request{Path: "/api/tokens/validate", Header: http.Header{"X-App-Token": {"not-a-token"}}}, 401, "Invalid ")

	all := f.do(get("/api/tokens/service/"+service, admin), 200)["tokens"]
	for name, data := range tokens {
		token := f.has(f.one(all, "id", data["id"].(string)), "name", "service_id", "is_active", "expires_at", "created_at", "created_by",
			"last_used_at", "last_used", "use_count")
		if _, shown := token["token"]; shown || token["name"] != name || token["creator_active"] != true {
			t.Errorf("listed: %v", token)
		}
	}
	f.says(get("/api/tokens/service/"+newID(), admin), 404, "Service not found")

	stats := f.do(get("/api/auth/sessions/stats", admin), 200)
	if n, ok := stats["active_sessions"].(float64); !ok || n < 1 {
		t.Errorf("statistics: %v", stats)
	}
	f.has(stats, "users_with_sessions")
	f.do(get("/api/auth/sessions/stats", user.token), 403, "message")

	token := "/api/tokens/" + tokens["in days"]["id"].(string)
	f.do(testkit.Request{Method: http.MethodPost, Path: token + "/revoke", Bearer: admin}, 200, "message")
	f.says(get("/api/tokens/validate", text), 401, "Invalid ")
	if revoked := f.one(f.do(get("/api/tokens/service/"+service+"/", admin), 200)["tokens"], "name", "in days"); revoked["is_active"] != false {
		t.Errorf("revoked: %v", revoked)
	}
	f.says(post("/api/tokens/"+newID()+"/revoke", admin, body{}), 404, "Token not found")
	f.do(del(token, admin), 200, "message")
	f.says(del(token, admin), 404, "Token not found")
	f.says(get("/api/tokens/validate", tokens["for good"]["token"].(string)+"x"), 401, "Invalid ")

	f.do(del(path, admin), 200, "message")
	f.do(del(path, admin), 404, "message")
	f.do(del("/api/roles/"+role, admin), 200, "message")
	f.do(del("/api/roles/"+role, admin), 404, "message")
	f.do(del("/api/roles/services/"+service, admin), 200, "message")
	f.do(del("/api/roles/services/"+service, admin), 404, "message")
	f.says(get("/api/tokens/validate", tokens["for good"]["token"].(string)), 401, "Invalid ")
	if n := len(f.record.Events(domain.EventServiceDeleted, service)); n != 1 {
		t.Errorf("%d events", n)
	}
}

// about compares a time of an answer with one that the client reckoned.
func about(got any, want time.Time) bool {
	if want.IsZero() {
		return got == nil
	}
	text, _ := got.(string)
	at, err := time.Parse(time.RFC3339, text)
	return err == nil && at.Sub(want).Abs() < time.Minute
}
