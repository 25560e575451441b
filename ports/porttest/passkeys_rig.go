package porttest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/descope/virtualwebauthn"
	"github.com/fxamacker/cbor/v2"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/factor"
)

// The relying party of the suite.
const (
	passkeyRPID   = "example.com"
	passkeyOrigin = "https://auth.example.com"
	passkeyApp    = "android:apk-key-hash:7c91uBLkgW5xRoa1sGT7a3nBCo5KrkLYWWvQw7gdw4M"
)

// passkeyUser has the 16 bytes of passkeyHandle.
const passkeyUser domain.UserID = "0d4e7a0c-94a8-4f3c-a1d9-3b1f4c5d6e7f"

var passkeyHandle = []byte("\x0d\x4e\x7a\x0c\x94\xa8\x4f\x3c\xa1\xd9\x3b\x1f\x4c\x5d\x6e\x7f")

// The bits of an authenticator's flags.
const (
	flagsAt    = 32 // in the authenticator data, behind the hash of the relying party's id
	flagUP     = 1 << 0
	flagUV     = 1 << 2
	flagBE     = 1 << 3
	flagBS     = 1 << 4
	flagAT     = 1 << 6
	flagED     = 1 << 7
	attestedAt = 37 // behind the counter: AAGUID, length of the id, id, key
)

// authenticator is a virtual one with a credential.
type authenticator struct {
	virtualwebauthn.Authenticator
	credential virtualwebauthn.Credential
	rp         virtualwebauthn.RelyingParty
	ed25519    ed25519.PrivateKey // instead of the credential's own key, since the library has none of this kind
}

func newAuthenticator(kind virtualwebauthn.KeyType) *authenticator {
	a := &authenticator{
		Authenticator: virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{UserHandle: passkeyHandle}),
		rp:            virtualwebauthn.RelyingParty{ID: passkeyRPID, Origin: passkeyOrigin},
	}
	// The library leaves leading zeros of a coordinate out, which makes such a key invalid.
	for a.credential = virtualwebauthn.NewCredential(kind); kind == virtualwebauthn.KeyTypeEC2 && len(a.credential.Key.AttestationData()) != 77; {
		a.credential = virtualwebauthn.NewCredential(kind)
	}
	return a
}

func newEd25519Authenticator() *authenticator {
	a := newAuthenticator(virtualwebauthn.KeyTypeEC2)
	_, a.ed25519, _ = ed25519.GenerateKey(nil)
	return a
}

func (a *authenticator) sign(message []byte) []byte {
	if a.ed25519 != nil {
		return ed25519.Sign(a.ed25519, message)
	}
	digest := sha256.Sum256(message)
	signature, err := a.credential.Key.Sign(digest[:])
	if err != nil {
		panic(err)
	}
	return signature
}

// create answers creation options.
func (a *authenticator) create(t testing.TB, options []byte) *publicKeyCredential {
	t.Helper()
	asked, err := virtualwebauthn.ParseAttestationOptions(string(options))
	if err != nil {
		t.Fatal(err)
	}
	c := takeApart(t, a, virtualwebauthn.CreateAttestationResponse(a.rp, a.Authenticator, a.credential, *asked))
	if a.ed25519 != nil {
		c.setKey(map[int]any{1: 1, 3: -8, -1: 6, -2: []byte(a.ed25519.Public().(ed25519.PublicKey))})
		c.statement["alg"] = -8
	}
	return c
}

// assert answers request options.
func (a *authenticator) assert(t testing.TB, options []byte) *publicKeyCredential {
	t.Helper()
	asked, err := virtualwebauthn.ParseAssertionOptions(string(options))
	if err != nil {
		t.Fatal(err)
	}
	return takeApart(t, a, virtualwebauthn.CreateAssertionResponse(a.rp, a.Authenticator, a.credential, *asked))
}

// publicKeyCredential is what a browser sends, taken apart: what was said can be changed before it is signed again.
type publicKeyCredential struct {
	by        *authenticator
	outer     map[string]any
	response  map[string]any // the member of outer
	client    map[string]any
	data      []byte // of the authenticator
	format    string
	statement map[string]any
}

