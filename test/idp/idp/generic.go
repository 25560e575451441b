package idp

import "net/http"

// generic speaks OpenID Connect as the specification has it, and is found by its discovery document.
func generic(name string) dialect {
	return dialect{
		title: name, subject: guid, field: "sub", flag: "email_verified", promises: true,
		paths: map[Endpoint][]string{
			Discovery: {"/.well-known/openid-configuration"},
			Authorize: {"/authorize"}, Token: {"/token"}, Keys: {"/keys"}, UserInfo: {"/userinfo"},
		},
		claims: standardClaims,
		documents: map[Endpoint]func(*Provider, *grant, *http.Request) any{
			UserInfo: func(p *Provider, g *grant, _ *http.Request) any { return standardClaims(p, g) },
		},
		granted: func(*Provider, *grant) Object { return Object{"expires_in": 3600} },
	}
}

// standardClaims are those of OIDC Core §5.1 and §5.4.
func standardClaims(p *Provider, g *grant) Object {
	claims := Object{"sub": p.subjectOf(g.person)}
	if g.may("profile") {
		claims["name"], claims["given_name"], claims["family_name"] = g.person.name(), g.person.GivenName, g.person.FamilyName
		claims["preferred_username"], claims["locale"] = g.person.nick(), g.person.Locale
	}
	if g.may("email") && g.person.Email != "" {
		claims["email"], claims["email_verified"] = g.person.Email, g.person.Verified
	}
	return without(claims)
}
