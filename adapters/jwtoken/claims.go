package jwtoken

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"

	"github.com/signet-auth/signet/domain"
)

// claimSet is the payload on the wire (RFC 9068 §2.2 and Signet's own members). It implements jwt.Claims.
type claimSet struct {
	Issuer        string   `json:"iss"`
	Subject       string   `json:"sub"`
	Audience      string   `json:"aud"` // always one: either of two services could use the token at the other
	ExpiresAt     seconds  `json:"exp"`
	IssuedAt      seconds  `json:"iat"`
	NotBefore     seconds  `json:"nbf"`
	TokenID       string   `json:"jti"`
	SessionID     string   `json:"sid,omitempty"` // a service's own tokens have no session
	ClientID      string   `json:"client_id"`
	EmailVerified *bool    `json:"email_verified,omitempty"` // of users
	Roles         []string `json:"roles"`
	Permissions   []string `json:"permissions,omitzero"` // absent with perm_ref, and [] for none
	PermRef       bool     `json:"perm_ref,omitempty"`
	PV            int64    `json:"pv"`
	ChangeSeq     int64    `json:"cs,omitempty"` // orders it against the facts of the feed, whatever the clocks
	AMR           []string `json:"amr,omitempty"`
	ACR           string   `json:"acr,omitempty"`
	AuthTime      seconds  `json:"auth_time,omitzero"`
	Kind          string   `json:"kind,omitempty"`  // absent: a user. A missing sid does not show that: other tokens have none either
	Key           string   `json:"key,omitempty"`   // the application token that it lives as long as
	Scope         *string  `json:"scope,omitempty"` // RFC 9068 §2.2.3; absent unless it was asked for
}

var errIncomplete = errors.New("iss, sub, aud, exp, iat, nbf, jti and client_id are required")

// onWire cuts times to whole seconds, downwards: no token outlives what its claims were computed from.
func onWire(c domain.Claims) claimSet {
	s := claimSet{
		Issuer: c.Issuer, Subject: string(c.Subject), Audience: c.Audience,
		ExpiresAt: toSeconds(c.ExpiresAt), IssuedAt: toSeconds(c.IssuedAt), NotBefore: toSeconds(c.NotBefore()),
		TokenID: c.TokenID, SessionID: string(c.SessionID), ClientID: c.ClientID,
		Roles: c.Roles, PermRef: c.PermRef, PV: c.PV, ChangeSeq: c.AsOf,
		AMR: c.AMR, AuthTime: toSeconds(c.AuthTime), Kind: string(c.Kind), Key: string(c.AppToken),
	}
	if c.Kind == "" {
		s.EmailVerified = &c.EmailVerified
	}
	if c.Scope != nil {
		scope := strings.Join(c.Scope, " ")
		s.Scope = &scope
	}
	if c.Level != 0 {
		s.ACR = c.Level.String()
	}
	if s.Roles == nil {
		s.Roles = []string{}
	}
	if !c.PermRef {
		s.Permissions = append([]string{}, c.Permissions...)
	}
	return s
}

func (s *claimSet) claims(typ domain.TokenType) domain.Claims {
	c := domain.Claims{
		Issuer: s.Issuer, Subject: domain.PrincipalID(s.Subject), Audience: s.Audience,
		ExpiresAt: s.ExpiresAt.time(), IssuedAt: s.IssuedAt.time(),
		TokenID: s.TokenID, SessionID: domain.SessionID(s.SessionID), ClientID: s.ClientID,
		EmailVerified: s.EmailVerified != nil && *s.EmailVerified, Roles: s.Roles, Permissions: s.Permissions, PermRef: s.PermRef, PV: s.PV, AsOf: s.ChangeSeq,
		AMR: s.AMR, AuthTime: s.AuthTime.time(), Type: typ, Kind: domain.PrincipalKind(s.Kind), AppToken: domain.AppTokenID(s.Key),
	}
	c.Level, _ = domain.ParseLevel(s.ACR) // a word of a later release proves nothing here
	if s.Scope != nil {
		c.Scope = append([]string{}, strings.Fields(*s.Scope)...) // an empty scope is not all
	}
	return c
}

// complete tells whether every required claim is there (RFC 9068 §2.2).
func (s *claimSet) complete() bool {
	return s.Issuer != "" && s.Subject != "" && s.Audience != "" && s.TokenID != "" && s.ClientID != "" &&
		s.ExpiresAt != 0 && s.IssuedAt != 0 && s.NotBefore != 0
}

