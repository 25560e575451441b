package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

func TestTheLifeOfAnApplicationToken(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		l := newLandscape(t, testkit.Options{Backends: b})
		shop, _ := l.service(t, "shop", "order:read")
		l.heard(t)
		made := l.c.Do(l.creating(l.admin, string(shop.ID), nil)).Want(http.StatusCreated, "")
		data := made.JSON()["token_data"].(testkit.Object)
		token := tokenIn(made)
		if data["scopes"] != nil || data["is_active"] != true || data["expires_at"] != nil || data["name"] != "CI" || data["creator_active"] != true ||
			!strings.HasPrefix(token.text, data["prefix"].(string)) || data["service_id"] != string(shop.ID) {
			t.Errorf("made: %s", made.Body)
		}

		for name, request := range map[string]testkit.Request{
			"as bearer":      validating(token.text),
			"in X-App-Token": {Path: "/api/tokens/validate", Header: http.Header{"X-App-Token": {token.text}}},
			"in both":        {Path: "/api/tokens/validate", Bearer: token.text, Header: http.Header{"X-App-Token": {token.text}}},
		} {
			answer := l.c.Do(request).Want(http.StatusOK, "")
			if answer.Text("service.key") != "shop" || answer.Text("token.id") != token.id || strings.Contains(string(answer.Body), token.text[20:]) {
				t.Errorf("%s: %s", name, answer.Body)
			}
		}

		patch := testkit.Request{
			Method: http.MethodPatch, Path: "/api/tokens/" + token.id, Bearer: l.admin,
			Body: testkit.Object{"name": "  Deployment   of the\u00a0shop ", "scopes": []string{"shop/order:read"}, "expires_at": l.Clock.Now().Add(48 * time.Hour)},
		}
		patched := l.c.Do(patch).Want(http.StatusOK, "")
		if patched.Text("token_data.name") != "Deployment of the shop" || patched.JSON()["warnings"] == nil {
			t.Errorf("patched: %s", patched.Body) // the account holds nothing of what the scope names
		}
		if got := l.c.Do(validating(token.text)).Want(http.StatusOK, "").JSON()["token"].(testkit.Object)["scopes"]; len(got.([]any)) != 1 {
			t.Errorf("scopes %v", got)
		}

		rotate := testkit.Request{Path: "/api/tokens/" + token.id + "/rotate", Bearer: l.admin, Body: testkit.Object{"overlap": 3600}}
		rotated := l.c.Do(rotate).Want(http.StatusCreated, "")
		newer := tokenIn(rotated)
		l.c.Do(rotate).Want(http.StatusConflict, "rotation_pending")
		if ends := rotated.Text("token_data.previous_expires_at"); newer.id != token.id || newer.text == token.text || ends == "" {
			t.Errorf("rotated: %s", rotated.Body)
		}
		l.c.Do(validating(token.text)).Want(http.StatusOK, "")
		l.c.Do(validating(newer.text)).Want(http.StatusOK, "")
		l.Move(time.Hour)
		l.c.Do(validating(token.text)).Want(http.StatusUnauthorized, "token_invalid")
		l.c.Do(validating(newer.text)).Want(http.StatusOK, "")

		l.admin = l.login(t, l.holder(t, domain.RoleTokenManager))
		listed := l.c.Do(testkit.Request{Path: "/api/tokens/service/shop", Bearer: l.admin}).Want(http.StatusOK, "")
		if tokens := listed.JSON()["tokens"].([]any); len(tokens) != 1 || len(tokens[0].(testkit.Object)["secrets"].([]any)) != 1 ||
			strings.Contains(string(listed.Body), `"token":`) || strings.Contains(string(listed.Body), newer.text[20:]) {
			t.Errorf("listed: %s", listed.Body)
		}

		revoke := testkit.Request{Method: http.MethodPost, Path: "/api/tokens/" + token.id + "/revoke", Bearer: l.admin}
		l.c.Do(revoke).Want(http.StatusOK, "")
		l.c.Do(revoke).Want(http.StatusOK, "") // again
		l.c.Do(validating(newer.text)).Want(http.StatusUnauthorized, "token_invalid")
		rotate.Bearer, patch.Bearer = l.admin, l.admin
		l.c.Do(rotate).Want(http.StatusConflict, "token_ended")
		l.c.Do(patch).Want(http.StatusConflict, "token_ended")
		got := l.c.Do(testkit.Request{Path: "/api/tokens/" + token.id, Bearer: l.admin}).Want(http.StatusOK, "")
		if got.Text("token_data.revoked_at") == "" || got.JSON()["token_data"].(testkit.Object)["is_active"] != false {
			t.Errorf("revoked: %s", got.Body)
		}

		gone := testkit.Request{Method: http.MethodDelete, Path: "/api/tokens/" + token.id, Bearer: l.admin}
		l.c.Do(gone).Want(http.StatusOK, "")
		l.c.Do(gone).Want(http.StatusNotFound, "not_found")
		for _, kind := range []domain.EventType{
			domain.EventAppTokenCreated, domain.EventAppTokenUpdated, domain.EventAppTokenRotated, domain.EventAppTokenRevoked, domain.EventAppTokenDeleted,
		} {
			events := l.record.Events(kind, token.id)
			if len(events) != 1 || events[0].ServiceID != shop.ID || events[0].Details["prefix"] == "" {
				t.Errorf("%s: %+v", kind, events)
			}
		}
	})
}

