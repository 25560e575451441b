package federation

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/app/proof"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/store"
)

const (
	ticketTTL  = 2 * time.Minute
	maxTickets = 5 // live ones of a user
)

// tickets is the door for tickets, which carry a person's request to link an identity from their token to their browser.
var tickets = proof.Door{
	Purposes: []domain.Purpose{domain.PurposeLinkTicket}, Refusal: domain.ErrInvalidToken.Saying("Invalid, used or expired ticket"),
}

// ticket is the payload of a ticket.
type ticket struct {
	Provider    string
	Fingerprint []byte
	RedirectTo  string
	State       string
	Challenge   string
	Session     domain.SessionID
}

// LinkInput is the request of a logged-in person to link an identity.
type LinkInput struct {
	Actor      domain.Actor
	From       domain.Origin
	Provider   string
	RedirectTo string
	State      string
	Challenge  string
}

// Link returns an address of ours for the browser of a logged-in person. A navigation can't carry the bearer token, so the address has a
// ticket, which works once and for two minutes. It leads to a continuation, which Confirm completes.
func (s *Service) Link(ctx context.Context, in LinkInput) (authorizeURL domain.Secret, err error) {
	if err := access.RequirePlatformUser(in.Actor); err != nil {
		return domain.Secret{}, err
	}
	now := s.System.Now()
	if err := s.reauth.RequireRecent(ctx, in.Actor, now); err != nil {
		return domain.Secret{}, err
	}
	p, err := s.provider(in.Provider)
	if err != nil {
		return domain.Secret{}, err
	}
	if err := s.checkLink(in); err != nil {
		return domain.Secret{}, err
	}
	flow, secret, err := domain.NewFlow(domain.FlowID(s.System.NewOrderedID()), domain.PurposeLinkTicket, string(in.Actor.ID), domain.Email{},
		nil, s.System.Entropy, now, ticketTTL, domain.CodePolicy{})
	if err != nil {
		return domain.Secret{}, err
	}
	flow.Payload, err = s.proofs.SealPayload(flow.ID, ticket{
		Provider: in.Provider, Fingerprint: fingerprintOf(p.Info()), RedirectTo: in.RedirectTo, State: in.State, Challenge: in.Challenge,
		Session: in.Actor.SessionID,
	})
	if err != nil {
		return domain.Secret{}, err
	}
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if _, err := base.LockActor(ctx, tx, in.Actor, now); err != nil {
			return err
		}
		user, err := tx.Users.ByID(ctx, domain.UserID(in.Actor.ID))
		if err != nil {
			return access.TokenInvalidWhenGone(err)
		}
		if !user.IsEmailVerified() {
			return errUnproved
		}
		live, err := tx.Flows.LiveBySubject(ctx, flow.Subject, now, 100)
		if err != nil {
			return err
		}
		live = slices.DeleteFunc(live, func(f domain.Flow) bool { return f.Purpose != domain.PurposeLinkTicket })
		for _, old := range live[min(len(live), maxTickets-1):] { // newest first
			if _, err := tx.Flows.Consume(ctx, old.ID, now); err != nil {
				return err
			}
		}
		return tx.Flows.Insert(ctx, flow)
	})
	return domain.NewSecret(strings.TrimSuffix(p.Info().Callback, "/callback") + "?ticket=" + secret.Link.Reveal()), err
}

func (s *Service) checkLink(in LinkInput) error {
	err := BeginInput{RedirectTo: in.RedirectTo, State: in.State, Challenge: in.Challenge}.check()
	if in.RedirectTo == "" {
		return domain.MergeFields(err, domain.ErrInvalidFields(domain.Required("redirect_to")))
	}
	_, unlisted := s.settings.Redirects.Find(in.RedirectTo)
	return domain.MergeFields(err, unlisted)
}

