package porttest

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/descope/virtualwebauthn"

	"github.com/signet-auth/signet/ports/factor"
)

// unreadableResponses are what no browser sends.
func unreadableResponses(t *testing.T, p factor.Passkeys) {
	a := newAuthenticator(virtualwebauthn.KeyTypeEC2)
	credential := enrolled(t, p, a)
	options, err := p.CreationOptions(passkeyCreation())
	if err != nil {
		t.Fatal(err)
	}
	created, signed := a.create(t, options).sign(), a.assert(t, asked(t, p, passkeyAssertion())).sign()
	refused := func(t *testing.T, response []byte) {
		t.Helper()
		_, err := p.Create(passkeyCreation(), response)
		refusedAs(t, err, factor.ErrMalformed)
		_, err = p.Assert(passkeyAssertion(), credential, response)
		refusedAs(t, err, factor.ErrMalformed)
		presented, err := p.Presented(response)
		refusedAs(t, err, factor.ErrMalformed)
		if presented.CredentialID != nil || presented.User != "" {
			t.Errorf("%+v", presented)
		}
	}
	// changed is a response of either kind with a member that is something else.
	changed := func(t *testing.T, genuine *publicKeyCredential, member string, value any) []byte {
		t.Helper()
		c := takeApart(t, a, string(genuine.json()))
		c.response[member] = value
		return c.json()
	}

	for name, text := range map[string]string{
		"nothing": "", "a word": "EVIL", "null": "null", "a number": "1", "a text": `"EVIL"`, "a list": "[]", "an object": "{}",
		"two objects": "{}{}", "half an object": `{"id":"`, "ids of other kinds": `{"id":1,"rawId":[],"type":{}}`,
		"only an id":   `{"id":"RVZJTA","rawId":"RVZJTA","type":"public-key"}`,
		"no response":  `{"id":"RVZJTA","rawId":"RVZJTA","type":"public-key","response":null}`,
		"a deep one":   strings.Repeat("[", factor.MaxResponse),
		"deep members": `{"clientExtensionResults":{"a":` + strings.Repeat("[", 12_000),
		"bytes":        "\xff\xfe\x00",
	} {
		t.Run(name, func(t *testing.T) { refused(t, []byte(text)) })
	}
	t.Run("more than 16 KB", func(t *testing.T) {
		for _, genuine := range []*publicKeyCredential{created, signed} {
			text := genuine.json()
			refused(t, append(text, bytes.Repeat([]byte{' '}, factor.MaxResponse-len(text)+1)...))
		}
		text := signed.json()
		if _, err := p.Presented(append(text, bytes.Repeat([]byte{' '}, factor.MaxResponse-len(text))...)); err != nil {
			t.Error(err)
		}
	})
	t.Run("an id of more than 1023 bytes", func(t *testing.T) {
		c := takeApart(t, a, string(signed.json()))
		id := encodeURL(make([]byte, factor.MaxCredentialID+1))
		c.outer["id"], c.outer["rawId"] = id, id
		refused(t, c.json())
	})
	t.Run("binary that is no base64url", func(t *testing.T) {
		for _, value := range []any{"EVIL!", "a", "++//", "AA AA", "\x00", 1, true, []int{1, 2, 3}, map[string]any{}} {
			for _, member := range []string{"clientDataJSON", "attestationObject"} {
				refused(t, changed(t, created, member, value))
			}
			for _, member := range []string{"clientDataJSON", "authenticatorData", "signature", "userHandle"} {
				refused(t, changed(t, signed, member, value))
			}
		}
	})
	t.Run("a member that is missing", func(t *testing.T) {
		for _, member := range []string{"clientDataJSON", "attestationObject"} {
			refused(t, changed(t, created, member, nil))
		}
		for _, member := range []string{"clientDataJSON", "authenticatorData"} {
			refused(t, changed(t, signed, member, nil))
		}
	})
	t.Run("client data that is no JSON of its kind", func(t *testing.T) {
		for _, client := range []string{"EVIL", "[]", `{"type":1}`, `{"challenge":{}}`, `{"origin":[]}`, `{"crossOrigin":"true"}`, "{}{}", "\xef\xbb\xbf{}"} {
			refused(t, changed(t, created, "clientDataJSON", encodeURL([]byte(client))))
			refused(t, changed(t, signed, "clientDataJSON", encodeURL([]byte(client))))
		}
	})
	t.Run("an attestation object, and authenticator data, cut anywhere", func(t *testing.T) {
		object := created.binary("attestationObject")
		for i := range object {
			_, err := p.Create(passkeyCreation(), changed(t, created, "attestationObject", encodeURL(object[:i])))
			refusedAs(t, err, factor.ErrMalformed)
		}
		for i := range created.data {
			c := takeApart(t, a, string(created.json()))
			c.data = c.data[:i]
			c.setObject()
			_, err := p.Create(passkeyCreation(), c.json())
			refusedAs(t, err, factor.ErrMalformed)
		}
		for i := range signed.data {
			refused(t, changed(t, signed, "authenticatorData", encodeURL(signed.data[:i])))
		}
	})
	t.Run("CBOR that is hostile", func(t *testing.T) {
		huge := func(kind byte, size uint64) []byte { return binary.BigEndian.AppendUint64([]byte{kind}, size) }
		for name, hostile := range map[string][]byte{
			"deep lists":         bytes.Repeat([]byte{0x81}, 10_000),
			"deep maps":          bytes.Repeat([]byte{0xa1, 0x00}, 5_000),
			"deep tags":          bytes.Repeat([]byte{0xc1}, 10_000),
			"endless lists":      bytes.Repeat([]byte{0x9f}, 10_000),
			"a huge list":        huge(0x9b, 1<<62),
			"a huge map":         huge(0xbb, 1<<62),
			"huge bytes":         huge(0x5b, 1<<63),
			"a huge text":        huge(0x7b, 1<<64-1),
			"a member twice":     {0xa2, 0x63, 'f', 'm', 't', 0x60, 0x63, 'f', 'm', 't', 0x60},
			"a map of lists":     {0xa1, 0x80, 0x80},
			"a map of maps":      {0xa1, 0xa0, 0xa0},
			"a break":            {0xff},
			"reserved":           {0x1c},
			"text that is bytes": {0xa1, 0x61, 0xff, 0x00},
			"not a number":       {0xfb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 1},
		} {
			t.Run(name, func(t *testing.T) {
				_, err := p.Create(passkeyCreation(), changed(t, created, "attestationObject", encodeURL(hostile)))
				refusedAs(t, err, factor.ErrMalformed)
				if len(hostile) > 9_000 {
					hostile = hostile[:9_000] // for it to be below the limit in two encodings
				}
				keyAt := attestedAt + 16 + 2 + len(a.credential.ID)
				for _, data := range [][]byte{ // in place of the key, and of extensions
					slices.Concat(created.data[:keyAt], hostile),
					withFlag(slices.Concat(created.data, hostile), flagED),
				} {
					c := takeApart(t, a, string(created.json()))
					c.data = data
					c.setObject()
					_, err := p.Create(passkeyCreation(), c.json())
					refusedAs(t, err, factor.ErrMalformed)
				}
				refused(t, changed(t, signed, "authenticatorData", encodeURL(withFlag(slices.Concat(signed.data, hostile), flagED))))
			})
		}
	})
}

func withFlag(data []byte, flag byte) []byte {
	data[flagsAt] |= flag
	return data
}
