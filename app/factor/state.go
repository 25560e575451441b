package factor

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/factor"
	"github.com/signet-auth/signet/ports/store"
)

// ceremony is what a WebAuthn response is asked for.
type ceremony string

// The ceremonies, with what each is bound to.
const (
	toEnrol  ceremony = "enrol"   // a session
	toLogin  ceremony = "login"   // nothing
	toVerify ceremony = "mfa"     // the challenge of a login
	toStepUp ceremony = "step_up" // a session
)

const (
	stateTTL = 5 * time.Minute
	maxState = 1 << 10 // characters
	// signedTTL is how long after its begin a used challenge is remembered: until no replica takes its state, whatever their clocks say.
	signedTTL   = 2 * stateTTL
	signedLabel = "passkey"
)

// errState refuses a state that does not work.
var errState = domain.ErrInvalidToken.Saying("Invalid, used or expired state. Ask for options again")

// asked is a request for a WebAuthn response. It travels with the response, sealed, so that nothing is stored before the response is accepted,
// and no cookie is needed.
type asked struct {
	Challenge []byte
	RPID      string
	Kind      domain.FactorKind `json:",omitempty"` // of a new credential
	Begun     time.Time
}

// Asked is what a front end gives to navigator.credentials, and the state that it sends back with the response.
type Asked struct {
	State   string
	Options []byte // JSON
	TTL     time.Duration
}

// statePlace is the place to which a sealed state is bound: it opens for one ceremony, and one session or login.
func statePlace(c ceremony, subject string) string { return "passkey/" + string(c) + "/" + subject }

func (s *Service) ask(c ceremony, subject string, kind domain.FactorKind, now time.Time, options func(challenge []byte) ([]byte, error)) (Asked, error) {
	a := asked{Challenge: make([]byte, factor.ChallengeSize), RPID: s.passkeys.RPID(), Kind: kind, Begun: now}
	if _, err := io.ReadFull(s.System.Entropy, a.Challenge); err != nil {
		return Asked{}, err
	}
	plain, err := json.Marshal(a)
	if err != nil {
		return Asked{}, err
	}
	sealed, err := s.sealer.Seal(statePlace(c, subject), plain)
	if err != nil {
		return Asked{}, err
	}
	public, err := options(a.Challenge)
	return Asked{State: base64.RawURLEncoding.EncodeToString(sealed), Options: public, TTL: stateTTL}, err
}

// opened reads a state that was made for a ceremony and its subject.
func (s *Service) opened(state string, c ceremony, subject string, now time.Time) (a asked, err error) {
	if len(state) > maxState {
		return asked{}, errState
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(state)
	if err != nil {
		return asked{}, errState
	}
	plain, err := s.sealer.Open(statePlace(c, subject), sealed)
	if err != nil {
		return asked{}, errState.Because(err)
	}
	if err := json.Unmarshal(plain, &a); err != nil {
		return asked{}, errState.Because(err)
	}
	if age := now.Sub(a.Begun); age > stateTTL || age < -stateTTL || a.RPID != s.passkeys.RPID() {
		return asked{}, errState
	}
	return a, nil
}

// useState remembers that a challenge was signed. Of any number of parallel uses one succeeds, and the others get errState.
func useState(ctx context.Context, tx *store.Tx, a asked, user domain.UserID, now time.Time) error {
	hash := sha256.Sum256(a.Challenge)
	err := tx.Flows.InsertFirst(ctx, domain.Flow{
		ID: domain.DeriveFlowID(signedLabel, string(a.Challenge)), Purpose: domain.PurposePasskey, SecretHash: hash[:], Subject: string(user),
		CreatedAt: now, ExpiresAt: a.Begun.Add(signedTTL), ConsumedAt: now,
	})
	if errors.Is(err, domain.ErrFlowExists) {
		return errState
	}
	return err
}