// redeemTicket uses a ticket up and puts its person into the attempt.
func (s *Service) redeemTicket(ctx context.Context, from domain.Origin, text domain.Secret, a *attempt, now time.Time) error {
	flow, err := s.proofs.Find(ctx, tickets, from, text, now)
	if err != nil {
		return err
	}
	var kept ticket
	if err := s.proofs.OpenPayload(flow, &kept); err != nil {
		return tickets.Refusal.Because(err) // sealed under an unknown SECRET_KEY
	}
	if kept.Provider != a.Provider || string(kept.Fingerprint) != string(a.Fingerprint) {
		return tickets.Refusal
	}
	err = s.proofs.Redeem(ctx, tickets, flow, now, func(context.Context, *store.Tx, proof.Redeemed) error { return nil })
	a.User, a.Session = domain.UserID(flow.Subject), kept.Session
	a.RedirectTo, a.CallerState, a.Challenge, a.Service = kept.RedirectTo, kept.State, kept.Challenge, ""
	return err
}

// Identities are the caller's identities at providers.
func (s *Service) Identities(ctx context.Context, actor domain.Actor) ([]domain.Identity, error) {
	if err := access.RequirePlatformUser(actor); err != nil {
		return nil, err
	}
	return s.Store.Read().Identities.ByUser(ctx, domain.UserID(actor.ID))
}

// UnlinkInput names one of the caller's identities.
type UnlinkInput struct {
	Actor    domain.Actor
	From     domain.Origin
	Identity domain.IdentityID
}

// Unlink removes an identity from its account. It returns domain.ErrLastIdentity when the person could no longer log in: without a
// password, without a passkey, and without another identity whose provider is configured. Other sessions end, since any of them may have begun through that
// identity.
func (s *Service) Unlink(ctx context.Context, in UnlinkInput) error {
	if err := access.RequirePlatformUser(in.Actor); err != nil {
		return err
	}
	now, id := s.System.Now(), domain.UserID(in.Actor.ID)
	if err := s.reauth.RequireRecent(ctx, in.Actor, now); err != nil {
		return err
	}
	return s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		principal, err := base.LockActor(ctx, tx, in.Actor, now)
		if err != nil {
			return err
		}
		user, err := tx.Users.ByID(ctx, id)
		if err != nil {
			return access.TokenInvalidWhenGone(err)
		}
		if err := s.reauth.RequireRecentOf(user, in.Actor, now); err != nil {
			return err
		}
		all, err := tx.Identities.ByUser(ctx, id)
		if err != nil {
			return err
		}
		factors, err := tx.Factors.ByUser(ctx, id)
		if err != nil {
			return err
		}
		others := slices.ContainsFunc(all, func(i domain.Identity) bool { return i.ID != in.Identity && s.IsUsable(i) })
		owns := slices.ContainsFunc(all, func(i domain.Identity) bool { return i.ID == in.Identity })
		if owns && user.PasswordHash == "" && !others && !domain.HasPasskey(factors, s.signin.RPID()) {
			return domain.ErrLastIdentity
		}
		identity, err := tx.Identities.Delete(ctx, id, in.Identity)
		if err != nil {
			return err
		}
		principal.ReplaceCredentials(now)
		if err := tx.Principals.Update(ctx, principal); err != nil {
			return err
		}
		tx.Changed(domain.ChangePrincipal, string(id), domain.TokensUnaffected)
		ending := base.Ending{By: in.Actor, From: in.From, Reason: domain.EndedByUser}
		if _, err := s.EndAllSessions(ctx, tx, id, ending, now, in.Actor.SessionID); err != nil {
			return err
		}
		event := domain.UserEvent(domain.EventIdentityUnlinked, in.Actor, in.From, id).With("provider", identity.Provider)
		if err := s.Audit.Record(ctx, tx, now, event); err != nil {
			return err
		}
		return s.tell(ctx, tx, user, mailer.IdentityUnlinked, identity.Provider, in.From, now)
	})
}