func TestWhatAnApplicationTokenIsRefusedFor(t *testing.T) {
	t.Parallel()
	l := newLandscape(t, testkit.Options{})
	shop, shopAdmin := l.service(t, "shop", "order:read")
	other, otherAdmin := l.service(t, "other")
	own := l.holder(t, shopAdmin)
	foreign := l.holder(t, otherAdmin)
	keeper, stranger, user := l.login(t, own), l.login(t, foreign), l.login(t, l.holder(t))
	token := l.appToken(t, shop, nil)
	l.appToken(t, other, nil)
	now := l.Clock.Now()
	of := func(method, tail, bearer string, body any) testkit.Request {
		return testkit.Request{Method: method, Path: "/api/tokens/" + tail, Bearer: bearer, Body: body}
	}
	for name, row := range map[string]struct {
		request testkit.Request
		outcome string
		field   string
	}{
		"nobody":                              {l.creating("", "shop", nil), "401 token_missing", ""},
		"a user, whatever the service":        {l.creating(user, "nothing", nil), "403 forbidden", ""},
		"a user, whatever the token":          {of(http.MethodGet, freshID[string](), user, nil), "403 forbidden", ""},
		"another service's administrator":     {l.creating(stranger, "shop", nil), "404 not_found", "service_id"},
		"their look at a token":               {of(http.MethodGet, token.id, stranger, nil), "404 not_found", ""},
		"their rotation":                      {of(http.MethodPost, token.id+"/rotate", stranger, nil), "404 not_found", ""},
		"their revocation":                    {of(http.MethodPost, token.id+"/revoke", stranger, nil), "404 not_found", ""},
		"their deletion":                      {of(http.MethodDelete, token.id, stranger, nil), "404 not_found", ""},
		"their patch":                         {of(http.MethodPatch, token.id, stranger, testkit.Object{"name": "x"}), "404 not_found", ""},
		"their list":                          {of(http.MethodGet, "service/shop", stranger, nil), "404 not_found", ""},
		"their look at use":                   {of(http.MethodGet, "service/shop/usage", stranger, nil), "404 not_found", ""},
		"use of another's token by one's own": {of(http.MethodGet, "service/other/usage?token_id="+token.id, stranger, nil), "404 not_found", ""},
		"an invented token":                   {of(http.MethodGet, freshID[string](), stranger, nil), "404 not_found", ""},
		"no id":                               {of(http.MethodGet, "x", keeper, nil), "404 not_found", ""},
		"a service by its name":               {l.creating(l.admin, "The shop", nil), "404 not_found", "service_id"},
		"the platform":                        {l.creating(l.admin, "auth_service", nil), "409 platform_service", ""},
		"no name":                             {l.creating(keeper, "shop", testkit.Object{"name": " "}), "400 invalid_request", "name"},
		"an id for a name":                    {l.creating(keeper, "shop", testkit.Object{"name": freshID[string]()}), "400 invalid_request", "name"},
		"a long name":                         {l.creating(keeper, "shop", testkit.Object{"name": strings.Repeat("x", 101)}), "400 invalid_request", "name"},
		"an end that has passed":              {l.creating(keeper, "shop", testkit.Object{"expires_at": now.Add(-time.Hour)}), "400 invalid_request", "expires_at"},
		"an end that a client never set":      {l.creating(keeper, "shop", testkit.Object{"expires_at": time.Time{}}), "400 invalid_request", "expires_at"},
		"an end without its zone":             {l.creating(keeper, "shop", testkit.Object{"expires_at": "2027-01-01T00:00:00"}), "400 invalid_request", "expires_at"},
		"an end in eleven years":              {l.creating(keeper, "shop", testkit.Object{"expires_at": now.AddDate(11, 0, 0)}), "400 invalid_request", "expires_at"},
		"no days":                             {l.creating(keeper, "shop", testkit.Object{"expires_in_days": 0}), "400 invalid_request", "expires_in_days"},
		"too many days":                       {l.creating(keeper, "shop", testkit.Object{"expires_in_days": 3651}), "400 invalid_request", "expires_in_days"},
		"seconds beyond all":                  {l.creating(keeper, "shop", testkit.Object{"expires_in": 1 << 62}), "400 invalid_request", "expires_in"},
		"two ends":                            {l.creating(keeper, "shop", testkit.Object{"expires_in": 60, "expires_in_days": 1}), "400 invalid_request", "expires_in"},
		"a list of scopes that came out empty (CUDly#1301)": {l.creating(keeper, "shop", testkit.Object{"scopes": []string{}}), "400 invalid_request", "scopes"},
		"a scope without a service":                         {l.creating(keeper, "shop", testkit.Object{"scopes": []string{"order:read"}}), "400 invalid_request", "scopes[0]"},
		"the id of a scope's service":                       {l.creating(l.admin, "shop", testkit.Object{"scopes": []string{string(shop.ID) + "/order:read"}}), "400 invalid_request", "scopes[0]"},
		"a scope at no service":                             {l.creating(keeper, "shop", testkit.Object{"scopes": []string{"shop/*:*", "nothing/*:*"}}), "404 not_found", "scopes[1]"},
		"a scope of no permission":                          {l.creating(keeper, "shop", testkit.Object{"scopes": []string{"shop/order:write"}}), "404 not_found", "scopes[0]"},
		"an overlap of months":                              {of(http.MethodPost, token.id+"/rotate", keeper, testkit.Object{"overlap": 2592001}), "400 invalid_request", "overlap"},
		"a negative overlap":                                {of(http.MethodPost, token.id+"/rotate", keeper, testkit.Object{"overlap": -1}), "400 invalid_request", "overlap"},
		"a supersede of its own":                            {of(http.MethodPost, token.id+"/rotate", keeper, testkit.Object{"supersede": "both"}), "400 invalid_request", "supersede"},
		"an unknown member":                                 {of(http.MethodPatch, token.id, keeper, testkit.Object{"service_id": "other"}), "400 invalid_request", ""},
		"use of a month of all tokens":                      {of(http.MethodGet, "service/shop/usage?since="+now.AddDate(0, 0, -8).Format(time.RFC3339), keeper, nil), "400 invalid_request", "since"},
		"use since no time":                                 {of(http.MethodGet, "service/shop/usage?since=yesterday", keeper, nil), "400 invalid_request", "since"},
		"the token itself, which must be exchanged":         {of(http.MethodGet, "service/shop", token.text, nil), "403 forbidden", ""},
		"a person's question by the token itself":           {testkit.Request{Path: "/api/auth/me", Bearer: token.text}, "403 forbidden", ""},
	} {
		t.Run(name, func(t *testing.T) {
			answer := l.in(t).c.Do(row.request)
			if answer.Outcome() != row.outcome {
				t.Fatalf("%s, want %s\n%s", answer.Outcome(), row.outcome, answer.Body)
			}
			if row.field != "" && !strings.Contains(string(answer.Body), `"field":"`+row.field+`"`) {
				t.Errorf("it is not about %s: %s", row.field, answer.Body)
			}
		})
	}
	l.c.Do(of(http.MethodGet, "service/shop/usage?token_id="+token.id+"&since="+now.AddDate(0, 0, -30).Format(time.RFC3339), keeper, nil)).Want(http.StatusOK, "")
}

