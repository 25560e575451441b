package e2e_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit"
)

// form is a request of /oauth2, with HTTP Basic unless the id is empty.
func form(path, id, secret string, fields ...string) testkit.Request {
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	if id != "" {
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret))))
	}
	return testkit.Request{Method: http.MethodPost, Path: "/oauth2/" + path, Header: header, Body: strings.Join(fields, "&")}
}

func asking(id, secret string, fields ...string) testkit.Request {
	return form("token", id, secret, append([]string{"grant_type=client_credentials"}, fields...)...)
}

// oauthOutcome is the status and the error: "400 invalid_scope".
func oauthOutcome(r testkit.Response) string {
	code, _ := r.JSON()["error"].(string)
	return strings.TrimSpace(fmt.Sprintf("%d %s", r.Status, code))
}

// clients is a landscape in which a shop may read what billing has, and do a little at the platform.
type clients struct {
	*landscape
	shop, billing domain.Service
	token         appToken // of the shop
	billingToken  appToken
}

func newClients(t *testing.T, b testkit.Backends) *clients {
	t.Helper()
	l := newLandscape(t, testkit.Options{Backends: b})
	c := &clients{landscape: l}
	c.shop, _ = l.service(t, "shop", "order:read")
	c.billing, _ = l.service(t, "billing", "invoice:read", "invoice:write", "payment:read")
	l.service(t, "vault", "secret:read")
	l.assign(t, c.shop.ID.Principal(), l.role(t, c.billing.ID, "clerk", "invoice:*"), time.Time{})
	l.assign(t, c.shop.ID.Principal(), domain.RolePlatformReader, time.Time{})
	l.heard(t)
	c.token, c.billingToken = l.appToken(t, c.shop, nil), l.appToken(t, c.billing, nil)
	return c
}

// access is a fresh access token of the shop.
func (c *clients) access(t *testing.T, fields ...string) string {
	t.Helper()
	return c.c.Do(asking("shop", c.token.text, fields...)).Want(http.StatusOK, "").Text("access_token")
}

func TestAServiceGetsAnAccessToken(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		c := newClients(t, b)
		answer := c.c.Do(asking("shop", c.token.text, "service=billing")).Want(http.StatusOK, "")
		if answer.Text("audience") != "billing" || answer.Text("scope") != "invoice:read invoice:write" || answer.Text("token_type") != "Bearer" ||
			answer.JSON()["expires_in"] != 900.0 || answer.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s", answer.Body)
		}
		header, claims := testkit.ReadToken(t, answer.Text("access_token"))
		want := testkit.Object{
			"iss": claims["iss"], "sub": string(c.shop.ID), "aud": "billing", "client_id": "shop", "kind": "service_account", "key": c.token.id,
			"roles": []any{"clerk"}, "permissions": []any{"invoice:read", "invoice:write"},
			"exp": claims["exp"], "iat": claims["iat"], "nbf": claims["iat"].(float64) - 5, "jti": claims["jti"], "pv": claims["pv"], "cs": claims["cs"],
		}
		if diff := cmp.Diff(want, claims); diff != "" || header["typ"] != "at+jwt" {
			t.Errorf("header %v, claims (-want +got):\n%s", header, diff)
		}

		for name, request := range map[string]testkit.Request{
			"by the id of the service": asking(string(c.shop.ID), c.token.text),
			"in the form":              asking("", "", "client_id=shop", "client_secret="+c.token.text),
			"with the id in both":      asking("shop", c.token.text, "client_id=shop"),
			"with what is unknown":     asking("shop", c.token.text, "foo=bar", "Client_Secret=x"),
			"by a URN":                 asking("shop", c.token.text, "resource="+url.QueryEscape("urn:signet:service:billing")),
			"by the audience's id":     asking("shop", c.token.text, "audience="+string(c.billing.ID)),
			"by three names of one":    asking("shop", c.token.text, "service=billing", "audience="+string(c.billing.ID), "resource="+url.QueryEscape("the BILLING")),
			"for itself":               asking("shop", c.token.text, "service=shop"),
			"by names":                 asking("shop", c.token.text, "service=billing", "scope=invoice:read+billing/invoice:write"),
		} {
			if got := c.c.Do(request); got.Status != http.StatusOK {
				t.Errorf("%s: %s", name, got.Body)
			}
		}

		one := c.c.Do(asking("shop", c.token.text, "service=billing", "scope=billing/invoice:read")).Want(http.StatusOK, "")
		_, claims = testkit.ReadToken(t, one.Text("access_token"))
		if one.Text("scope") != "invoice:read" || claims["scope"] != "invoice:read" || len(claims["permissions"].([]any)) != 1 || len(claims["roles"].([]any)) != 0 {
			t.Errorf("%s %v", one.Body, claims)
		}
		validated := c.c.Do(testkit.Request{Path: "/api/auth/validate-jwt", Bearer: one.Text("access_token")}).Want(http.StatusOK, "")
		if validated.Text("service.key") != "shop" || len(validated.JSON()["permissions"].([]any)) != 1 || validated.JSON()["user"] != nil {
			t.Errorf("%s", validated.Body) // what was asked for is all that it may do
		}
	})
}

