package run

import (
	"time"

	"github.com/signet-auth/signet/domain"
)

// tokenSettings are about access tokens and the keys that sign them.
type tokenSettings struct {
	Issuer      string
	IssuerForce onOff
	Algorithm   domain.Algorithm
	AccessTTL   duration
	KeyRotation duration
}

func (t *tokenSettings) group() group {
	return group{title: "Access tokens", settings: []setting{
		{
			name: "ISSUER", into: &t.Issuer, limit: form("an address, compared letter for letter"), empty: "PUBLIC_URL at the first start, and kept from then on",
			text: "The name tokens are issued under; empty: PUBLIC_URL. Kept from the first start",
		},
		{
			name: "ISSUER_FORCE", into: &t.IssuerForce, preset: "off",
			text: "Accept a changed issuer: every access token out there ends",
		},
		{
			name: "JWT_ALG", into: &t.Algorithm, preset: "ES256", words: []string{string(domain.ES256), string(domain.RS256), string(domain.EdDSA)},
			text: "How access tokens are signed: ES256, RS256 or EdDSA. A change must reach all replicas within a day",
		},
		{name: "JWT_ACCESS_TOKEN_EXPIRES", into: &t.AccessTTL, preset: "15m", limit: moreThanZero(), text: "How long an access token is good"},
		{
			name: "KEY_ROTATION", into: &t.KeyRotation, preset: "30d",
			text: "How long a signing key signs before the next one takes over: 24h or more; 0: until `signet keys rotate`",
			limit: times("24h or more, which the next key is published for before it signs, or 0: only when an operator says so",
				func(d time.Duration) bool { return d == 0 || d >= domain.KeyNotice }),
		},
	}}
}
