package domain

import (
	"io"
	"strings"
	"time"
)

// Challenge is a login whose first factor was right and whose second one is asked for.
type Challenge struct {
	Token Secret
	Ways  []string // to prove it, in the order in which they are offered
	TTL   time.Duration
}

const (
	challengePrefix = "sgch_"
	// ChallengeTTL is how long a challenge works.
	ChallengeTTL = 10 * time.Minute
	// ChallengeTries is how many proofs it takes.
	ChallengeTries = 5
	// MaxChallenges is how many a user may have at once from one address block: the oldest ones end.
	MaxChallenges = 5
)

// NewChallenge makes the flow of a challenge for a user, and its token. block is the address block that it began in.
func NewChallenge(id FlowID, user UserID, block string, entropy io.Reader, now time.Time) (Flow, Secret, error) {
	flow, secret, err := NewFlow(id, PurposeMFALogin, string(user), Email{}, nil, entropy, now, ChallengeTTL, CodePolicy{})
	flow.Address = block
	return flow, NewSecret(challengePrefix + secret.Link.Reveal()), err
}

// ParseChallenge is the secret of a challenge's flow; zero when the text is none.
func ParseChallenge(token Secret) Secret {
	secret, ok := strings.CutPrefix(token.Reveal(), challengePrefix)
	if !ok {
		return Secret{}
	}
	return NewSecret(secret)
}