func TestWhatIsNoApplicationTokenToValidate(t *testing.T) {
	t.Parallel()
	l := newLandscape(t, testkit.Options{})
	shop, _ := l.service(t, "shop")
	l.heard(t)
	short, token, off := l.appToken(t, shop, testkit.Object{"expires_in": 60}), l.appToken(t, shop, nil), l.appToken(t, shop, nil)
	for name, row := range map[string]struct {
		request testkit.Request
		outcome string
		says    string
	}{
		"nothing":                     {validating(""), "401 token_missing", "Missing"},
		"a user's access token":       {validating(l.admin), "401 token_invalid", "Invalid"},
		"a mistyped one":              {validating(token.text[:20] + flipped(token.text[20:21]) + token.text[21:]), "401 token_invalid", "Invalid"},
		"two that differ":             {testkit.Request{Path: "/api/tokens/validate", Bearer: token.text, Header: http.Header{"X-App-Token": {short.text}}}, "400 invalid_request", ""},
		"the same header twice":       {testkit.Request{Path: "/api/tokens/validate", Header: http.Header{"X-App-Token": {token.text, token.text}}}, "400 invalid_request", ""},
		"an access token in X-App-To": {testkit.Request{Path: "/api/tokens/validate", Header: http.Header{"X-App-Token": {l.admin}}}, "401 token_invalid", "Invalid"},
		"a token in the query":        {testkit.Request{Path: "/api/tokens/validate?token=" + token.text}, "401 token_missing", "Missing"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := l.in(t).c.Do(row.request)
			if answer.Outcome() != row.outcome || !strings.HasPrefix(answer.Text("message"), row.says) {
				t.Errorf("%s\n%s", answer.Outcome(), answer.Body)
			}
		})
	}
	l.c.Do(validating(short.text)).Want(http.StatusOK, "")
	l.Move(time.Minute)
	l.c.Do(validating(short.text)).Want(http.StatusUnauthorized, "token_invalid")

	l.c.Do(validating(off.text)).Want(http.StatusOK, "")
	l.turn(t, shop.ID, false)
	l.c.Do(validating(off.text)).Want(http.StatusUnauthorized, "token_invalid")
	l.turn(t, shop.ID, true)
	l.c.Do(validating(off.text)).Want(http.StatusOK, "")
}

