package porttest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/descope/virtualwebauthn"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/factor"
)

// forgery is a genuine response with one thing changed: before it is signed, or after.
type forgery struct {
	name          string
	before, after func(*publicKeyCredential)
	want          error
}

// forgeries are those that creations and assertions have in common.
func forgeries() []forgery {
	all := []forgery{
		{name: "in a page of another origin", before: func(c *publicKeyCredential) { c.client["crossOrigin"] = true }, want: factor.ErrForged},
		{name: "below a page of another origin", before: func(c *publicKeyCredential) { c.client["topOrigin"] = "https://evil.example" }, want: factor.ErrForged},
		{name: "below our page, but across origins", before: func(c *publicKeyCredential) {
			c.client["crossOrigin"], c.client["topOrigin"] = true, passkeyOrigin
		}, want: factor.ErrForged},
		{name: "nobody touched it (x/crypto CVE-2026-39831)", before: func(c *publicKeyCredential) { c.data[flagsAt] &^= flagUP }, want: factor.ErrUnfit},
		{name: "the user was not verified", before: func(c *publicKeyCredential) { c.data[flagsAt] &^= flagUV }, want: factor.ErrUnfit},
		{name: "backed up and not eligible for it", before: func(c *publicKeyCredential) { c.data[flagsAt] |= flagBS }, want: factor.ErrMalformed},
		{name: "of no ceremony", before: func(c *publicKeyCredential) { delete(c.client, "type") }, want: factor.ErrUnfit},
		{name: "id is not rawId", after: func(c *publicKeyCredential) { c.outer["id"] = encodeURL([]byte("another")) }, want: factor.ErrMalformed},
		{name: "rawId is not id", after: func(c *publicKeyCredential) { c.outer["rawId"] = encodeURL([]byte("another")) }, want: factor.ErrMalformed},
		{name: "no id", after: func(c *publicKeyCredential) { c.outer["id"], c.outer["rawId"] = "", "" }, want: factor.ErrMalformed},
		{name: "not a public key", after: func(c *publicKeyCredential) { c.outer["type"] = "password" }, want: factor.ErrMalformed},
		{name: "bytes are left over", before: func(c *publicKeyCredential) { c.data = append(c.data, 0) }, want: factor.ErrMalformed},
		{name: "extensions without any", before: func(c *publicKeyCredential) { c.data[flagsAt] |= flagED }, want: factor.ErrMalformed},
	}
	for _, origin := range []any{
		"https://example.com", "https://auth.example.com/", "https://auth.example.com/evil", "https://auth.example.com:443", "https://auth.example.com:8443",
		"http://auth.example.com", "HTTPS://AUTH.EXAMPLE.COM", "https://user@auth.example.com", "https://auth.example.com.evil.example",
		"https://evil.example?https://auth.example.com", "https://xauth.example.com", "https://login.example.com", "auth.example.com", "null", "", nil,
		"https://auth.example.com\x00", "https://auth.example.com.", passkeyApp + "A", strings.ToLower(passkeyApp), "android:apk-key-hash:", "ios:bundle-id:EVIL",
	} {
		encoded, _ := json.Marshal(origin)
		all = append(all, forgery{name: "of origin " + string(encoded), before: func(c *publicKeyCredential) { c.client["origin"] = origin }, want: factor.ErrForged})
	}
	for _, rpID := range []string{"evil.example", "auth.example.com", "com", "EXAMPLE.COM", "example.com.", "", passkeyOrigin} {
		all = append(all, forgery{name: "for the relying party " + rpID, before: func(c *publicKeyCredential) {
			sum := sha256.Sum256([]byte(rpID))
			copy(c.data, sum[:])
		}, want: factor.ErrForged})
	}
	for _, challenge := range []any{
		encodeURL(passkeyChallenge("another")), encodeURL(make([]byte, 32)), "", nil, encodeURL(passkeyChallenge("create"))[:42], "EVIL",
	} {
		encoded, _ := json.Marshal(challenge)
		all = append(all, forgery{name: "of challenge " + string(encoded), before: func(c *publicKeyCredential) { c.client["challenge"] = challenge }, want: factor.ErrUnfit})
	}
	return all
}

// forge makes the changes of a row.
func (f forgery) forge(c *publicKeyCredential) []byte {
	if f.before != nil {
		f.before(c)
	}
	c.sign()
	if f.after != nil {
		f.after(c)
	}
	return c.json()
}