func takeApart(t testing.TB, by *authenticator, text string) *publicKeyCredential {
	t.Helper()
	c := &publicKeyCredential{by: by}
	var object struct {
		Format    string         `cbor:"fmt"`
		Statement map[string]any `cbor:"attStmt"`
		Data      []byte         `cbor:"authData"`
	}
	err := json.Unmarshal([]byte(text), &c.outer)
	c.response = c.outer["response"].(map[string]any)
	err = errors.Join(err, json.Unmarshal(c.binary("clientDataJSON"), &c.client))
	if c.isCreation() {
		err = errors.Join(err, cbor.Unmarshal(c.binary("attestationObject"), &object))
		c.format, c.statement, c.data = object.Format, object.Statement, object.Data
	} else {
		c.data = c.binary("authenticatorData")
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *publicKeyCredential) isCreation() bool { return c.response["attestationObject"] != nil }

// binary is a member of the response, decoded.
func (c *publicKeyCredential) binary(member string) []byte {
	decoded, err := base64.RawURLEncoding.DecodeString(c.response[member].(string))
	if err != nil {
		panic(err)
	}
	return decoded
}

func (c *publicKeyCredential) setBinary(member string, value []byte) {
	c.response[member] = encodeURL(value)
}

// setKey replaces the key in the attested data, by one in COSE form.
func (c *publicKeyCredential) setKey(cose map[int]any) {
	c.data = append(c.data[:attestedAt+16+2+len(c.by.credential.ID)], encodeCBOR(cose)...)
}

// sign signs what is said, as it is now.
func (c *publicKeyCredential) sign() *publicKeyCredential {
	client, err := json.Marshal(c.client)
	if err != nil {
		panic(err)
	}
	hash := sha256.Sum256(client)
	signature := c.by.sign(slices.Concat(c.data, hash[:]))
	c.setBinary("clientDataJSON", client)
	if !c.isCreation() {
		c.setBinary("authenticatorData", c.data)
		c.setBinary("signature", signature)
		return c
	}
	if _, signed := c.statement["sig"]; signed {
		c.statement["sig"] = signature
	}
	c.setObject()
	return c
}

// setObject writes the attestation object, as it is now.
func (c *publicKeyCredential) setObject() {
	c.setBinary("attestationObject", encodeCBOR(map[string]any{"fmt": c.format, "attStmt": c.statement, "authData": c.data}))
}

// setAttestation leaves the statement to the caller, who may keep the signature.
func (c *publicKeyCredential) setAttestation(format string, statement map[string]any) {
	c.format, c.statement = format, statement
}

func (c *publicKeyCredential) json() []byte {
	text, err := json.Marshal(c.outer)
	if err != nil {
		panic(err)
	}
	return text
}

func encodeCBOR(value any) []byte {
	encoded, err := cbor.Marshal(value)
	if err != nil {
		panic(err)
	}
	return encoded
}

// passkeyChallenge is another one for each text.
func passkeyChallenge(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

func encodeURL(binary []byte) string { return base64.RawURLEncoding.EncodeToString(binary) }

// refusedAs checks that an error is of one kind alone; nil: of none, since it is not about the response.
func refusedAs(t *testing.T, err, want error) {
	t.Helper()
	if err == nil {
		t.Error("accepted")
	}
	for _, kind := range []error{factor.ErrMalformed, factor.ErrForged, factor.ErrUnfit} {
		if errors.Is(err, kind) != errors.Is(want, kind) {
			t.Errorf("%v; want: %v", err, want)
		}
	}
	if errors.Is(err, factor.ErrMalformed) && (len(err.Error()) > 120 || bytes.Contains([]byte(err.Error()), []byte("EVIL"))) {
		t.Errorf("not fit for clients: %v", err)
	}
}

// passkeyCreation asks for a passkey, passkeyAssertion for its signature alone.
func passkeyCreation() factor.Creation {
	return factor.Creation{Challenge: passkeyChallenge("create"), User: passkeyUser, Account: "ada@example.com", Resident: true}
}

func passkeyAssertion() factor.Assertion {
	return factor.Assertion{Challenge: passkeyChallenge("assert"), Passwordless: true}
}

// enrolled is the credential of an authenticator, once judged.
func enrolled(t *testing.T, p factor.Passkeys, a *authenticator) domain.Credential {
	t.Helper()
	options, err := p.CreationOptions(passkeyCreation())
	if err != nil {
		t.Fatal(err)
	}
	created, err := p.Create(passkeyCreation(), a.create(t, options).sign().json())
	if err != nil {
		t.Fatal(err)
	}
	return created.Credential
}

// asked are request options.
func asked(t *testing.T, p factor.Passkeys, a factor.Assertion) []byte {
	t.Helper()
	options, err := p.RequestOptions(a)
	if err != nil {
		t.Fatal(err)
	}
	return options
}