func TestWhatATokenIsRefusedFor(t *testing.T) {
	t.Parallel()
	c := newClients(t, testkit.Embedded)
	user := c.login(t, c.holder(t))
	ask := func(fields ...string) testkit.Request { return asking("shop", c.token.text, fields...) }
	typed := ask()
	typed.Header.Set("Content-Type", "application/json")
	twice := ask()
	twice.Header["Authorization"] = append(twice.Header["Authorization"], twice.Header["Authorization"][0])
	bearer := asking("", "")
	bearer.Bearer = c.token.text
	for name, row := range map[string]struct {
		request testkit.Request
		want    string
	}{
		"JSON":                        {typed, "415 invalid_request"},
		"nothing":                     {form("token", "shop", c.token.text), "400 invalid_request"},
		"a parameter twice":           {ask("scope=a:b", "scope=a:b"), "400 invalid_request"},
		"no client":                   {asking("", ""), "401 invalid_client"},
		"a secret without a client":   {asking("", "", "client_secret="+c.token.text), "401 invalid_client"},
		"another client's name":       {asking("billing", c.token.text), "401 invalid_client"},
		"a name for a client":         {asking("The shop", c.token.text), "401 invalid_client"},
		"a wrong secret":              {asking("shop", c.token.text[:70]+"000000"), "401 invalid_client"},
		"an access token as a secret": {asking("shop", user), "401 invalid_client"},
		"two ways":                    {asking("shop", c.token.text, "client_id=shop", "client_secret="+c.token.text), "400 invalid_request"},
		"two names":                   {asking("shop", c.token.text, "client_id=billing"), "400 invalid_request"},
		"two headers":                 {twice, "400 invalid_request"},
		"the bearer":                  {bearer, "401 invalid_client"},
		"another grant":               {form("token", "shop", c.token.text, "grant_type=password", "username=a", "password=b"), "400 unsupported_grant_type"},
		"another grant of nobody":     {form("token", "", "", "grant_type=password"), "401 invalid_client"},
		"an unknown audience":         {ask("service=nothing"), "400 invalid_target"},
		"an audience without a role":  {ask("audience=vault"), "400 invalid_target"},
		"a URN that names nothing":    {ask("resource=urn:signet:service:"), "400 invalid_target"},
		"two audiences":               {ask("service=billing", "audience=shop"), "400 invalid_target"},
		"a resource twice":            {ask("resource=billing", "resource=billing"), "400 invalid_target"},
		"a permission not held":       {ask("service=billing", "scope=payment:read"), "400 invalid_scope"},
		"no permission":               {ask("service=billing", "scope=invoice:delete"), "400 invalid_scope"},
		"a wildcard":                  {ask("service=billing", "scope=invoice:*"), "400 invalid_scope"},
		"another service's":           {ask("service=billing", "scope=shop/order:read"), "400 invalid_scope"},
		"an empty name":               {ask("service=billing", "scope=invoice:read++invoice:write"), "400 invalid_scope"},
		"too many names":              {ask("service=billing", "scope="+strings.Repeat("invoice:read+", 100)+"invoice:read"), "400 invalid_scope"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := c.in(t).c.Do(row.request)
			if got := oauthOutcome(answer); got != row.want {
				t.Fatalf("%s, want %s\n%s", got, row.want, answer.Body)
			}
			if answer.Text("error_description") == "" || answer.Text("request_id") != answer.Header.Get("X-Request-Id") || answer.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s", answer.Body)
			}
			if challenge := answer.Header.Get("WWW-Authenticate"); answer.Status == http.StatusUnauthorized && !strings.HasPrefix(challenge, "Basic") {
				t.Errorf("challenge %q", challenge)
			}
		})
	}
	unknown, roleless := c.c.Do(ask("service=nothing")), c.c.Do(ask("service=vault"))
	if unknown.Text("error_description") != roleless.Text("error_description") {
		t.Error("it tells which services there are")
	}
}