func refusedCreations(t *testing.T, p factor.Passkeys) {
	options, err := p.CreationOptions(passkeyCreation())
	if err != nil {
		t.Fatal(err)
	}
	rows := append(forgeries(), []forgery{
		{name: "an assertion's ceremony", before: func(c *publicKeyCredential) { c.client["type"] = "webauthn.get" }, want: factor.ErrUnfit},
		{name: "another attested id", before: func(c *publicKeyCredential) { c.data[attestedAt+16+2] ^= 1 }, want: factor.ErrMalformed},
		{name: "no attested credential", before: func(c *publicKeyCredential) { c.data = c.data[:attestedAt]; c.data[flagsAt] &^= flagAT }, want: factor.ErrMalformed},
		{name: "an attested credential that is missing", before: func(c *publicKeyCredential) { c.data = c.data[:attestedAt] }, want: factor.ErrMalformed},
		{name: "a statement signed by another key (GitLab #585333)", after: func(c *publicKeyCredential) {
			c.statement["sig"] = newAuthenticator(virtualwebauthn.KeyTypeEC2).sign(c.data)
			c.setObject()
		}, want: factor.ErrForged},
		{name: "a statement without a signature", after: func(c *publicKeyCredential) { c.statement["sig"] = []byte{}; c.setObject() }, want: factor.ErrForged},
		{name: "a signature that is no bytes", after: func(c *publicKeyCredential) { c.statement["sig"] = "EVIL"; c.setObject() }, want: factor.ErrForged},
		{name: "data changed behind the signature", after: func(c *publicKeyCredential) { c.data[flagsAt+4]++; c.setObject() }, want: factor.ErrForged},
		{name: "client data changed behind the signature", after: func(c *publicKeyCredential) {
			c.client["added"] = true
			client, _ := json.Marshal(c.client)
			c.setBinary("clientDataJSON", client)
		}, want: factor.ErrForged},
		{name: "a statement of another algorithm than the key's", before: func(c *publicKeyCredential) { c.statement["alg"] = -257 }, want: factor.ErrForged},
		{name: "a statement of an algorithm that is no number", before: func(c *publicKeyCredential) { c.statement["alg"] = "EVIL" }, want: factor.ErrForged},
		{name: "the key and its algorithm contradict each other", before: func(c *publicKeyCredential) { c.setKey(ecKey(nil, map[int]any{3: -257})) }, want: factor.ErrMalformed},
		{name: "an RSA key and its algorithm contradict each other", before: func(c *publicKeyCredential) {
			c.setKey(map[int]any{1: 3, 3: -7, -1: bytes.Repeat([]byte{0xff}, 256), -2: []byte{1, 0, 1}})
			c.setAttestation("none", nil)
		}, want: factor.ErrMalformed},
		{name: "the key and its curve contradict each other", before: func(c *publicKeyCredential) { c.setKey(ecKey(nil, map[int]any{-1: 6})) }, want: factor.ErrMalformed},
		{name: "a key without a curve", before: func(c *publicKeyCredential) { c.setKey(ecKey(nil, map[int]any{-1: nil})) }, want: factor.ErrMalformed},
		{name: "a point beside the curve", before: func(c *publicKeyCredential) { c.setKey(ecKey(nil, map[int]any{-3: make([]byte, 32)})) }, want: factor.ErrMalformed},
		{name: "a point beyond the field", before: func(c *publicKeyCredential) {
			c.setKey(ecKey(nil, map[int]any{-2: bytes.Repeat([]byte{0xff}, 32), -3: bytes.Repeat([]byte{0xff}, 32)}))
		}, want: factor.ErrMalformed},
		{name: "a coordinate that is cut", before: func(c *publicKeyCredential) { c.setKey(ecKey(nil, map[int]any{-2: make([]byte, 31)})) }, want: factor.ErrMalformed},
		{name: "a key that is empty", before: func(c *publicKeyCredential) { c.setKey(map[int]any{}) }, want: factor.ErrUnfit},
		{name: "a key of text", before: func(c *publicKeyCredential) { c.setKey(map[int]any{1: "EVIL", 3: "EVIL"}) }, want: factor.ErrMalformed},
		{name: "an Ed25519 key that is cut", before: func(c *publicKeyCredential) { c.setKey(map[int]any{1: 1, 3: -8, -1: 6, -2: make([]byte, 31)}) }, want: factor.ErrMalformed},
		{name: "an RSA key without a modulus", before: func(c *publicKeyCredential) { c.setKey(map[int]any{1: 3, 3: -257, -2: []byte{1, 0, 1}}) }, want: factor.ErrMalformed},
		{name: "an RSA key with a modulus of one", before: rsaKey([]byte{1}, 1, 0, 1), want: factor.ErrMalformed},
		{name: "an RSA key of less than 2048 bits", before: rsaKey(bytes.Repeat([]byte{0xff}, 255), 1, 0, 1), want: factor.ErrMalformed},
		{name: "an RSA key of 4096 bits, of another signature", before: rsaKey(bytes.Repeat([]byte{0xff}, 512), 1, 0, 1), want: factor.ErrForged},
		{name: "an RSA key of more", before: rsaKey(bytes.Repeat([]byte{0xff}, 513), 1, 0, 1), want: factor.ErrMalformed},
		{name: "an RSA key with a huge exponent", before: rsaKey(bytes.Repeat([]byte{0xff}, 1900), bytes.Repeat([]byte{0xff}, 100)...), want: factor.ErrMalformed},
		{name: "a key of more than 2 KB", before: rsaKey(bytes.Repeat([]byte{0xff}, factor.MaxPublicKey-10), 1, 0, 1), want: factor.ErrMalformed},
		{name: "ES384 was not asked for", before: func(c *publicKeyCredential) {
			c.setKey(ecKey(elliptic.P384(), map[int]any{3: -35, -1: 2}))
			c.setAttestation("none", nil)
		}, want: factor.ErrUnfit},
	}...)
	for name, key := range map[string]map[int]any{
		"RS1 (SHA-1)":                        {1: 3, 3: -65535, -1: bytes.Repeat([]byte{0xff}, 256), -2: []byte{1, 0, 1}},
		"PS256":                              {1: 3, 3: -37, -1: bytes.Repeat([]byte{0xff}, 256), -2: []byte{1, 0, 1}},
		"ES256K":                             {1: 2, 3: -47, -1: 8, -2: make([]byte, 32), -3: make([]byte, 32)},
		"ML-DSA-44":                          {1: 7, 3: -48, -1: make([]byte, 1312)},
		"HS256, with a secret that all know": {1: 4, 3: 5, -1: []byte("secret")},
		"none":                               {1: 0, 3: 0},
	} {
		rows = append(rows, forgery{name: name + " was not asked for", before: func(c *publicKeyCredential) {
			c.setKey(key)
			c.setAttestation("none", nil)
		}, want: factor.ErrUnfit})
	}
	// A credential without a statement signs nothing while it is made, so a key of no use is only told by its numbers (FIPS 186-5 §5.1, §5.4 (e)).
	modulus := bytes.Repeat([]byte{0xff}, 256)
	for name, key := range map[string]map[int]any{
		"an exponent of zero":            {-1: modulus, -2: []byte{0}},
		"an exponent of one":             {-1: modulus, -2: []byte{1}},
		"an exponent of three":           {-1: modulus, -2: []byte{3}},
		"an exponent below 2^16":         {-1: modulus, -2: []byte{0xff, 0xff}},
		"an even exponent":               {-1: modulus, -2: []byte{1, 0, 2}},
		"an exponent of 32 bits":         {-1: modulus, -2: []byte{0x80, 0, 0, 1}},
		"an even modulus":                {-1: bytes.Repeat([]byte{0xfe}, 256), -2: []byte{1, 0, 1}},
		"a modulus that is one bit less": {-1: append([]byte{0x7f}, modulus[1:]...), -2: []byte{1, 0, 1}},
	} {
		key[1], key[3] = 3, -257
		rows = append(rows, forgery{name: "an RSA key with " + name, before: func(c *publicKeyCredential) {
			c.setKey(key)
			c.setAttestation("none", nil)
		}, want: factor.ErrMalformed})
	}
	// A certificate that can't be parsed would be told from one that nobody looks at.
	certificates := []any{[]byte("no certificate")}
	for _, format := range []string{
		"", "NONE", "Packed", "tpm", "android-key", "android-safetynet", "fido-u2f", "apple", "compound", "EVIL",
	} {
		rows = append(rows, forgery{name: "a statement of format " + format + " (Keycloak CVE-2025-12150)", before: func(c *publicKeyCredential) {
			c.setAttestation(format, map[string]any{"alg": -7, "sig": []byte("x"), "x5c": certificates})
		}, want: factor.ErrMalformed}, forgery{name: "an empty statement of format " + format, before: func(c *publicKeyCredential) {
			c.setAttestation(format, nil)
		}, want: factor.ErrMalformed})
	}
	for name, statement := range map[string]map[string]any{
		"certificates":         {"alg": -7, "sig": []byte("x"), "x5c": certificates},
		"certificates alone":   {"alg": -7, "x5c": certificates},
		"no certificate":       {"alg": -7, "sig": []byte("x"), "x5c": []any{}},
		"a key of ECDAA":       {"alg": -7, "sig": []byte("x"), "ecdaaKeyId": []byte("x")},
		"no algorithm":         {"sig": []byte("x"), "ver": "2.0"},
		"no signature":         {"alg": -7},
		"nothing":              {},
		"a member too many":    {"alg": -7, "sig": []byte("x"), "EVIL": true},
		"names in other cases": {"ALG": -7, "Sig": []byte("x")},
	} {
		rows = append(rows, forgery{name: "a packed statement with " + name + " (Keycloak CVE-2025-12150)", before: func(c *publicKeyCredential) {
			c.setAttestation("packed", statement)
		}, want: factor.ErrMalformed})
	}
	rows = append(rows, forgery{name: "a statement of none with something in it", before: func(c *publicKeyCredential) {
		c.setAttestation("none", map[string]any{"alg": -7, "sig": []byte("x")})
	}, want: factor.ErrMalformed})

	a := newAuthenticator(virtualwebauthn.KeyTypeEC2)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			made, err := p.Create(passkeyCreation(), row.forge(a.create(t, options)))
			refusedAs(t, err, row.want)
			if made.ID != nil || made.PublicKey != nil {
				t.Errorf("%+v", made)
			}
		})
	}
	t.Run("an id of more than 1023 bytes", func(t *testing.T) {
		for size, want := range map[int]error{factor.MaxCredentialID: nil, factor.MaxCredentialID + 1: factor.ErrMalformed} {
			a := newAuthenticator(virtualwebauthn.KeyTypeEC2)
			a.credential.ID = bytes.Repeat([]byte{0xfe}, size)
			_, err := p.Create(passkeyCreation(), a.create(t, options).sign().json())
			if want == nil && err != nil {
				t.Error(err)
			} else if want != nil {
				refusedAs(t, err, want)
			}
		}
	})
	t.Run("the response to request options", func(t *testing.T) {
		_, err := p.Create(passkeyCreation(), a.assert(t, asked(t, p, passkeyAssertion())).sign().json())
		refusedAs(t, err, factor.ErrMalformed)
	})
}

