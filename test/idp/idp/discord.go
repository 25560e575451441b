package idp

import (
	"net/http"
	"net/url"
	"strings"
)

// discord is OAuth 2.0 with a profile (discord.com/developers/docs/topics/oauth2).
func discord() dialect {
	return dialect{
		title: "Discord", pinned: true, subject: digits(18), field: "id", flag: "verified",
		paths: map[Endpoint][]string{
			Authorize: {"/discord.com/api/oauth2/authorize", "/discord.com/oauth2/authorize"},
			Token:     {"/discord.com/api/oauth2/token"},
			UserInfo:  {"/discord.com/api/users/@me"},
		},
		documents: map[Endpoint]func(*Provider, *grant, *http.Request) any{UserInfo: discordUser},
		granted: func(*Provider, *grant) Object {
			return Object{"expires_in": 604800, "refresh_token": random()}
		},
		denied: func(code, text string) url.Values {
			if code == "access_denied" && text == "" {
				text = "The resource owner or authorization server denied the request"
			}
			return described(code, text)
		},
		refusal: func(why Refusal) (int, Object) {
			switch why {
			case WrongCode, UsedCode:
				return http.StatusBadRequest, Object{"error": "invalid_grant", "error_description": `Invalid "code" in request.`}
			case WrongRedirect:
				return http.StatusBadRequest, Object{"error": "invalid_grant", "error_description": `Invalid "redirect_uri" in request.`}
			case WrongVerifier:
				return http.StatusBadRequest, Object{"error": "invalid_grant", "error_description": `Invalid "code_verifier" in request.`}
			case WrongClient, EndedSecret:
				return http.StatusUnauthorized, Object{"error": "invalid_client"}
			}
			return oauthRefusal(why)
		},
		unauthorized: func() (int, any) {
			return http.StatusUnauthorized, Object{"message": "401: Unauthorized", "code": 0}
		},
		// Requests of programs must name the program: those that look like a library's own or a browser's may be blocked at the edge.
		admits: func(r *http.Request) bool {
			agent := r.UserAgent()
			return agent != "" && !strings.HasPrefix(agent, "Go-http-client") && !strings.HasPrefix(agent, "Mozilla")
		},
	}
}

func discordUser(p *Provider, g *grant, _ *http.Request) any {
	user := Object{
		"id": p.subjectOf(g.person), "username": g.person.nick(), "discriminator": "0", "global_name": orNull(g.person.name()), "avatar": nil,
		"banner": nil, "accent_color": nil, "locale": "en-US", "mfa_enabled": false, "premium_type": 0, "flags": 0, "public_flags": 0,
	}
	if g.person.Locale != "" {
		user["locale"] = g.person.Locale
	}
	if g.may("email") {
		// An account may have none, and the address of one that never confirmed it is said all the same.
		user["email"], user["verified"] = orNull(g.person.Email), g.person.Verified && g.person.Email != ""
	}
	return user
}
