package core_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp/totp"

	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/app/factor"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// factorBench is a watched rig with a user who is logged in.
type factorBench struct {
	*rig.Watched
	user  domain.User
	actor domain.Actor
}

func newFactorBench(t *testing.T) *factorBench {
	t.Helper()
	b := &factorBench{Watched: rig.NewWatched(t)}
	b.user = b.User(t, "ada@example.com")
	b.actor = b.SignedIn(t, b.user)
	return b
}

// enrol begins with an authenticator app.
func (b *factorBench) enrol(t *testing.T, s *factor.Service) factor.Enrolment {
	t.Helper()
	begun, err := s.EnrolTOTP(t.Context(), factor.EnrolInput{Actor: b.actor, From: rig.From})
	is(t, "enrol", err, nil)
	return begun
}

// confirm makes it count; the actor has a token of what is proved then.
func (b *factorBench) confirm(t *testing.T, s *factor.Service, begun factor.Enrolment) factor.Added {
	t.Helper()
	added, err := s.ConfirmTOTP(t.Context(), factor.ConfirmInput{Actor: b.actor, From: rig.From, Factor: begun.Factor.ID, Code: b.code(t, begun)})
	is(t, "confirm", err, nil)
	b.actor.Level, b.actor.AuthTime = added.Session.Level, added.Session.AuthTime
	return added
}

// code is one that was not shown before: a period later.
func (b *factorBench) code(t *testing.T, begun factor.Enrolment) domain.Secret {
	t.Helper()
	b.Clock.Move(30 * time.Second)
	code, err := totp.GenerateCode(begun.Key.Text.Reveal(), b.Clock.Now())
	is(t, "code", err, nil)
	return domain.NewSecret(code)
}

// challenge logs in as far as the password gets.
func (b *factorBench) challenge(t *testing.T) domain.Secret {
	t.Helper()
	_, err := b.Auth.Login(t.Context(), auth.LoginInput{From: rig.From, Email: "ada@example.com", Password: domain.NewSecret(rig.Password)})
	is(t, "login", err, domain.ErrMFARequired)
	var refusal *domain.Error
	errors.As(err, &refusal)
	return refusal.Challenge.Token
}

func (b *factorBench) verify(t *testing.T, challenge domain.Secret, offer factor.Offer) error {
	t.Helper()
	_, err := b.Factors.Verify(t.Context(), factor.VerifyInput{From: rig.From, Challenge: challenge, Offer: offer})
	return err
}

func wrong() factor.Offer { return factor.Offer{Code: domain.NewSecret("000000")} }

