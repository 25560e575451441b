package porttest

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/descope/virtualwebauthn"
	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/factor"
)

// Passkeys runs the contract of factor.Passkeys, with a virtual authenticator. open makes one for a relying party.
func Passkeys(t *testing.T, open func(t *testing.T, rpID, name string, origins ...string) factor.Passkeys) {
	p := open(t, passkeyRPID, "Signet", passkeyOrigin, "https://login.example.com:8443", passkeyApp)
	for name, part := range map[string]func(*testing.T, factor.Passkeys){
		"options": passkeyOptions, "genuine": genuinePasskeys, "creations": refusedCreations, "assertions": refusedAssertions,
		"unreadable": unreadableResponses,
	} {
		t.Run(name, func(t *testing.T) { part(t, p) })
	}
}

func passkeyOptions(t *testing.T, p factor.Passkeys) {
	same := func(t *testing.T, options []byte, want string) {
		t.Helper()
		var got, expected map[string]any
		if err := errors.Join(json.Unmarshal(options, &got), json.Unmarshal([]byte(want), &expected)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(expected, got); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	}
	own := []domain.Credential{{ID: []byte{0xfb, 0xff, 0xfe}, Transports: []string{"usb", "nfc"}}, {ID: []byte("another")}}
	const descriptors = `[{"type":"public-key","id":"-__-","transports":["usb","nfc"]},{"type":"public-key","id":"YW5vdGhlcg"}]`

	t.Run("a passkey is resident, and its user is verified", func(t *testing.T) {
		options, err := p.CreationOptions(passkeyCreation())
		if err != nil {
			t.Fatal(err)
		}
		same(t, options, `{
			"rp": {"id": "example.com", "name": "Signet"},
			"user": {"id": "DU56DJSoTzyh2TsfTF1ufw", "name": "ada@example.com", "displayName": "ada@example.com"},
			"challenge": "`+encodeURL(passkeyCreation().Challenge)+`",
			"pubKeyCredParams": [{"type":"public-key","alg":-7},{"type":"public-key","alg":-8},{"type":"public-key","alg":-257}],
			"authenticatorSelection": {"residentKey":"required","requireResidentKey":true,"userVerification":"required"},
			"attestation": "none"}`)
	})
	t.Run("a security key needs neither, and is not made again", func(t *testing.T) {
		c := passkeyCreation()
		c.Resident, c.Exclude = false, own
		options, err := p.CreationOptions(c)
		if err != nil {
			t.Fatal(err)
		}
		var got struct{ AuthenticatorSelection, ExcludeCredentials json.RawMessage }
		if err := json.Unmarshal(options, &got); err != nil {
			t.Fatal(err)
		}
		same(t, []byte(`{"selection":`+string(got.AuthenticatorSelection)+`,"exclude":`+string(got.ExcludeCredentials)+`}`), `{
			"selection": {"residentKey":"discouraged","requireResidentKey":false,"userVerification":"preferred"}, "exclude": `+descriptors+`}`)
	})
	t.Run("any passkey of the relying party may sign a login, with its user verified", func(t *testing.T) {
		same(t, asked(t, p, passkeyAssertion()), `{
			"rpId": "example.com", "challenge": "`+encodeURL(passkeyAssertion().Challenge)+`", "userVerification": "required"}`)
	})
	t.Run("the user's own sign as a second factor, verified where they can", func(t *testing.T) {
		challenge := passkeyChallenge("second")
		same(t, asked(t, p, factor.Assertion{Challenge: challenge, Allow: own}), `{
			"rpId": "example.com", "challenge": "`+encodeURL(challenge)+`", "userVerification": "preferred", "allowCredentials": `+descriptors+`}`)
	})
	t.Run("nothing is asked without a challenge of 32 bytes, and nothing judged", func(t *testing.T) {
		a := newAuthenticator(virtualwebauthn.KeyTypeEC2)
		credential := enrolled(t, p, a)
		for _, challenge := range [][]byte{nil, {}, make([]byte, 16), make([]byte, 33)} {
			creation, assertion := passkeyCreation(), passkeyAssertion()
			creation.Challenge, assertion.Challenge = challenge, challenge
			_, creationErr := p.CreationOptions(creation)
			_, requestErr := p.RequestOptions(assertion)
			if creationErr == nil || requestErr == nil {
				t.Errorf("%d bytes: %v, %v", len(challenge), creationErr, requestErr)
			}
			options, _ := p.CreationOptions(passkeyCreation())
			response := a.create(t, options)
			response.client["challenge"] = encodeURL(challenge)
			_, err := p.Create(creation, response.sign().json())
			refusedAs(t, err, nil)
			response = a.assert(t, asked(t, p, passkeyAssertion()))
			response.client["challenge"] = encodeURL(challenge)
			_, err = p.Assert(assertion, credential, response.sign().json())
			refusedAs(t, err, nil)
		}
	})
	t.Run("a user without a UUID has no handle", func(t *testing.T) {
		c := passkeyCreation()
		c.User = "ada"
		if options, err := p.CreationOptions(c); err == nil {
			t.Errorf("%s", options)
		}
	})
	t.Run("the relying party is known", func(t *testing.T) {
		if p.RPID() != passkeyRPID {
			t.Error(p.RPID())
		}
	})
}

func genuinePasskeys(t *testing.T, p factor.Passkeys) {
	options, err := p.CreationOptions(passkeyCreation())
	if err != nil {
		t.Fatal(err)
	}
	for name, a := range map[string]*authenticator{
		"-7, ES256": newAuthenticator(virtualwebauthn.KeyTypeEC2), "-257, RS256": newAuthenticator(virtualwebauthn.KeyTypeRSA),
		"-8, EdDSA": newEd25519Authenticator(),
	} {
		t.Run("a credential of each algorithm is made, and signs: "+name, func(t *testing.T) {
			a.credential.Counter = 41
			response := a.create(t, options)
			response.response["transports"] = []string{"usb", "EVIL", "nfc", "usb", strings.Repeat("x", 1000)}
			made, err := p.Create(passkeyCreation(), response.sign().json())
			if err != nil {
				t.Fatal(err)
			}
			want := factor.Created{UserVerified: true, Credential: domain.Credential{
				ID: a.credential.ID, PublicKey: made.PublicKey, RPID: passkeyRPID, SignCount: 41, Transports: []string{"usb", "nfc"},
			}}
			if diff := cmp.Diff(want, made); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			a.credential.Counter = 42
			signed := a.assert(t, asked(t, p, passkeyAssertion())).sign().json()
			presented, err := p.Presented(signed)
			if diff := cmp.Diff(factor.Presented{CredentialID: a.credential.ID, User: passkeyUser}, presented); err != nil || diff != "" {
				t.Errorf("%v, -want +got\n%s", err, diff)
			}
			got, err := p.Assert(passkeyAssertion(), made.Credential, signed)
			if want := (factor.Asserted{SignCount: 42, UserVerified: true}); err != nil || got != want {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}

	a := newAuthenticator(virtualwebauthn.KeyTypeEC2)
	credential := enrolled(t, p, a)
	assert := func(t *testing.T, asks factor.Assertion, change func(*publicKeyCredential)) factor.Asserted {
		t.Helper()
		response := a.assert(t, asked(t, p, asks))
		change(response)
		got, err := p.Assert(asks, credential, response.sign().json())
		if err != nil {
			t.Error(err)
		}
		return got
	}
	t.Run("an attestation that the client left out is none", func(t *testing.T) {
		for _, statement := range []map[string]any{nil, {}} {
			response := a.create(t, options)
			response.setAttestation("none", statement)
			if _, err := p.Create(passkeyCreation(), response.sign().json()); err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("every listed origin is one of the relying party's", func(t *testing.T) {
		for _, origin := range []string{passkeyOrigin, "https://login.example.com:8443", passkeyApp} {
			assert(t, passkeyAssertion(), func(c *publicKeyCredential) { c.client["origin"] = origin })
		}
	})
	t.Run("members that clients may add change nothing", func(t *testing.T) {
		assert(t, passkeyAssertion(), func(c *publicKeyCredential) {
			c.client["crossOrigin"], c.client["other_keys_can_be_added_here"] = false, "do not compare clientDataJSON against a template"
			c.outer["clientExtensionResults"] = map[string]any{"credProps": map[string]any{"rk": true}, "unknown": []int{1}}
			c.outer["authenticatorAttachment"] = "platform"
		})
	})
	t.Run("extensions that an authenticator adds change nothing", func(t *testing.T) {
		extensions := encodeCBOR(map[string]any{"credProtect": 2, "unknown": true})
		response := a.create(t, options)
		response.data[flagsAt] |= flagED
		response.data = append(response.data, extensions...)
		if made, err := p.Create(passkeyCreation(), response.sign().json()); err != nil || !cmp.Equal(made.PublicKey, credential.PublicKey) {
			t.Error(err)
		}
		assert(t, passkeyAssertion(), func(c *publicKeyCredential) {
			c.data[flagsAt] |= flagED
			c.data = append(c.data, extensions...)
		})
	})
	t.Run("a second factor need not verify its user, and tells", func(t *testing.T) {
		asks := factor.Assertion{Challenge: passkeyChallenge("second"), Allow: []domain.Credential{{ID: []byte("another")}, credential}}
		if got := assert(t, asks, func(c *publicKeyCredential) { c.data[flagsAt] = flagUP }); got.UserVerified {
			t.Errorf("%+v", got)
		}
		if got := assert(t, asks, func(*publicKeyCredential) {}); !got.UserVerified {
			t.Errorf("%+v", got)
		}
		creation := passkeyCreation()
		creation.Resident = false
		response := a.create(t, options)
		response.data[flagsAt] = flagUP | flagAT
		if made, err := p.Create(creation, response.sign().json()); err != nil || made.UserVerified {
			t.Errorf("%+v, %v", made, err)
		}
	})
	t.Run("backup flags are told as they are signed now, whatever is kept", func(t *testing.T) {
		for _, row := range []struct {
			flags byte
			want  factor.Asserted
		}{
			{flagUP | flagUV, factor.Asserted{UserVerified: true}},
			{flagUP | flagUV | flagBE, factor.Asserted{UserVerified: true, BackupEligible: true}},
			{flagUP | flagUV | flagBE | flagBS, factor.Asserted{UserVerified: true, BackupEligible: true, BackedUp: true}},
		} {
			for _, kept := range []bool{true, false} {
				credential.BackupEligible, credential.BackedUp = kept, kept
				if got := assert(t, passkeyAssertion(), func(c *publicKeyCredential) { c.data[flagsAt] = row.flags }); got != row.want {
					t.Errorf("flags %b: %+v", row.flags, got)
				}
			}
			response := a.create(t, options)
			response.data[flagsAt] = row.flags | flagAT
			made, err := p.Create(passkeyCreation(), response.sign().json())
			if err != nil || made.BackupEligible != row.want.BackupEligible || made.BackedUp != row.want.BackedUp {
				t.Errorf("flags %b: %+v, %v", row.flags, made, err)
			}
		}
	})
	t.Run("the counter is told and not judged", func(t *testing.T) {
		credential.SignCount = 100
		for _, count := range []uint32{0, 1, 100, math.MaxUint32} {
			a.credential.Counter = count
			if got := assert(t, passkeyAssertion(), func(*publicKeyCredential) {}); got.SignCount != count {
				t.Errorf("%d: %+v", count, got)
			}
		}
	})
	t.Run("a handle that is none of ours is nobody's", func(t *testing.T) {
		for _, handle := range []any{nil, "", encodeURL(passkeyHandle[:15]), encodeURL(append(passkeyHandle[:16:16], 0)), encodeURL(make([]byte, 64))} {
			response := a.assert(t, asked(t, p, passkeyAssertion()))
			response.response["userHandle"] = handle
			got, err := p.Presented(response.sign().json())
			if err != nil || got.User != "" || !cmp.Equal(got.CredentialID, credential.ID) {
				t.Errorf("%v: %+v, %v", handle, got, err)
			}
		}
	})
	t.Run("it is safe for concurrent use", func(t *testing.T) {
		created, signed := a.create(t, options).sign().json(), a.assert(t, asked(t, p, passkeyAssertion())).sign().json()
		var group sync.WaitGroup
		for range 16 {
			group.Go(func() {
				_, creationErr := p.Create(passkeyCreation(), created)
				_, err := p.Assert(passkeyAssertion(), credential, signed)
				_, optionsErr := p.CreationOptions(passkeyCreation())
				if err := errors.Join(creationErr, err, optionsErr); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
	})
}
