package idp

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// What Apple gives a team.
const (
	AppleTeamID = "TEAM123456"
	AppleKeyID  = "KEY1234567"
)

// apple is OpenID Connect whose answer comes by a POST of the browser, and whose client signs its secret
// (developer.apple.com/documentation/signinwithapple).
func apple() dialect {
	return dialect{
		title: "Apple", pinned: true, issuer: "https://appleid.apple.com", home: "icloud.com", formPost: true, signed: true,
		subject: func(seed string) string { return "001234." + strings.ReplaceAll(guid(seed), "-", "") + ".0815" },
		field:   "sub", flag: "email_verified",
		paths: map[Endpoint][]string{
			Authorize: {"/appleid.apple.com/auth/authorize"}, Token: {"/appleid.apple.com/auth/token"}, Keys: {"/appleid.apple.com/auth/keys"},
		},
		claims: func(p *Provider, g *grant) Object {
			claims := Object{"sub": p.subjectOf(g.person), "auth_time": g.at.Unix(), "nonce_supported": true}
			if g.may("email") && g.person.Email != "" {
				claims["email"] = g.person.Email
				// A boolean now, a text until some years ago and for some clients still: the documentation allows both.
				claims["email_verified"] = g.person.Verified
				if strings.HasSuffix(g.person.Email, "@privaterelay.appleid.com") {
					claims["is_private_email"] = true
				}
			}
			return claims // never a name
		},
		granted: func(*Provider, *grant) Object { return Object{"expires_in": 3600, "refresh_token": random()} },
		denied: func(code, text string) url.Values {
			if code == "access_denied" {
				code = "user_cancelled_authorize" // its own word
			}
			return described(code, text)
		},
		refusal: func(why Refusal) (int, Object) {
			switch why {
			case WrongClient, EndedSecret: // 400, where others say 401
				return http.StatusBadRequest, Object{"error": "invalid_client"}
			case WrongCode, UsedCode:
				return http.StatusBadRequest, Object{"error": "invalid_grant", "error_description": "The code has expired or has been revoked."}
			}
			return oauthRefusal(why)
		},
	}
}

// appleUser is the form field `user`, which comes only with the first consent and is not signed.
func appleUser(person Person) Object {
	return Object{"name": Object{"firstName": person.GivenName, "lastName": person.FamilyName}, "email": person.Email}
}

// isAppleSecret reports whether a client secret is the token that Apple asks for: ES256 by the team's key, for half a year at most.
func (p *Provider) isAppleSecret(secret string) bool {
	now := p.now()
	var claims jwt.RegisteredClaims
	token, err := jwt.ParseWithClaims(secret, &claims, func(*jwt.Token) (any, error) { return &p.appleKey.PublicKey, nil },
		jwt.WithValidMethods([]string{"ES256"}), jwt.WithIssuer(AppleTeamID), jwt.WithSubject(p.ClientID), jwt.WithAudience(p.Issuer),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithTimeFunc(func() time.Time { return now }))
	return err == nil && token.Header["kid"] == AppleKeyID && claims.IssuedAt != nil &&
		claims.ExpiresAt.Before(now.Add(15777000*time.Second))
}
