package idp

import "net/http"

// gitlab is an OpenID provider with discovery, at gitlab.com or a company's own (docs.gitlab.com/integration/openid_connect_provider).
func gitlab() dialect {
	return dialect{
		title: "GitLab", subject: digits(8), field: "sub", flag: "email_verified",
		paths: map[Endpoint][]string{
			Discovery: {"/.well-known/openid-configuration"},
			Authorize: {"/oauth/authorize"}, Token: {"/oauth/token"}, Keys: {"/oauth/discovery/keys"}, UserInfo: {"/oauth/userinfo"},
		},
		claims: gitlabClaims,
		documents: map[Endpoint]func(*Provider, *grant, *http.Request) any{
			UserInfo: func(p *Provider, g *grant, _ *http.Request) any { return gitlabClaims(p, g) },
		},
		granted: func(_ *Provider, g *grant) Object {
			return Object{"expires_in": 7200, "refresh_token": random(), "created_at": g.at.Unix()}
		},
		refusal: func(why Refusal) (int, Object) {
			status, body := oauthRefusal(why)
			switch why {
			case WrongClient, EndedSecret:
				body["error_description"] = "Client authentication failed due to unknown client, no client authentication included, " +
					"or unsupported authentication method."
			case WrongCode, UsedCode, WrongRedirect, WrongVerifier: // one text for all of them
				body["error_description"] = "The provided authorization grant is invalid, expired, revoked, does not match the " +
					"redirection URI used in the authorization request, or was issued to another client."
			}
			return status, body
		},
	}
}

func gitlabClaims(p *Provider, g *grant) Object {
	claims := Object{"sub": p.subjectOf(g.person), "auth_time": g.at.Unix()}
	if g.may("profile") {
		claims["name"], claims["nickname"], claims["preferred_username"] = g.person.name(), g.person.nick(), g.person.nick()
		claims["profile"] = p.URL + "/" + g.person.nick()
		claims["groups_direct"] = []string{}
	}
	// The primary address, and whether it was confirmed.
	if g.may("email") && g.person.Email != "" {
		claims["email"], claims["email_verified"] = g.person.Email, g.person.Verified
	}
	return without(claims)
}