func TestAProofIsCheckedInTheOrderThatMakesGuessesCountAndStrangersCheap(t *testing.T) {
	b := newFactorBench(t)
	begun := b.enrol(t, b.Factors)
	codes := b.confirm(t, b.Factors, begun).Codes
	malformed := domain.ErrInvalidFields()
	malformed.Code = "validation_failed"
	b.Queries("WithinTx", "Factors.ByUser", "Factors.HasCode")
	right := func() factor.Offer { return factor.Offer{Code: b.code(t, begun)} }
	for name, row := range map[string]struct {
		offer factor.Offer
		want  error
		steps []string
	}{
		"a wrong form": {factor.Offer{Code: domain.NewSecret("12345")}, malformed, nil},
		"a wrong code": {wrong(), domain.ErrInvalidCode, []string{
			"take failures", "return failures", // the challenge
			"take failures", "take login", "WithinTx", "Factors.ByUser", // a try is counted before the code is compared
			"WithinTx", // the run of wrong ones
		}},
		"a right code": {right(), nil, []string{
			"take failures", "return failures", "take failures", "take login", "WithinTx", "Factors.ByUser", "WithinTx", "return login", "return failures",
		}},
		"a recovery code": {factor.Offer{RecoveryCode: codes[0]}, nil, []string{
			"take failures", "return failures", "take failures", "WithinTx", "Factors.HasCode", "WithinTx", "return failures",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			challenge := b.challenge(t)
			b.Steps.Take()
			is(t, "verify", b.verify(t, challenge, row.offer), row.want)
			if diff := cmp.Diff(row.steps, b.Steps.Take()); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("a challenge that nobody has", func(t *testing.T) {
		b.Steps.Take()
		is(t, "verify", b.verify(t, domain.NewSecret("sgch_invented"), wrong()), domain.ErrInvalidToken)
		if diff := cmp.Diff([]string{"take failures"}, b.Steps.Take()); diff != "" {
			t.Error(diff)
		}
	})
}

// TestAHundredWrongCodes lock the codes of an account, and nothing else of it: a person who guesses them has its password.
func TestAHundredWrongCodes(t *testing.T) {
	b := newFactorBench(t)
	begun := b.enrol(t, b.Factors)
	codes := b.confirm(t, b.Factors, begun).Codes
	guess := func(challenges int) {
		t.Helper()
		for range challenges {
			challenge := b.challenge(t)
			for range domain.ChallengeTries {
				is(t, "guess", b.verify(t, challenge, wrong()), domain.ErrInvalidCode)
			}
			b.Clock.Move(8 * time.Minute) // the budget is ten in fifteen
		}
	}
	told := func() (n int) {
		t.Helper()
		b.Settle(t)
		for _, m := range b.Inbox.List() {
			if strings.HasPrefix(m.Subject, "Somebody tries to sign in") {
				n++
			}
		}
		return n
	}
	guess(19)
	is(t, "a right code before", b.verify(t, b.challenge(t), factor.Offer{Code: b.code(t, begun)}), nil)
	guess(20)
	is(t, "a right code at a login", b.verify(t, b.challenge(t), factor.Offer{Code: b.code(t, begun)}), domain.ErrInvalidCode)
	_, err := b.Factors.StepUp(t.Context(), factor.StepUpInput{Actor: b.actor, From: rig.From, Offer: factor.Offer{Code: b.code(t, begun)}})
	is(t, "a right code within the session, which goes on", err, domain.ErrInvalidCode)
	is(t, "a recovery code", b.verify(t, b.challenge(t), factor.Offer{RecoveryCode: codes[0]}), nil)
	if n := told(); n != 1 {
		t.Errorf("%d mails on the first day", n)
	}
	b.Clock.Move(24 * time.Hour)
	is(t, "a right code after the lock", b.verify(t, b.challenge(t), factor.Offer{Code: b.code(t, begun)}), nil)
	guess(1)
	if n := told(); n != 2 {
		t.Errorf("%d mails after the second day", n)
	}
}

// TestAFactorThatIsAddedDuringTheRemovalOfAnotherStays, with the recovery codes.
func TestAFactorThatIsAddedDuringTheRemovalOfAnotherStays(t *testing.T) {
	b := newFactorBench(t)
	first := b.enrol(t, b.Factors)
	b.confirm(t, b.Factors, first)
	second, other := b.enrol(t, b.Factors), rig.On(t, b.Database, b.Clock)
	actor := b.actor
	var once bool
	b.Store.Before(func(query string) error {
		if query == "WithinTx" && !once {
			once = true
			b.confirm(t, other.Factors, second)
		}
		return nil
	})
	_, err := b.Factors.Remove(t.Context(), actor, rig.From, first.Factor.ID)
	is(t, "remove", err, nil)
	have, err := b.Factors.Of(t.Context(), b.user.ID)
	is(t, "list", err, nil)
	if len(have.Factors) != 1 || have.Factors[0].ID != second.Factor.ID || have.Codes.Left != domain.RecoveryCodeCount {
		t.Errorf("left are %+v", have)
	}
}

// TestAStepUpThatLowersWhatAnotherRaisedMakesTokensStale: those of the other one, in another tab, say more than the session proves.
func TestAStepUpThatLowersWhatAnotherRaisedMakesTokensStale(t *testing.T) {
	b := newFactorBench(t)
	begun := b.enrol(t, b.Factors)
	raised := b.confirm(t, b.Factors, begun).Session
	raised.Level = domain.PHR
	b.Store.Before(func(query string) error {
		if query == "WithinTx" {
			b.Store.Up()
			b.Write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Sessions.Prove(ctx, raised) })
		}
		return nil
	})
	_, err := b.Factors.StepUp(t.Context(), factor.StepUpInput{Actor: b.actor, From: rig.From, Offer: factor.Offer{Code: b.code(t, begun)}})
	is(t, "step up", err, nil)
	if got := b.Database.Text(t, "SELECT fact FROM changes WHERE kind = 'session' ORDER BY seq DESC LIMIT 1"); got != string(domain.TokensStale) {
		t.Errorf("to tokens it means %q", got)
	}
}

// TestAReplicaThatHasNotHeardOfTheFirstFactorAsksForIt: a token that was stolen before can't remove it there.
func TestAReplicaThatHasNotHeardOfTheFirstFactorAsksForIt(t *testing.T) {
	b := newFactorBench(t)
	other := rig.On(t, b.Database, b.Clock)
	stolen := b.actor
	is(t, "a recent login there", func() error {
		_, err := other.Factors.EnrolTOTP(t.Context(), factor.EnrolInput{Actor: stolen, From: rig.From})
		return err
	}(), nil)
	begun := b.enrol(t, b.Factors)
	b.confirm(t, b.Factors, begun)
	_, err := other.Factors.Remove(t.Context(), stolen, rig.From, begun.Factor.ID)
	is(t, "remove", err, domain.ErrReauthRequired)
}

// TestAReplicaThatHasNotHeardOfARemovalRefusesTheTokenFromBefore: what the token says is not what its session proves any more.
func TestAReplicaThatHasNotHeardOfARemovalRefusesTheTokenFromBefore(t *testing.T) {
	b := newFactorBench(t)
	begun := b.enrol(t, b.Factors)
	b.confirm(t, b.Factors, begun)
	_, err := b.Factors.Remove(t.Context(), b.actor, rig.From, begun.Factor.ID)
	is(t, "remove", err, nil)
	other := rig.On(t, b.Database, b.Clock)
	_, err = other.Factors.EnrolTOTP(t.Context(), factor.EnrolInput{Actor: b.actor, From: rig.From})
	is(t, "the token from before", err, domain.ErrTokenInvalid)
	b.actor.Level = domain.AAL1
	b.enrol(t, other.Factors)
}

func TestAnAppWhoseSecretCantBeOpenedDoesNotKeepAnotherFromProving(t *testing.T) {
	b := newFactorBench(t)
	lost := b.enrol(t, b.Factors)
	b.confirm(t, b.Factors, lost)
	kept := b.enrol(t, b.Factors)
	b.confirm(t, b.Factors, kept)
	b.Database.Exec(t, "UPDATE factors SET secret = ? WHERE id = ?", []byte("sealed under a lost key"), string(lost.Factor.ID))
	challenge := b.challenge(t)
	is(t, "the code of the lost one", b.verify(t, challenge, factor.Offer{Code: b.code(t, lost)}), domain.ErrInvalidCode)
	is(t, "the code of the other", b.verify(t, challenge, factor.Offer{Code: b.code(t, kept)}), nil)
	if !strings.Contains(b.Log.String(), "can't be opened") || strings.Contains(b.Log.String(), "sealed under") {
		t.Errorf("the log says\n%s", b.Log)
	}
}