func TestAServicesTokenOpensWhatItsAccountMay(t *testing.T) {
	t.Parallel()
	c := newClients(t, testkit.Embedded)
	own := c.access(t)
	list := func(bearer string) string {
		return c.c.Do(testkit.Request{Path: "/api/tokens/service/billing", Bearer: bearer}).Outcome()
	}
	narrow := c.appToken(t, c.shop, testkit.Object{"scopes": []string{"billing/*:*"}})
	narrowed := c.c.Do(asking("shop", narrow.text)).Want(http.StatusOK, "").Text("access_token")
	asked := c.access(t, "scope=user:read")
	for name, row := range map[string][2]string{
		"all that the account may": {list(own), "200"},
		"within scopes":            {list(narrowed), "404 not_found"}, // it could have the right, and has it not
		"within what was asked":    {list(asked), "404 not_found"},
		"for another audience":     {list(c.access(t, "service=billing")), "403 wrong_audience"},
		"the token itself":         {list(c.token.text), "403 forbidden"},
	} {
		if row[0] != row[1] {
			t.Errorf("%s: %s, want %s", name, row[0], row[1])
		}
	}
	for _, path := range []string{"/api/auth/me", "/api/auth/sessions", "/api/auth/export"} {
		c.c.Do(testkit.Request{Path: path, Bearer: own}).Want(http.StatusForbidden, "forbidden")
	}
	c.c.Do(testkit.Request{Method: http.MethodPost, Path: "/api/auth/logout", Bearer: own}).Want(http.StatusForbidden, "forbidden")
	c.c.Do(testkit.Request{Path: "/api/auth/validate-jwt", Bearer: c.token.text}).Want(http.StatusForbidden, "forbidden")

	// Services rotate their own, and a narrowed one makes none that is wider (AT-3).
	c.assign(t, c.shop.ID.Principal(), c.role(t, c.shop.ID, "rotator", "signet.token:*"), time.Time{})
	c.heard(t)
	rotate := func(bearer string) string {
		return c.c.Do(testkit.Request{Method: http.MethodPost, Path: "/api/tokens/" + c.token.id + "/rotate", Bearer: bearer}).Outcome()
	}
	self := c.appToken(t, c.shop, testkit.Object{"scopes": []string{"shop/signet.token:write", "auth_service/*:*"}})
	scoped := c.c.Do(asking("shop", self.text)).Want(http.StatusOK, "").Text("access_token")
	if got := rotate(scoped); got != "403 forbidden" {
		t.Errorf("a narrowed credential rotates a wider token: %s", got)
	}
	if got := c.c.Do(c.creating(scoped, "shop", testkit.Object{"scopes": []string{"billing/invoice:read"}})).Outcome(); got != "403 forbidden" {
		t.Errorf("a narrowed credential makes a wider token: %s", got)
	}
	c.c.Do(c.creating(scoped, "shop", testkit.Object{"scopes": []string{"shop/signet.token:write"}})).Want(http.StatusCreated, "")
	if got := rotate(own); got != "201" {
		t.Errorf("a service rotates its own: %s", got)
	}
}

