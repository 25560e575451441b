package signin

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/signet-auth/signet/app/proof"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// challenges is the door for challenges.
var challenges = proof.Door{
	Purposes: []domain.Purpose{domain.PurposeMFALogin}, Refusal: domain.ErrInvalidToken.Saying("Invalid, used or expired challenge. Sign in again"),
}

// pending is the payload of a challenge: what was proved, and the session that was asked for.
type pending struct {
	Epoch      int64 // of the user's credentials
	Methods    []string
	Provider   string
	Service    string // the key of the audience
	DeviceName string
	Cookie     bool
}

// Pending is a login that waits for a second factor.
type Pending struct {
	Flow    domain.Flow
	Proof   Proof // of the first factor, with the account as it was then
	Request Request
}

// maxLiveFlows bounds how many flows about a user are looked at for challenges to end.
const maxLiveFlows = 200

// challenge stores a login that waits for a second factor. No stranger gets here: the first one was right. From one address block a user
// has few at once, and others can't end those of another block.
func (s *Service) challenge(ctx context.Context, tx *store.Tx, p Proof, r Request, now time.Time) (*domain.Challenge, error) {
	all, err := tx.Factors.ByUser(ctx, p.User.ID)
	if err != nil {
		return nil, err
	}
	codes, err := tx.Factors.Codes(ctx, p.User.ID)
	if err != nil {
		return nil, err
	}
	block := r.From.Block()
	if err := s.endOldest(ctx, tx, p.User.ID, block, now); err != nil {
		return nil, err
	}
	flow, token, err := domain.NewChallenge(domain.FlowID(s.System.NewOrderedID()), p.User.ID, block, s.System.Entropy, now)
	if err != nil {
		return nil, err
	}
	flow.Payload, err = s.proofs.SealPayload(flow.ID, pending{
		Epoch: p.User.CredentialEpoch, Methods: p.Methods, Provider: p.Provider, Service: r.Audience.Key, DeviceName: r.DeviceName, Cookie: r.Cookie,
	})
	if err != nil {
		return nil, err
	}
	if err := tx.Flows.Insert(ctx, flow); err != nil {
		return nil, err
	}
	event := domain.UserEvent(domain.EventLoginChallenged, domain.Anonymous(), r.From, p.User.ID)
	if p.Provider != "" {
		event = event.With("provider", p.Provider)
	}
	return &domain.Challenge{Token: token, Ways: domain.WaysToProve(all, codes, s.settings.RPID), TTL: domain.ChallengeTTL}, s.Audit.Record(ctx, tx, now, event)
}

func (s *Service) endOldest(ctx context.Context, tx *store.Tx, user domain.UserID, block string, now time.Time) error {
	live, err := tx.Flows.LiveBySubject(ctx, string(user), now, maxLiveFlows) // newest first
	if err != nil {
		return err
	}
	live = slices.DeleteFunc(live, func(f domain.Flow) bool { return f.Purpose != domain.PurposeMFALogin || f.Address != block })
	for i := domain.MaxChallenges - 1; i < len(live); i++ {
		if _, err := tx.Flows.Consume(ctx, live[i].ID, now); err != nil {
			return err
		}
	}
	return nil
}

// Pending finds the login of a challenge. A guess costs the sender's address block a try.
func (s *Service) Pending(ctx context.Context, from domain.Origin, token domain.Secret, now time.Time) (Pending, error) {
	flow, err := s.proofs.Find(ctx, challenges, from, domain.ParseChallenge(token), now)
	if err != nil {
		return Pending{}, err
	}
	var kept pending
	if err := s.proofs.OpenPayload(flow, &kept); err != nil {
		return Pending{}, challenges.Refusal.Because(err) // sealed under an unknown SECRET_KEY
	}
	asOf := s.directory.Applied()
	user, err := s.Store.Read().Users.ByID(ctx, domain.UserID(flow.Subject))
	if errors.Is(err, domain.ErrNotFound) || err == nil && (!user.IsActive(now) || user.CredentialEpoch != kept.Epoch) {
		return Pending{}, challenges.Refusal
	}
	if err != nil {
		return Pending{}, err
	}
	audience, err := s.directory.Service(ctx, kept.Service)
	return Pending{
		Flow:  flow,
		Proof: Proof{User: user, Methods: kept.Methods, Provider: kept.Provider, AsOf: asOf},
		Request: Request{
			Client: domain.FirstParty(), Audience: audience, From: from, DeviceName: kept.DeviceName, Cookie: kept.Cookie,
		},
	}, err
}

// ErrChallenge refuses a challenge that does not work.
var ErrChallenge = challenges.Refusal
