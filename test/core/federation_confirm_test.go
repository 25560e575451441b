package core_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/app/federation"
	"github.com/signet-auth/signet/app/proof"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/provider"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// upstream is a provider that says what a test wants; the address that it sends browsers to is the state.
type upstream struct{ profile provider.Profile }

func (upstream) Info() provider.Info {
	return provider.Info{
		Name: "acme", DisplayName: "Acme", Issuer: "https://acme.example", ClientID: "signet", Callback: rig.Issuer + "/api/oauth/acme/callback", SignUp: true,
	}
}

func (u upstream) Owns(issuer string) bool { return issuer == u.profile.Issuer }

func (upstream) Begin(_ context.Context, a provider.Attempt) (string, error) { return a.State, nil }

func (u upstream) Complete(context.Context, provider.Attempt, provider.Answer) (provider.Profile, error) {
	return u.profile, nil
}

var verifier = domain.NewSecret(strings.Repeat("v", 43))

// federated is a rig with a provider that knows somebody without a proved address.
func federated(t *testing.T) *rig.Rig {
	t.Helper()
	r := rig.New(t)
	loopback, err := domain.ParseRedirectAllowlist(nil, true)
	if err != nil {
		t.Fatal(err)
	}
	r.Ports.Providers = []provider.Provider{upstream{provider.Profile{Issuer: "https://acme.example", Subject: "1"}}}
	r.Settings.Federation = federation.Settings{AttemptTTL: 10 * time.Minute, CodeTTL: time.Minute, ContinuationTTL: 30 * time.Minute, Redirects: loopback}
	r.Rebuild(t)
	return r
}

// continued goes to the provider and back, to a continuation.
func continued(t *testing.T, r *rig.Rig) federation.ContinueInput {
	t.Helper()
	sum := sha256.Sum256([]byte(verifier.Reveal()))
	begun, err := r.Federation.Begin(t.Context(), federation.BeginInput{
		From: rig.From, Provider: "acme", Challenge: base64.RawURLEncoding.EncodeToString(sum[:]),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Federation.Callback(t.Context(), federation.CallbackInput{From: rig.From, Provider: "acme", State: begun.URL, Cookies: []federation.Cookie{begun.Cookie}})
	failure, ok := errors.AsType[*federation.FailedError](err)
	if !ok || failure.Continuation.IsZero() {
		t.Fatalf("got %v", err)
	}
	return federation.ContinueInput{From: rig.From, Continuation: failure.Continuation, Verifier: verifier}
}

// verified is a user who has proved the mailbox and is logged in.
func verified(t *testing.T, r *rig.Rig) (domain.User, domain.Actor) {
	t.Helper()
	u := r.User(t, "ada@example.com")
	u.VerifyEmail(r.Clock.Now())
	r.Write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Users.Update(ctx, u) })
	return u, r.SignedIn(t, u)
}

func identities(t *testing.T, r *rig.Rig) int {
	t.Helper()
	return r.Database.Int(t, "SELECT count(*) FROM identities")
}

// A takeover and a new password end sessions. Such a session must not be able to link an identity afterwards: that would be the attacker's
// way back in (RG-9, the trojan identifier).
func TestASessionThatEndsMeanwhileLinksNothing(t *testing.T) {
	r := federated(t)
	_, actor := verified(t, r)
	in := federation.ConfirmInput{ContinueInput: continued(t, r), Actor: actor}
	r.Store.After(func(query string) {
		if query == "Flows.BySecret" { // behind the check of the token
			r.Store.After(nil)
			r.End(t, actor.SessionID)
		}
	})
	if _, err := r.Federation.Confirm(t.Context(), in); !errors.Is(err, domain.ErrTokenInvalid) {
		t.Errorf("got %v", err)
	}
	if n := identities(t, r); n != 0 {
		t.Errorf("%d identities", n)
	}
}

// RG-9: an account with an unproved mailbox can only be opened by its password.
func TestAnAccountOfAnUnprovedMailboxLinksNothing(t *testing.T) {
	r := federated(t)
	u, actor := verified(t, r)
	r.Database.Exec(t, "UPDATE users SET email_verified_at = NULL WHERE id = ?", string(u.ID))
	in := federation.ConfirmInput{ContinueInput: continued(t, r), Actor: actor}
	if _, err := r.Federation.Confirm(t.Context(), in); !errors.Is(err, domain.ErrEmailNotVerified) {
		t.Errorf("got %v", err)
	}
	_, err := r.Federation.Link(t.Context(), federation.LinkInput{
		Actor: actor, From: rig.From, Provider: "acme", RedirectTo: "http://127.0.0.1/", Challenge: strings.Repeat("A", 43),
	})
	if !errors.Is(err, domain.ErrEmailNotVerified) {
		t.Errorf("a ticket: %v", err)
	}
	if n := identities(t, r); n != 0 {
		t.Errorf("%d identities", n)
	}
}

func TestAContinuationUnderAnotherSecretKeyIsNoFailureOfOurs(t *testing.T) {
	r := federated(t)
	in := continued(t, r)
	r.Ports.Sealer = rig.Sealer(t, "c29tZSBvdGhlciBzZWNyZXQgb2YgYSBtYWNoaW5lIG5leHQgdG8")
	r.Proofs = proof.New(r.Base, r.Guard, r.Ports.Sealer, r.Settings.Proofs)
	f := federation.New(r.Base, federation.Parts{
		Guard: r.Guard, Proofs: r.Proofs, Reauth: r.Reauth, SignIn: r.SignIn, Directory: r.Directory, Sealer: r.Ports.Sealer, Providers: r.Ports.Providers,
	}, r.Settings.Federation)
	if _, err := f.Offer(t.Context(), in); !errors.Is(err, domain.ErrInvalidToken) {
		t.Errorf("got %v", err)
	}
}

// One attempt may have any number of callbacks: a callback that waits for its turn ends with its request.
func TestACallbackWaitsForItsTurnNoLongerThanItsRequest(t *testing.T) {
	r := federated(t)
	reached, release := make(chan struct{}), make(chan struct{})
	r.Ports.Providers = []provider.Provider{slow{upstream{provider.Profile{Issuer: "https://acme.example", Subject: "1"}}, reached, release}}
	r.Rebuild(t)
	begun, err := r.Federation.Begin(t.Context(), federation.BeginInput{From: rig.From, Provider: "acme"})
	if err != nil {
		t.Fatal(err)
	}
	in := federation.CallbackInput{From: rig.From, Provider: "acme", State: begun.URL, Cookies: []federation.Cookie{begun.Cookie}}
	first := make(chan error, 1)
	go func() {
		_, err := r.Federation.Callback(t.Context(), in)
		first <- err
	}()
	<-reached
	ctx, hangUp := context.WithCancel(t.Context())
	hangUp()
	second := make(chan error, 1)
	go func() {
		_, err := r.Federation.Callback(ctx, in)
		second <- err
	}()
	select {
	case err := <-second:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Error("it still waits")
	}
	close(release)
	if err := <-first; !errors.Is(err, domain.ErrEmailRequired) {
		t.Errorf("the first: %v", err)
	}
}

type slow struct {
	upstream

	reached, release chan struct{}
}

func (s slow) Complete(context.Context, provider.Attempt, provider.Answer) (provider.Profile, error) {
	close(s.reached)
	<-s.release
	return s.profile, nil
}
