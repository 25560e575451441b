package e2e_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/test/testkit"
)

// twin is one of two services that are alike but for their ids and keys.
type twin struct {
	service, key, name               string
	role, permission, grant          string // ids
	admin, member                    person
	token                            appToken
	clientToken, ownToken, userToken string // access tokens: of its account for the platform and for itself, of its member for it
}

// twin makes a service with a role, a permission, an application token, a member and an administrator, whose names are those of the other.
// Its account administrates it too.
func (f *fleet) twin(t *testing.T, key string) twin {
	t.Helper()
	x := twin{service: f.service(key), key: key, name: "The " + key, member: f.person(t)}
	x.permission = f.permission(x.service, "invoice:read")
	x.role = f.role(x.service, "clerk", []string{"invoice:read"})
	f.assign(x.member.ID, x.service, x.role)
	x.admin = f.administrator(t, x.service)
	account := "/api/roles/service-account/" + key + "/service/" + key + "/role/" + f.roleNamed(t, x.service, "admin")
	f.c.Do(post(account, f.admin.token, nil)).Want(http.StatusCreated, "")
	x.grant = values(list(f.c.Do(get("/api/roles/service/"+key+"/role/"+x.role+"/assignments", x.admin.token)), "assignments"), "id")[0]
	f.c.Do(send(http.MethodPatch, "/api/auth/me", x.member.token, body{"first_name": "Ada"})).Want(http.StatusOK, "")
	x.token = tokenIn(f.c.Do(post("/api/tokens", x.admin.token, body{"service_id": key, "name": "CI"})).Want(http.StatusCreated, ""))
	x.clientToken = f.c.Do(asking(key, x.token.text)).Want(http.StatusOK, "").Text("access_token")
	x.ownToken = f.c.Do(asking(key, x.token.text, "service="+key)).Want(http.StatusOK, "").Text("access_token")
	x.userToken = f.c.Do(login(with(credentials(x.member.Account), body{"service": key}))).Want(http.StatusOK, "").Text("access_token")
	return x
}

// uncovered are the routes of what belongs to services that no request is for.
func uncovered(routes []string, requests []testkit.Request) []string {
	parameter := regexp.MustCompile(`\{\w+\}`)
	return slices.DeleteFunc(slices.Clone(routes), func(route string) bool {
		method, path, _ := strings.Cut(route, " ")
		if !parameter.MatchString(path) || !strings.HasPrefix(path, "/api/roles/") && !strings.HasPrefix(path, "/api/tokens/") {
			return true
		}
		form := regexp.MustCompile("^" + parameter.ReplaceAllString(path, `([0-9a-f-]{36}|alpha|beta)`) + `(\?.*)?$`)
		return slices.ContainsFunc(requests, func(r testkit.Request) bool {
			return (r.Method == method || r.Method == "" && method == http.MethodGet) && form.MatchString(r.Path)
		})
	})
}

// nobodys is a twin that is not there.
func nobodys() twin {
	return twin{
		service: newID(), key: "nowhere", name: "The nowhere", role: newID(), permission: newID(), token: appToken{id: newID()},
		member: person{Account: testkit.Account{ID: newID()}},
	}
}