// A token of an account that may administrate users makes an administrator of users of everybody who gets one.
func TestNobodyMintsWhatTheyAreNotCVE202663203(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	l := newLandscape(t, testkit.Options{})
	shop, shopAdmin := l.service(t, "shop")
	l.assign(t, shop.ID.Principal(), domain.RoleUserManager, time.Time{})
	manager, keeper := l.login(t, l.holder(t, domain.RoleTokenManager)), l.login(t, l.holder(t, shopAdmin))
	both := l.login(t, l.holder(t, domain.RoleTokenManager, domain.RoleUserManager))
	token := l.appToken(t, shop, nil)
	for name, bearer := range map[string]string{"a manager of tokens": manager, "the service's administrator": keeper} {
		for what, request := range map[string]testkit.Request{
			"mints":   l.creating(bearer, "shop", nil),
			"rotates": {Method: http.MethodPost, Path: "/api/tokens/" + token.id + "/rotate", Bearer: bearer},
			"patches": {Method: http.MethodPatch, Path: "/api/tokens/" + token.id, Bearer: bearer, Body: testkit.Object{"expires_at": nil}},
		} {
			if got := l.c.Do(request).Outcome(); got != "403 target_outranks" {
				t.Errorf("%s %s: %s", name, what, got)
			}
		}
	}
	l.c.Do(l.creating(both, "shop", nil)).Want(http.StatusCreated, "")
	l.c.Do(testkit.Request{Method: http.MethodPost, Path: "/api/tokens/" + token.id + "/revoke", Bearer: keeper}).Want(http.StatusOK, "")
}

