package signettest

import (
	"maps"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Who is for whom a token is made.
type Who struct {
	subject, session, client, kind, audience string
	permissions                              []string
	claims                                   map[string]any
}

// User is a user with permissions. Their session is "s-" and the id, unless Session says another.
func User(id string, permissions ...string) Who {
	return Who{subject: id, session: "s-" + id, client: "signet", permissions: permissions}
}

// Service is the account of a service, by its key, with permissions.
func Service(key string, permissions ...string) Who {
	return Who{subject: "svc-" + key, client: key, kind: "service_account", permissions: permissions}
}

// Session names the session.
func (w Who) Session(id string) Who {
	w.session = id
	return w
}

// For names the audience; by default it is that of the issuer's last Config.
func (w Who) For(audience string) Who {
	w.audience = audience
	return w
}

// With sets claims, or takes those away that are nil: {"exp": …}, {"acr": …}, {"perm_ref": true, "permissions": nil}.
func (w Who) With(claims map[string]any) Who {
	all := maps.Clone(w.claims)
	if all == nil {
		all = map[string]any{}
	}
	maps.Copy(all, claims)
	w.claims = all
	return w
}

// Token is an access token that lives 15 minutes. What Grant said of its subject counts rather than what w says.
func (i *Issuer) Token(w Who) string {
	i.t.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	token, err := i.sign(w)
	if err != nil {
		i.t.Fatal("signettest: ", err)
	}
	return token
}

// sign needs the lock.
func (i *Issuer) sign(w Who) (string, error) {
	now := time.Now().Unix()
	if w.audience == "" {
		w.audience = i.audience
	}
	permissions := append([]string{}, w.permissions...)
	if i.explicit[w.subject] {
		permissions = i.granted[w.subject]
	}
	i.granted[w.subject] = permissions
	claims := jwt.MapClaims{
		"iss": i.URL, "sub": w.subject, "aud": w.audience, "exp": now + int64(life/time.Second), "iat": now, "nbf": now, "jti": randomID(),
		"client_id": w.client, "permissions": permissions, "roles": []string{}, "cs": i.seq,
	}
	if w.session != "" {
		claims["sid"] = w.session
	}
	if w.kind != "" {
		claims["kind"] = w.kind
	}
	for name, value := range w.claims {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	key := i.keys[len(i.keys)-1]
	token := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	token.Header["kid"], token.Header["typ"] = key.kid, "at+jwt"
	return token.SignedString(key.private)
}
