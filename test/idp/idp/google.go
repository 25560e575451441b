package idp

import (
	"net/http"
	"net/url"
	"strings"
)

// google speaks OpenID Connect with the hosted domain of a Workspace (developers.google.com/identity/openid-connect).
func google() dialect {
	return dialect{
		title: "Google", pinned: true, issuer: "https://accounts.google.com", home: "gmail.com",
		subject: digits(21), field: "sub", flag: "email_verified", promises: true,
		codes: "4/0A", // a slash in a parameter
		paths: map[Endpoint][]string{
			// Two addresses of the same door: libraries know the old one, the discovery document the other.
			Authorize: {"/accounts.google.com/o/oauth2/auth", "/accounts.google.com/o/oauth2/v2/auth"},
			Token:     {"/oauth2.googleapis.com/token"},
			Keys:      {"/www.googleapis.com/oauth2/v3/certs", "/googleapis.com/oauth2/v3/certs"},
			UserInfo:  {"/openidconnect.googleapis.com/v1/userinfo"},
		},
		claims: func(p *Provider, g *grant) Object {
			claims := googleUserInfo(p, g)
			claims["azp"] = p.ClientID // always, also with a single audience
			return claims
		},
		documents: map[Endpoint]func(*Provider, *grant, *http.Request) any{
			UserInfo: func(p *Provider, g *grant, _ *http.Request) any { return googleUserInfo(p, g) },
		},
		granted: func(*Provider, *grant) Object { return Object{"expires_in": 3599} }, // no refresh_token without access_type=offline
		extra: func(_ *Provider, g *grant) url.Values {
			// The scopes that were granted come back, by their long names where they have one.
			v := url.Values{
				"authuser": {"0"}, "prompt": {"none"},
				"scope": {strings.NewReplacer("email", "email https://www.googleapis.com/auth/userinfo.email",
					"profile", "profile https://www.googleapis.com/auth/userinfo.profile").Replace(strings.Join(g.scopes, " "))},
			}
			if g.person.HostedDomain != "" {
				v.Set("hd", g.person.HostedDomain)
			}
			return v
		},
		refusal: func(why Refusal) (int, Object) {
			switch why {
			case WrongClient, EndedSecret:
				return http.StatusUnauthorized, Object{"error": "invalid_client", "error_description": "Unauthorized"}
			case WrongRedirect:
				return http.StatusBadRequest, Object{"error": "redirect_uri_mismatch", "error_description": "Bad Request"}
			case WrongVerifier:
				return http.StatusBadRequest, Object{"error": "invalid_grant", "error_description": "Invalid code verifier."}
			case WrongCode, UsedCode:
				return http.StatusBadRequest, Object{"error": "invalid_grant", "error_description": "Bad Request"}
			}
			return oauthRefusal(why)
		},
		unauthorized: func() (int, any) {
			return http.StatusUnauthorized, Object{"error": "invalid_request", "error_description": "Invalid Credentials"}
		},
	}
}

func googleUserInfo(p *Provider, g *grant) Object {
	claims := Object{"sub": p.subjectOf(g.person)}
	if g.may("profile") {
		claims["name"], claims["given_name"], claims["family_name"] = g.person.name(), g.person.GivenName, g.person.FamilyName
		claims["picture"] = "https://lh3.googleusercontent.com/a/default=s96-c"
	}
	if g.may("email") && g.person.Email != "" {
		claims["email"], claims["email_verified"] = g.person.Email, g.person.Verified
	}
	// Only accounts of a Workspace or Cloud organisation have it: the proof that the domain is theirs.
	claims["hd"] = g.person.HostedDomain
	return without(claims)
}