func TestATokenEndsWithTheRightOfItsMaker(t *testing.T) {
	t.Parallel()
	l := newLandscape(t, testkit.Options{})
	shop, shopAdmin := l.service(t, "shop")
	ends := l.Clock.Now().Add(time.Hour)
	keeper := l.holder(t)
	l.assign(t, domain.PrincipalID(keeper.ID), shopAdmin, ends)
	access := l.login(t, keeper)
	made := l.c.Do(l.creating(access, "shop", nil)).Want(http.StatusCreated, "")
	if at, _ := time.Parse(time.RFC3339, made.Text("token_data.expires_at")); !at.Equal(ends) || !strings.Contains(string(made.Body), "expiry_capped") {
		t.Errorf("made: %s", made.Body)
	}
	earlier := l.c.Do(l.creating(access, "shop", testkit.Object{"expires_in": 60})).Want(http.StatusCreated, "")
	if earlier.JSON()["warnings"] != nil {
		t.Errorf("an earlier end: %s", earlier.Body)
	}
	l.c.Do(l.creating(access, "shop", testkit.Object{"expires_in": 7200})).Want(http.StatusForbidden, "forbidden")
	l.c.Do(l.creating(access, "shop", testkit.Object{"expires_at": nil})).Want(http.StatusForbidden, "forbidden")

	forGood := l.appToken(t, shop, nil)
	rotated := l.c.Do(testkit.Request{Method: http.MethodPost, Path: "/api/tokens/" + forGood.id + "/rotate", Bearer: access}).Want(http.StatusCreated, "")
	if at, _ := time.Parse(time.RFC3339, rotated.Text("token_data.expires_at")); !at.Equal(ends) {
		t.Errorf("rotated: %s", rotated.Body)
	}
}

func TestOfManyRotationsAtOnceOneGetsThrough(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		l := landscapeOf(t, testkit.Shared(t, b))
		shop, _ := l.service(t, "rotating")
		l.heard(t)
		token := l.appToken(t, shop, nil)
		answers := l.c.AtOnce(50, func(int) testkit.Request {
			return testkit.Request{Method: http.MethodPost, Path: "/api/tokens/" + token.id + "/rotate", Bearer: l.admin}
		})
		tally := testkit.Tally(answers)
		if tally["201"] != 1 || tally["409 rotation_pending"]+tally["503 unavailable"] != 49 {
			t.Errorf("%v", tally)
		}
		if n := l.record.Count("SELECT count(*) FROM app_token_secrets WHERE token_id = ?", token.id); n != 2 {
			t.Errorf("%d secrets", n)
		}
		for _, answer := range answers {
			if answer.Status == http.StatusCreated {
				l.c.Do(validating(tokenIn(answer).text)).Want(http.StatusOK, "")
			}
		}
		l.c.Do(validating(token.text)).Want(http.StatusOK, "")
	})
}

func TestAServiceHasAHundredTokensAtATime(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	l := newLandscape(t, testkit.Options{})
	shop, _ := l.service(t, "shop")
	l.heard(t)
	first := l.appToken(t, shop, nil)
	for range 90 {
		l.appToken(t, shop, nil)
	}
	tally := testkit.Tally(l.c.AtOnce(20, func(int) testkit.Request { return l.creating(l.admin, "shop", nil) })) // where it gets tight
	if tally["201"] != 9 || tally["409 limit_reached"] != 11 {
		t.Fatalf("%v", tally)
	}
	if got := l.c.Do(testkit.Request{Path: "/api/tokens/service/shop", Bearer: l.admin}).JSON()["tokens"].([]any); len(got) != 100 {
		t.Errorf("%d in the list", len(got))
	}
	l.c.Do(testkit.Request{Method: http.MethodDelete, Path: "/api/tokens/" + first.id, Bearer: l.admin}).Want(http.StatusOK, "")
	l.c.Do(l.creating(l.admin, "shop", nil)).Want(http.StatusCreated, "")
}

// The text of a token is shown once, and nothing that is stored opens anything (AT-1, authentik CVE-2024-52307).
func TestATokenIsNowhereButInItsAnswer(t *testing.T) {
	t.Parallel()
	l := newLandscape(t, testkit.Options{})
	shop, _ := l.service(t, "shop")
	l.heard(t)
	token := l.appToken(t, shop, nil)
	l.c.Do(validating(token.text)).Want(http.StatusOK, "")
	secret := strings.Split(token.text, "_")[2]
	for _, answer := range []testkit.Response{
		l.c.Do(testkit.Request{Path: "/api/tokens/" + token.id, Bearer: l.admin}),
		l.c.Do(testkit.Request{Path: "/api/tokens/service/shop", Bearer: l.admin}),
	} {
		if strings.Contains(string(answer.Body), secret) {
			t.Errorf("it is in %s", answer.Body)
		}
	}
	if strings.Contains(l.Log.String(), secret) {
		t.Error("it is in the log")
	}
	if n := l.record.Count("SELECT count(*) FROM app_token_secrets WHERE length(hash) = 32"); n != 1 {
		t.Errorf("%d hashes", n)
	}
}

