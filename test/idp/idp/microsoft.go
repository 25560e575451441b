package idp

import (
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// microsoft is OpenID Connect with tenants (learn.microsoft.com/entra/identity-platform): who may log in is chosen by the tenant in the
// path, and the issuer of an id_token names the tenant of the person.
func microsoft() dialect {
	const host = "/login.microsoftonline.com/{tenant}"
	return dialect{
		title: "Microsoft", pinned: true, issuer: "https://login.microsoftonline.com/{tenantid}/v2.0", home: "outlook.com",
		subject: guid, field: "oid", flag: "xms_edov", tenants: true,
		codes: "1." + fill(1200), // longer than anybody else's
		paths: map[Endpoint][]string{
			Authorize: {host + "/oauth2/v2.0/authorize"}, Token: {host + "/oauth2/v2.0/token"}, Keys: {host + "/discovery/v2.0/keys"},
			UserInfo: {"/graph.microsoft.com/oidc/userinfo"},
		},
		claims: microsoftClaims,
		documents: map[Endpoint]func(*Provider, *grant, *http.Request) any{
			UserInfo: func(p *Provider, g *grant, _ *http.Request) any {
				return without(Object{
					"sub": guid("pairwise " + p.subjectOf(g.person)), "name": g.person.name(), "given_name": g.person.GivenName,
					"family_name": g.person.FamilyName, "email": g.person.Email, "picture": "https://graph.microsoft.com/v1.0/me/photo/$value",
				})
			},
		},
		granted: func(*Provider, *grant) Object { return Object{"expires_in": 3599, "ext_expires_in": 3599} },
		extra:   func(*Provider, *grant) url.Values { return url.Values{"session_state": {guid(random())}} },
		denied: func(code, text string) url.Values {
			if code == "access_denied" && text == "" {
				text = "AADSTS65004: User declined to consent to access the app."
			}
			v := described(code, text)
			v.Set("error_subcode", "cancel")
			return v
		},
		refusal: microsoftRefusal,
		unauthorized: func() (int, any) {
			return http.StatusUnauthorized, Object{"error": Object{"code": "InvalidAuthenticationToken", "message": "Access token is invalid."}}
		},
	}
}

func microsoftClaims(p *Provider, g *grant) Object {
	person := g.person
	claims := Object{
		"ver": "2.0", "iss": microsoftIssuer(person.tenant()), "tid": person.tenant(), "nbf": g.at.Unix(), "aio": random(), "rh": "1." + random(),
		"uti": random(), "idp": person.Guest,
		// sub is of the person and this client; oid of the person in the tenant, whatever the client. oid needs the scope profile.
		"sub": guid("pairwise " + p.subjectOf(person)),
	}
	if g.may("profile") {
		claims["oid"], claims["name"], claims["preferred_username"] = p.subjectOf(person), person.name(), person.Email
		claims["given_name"], claims["family_name"] = person.GivenName, person.FamilyName // optional claims
	}
	if g.may("email") && person.Email != "" {
		// What an administrator wrote into the account, which nobody proved: xms_edov (an optional claim as email is) tells whether the
		// owner of the domain did. Without it: nOAuth.
		claims["email"], claims["xms_edov"] = person.Email, person.Verified
	}
	return without(claims)
}

func microsoftIssuer(tenant string) string {
	return "https://login.microsoftonline.com/" + tenant + "/v2.0"
}

// microsoftAdmits reports whether the tenant in the path takes people of another: common takes all.
func microsoftAdmits(path, tenant string) bool {
	switch path {
	case "", "common":
		return true
	case "organizations":
		return tenant != PersonalTenant
	case "consumers":
		return tenant == PersonalTenant
	}
	return path == tenant
}

// microsoftRefusal names what is wrong by a number within the text, and in error_codes.
func microsoftRefusal(why Refusal) (int, Object) {
	row := map[Refusal]struct {
		status int
		code   string
		number int
		text   string
	}{
		WrongClient:   {401, "invalid_client", 7000215, "Invalid client secret provided. Ensure that it is the secret's value, not its ID."},
		EndedSecret:   {401, "invalid_client", 7000222, "The provided client secret keys are expired."},
		WrongCode:     {400, "invalid_grant", 70008, "The provided authorization code or refresh token has expired."},
		UsedCode:      {400, "invalid_grant", 54005, "OAuth2 Authorization code was already redeemed."},
		WrongRedirect: {400, "invalid_client", 500112, "The reply address does not match that of the authorization request."},
		WrongVerifier: {400, "invalid_grant", 501481, "The Code_Verifier does not match the code_challenge."},
		WrongGrant:    {400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type."},
		Unavailable:   {503, "temporarily_unavailable", 90033, "A transient error has occurred. Please try again."},
	}[why]
	trace, at := guid(random()), time.Now().UTC().Format("2006-01-02 15:04:05Z")
	return row.status, Object{
		"error":             row.code,
		"error_description": fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s", row.number, row.text, trace, trace, at),
		"error_codes":       []int{row.number}, "timestamp": at, "trace_id": trace, "correlation_id": trace,
		"error_uri": fmt.Sprintf("https://login.microsoftonline.com/error?code=%d", row.number),
	}
}