// What is switched off, deleted, revoked or taken ends all that rests on it (Zitadel CVE-2024-46999, CVE-2024-47000).
func TestAnAccessTokenEndsWithWhatItRestsOn(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	c := newClients(t, testkit.Embedded)
	user := c.holder(t)
	own, at := c.access(t), c.access(t, "service=billing")
	c.heard(t)
	theirs := c.c.Do(testkit.Request{Path: "/api/auth/login", Body: testkit.Object{"email": user.Email, "password": user.Password, "service": "billing"}}).Want(http.StatusOK, "").Text("access_token")
	good := func(token string) bool {
		return c.c.Do(testkit.Request{Path: "/api/auth/validate-jwt", Bearer: token}).Status == http.StatusOK
	}
	all := func() [3]bool { return [3]bool{good(own), good(at), good(theirs)} }
	if all() != [3]bool{true, true, true} {
		t.Fatalf("%v", all())
	}
	c.turn(t, c.billing.ID, false)
	if got := all(); got != [3]bool{true, false, false} {
		t.Errorf("the audience is off: %v", got)
	}
	c.c.Do(testkit.Request{Path: "/api/auth/me", Bearer: theirs}).Want(http.StatusUnauthorized, "token_invalid")
	if got := oauthOutcome(c.c.Do(asking("shop", c.token.text, "service=billing"))); got != "400 invalid_target" {
		t.Errorf("a token for it: %s", got)
	}
	c.Move(2 * time.Second)
	c.turn(t, c.billing.ID, true)
	if got := all(); got != [3]bool{true, false, false} {
		t.Errorf("the audience is on again: %v", got)
	}
	if at = c.access(t, "service=billing"); !good(at) {
		t.Error("a fresh token is refused")
	}

	c.turn(t, c.shop.ID, false)
	if good(own) || good(at) {
		t.Error("the service is off, and its tokens go on")
	}
	if got := oauthOutcome(c.c.Do(asking("shop", c.token.text))); got != "401 invalid_client" {
		t.Errorf("a token of it: %s", got)
	}
	c.Move(2 * time.Second)
	c.turn(t, c.shop.ID, true)
	if good(own) {
		t.Error("a token from before is good again")
	}
	c.admin = c.login(t, c.holder(t, domain.RolePlatformAdmin))
	own = c.access(t)
	c.c.Do(testkit.Request{Method: http.MethodPost, Path: "/api/tokens/" + c.token.id + "/rotate", Bearer: c.admin, Body: testkit.Object{"overlap": 0}}).Want(http.StatusCreated, "")
	if !good(own) {
		t.Error("a rotation ended an access token")
	}
	c.c.Do(testkit.Request{Method: http.MethodDelete, Path: "/api/tokens/" + c.token.id, Bearer: c.admin}).Want(http.StatusOK, "")
	if good(own) {
		t.Error("the application token is gone, and its access token is not")
	}
}

func TestATokenLivesNoLongerThanWhatItRestsOn(t *testing.T) {
	t.Parallel()
	l := newLandscape(t, testkit.Options{})
	shop, _ := l.service(t, "shop")
	billing, _ := l.service(t, "billing", "invoice:read", "invoice:write")
	now := l.Clock.Now()
	l.assign(t, shop.ID.Principal(), l.role(t, billing.ID, "reader", "invoice:read"), now.Add(5*time.Minute))
	l.assign(t, shop.ID.Principal(), l.role(t, billing.ID, "writer", "invoice:write"), now.Add(50*time.Second)) // too short to be put in
	l.heard(t)
	long, short := l.appToken(t, shop, nil), l.appToken(t, shop, testkit.Object{"expires_in": 120, "scopes": []string{"billing/*:*"}})
	life := func(token appToken) (float64, string) {
		answer := l.c.Do(asking("shop", token.text, "service=billing")).Want(http.StatusOK, "")
		return answer.JSON()["expires_in"].(float64), answer.Text("scope")
	}
	if s, scope := life(long); s > 300 || s < 280 || scope != "invoice:read" {
		t.Errorf("%v s of %q", s, scope)
	}
	if s, scope := life(short); s > 120 || s < 100 || scope != "invoice:read" {
		t.Errorf("%v s of %q", s, scope)
	}
}

