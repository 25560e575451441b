package passkey_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"testing"

	"github.com/descope/virtualwebauthn"

	"github.com/signet-auth/signet/adapters/passkey"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/factor"
)

// target is a credential with the one signature that it made, 7 by its counter. Its key is the same in every process of a fuzzing run.
type target struct {
	rp              *passkey.RelyingParty
	creation        factor.Creation
	assertion       factor.Assertion
	credential      domain.Credential
	created, signed string
}

func newTarget(f *testing.F) target {
	f.Helper()
	rp, err := passkey.New(passkey.Options{RPID: "example.com", Name: "Signet", Origins: []string{"https://auth.example.com"}})
	if err != nil {
		f.Fatal(err)
	}
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), []byte("a seed for the fuzzer, 32 bytes!"))
	if err != nil {
		f.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		f.Fatal(err)
	}
	authenticator := virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{UserHandle: make([]byte, 16)})
	credential := virtualwebauthn.NewCredentialWithImportedKey(virtualwebauthn.KeyTypeEC2, der)
	credential.ID, credential.Counter = []byte("a credential's id"), 7
	party := virtualwebauthn.RelyingParty{ID: "example.com", Origin: "https://auth.example.com"}
	challenge := make([]byte, factor.ChallengeSize)
	t := target{
		rp: rp, creation: factor.Creation{Challenge: challenge, Resident: true}, assertion: factor.Assertion{Challenge: challenge, Passwordless: true},
		created: virtualwebauthn.CreateAttestationResponse(party, authenticator, credential, virtualwebauthn.AttestationOptions{Challenge: challenge}),
		signed:  virtualwebauthn.CreateAssertionResponse(party, authenticator, credential, virtualwebauthn.AssertionOptions{Challenge: challenge}),
	}
	made, err := rp.Create(t.creation, []byte(t.created))
	if err != nil {
		f.Fatal(err)
	}
	t.credential = made.Credential
	if _, err := rp.Assert(t.assertion, t.credential, []byte(t.signed)); err != nil {
		f.Fatal(err)
	}
	return t
}

// judge feeds a response everywhere: nothing is accepted but what the key signed, and whatever is made can be judged by.
func (f target) judge(t *testing.T, response []byte) {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil && !errors.Is(err, factor.ErrMalformed) && !errors.Is(err, factor.ErrForged) && !errors.Is(err, factor.ErrUnfit) {
			t.Errorf("of no kind: %v", err)
		}
	}
	presented, err := f.rp.Presented(response)
	check(err)
	if got := len(presented.CredentialID); (err == nil) != (got > 0) || got > factor.MaxCredentialID {
		t.Errorf("an id of %d bytes, %v", got, err)
	}
	asserted, err := f.rp.Assert(f.assertion, f.credential, response)
	check(err)
	if err == nil && (asserted != factor.Asserted{SignCount: 7, UserVerified: true} || !bytes.Equal(presented.CredentialID, f.credential.ID)) {
		t.Errorf("%+v, presented %+v", asserted, presented)
	}
	made, err := f.rp.Create(f.creation, response)
	check(err)
	if err != nil {
		return
	}
	if len(made.ID) == 0 || len(made.ID) > factor.MaxCredentialID || len(made.PublicKey) > factor.MaxPublicKey || !made.UserVerified {
		t.Errorf("%+v", made)
	}
	made.ID = f.credential.ID
	_, err = f.rp.Assert(f.assertion, made.Credential, []byte(f.signed))
	check(err)
}

func FuzzResponse(f *testing.F) {
	target := newTarget(f)
	for _, response := range []string{"", "null", "{}", `{"id":"YQ","rawId":"YQ","type":"public-key","response":{}}`, target.created, target.signed} {
		f.Add([]byte(response))
	}
	f.Fuzz(target.judge)
}

// FuzzParts gets behind the base64: client data, attestation object, authenticator data and signature.
func FuzzParts(f *testing.F) {
	target := newTarget(f)
	type response struct {
		ID       string            `json:"id"`
		RawID    string            `json:"rawId"`
		Type     string            `json:"type"`
		Response map[string]string `json:"response"`
	}
	var created, signed response
	if err := errors.Join(json.Unmarshal([]byte(target.created), &created), json.Unmarshal([]byte(target.signed), &signed)); err != nil {
		f.Fatal(err)
	}
	decoded := func(text string) []byte {
		binary, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			f.Fatal(err)
		}
		return binary
	}
	f.Add(decoded(created.Response["clientDataJSON"]), decoded(created.Response["attestationObject"]), []byte{}, []byte{})
	f.Add(decoded(signed.Response["clientDataJSON"]), []byte{}, decoded(signed.Response["authenticatorData"]), decoded(signed.Response["signature"]))
	f.Fuzz(func(t *testing.T, client, object, data, signature []byte) {
		all := created
		all.Response = map[string]string{}
		for name, binary := range map[string][]byte{
			"clientDataJSON": client, "attestationObject": object, "authenticatorData": data, "signature": signature,
		} {
			all.Response[name] = base64.RawURLEncoding.EncodeToString(binary)
		}
		text, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		target.judge(t, text)
	})
}
