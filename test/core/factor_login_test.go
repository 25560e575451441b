package core_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"testing"

	"github.com/descope/virtualwebauthn"

	"github.com/signet-auth/signet/adapters/passkey"
	"github.com/signet-auth/signet/app/factor"
	"github.com/signet-auth/signet/app/password"
	"github.com/signet-auth/signet/app/user"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// device is an authenticator with the passkey of a bench's user.
type device struct {
	virtualwebauthn.Authenticator

	key    virtualwebauthn.Credential
	at     virtualwebauthn.RelyingParty
	factor domain.FactorID
}

// addPasskey adds one to the account, whose actor proves it from then on.
func (b *factorBench) addPasskey(t *testing.T) device {
	t.Helper()
	var err error
	b.Ports.Passkeys, err = passkey.New(passkey.Options{RPID: "auth.test", Name: "Signet", Origins: []string{rig.Issuer}})
	is(t, "relying party", err, nil)
	b.Rebuild(t)
	d := device{key: virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2), at: virtualwebauthn.RelyingParty{ID: "auth.test", Origin: rig.Issuer}}
	for len(d.key.Key.AttestationData()) != 77 { // the library leaves leading zeros of a coordinate out
		d.key = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	}
	asked, err := b.Factors.EnrolKey(t.Context(), factor.EnrolKeyInput{Actor: b.actor, From: rig.From, Kind: domain.FactorPasskey})
	is(t, "ask", err, nil)
	options, err := virtualwebauthn.ParseAttestationOptions(string(asked.Options))
	is(t, "options", err, nil)
	var wanted struct{ User struct{ ID string } }
	is(t, "options", json.Unmarshal(asked.Options, &wanted), nil)
	handle, err := base64.RawURLEncoding.DecodeString(wanted.User.ID)
	is(t, "handle", err, nil)
	d.Authenticator = virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{UserHandle: handle})
	added, err := b.Factors.AddKey(t.Context(), factor.AddKeyInput{
		Actor: b.actor, From: rig.From, State: asked.State,
		Response: []byte(virtualwebauthn.CreateAttestationResponse(d.at, d.Authenticator, d.key, *options)),
	})
	is(t, "add", err, nil)
	d.factor = added.Factor.ID
	b.actor.Level, b.actor.AuthTime = added.Session.Level, added.Session.AuthTime
	return d
}

// logIn signs and logs in.
func (b *factorBench) logIn(t *testing.T, d device) error {
	t.Helper()
	asked, err := b.Factors.LoginOptions()
	is(t, "ask", err, nil)
	options, err := virtualwebauthn.ParseAssertionOptions(string(asked.Options))
	is(t, "options", err, nil)
	_, err = b.Factors.Login(t.Context(), factor.LoginInput{
		From: rig.From, State: asked.State, Response: []byte(virtualwebauthn.CreateAssertionResponse(d.at, d.Authenticator, d.key, *options)),
	})
	return err
}

// TestAPasskeyDuringAChange: what was judged before the account changed begins no session after it, also where the passkey stays good.
func TestAPasskeyDuringAChange(t *testing.T) {
	for what, change := range map[string]func(b *factorBench, other *rig.Rig, d device, app domain.FactorID) error{
		"of the password": func(b *factorBench, other *rig.Rig, _ device, _ domain.FactorID) error {
			_, err := other.Password.Change(t.Context(), password.ChangeInput{
				Actor: b.actor, From: rig.From, Current: domain.NewSecret(rig.Password), New: domain.NewSecret("another long passphrase"),
			})
			return err
		},
		"of another factor": func(b *factorBench, other *rig.Rig, _ device, app domain.FactorID) error {
			_, err := other.Factors.Remove(t.Context(), b.actor, rig.From, app)
			return err
		},
		"that removes it": func(b *factorBench, other *rig.Rig, d device, _ domain.FactorID) error {
			_, err := other.Factors.Remove(t.Context(), b.actor, rig.From, d.factor)
			return err
		},
		"by an administrator": func(b *factorBench, other *rig.Rig, _ device, _ domain.FactorID) error {
			in := user.ResetFactorsInput{Reason: "lost"}
			in.Actor, in.From, in.User = domain.System(), rig.From, b.user.ID
			_, err := other.Users.ResetFactors(t.Context(), in)
			return err
		},
		"that disables the account": func(b *factorBench, other *rig.Rig, _ device, _ domain.FactorID) error {
			in := user.DisableInput{Reason: "left"}
			in.Actor, in.From, in.User = domain.System(), rig.From, b.user.ID
			_, err := other.Users.Disable(t.Context(), in)
			return err
		},
	} {
		t.Run(what, func(t *testing.T) {
			b := newFactorBench(t)
			d := b.addPasskey(t)
			begun := b.enrol(t, b.Factors)
			b.confirm(t, b.Factors, begun)
			is(t, "before it", b.logIn(t, d), nil)
			other, changed := rig.On(t, b.Database, b.Clock), errors.New("not reached")
			b.Store.Before(func(query string) error {
				if query == "WithinTx" {
					b.Store.Up()
					changed = change(b, other, d, begun.Factor.ID)
				}
				return nil
			})
			is(t, "during it", b.logIn(t, d), domain.ErrInvalidCredentials)
			is(t, "the change", changed, nil)
		})
	}
}
