package apptoken

import (
	"context"
	"strconv"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// RotateInput is how a token gets a new secret.
type RotateInput struct {
	Target

	Rotation domain.Rotation
	End      End // of the token
}

// Rotate makes a new secret for a token; its text is in the output and nowhere else. The previous secret lives on for the overlap. The
// rules for creating a token apply, except that a service may rotate its own. Of any number of concurrent rotations one succeeds.
//
// domain.ErrRotationPending while two secrets live, unless the client says which of them ends now; domain.ErrTokenEnded.
func (s *Service) Rotate(ctx context.Context, in RotateInput) (Shown, error) {
	if err := s.directory.RequireEver(ctx, in.Actor, domain.WriteTokens); err != nil {
		return Shown{}, err
	}
	now := s.System.Now()
	secret, text, err := domain.NewAppTokenSecret(domain.AppTokenSecretID(s.System.NewID()), s.System.Entropy, now)
	if err != nil {
		return Shown{}, err
	}
	end, given, err := in.End.at(now)
	if err := domain.MergeFields(in.Rotation.Check(), err); err != nil {
		return Shown{}, err
	}
	token, service, err := s.load(ctx, in.Actor, domain.WriteTokens, in.ID)
	if err != nil {
		return Shown{}, err
	}
	out := Shown{}
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		c, err := s.begin(ctx, tx, in.Actor, in.From, domain.WriteTokens, service.ID, now)
		if err != nil {
			return err
		}
		until, err := c.checkRank(ctx)
		if err != nil {
			return err
		}
		t, err := c.token(ctx, token.ID)
		if err != nil {
			return err
		}
		if err := c.checkScopes(t.Scopes); err != nil {
			return err
		}
		previous, err := t.Rotate(in.Rotation, secret, now)
		if err != nil {
			return err
		}
		if given {
			t.ExpiresAt = end
		}
		var isCapped bool
		if t.ExpiresAt, isCapped, err = capped(t.ExpiresAt, given, until); err != nil {
			return err
		}
		if !previous.IsZero() {
			previous = domain.EarlierEnd(previous, t.ExpiresAt)
		}
		token.AppToken = t
		out = s.shown(token, service)
		out.Text, out.Capped, out.PreviousEnds = text, isCapped, previous
		if err := c.write(ctx, t, domain.TokensUnaffected); err != nil {
			return err
		}
		return s.Audit.Record(ctx, tx, now, rotated(c.event(domain.EventAppTokenRotated, t), in.Rotation, out.PreviousEnds.Sub(now)))
	})
	if err != nil {
		return Shown{}, s.NoteRefusal(err, token.Event(domain.EventAppTokenRotated, in.Actor, in.From))
	}
	return out, nil
}

func rotated(e domain.Event, r domain.Rotation, overlap time.Duration) domain.Event {
	e = e.With("overlap", strconv.FormatInt(int64(max(overlap, 0)/time.Second), 10))
	if r.Supersede != domain.SupersedeNone {
		e = e.With("supersede", string(r.Supersede))
	}
	return e
}