// aboutAnother are calls of somebody who looks after one service, about the things of another.
func aboutAnother(own, x twin) []testkit.Request {
	const services, roles, permissions, tokens = "/api/roles/services/", "/api/roles/service/", "/api/roles/permissions", "/api/tokens"
	said := body{"description": "Said"}
	question := func(user, service string) body {
		return body{"user_id": user, "service": service, "permission": "invoice:read"}
	}
	account := func(holder, at, role string) string {
		return "/api/roles/service-account/" + holder + "/service/" + at + "/role/" + role
	}
	var all []testkit.Request
	for _, ref := range []string{x.service, x.key} { // by id and by key
		all = append(
			all,
			get(services+ref, ""), put(services+ref, "", said), put(services+ref, "", body{"is_active": false}), del(services+ref, ""),
			get(roles+ref, ""), post(roles+ref, "", body{"name": "clerk"}),
			get(permissions+"?service_id="+ref, ""), post(permissions, "", body{"service_id": ref, "name": "invoice:read"}),
			get("/api/roles/user/"+own.member.ID+"/service/"+ref, ""), get("/api/roles/user/"+x.member.ID+"/service/"+ref, ""),
			post(assignment(own.member.ID, ref, x.role), "", nil), del(assignment(x.member.ID, ref, x.role), ""), post(assignment(own.member.ID, ref, own.role), "", nil),
			get("/api/roles/service-account/"+ref+"/service/"+ref, ""), get("/api/roles/service-account/"+own.key+"/service/"+ref, ""),
			post(account(own.key, ref, x.role), "", nil), del(account(ref, ref, x.role), ""),
			get(roles+ref+"/assignments", ""), get(roles+ref+"/role/"+x.role+"/assignments", ""),
			post(roles+ref+"/role/"+x.role+"/assignments", "", body{"user_ids": []string{own.member.ID}}),
			post(tokens, "", body{"service_id": ref, "name": "CI"}), get(tokens+"/service/"+ref, ""), get(tokens+"/service/"+ref+"/usage", ""),
			get("/api/audit?service="+ref, ""),
		)
	}
	for _, ref := range []string{x.service, x.key, x.name} { // questions also take the name
		all = append(
			all,
			post("/api/authz/check", "", body{"checks": []body{question(own.member.ID, own.key), question(x.member.ID, ref)}}),
			post("/api/authz/explain", "", question(own.member.ID, ref)),
			get("/api/roles/user/"+own.member.ID+"/permissions?service="+url.QueryEscape(ref), ""),
		)
	}
	return append(
		all,
		get("/api/roles/"+x.role, ""), put("/api/roles/"+x.role, "", said), del("/api/roles/"+x.role, ""), del("/api/roles/"+x.role+"?force=true", ""),
		put("/api/roles/"+own.role, "", body{"includes": []string{x.role}}), put("/api/roles/"+own.role, "", body{"permissions": []string{x.permission}}),
		post(roles+own.key, "", body{"name": "more", "includes": []string{x.role}}), post(roles+own.key, "", body{"name": "more", "permissions": []string{x.permission}}),
		put(permissions+"/"+x.permission, "", said), del(permissions+"/"+x.permission, ""), del(permissions+"/"+x.permission+"?force=true", ""),
		// One part of the path is their own, which must not open the other (AZ-2).
		post(assignment(own.member.ID, own.service, x.role), "", nil), del(assignment(own.member.ID, own.service, x.role), ""),
		del(assignment(x.member.ID, own.service, own.role), ""),
		post(account(own.key, own.key, x.role), "", nil), del(account(own.key, own.key, x.role), ""), del(account(x.key, own.key, own.role), ""),
		get(roles+own.service+"/role/"+x.role+"/assignments", ""),
		post(roles+own.service+"/role/"+x.role+"/assignments", "", body{"user_ids": []string{own.member.ID}}),
		get(tokens+"/service/"+own.key+"/usage?token_id="+x.token.id, ""),
		get(tokens+"/"+x.token.id, ""), send(http.MethodPatch, tokens+"/"+x.token.id, "", body{"name": "Theirs"}),
		post(tokens+"/"+x.token.id+"/revoke", "", nil), post(tokens+"/"+x.token.id+"/rotate", "", nil), del(tokens+"/"+x.token.id, ""),
		get("/api/roles/user/"+x.member.ID, ""), get("/api/users/"+x.member.ID, ""), get("/api/users/"+x.member.ID+"/sessions", ""), del("/api/users/"+x.member.ID, ""),
	)
}