// UnmarshalJSON reads a claim by its exact name, once, in its exact type. Unknown claims are ignored (RFC 7519 §4), so that during an
// upgrade a replica accepts tokens of a newer one.
func (s *claimSet) UnmarshalJSON(data []byte) error {
	if !utf8.Valid(data) {
		return errors.New("claims are not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return errors.New("claims are not an object")
	}
	seen := make(map[string]bool, 24)
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		if seen[name] { // readers differ in which of the two counts: one checks the first, another uses the last
			return fmt.Errorf("claim %q is there twice", name)
		}
		seen[name] = true
		if err := s.member(name, d); err != nil {
			return fmt.Errorf("claim %q: %w", name, err)
		}
	}
	if _, err := d.Token(); err != nil { // the closing brace
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("text after the claims")
	}
	return nil
}

// member decodes the value that follows a claim's name.
func (s *claimSet) member(name string, d *json.Decoder) error {
	var target any
	switch name {
	case "iss":
		target = &s.Issuer
	case "sub":
		target = &s.Subject
	case "aud":
		target = &s.Audience
	case "exp":
		target = &s.ExpiresAt
	case "iat":
		target = &s.IssuedAt
	case "nbf":
		target = &s.NotBefore
	case "jti":
		target = &s.TokenID
	case "sid":
		target = &s.SessionID
	case "client_id":
		target = &s.ClientID
	case "email_verified":
		target = &s.EmailVerified
	case "roles":
		target = &s.Roles
	case "permissions":
		target = &s.Permissions
	case "perm_ref":
		target = &s.PermRef
	case "pv":
		target = &s.PV
	case "cs":
		target = &s.ChangeSeq
	case "amr":
		target = &s.AMR
	case "acr":
		target = &s.ACR
	case "auth_time":
		target = &s.AuthTime
	case "kind":
		target = &s.Kind
	case "key":
		target = &s.Key
	case "scope":
		target = &s.Scope
	default:
		target = new(json.RawMessage)
	}
	return d.Decode(target)
}

// seconds is a NumericDate as Signet writes it: whole seconds since 1970, 0 for none.
type seconds int64

// maxSeconds is the end of the year 9999. Beyond it conversions overflow, and a token of the far future might be one of the
// past (or for ever).
const maxSeconds = 253402300799

func toSeconds(t time.Time) seconds {
	if t.IsZero() {
		return 0
	}
	return seconds(t.Unix())
}

func (s seconds) time() time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(int64(s), 0).UTC()
}

func (s seconds) numeric() *jwt.NumericDate {
	if s == 0 {
		return nil
	}
	return jwt.NewNumericDate(s.time())
}

// UnmarshalJSON takes a positive integer; not "1e9", 1.5 or a string, though RFC 7519 allows the first two.
func (s *seconds) UnmarshalJSON(data []byte) error {
	n, err := strconv.ParseInt(string(data), 10, 64)
	if err != nil || n <= 0 || n > maxSeconds {
		return errors.New("not a time in whole seconds")
	}
	*s = seconds(n)
	return nil
}

// GetExpirationTime implements jwt.Claims, as do the five methods below.
func (s *claimSet) GetExpirationTime() (*jwt.NumericDate, error) { return s.ExpiresAt.numeric(), nil }

// GetIssuedAt is iat.
func (s *claimSet) GetIssuedAt() (*jwt.NumericDate, error) { return s.IssuedAt.numeric(), nil }

// GetNotBefore is nbf.
func (s *claimSet) GetNotBefore() (*jwt.NumericDate, error) { return s.NotBefore.numeric(), nil }

// GetIssuer is iss.
func (s *claimSet) GetIssuer() (string, error) { return s.Issuer, nil }

// GetSubject is sub.
func (s *claimSet) GetSubject() (string, error) { return s.Subject, nil }

// GetAudience is aud.
func (s *claimSet) GetAudience() (jwt.ClaimStrings, error) { return jwt.ClaimStrings{s.Audience}, nil }

// Validate lets jwt's validator, which calls it, check for required claims that it does not know.
func (s *claimSet) Validate() error {
	if !s.complete() {
		return errIncomplete
	}
	return nil
}
