package idp

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// github is OAuth 2.0 with a profile and a list of addresses (docs.github.com/apps/oauth-apps), at github.com and its API's host, or at
// an Enterprise Server with the API below /api/v3.
func github(enterprise bool) dialect {
	d := dialect{
		title: "GitHub", pinned: !enterprise, subject: digits(7), field: "id", formEncoded: true,
		paths: map[Endpoint][]string{
			Authorize: {"/github.com/login/oauth/authorize"}, Token: {"/github.com/login/oauth/access_token"},
			UserInfo: {"/api.github.com/user"}, Emails: {"/api.github.com/user/emails"},
		},
		documents: map[Endpoint]func(*Provider, *grant, *http.Request) any{UserInfo: githubUser, Emails: githubEmails},
		granted: func(_ *Provider, g *grant) Object {
			return Object{"token_type": "bearer", "scope": strings.Join(g.scopes, ",")} // no end
		},
		denied: func(code, text string) url.Values {
			if code == "access_denied" && text == "" {
				text = "The user has denied your application access."
			}
			v := described(code, text)
			v.Set("error_uri", "https://docs.github.com/apps/managing-oauth-apps/troubleshooting-authorization-request-errors/")
			return v
		},
		refusal: githubRefusal,
		unauthorized: func() (int, any) {
			return http.StatusUnauthorized, githubProblem("Bad credentials", "401")
		},
		admits: func(r *http.Request) bool { return r.UserAgent() != "" },
	}
	if enterprise {
		d.paths = map[Endpoint][]string{
			Authorize: {"/login/oauth/authorize"}, Token: {"/login/oauth/access_token"},
			UserInfo: {"/api/v3/user"}, Emails: {"/api/v3/user/emails"},
		}
	}
	return d
}

// githubRefusal says no with 200: a client that goes by the status takes it for a token.
func githubRefusal(why Refusal) (int, Object) {
	code, text := "bad_verification_code", "The code passed is incorrect or expired."
	switch why {
	case WrongClient, EndedSecret:
		code, text = "incorrect_client_credentials", "The client_id and/or client_secret passed are incorrect."
	case WrongRedirect:
		code, text = "redirect_uri_mismatch", "The redirect_uri MUST match the registered callback URL for this application."
	case WrongGrant:
		code, text = "unsupported_grant_type", "The grant_type is not supported."
	case Unavailable:
		return http.StatusServiceUnavailable, Object{"message": "Service unavailable"}
	}
	return http.StatusOK, Object{
		"error": code, "error_description": text,
		"error_uri": "https://docs.github.com/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors/",
	}
}

func githubProblem(message, status string) Object {
	return Object{"message": message, "documentation_url": "https://docs.github.com/rest", "status": status}
}

func githubUser(p *Provider, g *grant, _ *http.Request) any {
	nick := g.person.nick()
	return Object{
		// A number, in a field that other sites fill with a text.
		"id": json.Number(p.subjectOf(g.person)), "login": nick, "node_id": "U_" + nick, "type": "User", "user_view_type": "public",
		"site_admin": false, "name": orNull(g.person.name()), "avatar_url": "https://avatars.githubusercontent.com/u/1", "gravatar_id": "",
		"url": "https://api.github.com/users/" + nick, "html_url": "https://github.com/" + nick,
		// Of the public profile, null for most, and never a proof.
		"email":   orNull(g.person.PublicEmail),
		"company": nil, "blog": "", "location": nil, "bio": nil, "hireable": nil, "twitter_username": nil,
		"public_repos": 0, "public_gists": 0, "followers": 0, "following": 0,
		"created_at": "2011-01-25T18:44:36Z", "updated_at": "2026-01-25T18:44:36Z",
	}
}

// githubEmails lists the addresses, the one that GitHub forwards nothing to among them.
func githubEmails(p *Provider, g *grant, _ *http.Request) any {
	if !g.may("user:email") && !g.may("user") {
		return nil // 404, as for everything that a token may not see
	}
	rows := []Object{{
		"email": p.subjectOf(g.person) + "+" + g.person.nick() + "@users.noreply.github.com", "primary": false, "verified": true,
		"visibility": nil,
	}}
	if g.person.Email != "" {
		rows = append(rows, Object{"email": g.person.Email, "primary": true, "verified": g.person.Verified, "visibility": "private"})
	}
	return rows
}
