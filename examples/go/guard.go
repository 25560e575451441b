package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/time/rate"
)

// guard lets callers through by their access tokens. It verifies them itself, and asks Signet only where an answer must not be late.
type guard struct {
	issuer, audience string
	keys             keyfunc.Keyfunc
	parser           *jwt.Parser
	client           http.Client
}

// claims are what a token says of its bearer.
type claims struct {
	jwt.RegisteredClaims

	Permissions []string `json:"permissions"`
	// PermRef tells that the permissions are too many for a token: Signet knows them.
	PermRef bool `json:"perm_ref"`
	// ACR is how strongly the caller proved who they are, one of levels, and AuthTime when, in seconds since 1970. Services have neither.
	ACR      string `json:"acr"`
	AuthTime int64  `json:"auth_time"`
}

// levels are in ascending order. A token without one, or with one that is not known here, has the first.
var levels = []string{"aal1", "aal2", "phr"}

// newGuard needs nothing but the issuer, which says where its keys are. They are fetched every 5 minutes, so that a revoked one is
// forgotten, and when a token names one that is not known, but for this once in 30 seconds at most.
func newGuard(ctx context.Context, issuer, audience string) (*guard, error) {
	g := &guard{issuer: issuer, audience: audience, client: http.Client{Timeout: 5 * time.Second}, parser: jwt.NewParser(
		jwt.WithIssuer(issuer), jwt.WithAudience(audience), jwt.WithExpirationRequired(), jwt.WithLeeway(30*time.Second),
		jwt.WithValidMethods([]string{"ES256"}), // never what the token itself names
	)}
	var metadata struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	status, err := g.get(ctx, "/.well-known/openid-configuration", "", &metadata)
	if err != nil {
		return nil, fmt.Errorf("Signet can't be asked at %s (SIGNET_ISSUER): %w", issuer, err)
	}
	if status != http.StatusOK {
		return nil, fmt.Errorf("%s (SIGNET_ISSUER) answers %d: it should be the issuer that Signet prints, without a slash at its end", issuer, status)
	}
	if metadata.Issuer != issuer {
		return nil, fmt.Errorf("%s calls itself %s, and so do its tokens: SIGNET_ISSUER must be that", issuer, metadata.Issuer)
	}
	keys, err := keyfunc.NewDefaultOverrideCtx(ctx, []string{metadata.Keys}, keyfunc.Override{
		RefreshInterval: 5 * time.Minute, HTTPTimeout: 5 * time.Second,
		RefreshUnknownKID: rate.NewLimiter(rate.Every(30*time.Second), 1), RateLimitWaitMax: time.Millisecond, // strangers invent names
	})
	g.keys = keys
	return g, err
}

// loggedIn lets everybody through whose token is for this service.
func (g *guard) loggedIn(next http.HandlerFunc) http.HandlerFunc { return g.protect("", false, next) }

// may lets those through whose token has the permission. A role that was taken and a session that ended count when the token expires.
func (g *guard) may(permission string, next http.HandlerFunc) http.HandlerFunc {
	return g.protect(permission, false, next)
}

// mayNow asks Signet besides, which knows within a second.
func (g *guard) mayNow(permission string, next http.HandlerFunc) http.HandlerFunc {
	return g.protect(permission, true, next)
}

// fresh lets those through who proved who they are at a level, not longer ago than maxAge. It goes inside may or mayNow. Others are told what
// is missing (RFC 9470): the front end calls Signet's step-up and repeats the call. A service has no level, and does not get through.
func (g *guard) fresh(acr string, maxAge time.Duration, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := caller(r)
		wanted := slices.Index(levels, acr) // below zero for a misspelled one, which lets nobody through
		if wanted < 0 || max(slices.Index(levels, c.ACR), 0) < wanted || time.Since(time.Unix(c.AuthTime, 0)) > maxAge {
			g.refuse(w, http.StatusUnauthorized, "a fresh login is needed", fmt.Sprintf(
				`, error="insufficient_user_authentication", acr_values=%q, max_age=%d`, acr, int(maxAge.Seconds())))
			return
		}
		next(w, r)
	}
}

var (
	errRefused     = errors.New("the access token is not valid here")
	errUnavailable = errors.New("the issuer can't be asked")
)

func (g *guard) protect(permission string, now bool, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		scheme, bearer, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") {
			g.refuse(w, http.StatusUnauthorized, "an access token is needed", "")
			return
		}
		c, err := g.verify(bearer)
		if err == nil && (now || c.PermRef) {
			c.Permissions, err = g.ask(r.Context(), bearer)
		}
		switch {
		case errors.Is(err, errUnavailable):
			g.refuse(w, http.StatusServiceUnavailable, err.Error(), "")
		case err != nil:
			g.refuse(w, http.StatusUnauthorized, errRefused.Error(), `, error="invalid_token"`)
		case permission != "" && !slices.Contains(c.Permissions, permission):
			g.refuse(w, http.StatusForbidden, permission+" is needed", fmt.Sprintf(`, error="insufficient_scope", scope=%q`, permission))
		default:
			next(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, c)))
		}
	}
}

// verify checks signature, typ, iss, aud and exp.
func (g *guard) verify(bearer string) (claims, error) {
	var c claims
	token, err := g.parser.ParseWithClaims(bearer, &c, g.keys.Keyfunc)
	if err == nil && token.Header["typ"] != "at+jwt" { // RFC 9068 §4
		err = errRefused
	}
	return c, err
}

// ask is what the token permits this second. Any doubt is no permission.
func (g *guard) ask(ctx context.Context, bearer string) ([]string, error) {
	var valid struct {
		Audience    string   `json:"audience"`
		Permissions []string `json:"permissions"`
	}
	status, err := g.get(ctx, "/api/auth/validate-jwt", bearer, &valid)
	switch {
	case err != nil || status == http.StatusTooManyRequests || status >= http.StatusInternalServerError:
		return nil, errUnavailable
	case status != http.StatusOK || valid.Audience != g.audience:
		return nil, errRefused
	}
	return valid.Permissions, nil
}

func (g *guard) get(ctx context.Context, path, bearer string, into any) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, g.issuer+path, nil)
	if err != nil {
		return 0, err
	}
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	response, err := g.client.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode, json.NewDecoder(response.Body).Decode(into)
}

// refuse says why, and how to be let in (RFC 6750 §3).
func (g *guard) refuse(w http.ResponseWriter, status int, why, parameters string) {
	if status != http.StatusServiceUnavailable {
		w.Header().Set("WWW-Authenticate", fmt.Sprintf("Bearer realm=%q%s", g.audience, parameters))
	}
	answer(w, status, map[string]any{"error": why})
}

type callerKey struct{}

// caller is the bearer of the token, behind a guard.
func caller(r *http.Request) claims {
	c, _ := r.Context().Value(callerKey{}).(claims)
	return c
}
