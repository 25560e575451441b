package idp

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
)

// facebook is OAuth 2.0 with a profile of the fields one asks for (developers.facebook.com/docs/facebook-login).
func facebook() dialect {
	return dialect{
		title: "Facebook", pinned: true, subject: digits(17), field: "id",
		fragment: "#_=_", // behind every answer, for reasons that only history knows
		paths: map[Endpoint][]string{ // with a version and without
			Authorize: {
				"/www.facebook.com/dialog/oauth", "/www.facebook.com/{version}/dialog/oauth",
				"/facebook.com/dialog/oauth", "/facebook.com/{version}/dialog/oauth",
			},
			Token:    {"/graph.facebook.com/oauth/access_token", "/graph.facebook.com/{version}/oauth/access_token"},
			UserInfo: {"/graph.facebook.com/me", "/graph.facebook.com/{version}/me"},
		},
		documents: map[Endpoint]func(*Provider, *grant, *http.Request) any{UserInfo: facebookUser},
		granted:   func(*Provider, *grant) Object { return Object{"expires_in": 5183944, "token_type": "bearer"} },
		denied: func(code, text string) url.Values {
			if code == "access_denied" {
				return url.Values{
					"error": {code}, "error_code": {"200"}, "error_reason": {"user_denied"}, "error_description": {"Permissions error"},
				}
			}
			// Everything else comes without `error`.
			if text == "" {
				text = "Sorry, something went wrong."
			}
			return url.Values{"error_code": {code}, "error_message": {text}}
		},
		refusal: func(why Refusal) (int, Object) {
			number, subcode, text := 100, 36009, "This authorization code has been used."
			switch why {
			case WrongCode:
				text = "Invalid verification code format."
			case WrongClient, EndedSecret:
				number, subcode, text = 1, 0, "Error validating client secret."
			case WrongRedirect:
				subcode, text = 36008, "Error validating verification code. Please make sure your redirect_uri is identical to the one you "+
					"used in the OAuth dialog request"
			case WrongVerifier:
				subcode, text = 0, "Error validating code_verifier"
			case Unavailable:
				return http.StatusServiceUnavailable, facebookError(2, 0, "Service temporarily unavailable")
			}
			return http.StatusBadRequest, facebookError(number, subcode, text)
		},
		unauthorized: func() (int, any) {
			return http.StatusBadRequest, facebookError(190, 0, "Invalid OAuth access token - Cannot parse access token")
		},
	}
}

// facebookError is not OAuth's: `error` is an object.
func facebookError(code, subcode int, text string) Object {
	e := Object{"message": text, "type": "OAuthException", "code": code, "fbtrace_id": random()}
	if subcode != 0 {
		e["error_subcode"] = subcode
	}
	return Object{"error": e}
}

// facebookUser answers the fields that are asked for; nothing says of an address whether it was proved.
func facebookUser(p *Provider, g *grant, r *http.Request) any {
	if proof := r.Form.Get("appsecret_proof"); proof != "" && !p.isAppSecretProof(proof, accessToken(r)) {
		return facebookError(100, 0, "Invalid appsecret_proof provided in the API argument")
	}
	all := Object{
		"id": p.subjectOf(g.person), "name": g.person.name(), "first_name": g.person.GivenName, "last_name": g.person.FamilyName,
		"locale": g.person.Locale,
	}
	if g.may("email") {
		all["email"] = g.person.Email
	}
	fields := r.Form.Get("fields")
	if fields == "" {
		fields = "name"
	}
	user := Object{"id": all["id"]}
	for field := range strings.SplitSeq(fields, ",") {
		user[field] = all[field]
	}
	return without(user)
}

// isAppSecretProof checks that a call comes from who knows the client's secret, and not only a token.
func (p *Provider) isAppSecretProof(proof, token string) bool {
	mac := hmac.New(sha256.New, []byte(p.secret))
	_, _ = mac.Write([]byte(token))
	return hmac.Equal([]byte(proof), []byte(hex.EncodeToString(mac.Sum(nil))))
}
