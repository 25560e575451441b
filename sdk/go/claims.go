package signet

import (
	"encoding/json"
	"strconv"
	"time"
)

// claims are what the package itself goes by.
type claims struct {
	subject, session, client, kind, key string
	tokenID                             string
	permissions, roles                  []string
	permRef                             bool
	changes                             int64 // cs: which changes are in it
	issuedAt, expires, notBefore        int64
	all                                 map[string]any
}

// maxSeconds is the end of the year 9999: later times overflow somewhere.
const maxSeconds = 253402300799

// readClaims checks the claims in the order in which faults are told.
func readClaims(all map[string]any, issuer, audience string, now time.Time, leeway time.Duration) (c claims, reason Reason) {
	if iss, _ := all["iss"].(string); iss != issuer {
		return c, ReasonIssuer
	}
	if !forAudience(all["aud"], audience) {
		return c, ReasonAudience
	}
	c.all = all
	if !c.read() {
		return c, ReasonClaims
	}
	return c, c.judge(now, leeway)
}

// judge is about time, and about the key that a bound token belongs to (RFC 7800): as a bearer token it is a stolen one.
func (c *claims) judge(now time.Time, leeway time.Duration) Reason {
	_, bound := c.all["cnf"]
	latest := now.Add(leeway).Unix()
	switch {
	case !c.alive(now, leeway):
		return ReasonExpired
	case c.notBefore > latest, c.issuedAt > latest:
		return ReasonNotYetValid
	case bound:
		return ReasonTokenBound
	}
	return ""
}

func (c *claims) alive(now time.Time, leeway time.Duration) bool {
	return now.Before(time.Unix(c.expires, 0).Add(leeway))
}

func forAudience(aud any, audience string) bool {
	if list, ok := aud.([]any); ok && len(list) == 1 { // of two either service could use the token at the other
		aud = list[0]
	}
	text, ok := aud.(string)
	return ok && text == audience
}

// read takes claims in their exact type. What Signet writes into every token must be there.
func (c *claims) read() bool {
	ok := true
	text := func(name string, needed bool) string {
		value, there := c.all[name]
		s, is := value.(string)
		ok = ok && (is || !there && !needed) && (s != "" || !needed)
		return s
	}
	list := func(name string) []string {
		value, there := c.all[name]
		texts, is := readTexts(value)
		ok = ok && (is || !there)
		return texts
	}
	number := func(name string, needed bool, most int64) int64 {
		value, there := c.all[name]
		written, _ := value.(json.Number)
		n, err := strconv.ParseInt(string(written), 10, 64)
		ok = ok && (err == nil && n <= most || !there && !needed)
		return n
	}
	c.subject, c.tokenID, c.client = text("sub", true), text("jti", true), text("client_id", true)
	c.session, c.key, c.kind = text("sid", false), text("key", false), text("kind", false)
	c.expires, c.issuedAt, c.notBefore = number("exp", true, maxSeconds), number("iat", true, maxSeconds), number("nbf", true, maxSeconds)
	c.changes = number("cs", false, 1<<53)
	c.permissions, c.roles = list("permissions"), list("roles")
	if value, there := c.all["perm_ref"]; there {
		var is bool
		c.permRef, is = value.(bool)
		ok = ok && is
	}
	return ok && c.changes >= 0
}

func readTexts(value any) ([]string, bool) {
	members, ok := value.([]any)
	if !ok {
		return nil, false
	}
	texts := make([]string, len(members))
	for i, m := range members {
		if texts[i], ok = m.(string); !ok {
			return nil, false
		}
	}
	return texts, true
}