// TestTwins is about two services alike (AZ-2, AZ-7): what belongs to the one is for those of the other as if it were not there.
func TestTwins(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	f := newFleet(t, testkit.Embedded)
	theirs, own := f.twin(t, "alpha"), f.twin(t, "beta")
	both := f.person(t)
	f.assign(both.ID, theirs.service, theirs.role)
	f.assign(both.ID, own.service, own.role)
	before := f.belongings(theirs)
	if missing := uncovered(f.Routes(), aboutAnother(own, theirs)); len(missing) > 0 {
		t.Errorf("nobody asks for another's things by %v", missing)
	}
	ofBeta := map[string]string{"administrator": own.admin.token, "account": own.clientToken, "application token": own.token.text}

	for name, bearer := range ofBeta {
		t.Run("the other's "+name+" hears of a service's things what is heard of invented ones", func(t *testing.T) {
			f := f.in(t)
			invented := aboutAnother(own, nobodys())
			for i, request := range aboutAnother(own, theirs) {
				request.Bearer, invented[i].Bearer = bearer, bearer
				got, want := f.c.Do(request), f.c.Do(invented[i])
				if got.Status != http.StatusForbidden && got.Status != http.StatusNotFound {
					t.Errorf("%s %s %v: %d %s", request.Method, request.Path, request.Body, got.Status, got.Body)
				}
				if diff := cmp.Diff(anonymized(want), anonymized(got)); diff != "" || got.Status != want.Status {
					t.Errorf("%s %s %v (-invented +there):\n%s", request.Method, request.Path, request.Body, diff)
				}
			}
		})
	}
	for _, name := range []string{"administrator", "account"} {
		t.Run("no list of the other's "+name+" has any of it", func(t *testing.T) {
			f := f.in(t)
			for path, marker := range ownLists(own, theirs, both) {
				text := string(f.c.Do(get(path, ofBeta[name])).Want(http.StatusOK, "").Body)
				if !strings.Contains(text, marker) {
					t.Errorf("%s does not list %s: %s", path, marker, text)
				}
				for _, secret := range []string{
					theirs.service, theirs.key, theirs.role, theirs.permission, theirs.grant, theirs.token.id, theirs.member.ID, theirs.admin.ID,
				} {
					if strings.Contains(text, secret) {
						t.Errorf("%s lists %s: %s", path, secret, text)
					}
				}
			}
		})
	}
	t.Run("the other learns of its tokens nothing, and ends none (RFC 7662 §4, RFC 7009 §2.1)", func(t *testing.T) {
		f := f.in(t)
		clients := map[string]func(path, token string) testkit.Request{
			"by its secret": func(path, token string) testkit.Request { return form(path, own.key, own.token.text, "token="+token) },
		}
		for _, name := range []string{"account", "application token"} {
			clients["by its "+name] = func(path, token string) testkit.Request {
				r := form(path, "", "", "token="+token)
				r.Bearer = ofBeta[name]
				return r
			}
		}
		for name, ask := range clients {
			for _, token := range []string{theirs.token.text, theirs.clientToken, theirs.ownToken, theirs.userToken, theirs.admin.token} {
				if got := f.c.Do(ask("introspect", token)).Want(http.StatusOK, ""); strings.TrimSpace(string(got.Body)) != `{"active":false}` {
					t.Errorf("%s: %s", name, got.Body)
				}
				f.c.Do(ask("revoke", token)).Want(http.StatusOK, "")
			}
		}
		for _, token := range []string{theirs.token.text, theirs.ownToken, theirs.userToken} {
			if got := f.c.Do(form("introspect", theirs.key, theirs.token.text, "token="+token)); got.JSON()["active"] != true {
				t.Errorf("it has ended: %s", got.Body)
			}
		}
		there, invented := f.c.Do(asking(own.key, own.token.text, "audience="+theirs.key)), f.c.Do(asking(own.key, own.token.text, "audience=nowhere"))
		if diff := cmp.Diff(anonymized(invented), anonymized(there)); diff != "" || there.Status != http.StatusBadRequest {
			t.Errorf("asked for a token for it (-invented +there):\n%s", diff)
		}
		f.c.Do(asking(theirs.key, own.token.text)).Want(http.StatusUnauthorized, "")
	})
	if diff := cmp.Diff(before, f.belongings(theirs)); diff != "" {
		t.Errorf("it has changed (-before +after):\n%s", diff)
	}
}

// ownLists are the lists that somebody who looks after a service may see, and what is in each of them.
func ownLists(own, theirs twin, both person) map[string]string {
	const service, user = "/api/roles/service/beta", "/api/roles/user/"
	none := `[]`
	return map[string]string{
		"/api/roles/services":                                           own.service,
		"/api/roles/services?limit=200":                                 own.service,
		"/api/roles/services/user":                                      own.service,
		"/api/roles/permissions":                                        own.permission,
		"/api/roles/permissions?search=invoice":                         own.permission,
		service:                                                         own.role,
		"/api/roles/" + own.role:                                        "invoice:read",
		service + "/assignments":                                        own.grant,
		service + "/role/" + own.role + "/assignments":                  own.grant,
		user + both.ID + "/service/beta":                                own.role,
		user + both.ID + "/permissions":                                 "beta/invoice:read",
		user + theirs.member.ID + "/permissions":                        none,
		user + theirs.member.ID + "/service/beta":                       none,
		"/api/roles/service-account/beta/service/beta":                  own.service,
		"/api/tokens/service/beta":                                      own.token.id,
		"/api/tokens/service/beta/usage":                                own.token.id,
		"/api/audit?service=beta&limit=200":                             own.role,
		"/api/audit?service=beta&subject=" + theirs.role:                none,
		"/api/audit?service=beta&actor=" + theirs.admin.ID:              none,
		"/api/audit?service=" + own.service + "&type=grant.*&limit=200": both.ID,
	}
}

// belongings is what a service has, as the platform sees it.
func (f *fleet) belongings(x twin) []any {
	var all []any
	for _, path := range []string{
		"/api/roles/services/" + x.key, "/api/roles/service/" + x.key, "/api/roles/permissions?service_id=" + x.key, "/api/roles/service/" + x.key + "/assignments",
	} {
		all = append(all, f.c.Do(get(path, f.admin.token)).Want(http.StatusOK, "").JSON())
	}
	for _, token := range list(f.c.Do(get("/api/tokens/service/"+x.key, f.admin.token)), "tokens") {
		all = append(all, []any{token["id"], token["name"], token["is_active"], len(token["secrets"].([]any))})
	}
	return all
}

// anonymized is an answer without the id of its request.
func anonymized(r testkit.Response) body {
	b := r.JSON()
	delete(b, "request_id")
	return b
}