func TestUseIsCountedToTheLast(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		l := newLandscape(t, testkit.Options{Backends: b})
		shop, _ := l.service(t, "shop")
		l.heard(t)
		used, idle := l.appToken(t, shop, nil), l.appToken(t, shop, nil)
		l.c.AtOnce(20, func(int) testkit.Request { return validating(used.text) })
		l.c.Do(testkit.Request{Path: "/api/auth/me", Bearer: used.text}).Want(http.StatusForbidden, "forbidden") // a use, too
		l.Restart()
		l.c = l.Client()
		usage := l.c.Do(testkit.Request{Path: "/api/tokens/service/shop/usage", Bearer: l.admin}).Want(http.StatusOK, "").JSON()["usage"].([]any)
		counts := map[string][2]float64{}
		for _, one := range usage {
			u := one.(testkit.Object)
			sum := 0.0
			for _, bucket := range u["buckets"].([]any) {
				sum += bucket.(testkit.Object)["count"].(float64)
			}
			counts[u["token_id"].(string)] = [2]float64{u["use_count"].(float64), sum}
		}
		if counts[used.id] != [2]float64{21, 21} || counts[idle.id] != [2]float64{} || len(counts) != 2 {
			t.Errorf("%v", counts)
		}
		got := l.c.Do(testkit.Request{Path: "/api/tokens/" + used.id, Bearer: l.admin}).Want(http.StatusOK, "")
		if got.Text("token_data.last_used_at") != got.Text("token_data.last_used") || got.Text("token_data.last_used_ip") != "127.0.0.1" {
			t.Errorf("%s", got.Body)
		}
	})
}

// Not parallel, like the other tests about time.
func TestTheEndOfAnApplicationTokenIsSeenByEveryReplica(t *testing.T) {
	l := newLandscape(t, testkit.Options{Backends: testkit.Production})
	replica := l.Replica(nil)
	settled(l.Server, replica)
	shop, _ := l.service(t, "shop")
	l.heard(t)
	c := replica.Client()
	for what, end := range map[string]func(token appToken){
		"a revocation": func(token appToken) {
			l.c.Do(testkit.Request{Method: http.MethodPost, Path: "/api/tokens/" + token.id + "/revoke", Bearer: l.admin}).Want(http.StatusOK, "")
		},
		"a deletion": func(token appToken) {
			l.c.Do(testkit.Request{Method: http.MethodDelete, Path: "/api/tokens/" + token.id, Bearer: l.admin}).Want(http.StatusOK, "")
		},
		"a rotation without overlap": func(token appToken) {
			rotate := testkit.Request{Path: "/api/tokens/" + token.id + "/rotate", Bearer: l.admin, Body: testkit.Object{"overlap": 0}}
			l.c.Do(rotate).Want(http.StatusCreated, "")
		},
		"a revocation by itself": func(token appToken) {
			l.c.Do(form("revoke", "shop", token.text, "token="+token.text)).Want(http.StatusOK, "")
		},
	} {
		token := l.appToken(t, shop, nil)
		access := l.c.Do(asking("shop", token.text)).Want(http.StatusOK, "").Text("access_token")
		jwt := testkit.Request{Path: "/api/auth/validate-jwt", Bearer: access}
		c.Do(validating(token.text)).Want(http.StatusOK, "") // remembered there
		c.Do(jwt).Want(http.StatusOK, "")
		end(token)
		begun := time.Now()
		for {
			asked := time.Since(begun)
			raw, derived := c.Do(validating(token.text)).Status, c.Do(jwt).Status
			if raw == http.StatusUnauthorized && (derived == http.StatusUnauthorized || what == "a rotation without overlap") {
				t.Logf("%s: seen after %s", what, time.Since(begun).Round(time.Millisecond))
				break
			}
			if asked > promise {
				t.Fatalf("%s: a replica answers %d and %d after %s", what, raw, derived, asked)
			}
		}
	}
}
