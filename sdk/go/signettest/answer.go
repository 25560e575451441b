package signettest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

func (i *Issuer) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/jwks.json", i.jwks)
	mux.HandleFunc("POST /oauth2/introspect", i.introspect)
	mux.HandleFunc("POST /oauth2/token", i.token)
	mux.HandleFunc("POST /api/authz/check", i.check)
	mux.HandleFunc("GET /api/authz/revocations/stream", i.stream)
	mux.HandleFunc("GET /api/authz/revocations", i.list)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.mu.Lock()
		i.calls[r.URL.Path]++
		cut := i.cut
		i.mu.Unlock()
		if cut {
			w.Header().Set("Retry-After", "1")
			answer(w, http.StatusServiceUnavailable, map[string]any{"code": "unavailable", "success": false})
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func (i *Issuer) jwks(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	keys := []map[string]string{}
	for _, k := range i.published {
		point, err := k.private.PublicKey.Bytes() // 4, x, y
		if err != nil {
			continue
		}
		keys = append(keys, map[string]string{
			"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": k.kid,
			"x": base64.RawURLEncoding.EncodeToString(point[1:33]), "y": base64.RawURLEncoding.EncodeToString(point[33:]),
		})
	}
	answer(w, http.StatusOK, map[string]any{"keys": keys})
}

// credential tells whether a request has the app token as bearer, in a form or by Basic.
func credential(r *http.Request) bool {
	_, basic, _ := r.BasicAuth()
	return r.Header.Get("Authorization") == "Bearer "+string(AppToken) || basic == string(AppToken) || r.PostFormValue("client_secret") == string(AppToken)
}

func (i *Issuer) introspect(w http.ResponseWriter, r *http.Request) {
	if !credential(r) {
		answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	claims, ok := i.live(r.PostFormValue("token"))
	if !ok {
		answer(w, http.StatusOK, map[string]any{"active": false, "cs": i.seq})
		return
	}
	body := map[string]any{}
	maps.Copy(body, claims)
	subject, _ := claims["sub"].(string)
	body["active"], body["cs"], body["permissions"], body["token_type"] = true, i.seq, append([]string{}, i.granted[subject]...), "Bearer"
	answer(w, http.StatusOK, body)
}

// live needs the lock. A token is alive if it is ours, has not expired, and nothing has happened to it.
func (i *Issuer) live(token string) (jwt.MapClaims, bool) {
	claims := jwt.MapClaims{}
	_, err := jwt.ParseWithClaims(token, claims, func(t *jwt.Token) (any, error) {
		for _, k := range i.keys {
			if k.kid == t.Header["kid"] && !i.revoked[k.kid] {
				return &k.private.PublicKey, nil
			}
		}
		return nil, fmt.Errorf("signettest: no key %v", t.Header["kid"])
	}, jwt.WithValidMethods([]string{"ES256"}), jwt.WithIssuer(i.URL))
	subject, _ := claims["sub"].(string)
	session, _ := claims["sid"].(string)
	return claims, err == nil && !i.disabled[subject] && !i.ended[session]
}

func (i *Issuer) check(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Checks []struct {
			UserID     *string `json:"user_id"`
			Service    string  `json:"service"`
			Permission string  `json:"permission"`
		} `json:"checks"`
	}
	bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	i.mu.Lock()
	defer i.mu.Unlock()
	claims, ok := i.live(bearer)
	switch {
	case !ok:
		answer(w, http.StatusUnauthorized, map[string]any{"code": "token_invalid", "success": false})
		return
	case json.NewDecoder(r.Body).Decode(&in) != nil || len(in.Checks) == 0 || len(in.Checks) > 100:
		answer(w, http.StatusBadRequest, map[string]any{"code": "invalid_request", "success": false})
		return
	}
	subject, _ := claims["sub"].(string)
	results := []map[string]bool{}
	for _, c := range in.Checks {
		self := c.UserID == nil || *c.UserID == subject
		results = append(results, map[string]bool{"allowed": self && c.Service == claims["aud"] && slices.Contains(i.granted[subject], c.Permission)})
	}
	answer(w, http.StatusOK, map[string]any{"success": true, "results": results, "cs": i.seq})
}

func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	client, _, _ := r.BasicAuth()
	if id := r.PostFormValue("client_id"); id != "" {
		client = id
	}
	switch {
	case !credential(r) || client == "":
		answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	case r.PostFormValue("grant_type") != "client_credentials":
		answer(w, http.StatusBadRequest, map[string]string{"error": "unsupported_grant_type"})
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	who := Service(client).For(r.PostFormValue("service"))
	held := i.granted[who.subject]
	for name := range strings.FieldsSeq(r.PostFormValue("scope")) {
		if !slices.Contains(held, name) {
			answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_scope", "error_description": name})
			return
		}
	}
	text, err := i.sign(who)
	if err != nil {
		answer(w, http.StatusInternalServerError, map[string]string{"error": "server_error"})
		return
	}
	answer(w, http.StatusOK, map[string]any{"access_token": text, "token_type": "Bearer", "expires_in": int(life.Seconds())})
}