func TestPermissionsThatAreTooManyForAToken(t *testing.T) {
	t.Parallel()
	l := landscapeOf(t, testkit.Shared(t, testkit.Embedded))
	shop, _ := l.service(t, "shop")
	var names []string
	for i := range 120 {
		names = append(names, fmt.Sprintf("resource-of-some-length-%d:read", i))
	}
	billing, _ := l.service(t, "billing", names...)
	l.assign(t, shop.ID.Principal(), l.role(t, billing.ID, "all", "*:*"), time.Time{})
	l.heard(t)
	token := l.appToken(t, shop, nil)
	answer := l.c.Do(asking("shop", token.text, "service=billing")).Want(http.StatusOK, "")
	if answer.JSON()["perm_ref"] != true || answer.JSON()["scope"] != nil {
		t.Errorf("%s", answer.Body)
	}
	own := l.appToken(t, billing, nil)
	whole := l.c.Do(form("introspect", "billing", own.text, "token="+answer.Text("access_token"))).Want(http.StatusOK, "")
	if got := whole.JSON()["permissions"].([]any); len(got) != 120 {
		t.Errorf("%d permissions", len(got))
	}
}

func TestTheMetadataOfOAuthRFC8414(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		backends testkit.Backends // which have no part in it
		env      map[string]string
		paths    []string
	}{
		"at the root":  {testkit.Production, map[string]string{"PUBLIC_URL": "https://auth.example.org"}, []string{"/.well-known/oauth-authorization-server"}},
		"below a path": {testkit.Embedded, map[string]string{"PUBLIC_URL": "https://example.org/id"}, []string{"/.well-known/oauth-authorization-server", "/.well-known/oauth-authorization-server/id"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := testkit.Start(t, testkit.Options{Backends: row.backends, Env: row.env}).Client()
			base := row.env["PUBLIC_URL"]
			for _, path := range row.paths {
				answer := c.Do(testkit.Request{Path: path, OffContract: true}).Want(http.StatusOK, "")
				want := testkit.Object{
					"issuer": base, "token_endpoint": base + "/oauth2/token", "introspection_endpoint": base + "/oauth2/introspect",
					"revocation_endpoint": base + "/oauth2/revoke", "jwks_uri": base + "/.well-known/jwks.json",
					"grant_types_supported": []any{"client_credentials"}, "response_types_supported": []any{},
				}
				for _, endpoint := range []string{"token", "introspection", "revocation"} {
					want[endpoint+"_endpoint_auth_methods_supported"] = []any{"client_secret_basic", "client_secret_post"}
				}
				if diff := cmp.Diff(want, answer.JSON()); diff != "" {
					t.Errorf("%s (-want +got):\n%s", path, diff)
				}
				again := c.Do(testkit.Request{Path: path, OffContract: true, Header: http.Header{"If-None-Match": {answer.Header.Get("ETag")}}})
				if again.Status != http.StatusNotModified || answer.Header.Get("Cache-Control") != "public, max-age=300" {
					t.Errorf("%d, %s", again.Status, answer.Header.Get("Cache-Control"))
				}
			}
			openid := c.Do(testkit.Request{Path: "/.well-known/openid-configuration"}).Want(http.StatusOK, "").JSON()
			if openid["issuer"] != base || openid["jwks_uri"] != base+"/.well-known/jwks.json" || openid["authorization_endpoint"] != nil ||
				!cmp.Equal(openid["id_token_signing_alg_values_supported"], []any{"ES256"}) {
				t.Errorf("%v", openid)
			}
		})
	}
}

// takeAll takes all roles from somebody but those of the platform.
func takeAll(principal string) func(ctx context.Context, tx *store.Tx) error {
	return func(ctx context.Context, tx *store.Tx) error {
		held, err := tx.Assignments.List(ctx, store.AssignmentFilter{Principal: domain.PrincipalID(principal)}, store.Page{Limit: 100})
		if err != nil {
			return err
		}
		for _, a := range held {
			if a.ServiceID == domain.PlatformID {
				continue
			}
			if err := tx.Assignments.Delete(ctx, a.ID); err != nil {
				return err
			}
		}
		tx.Changed(domain.ChangePrincipal, principal, domain.TokensStale)
		return tx.Principals.Bump(ctx, []domain.PrincipalID{domain.PrincipalID(principal)}, time.Now())
	}
}