func refusedAssertions(t *testing.T, p factor.Passkeys) {
	a, stranger := newAuthenticator(virtualwebauthn.KeyTypeEC2), newAuthenticator(virtualwebauthn.KeyTypeEC2)
	credential := enrolled(t, p, a)
	signature := func(r, s *big.Int) func(*publicKeyCredential) {
		encoded, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
		if err != nil {
			t.Fatal(err)
		}
		return func(c *publicKeyCredential) { c.setBinary("signature", encoded) }
	}
	order := elliptic.P256().Params().N
	rows := append(forgeries(), []forgery{
		{name: "a creation's ceremony", before: func(c *publicKeyCredential) { c.client["type"] = "webauthn.create" }, want: factor.ErrUnfit},
		{name: "signed by another key (GitLab #585333)", before: func(c *publicKeyCredential) { c.by = stranger }, want: factor.ErrForged},
		{name: "no signature", after: func(c *publicKeyCredential) { c.setBinary("signature", nil) }, want: factor.ErrForged},
		{name: "a signature of zeros (CVE-2022-21449)", after: signature(new(big.Int), new(big.Int)), want: factor.ErrForged},
		{name: "a signature of the order (CVE-2022-21449)", after: signature(order, order), want: factor.ErrForged},
		{name: "a negative signature", after: signature(big.NewInt(-1), big.NewInt(-1)), want: factor.ErrForged},
		{name: "a signature that is not DER", after: func(c *publicKeyCredential) { c.setBinary("signature", make([]byte, 64)) }, want: factor.ErrForged},
		{name: "a signature with something behind", after: func(c *publicKeyCredential) {
			c.setBinary("signature", append(c.binary("signature"), 0))
		}, want: factor.ErrForged},
		{name: "a counter changed behind the signature", after: func(c *publicKeyCredential) {
			c.data[flagsAt+4]++
			c.setBinary("authenticatorData", c.data)
		}, want: factor.ErrForged},
		{name: "flags changed behind the signature", before: func(c *publicKeyCredential) { c.data[flagsAt] = flagUP }, after: func(c *publicKeyCredential) {
			c.data[flagsAt] |= flagUV
			c.setBinary("authenticatorData", c.data)
		}, want: factor.ErrForged},
		{name: "client data changed behind the signature", before: func(c *publicKeyCredential) {
			c.client["challenge"] = encodeURL(passkeyChallenge("another"))
		}, after: func(c *publicKeyCredential) {
			c.client["challenge"] = encodeURL(passkeyAssertion().Challenge)
			client, _ := json.Marshal(c.client)
			c.setBinary("clientDataJSON", client)
		}, want: factor.ErrForged},
		{name: "forged, and another challenge: the first counts", before: func(c *publicKeyCredential) {
			c.by, c.client["challenge"] = stranger, encodeURL(passkeyChallenge("another"))
		}, want: factor.ErrForged},
	}...)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got, err := p.Assert(passkeyAssertion(), credential, row.forge(a.assert(t, asked(t, p, passkeyAssertion()))))
			refusedAs(t, err, row.want)
			if got != (factor.Asserted{}) {
				t.Errorf("%+v", got)
			}
		})
	}
	for name, a := range map[string]*authenticator{"RS256": newAuthenticator(virtualwebauthn.KeyTypeRSA), "EdDSA": newEd25519Authenticator()} {
		t.Run("a signature with any byte changed: "+name, func(t *testing.T) {
			credential := enrolled(t, p, a)
			response := a.assert(t, asked(t, p, passkeyAssertion())).sign()
			genuine := response.binary("signature")
			for i := range genuine {
				altered := bytes.Clone(genuine)
				altered[i] ^= 1
				response.setBinary("signature", altered)
				_, err := p.Assert(passkeyAssertion(), credential, response.json())
				refusedAs(t, err, factor.ErrForged)
			}
		})
	}

	genuine := a.assert(t, asked(t, p, passkeyAssertion())).sign().json()
	t.Run("the credential of another user (Keycloak GHSA-9695-w6h2-jpv9)", func(t *testing.T) {
		_, err := p.Assert(passkeyAssertion(), enrolled(t, p, stranger), genuine)
		refusedAs(t, err, factor.ErrUnfit)
		allowed := passkeyAssertion()
		allowed.Allow = []domain.Credential{enrolled(t, p, stranger)}
		_, err = p.Assert(allowed, credential, genuine)
		refusedAs(t, err, factor.ErrUnfit)
	})
	t.Run("the response to creation options", func(t *testing.T) {
		options, err := p.CreationOptions(passkeyCreation())
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Assert(passkeyAssertion(), credential, a.create(t, options).sign().json())
		refusedAs(t, err, factor.ErrMalformed)
	})
	t.Run("a kept key that can't be read is not the response's fault", func(t *testing.T) {
		for _, key := range [][]byte{nil, []byte("damaged"), encodeCBOR(map[int]any{1: 2, 3: -35})} {
			kept := credential
			kept.PublicKey = key
			_, err := p.Assert(passkeyAssertion(), kept, genuine)
			refusedAs(t, err, nil)
		}
	})
}

// rsaKey sets a key, whose statement can't be signed.
func rsaKey(modulus []byte, exponent ...byte) func(*publicKeyCredential) {
	return func(c *publicKeyCredential) {
		c.setKey(map[int]any{1: 3, 3: -257, -1: modulus, -2: exponent})
		c.statement["alg"] = -257
	}
}

// ecKey is a new ES256 key in COSE form, or one of another curve, with members changed or, if nil, left out.
func ecKey(curve elliptic.Curve, changed map[int]any) map[int]any {
	if curve == nil {
		curve = elliptic.P256()
	}
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		panic(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		panic(err)
	}
	size := len(point) / 2
	cose := map[int]any{1: 2, 3: -7, -1: 1, -2: point[1 : 1+size], -3: point[1+size:]}
	for label, value := range changed {
		if cose[label] = value; value == nil {
			delete(cose, label)
		}
	}
	return cose
}
