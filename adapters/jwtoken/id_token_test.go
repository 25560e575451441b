package jwtoken_test

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/signet-auth/signet/adapters/jwtoken"
	"github.com/signet-auth/signet/ports/porttest"
	"github.com/signet-auth/signet/ports/provider"
)

func TestIDTokenContract(t *testing.T) { porttest.IDTokens(t, jwtoken.IDTokens{}) }

// foreign is a provider with one key.
type foreign struct {
	porttest.ForeignKey
	keys []provider.Key
}

func newForeign(tb testing.TB, alg string) foreign {
	tb.Helper()
	key := porttest.NewForeignKey(tb, alg, "k1")
	return foreign{key, readKeys(tb, key.JWK)}
}

func readKeys(tb testing.TB, jwks ...map[string]any) []provider.Key {
	tb.Helper()
	keys, err := jwtoken.IDTokens{}.Keys(porttest.KeySet(tb, jwks...))
	if err != nil {
		tb.Fatal(err)
	}
	return keys
}

func (f foreign) check(token string) (provider.Claims, error) {
	return jwtoken.IDTokens{}.Verify(token, f.keys, porttest.IDTokenExpected())
}

// refuses tells that a token is refused, and for something else than its time or its kid.
func (f foreign) refuses(t *testing.T, token string) {
	t.Helper()
	c, err := f.check(token)
	var clock *provider.ClockError
	if err == nil || errors.As(err, &clock) || errors.Is(err, provider.ErrUnknownKey) || c.Subject != "" || c.Raw != nil {
		t.Errorf("Verify = %+v, %v", c, err)
	}
}

func TestIDTokenHeaderAttacks(t *testing.T) {
	f := newForeign(t, "RS256")
	if _, err := f.check(f.Sign(t, f.Header(), porttest.IDTokenClaims(nil))); err != nil {
		t.Fatal("the genuine one: ", err)
	}
	with := func(member string) string { return strings.TrimSuffix(f.Header(), "}") + "," + member + "}" }
	for name, header := range map[string]string{
		"CVE-2015-9235 alg none":                       `{"alg":"none","kid":"k1"}`,
		"CVE-2020-28042 alg nOnE":                      `{"alg":"nOnE","kid":"k1"}`,
		"RFC 8725 §3.1 alg absent":                     `{"kid":"k1"}`,
		"RFC 8725 §3.1 alg as number":                  `{"alg":256,"kid":"k1"}`,
		"RFC 8725 §3.1 alg of another kind of key":     `{"alg":"ES256","kid":"k1"}`,
		"RFC 8725 §3.11 typ of an access token":        with(`"typ":"at+jwt"`),
		"RFC 8725 §3.11 typ of a logout token":         with(`"typ":"logout+jwt"`),
		"RFC 7515 §4.1.11 crit":                        with(`"crit":["exp"]`),
		"RFC 7797 b64 false":                           with(`"b64":false`),
		"RFC 7516 enc":                                 with(`"enc":"A256GCM"`),
		"RFC 7516 zip":                                 with(`"zip":"DEF"`),
		"RFC 7515 §4 alg twice":                        `{"alg":"none","alg":"RS256","kid":"k1"}`,
		"RFC 7515 §4 alg twice, the other last":        with(`"alg":"none"`),
		"RFC 7515 §4 kid as number":                    `{"alg":"RS256","kid":1}`,
		"a header in another case":                     `{"ALG":"RS256","kid":"k1"}`,
		"a header that is no object":                   `["RS256"]`,
		"a header with text behind it":                 f.Header() + "{}",
		"a header as deep as a well":                   with(`"x":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000)),
		"CVE-2018-0114 jwk in the header, its own kid": `{"alg":"none","kid":"k1","jwk":{}}`,
	} {
		t.Run(name, func(t *testing.T) {
			token := f.Sign(t, header, porttest.IDTokenClaims(nil))
			f.refuses(t, token)
			f.refuses(t, token[:strings.LastIndexByte(token, '.')+1]) // and unsigned
		})
	}
	t.Run("CVE-2018-0114 a key in the header signs nothing", func(t *testing.T) {
		own := porttest.NewForeignKey(t, "RS256", "k1")
		jwk, err := json.Marshal(own.JWK)
		if err != nil {
			t.Fatal(err)
		}
		f.refuses(t, own.Sign(t, with(`"jwk":`+string(jwk)), porttest.IDTokenClaims(nil)))
	})
	t.Run("RFC 8725 §2.1 HS256 with the client secret, or the public key, as its key", func(t *testing.T) {
		document := porttest.KeySet(t, f.JWK)
		for _, secret := range []string{"client-secret", string(document), f.JWK["n"].(string)} {
			for _, alg := range []string{"HS256", "RS256"} {
				text := b64(fmt.Sprintf(`{"alg":"%s","kid":"k1"}`, alg)) + "." + b64(porttest.IDTokenClaims(nil))
				mac := hmac.New(sha256.New, []byte(secret))
				mac.Write([]byte(text))
				f.refuses(t, text+"."+base64.RawURLEncoding.EncodeToString(mac.Sum(nil)))
			}
		}
	})
	t.Run("RFC 7516 an encrypted token", func(t *testing.T) {
		f.refuses(t, strings.Repeat(b64(`{"alg":"RSA-OAEP","enc":"A256GCM"}`)+".", 4)+"x")
	})
	t.Run("CVE-2025-30204 a megabyte of dots, and a token that is too long", func(t *testing.T) {
		f.refuses(t, strings.Repeat(".", 1<<20))
		f.refuses(t, f.Sign(t, f.Header(), porttest.IDTokenClaims(map[string]any{"x": strings.Repeat("x", 16<<10)})))
	})
	t.Run("CVE-2022-21449 psychic signature", func(t *testing.T) {
		for alg, size := range map[string]int{"ES256": 64, "ES512": 132, "EdDSA": 64, "PS256": 256} {
			f := newForeign(t, alg)
			token := f.Sign(t, f.Header(), porttest.IDTokenClaims(nil))
			f.refuses(t, token[:strings.LastIndexByte(token, '.')+1]+base64.RawURLEncoding.EncodeToString(make([]byte, size)))
		}
	})
}

func TestIDTokenKeyAttacks(t *testing.T) {
	f := newForeign(t, "RS256")
	token := f.Sign(t, f.Header(), porttest.IDTokenClaims(nil))
	bare := f.Sign(t, `{"alg":"RS256"}`, porttest.IDTokenClaims(nil))
	jwk := func(changes map[string]any) map[string]any {
		k := maps.Clone(f.JWK)
		maps.Copy(k, changes)
		return k
	}
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	weak := porttest.ForeignKey{KID: "k1", Alg: "RS256", Private: small, JWK: porttest.PublicMembers(t, small.Public())}
	weak.JWK["kid"] = "k1"
	if keys := readKeys(t, weak.JWK); len(keys) > 0 {
		t.Error("RFC 8725 §3.2 RSA of 1024 bits is read")
	}
	for name, changes := range map[string]map[string]any{
		"RFC 7517 §4.2 use enc":             {"use": "enc"},
		"RFC 7517 §4.3 key_ops of another":  {"key_ops": []string{"encrypt"}},
		"RFC 7517 §4.4 alg of another kind": {"alg": "ES256"},
		"RFC 7517 §4.4 alg for encryption":  {"alg": "RSA-OAEP-256"},
		"a kty that nobody knows":           {"kty": "QQQ"},
		"a symmetric key":                   {"kty": "oct", "k": "c2VjcmV0"},
		"RFC 7518 §6.3 an exponent of 1":    {"e": "AQ"},
		"a kid that is no text":             {"kid": 1},
	} {
		t.Run(name, func(t *testing.T) {
			if keys := readKeys(t, jwk(changes)); len(keys) > 0 {
				t.Error("the key is read")
			}
		})
	}
	t.Run("a key off its curve", func(t *testing.T) {
		ec := porttest.NewForeignKey(t, "ES256", "k1")
		ec.JWK["y"] = ec.JWK["x"]
		if keys := readKeys(t, ec.JWK); len(keys) > 0 {
			t.Error("the key is read")
		}
	})
	for name, row := range map[string]struct {
		token string
		jwks  []map[string]any
		ok    bool
	}{
		"a kid among others":                              {token, []map[string]any{porttest.NewForeignKey(t, "RS256", "k0").JWK, f.JWK}, true},
		"no kid, and one key":                             {bare, []map[string]any{f.JWK}, true},
		"no kid, and one key that fits":                   {bare, []map[string]any{porttest.NewForeignKey(t, "ES256", "k0").JWK, f.JWK}, true},
		"no kid, and several that fit":                    {bare, []map[string]any{f.JWK, porttest.NewForeignKey(t, "RS256", "k0").JWK}, false},
		"one kid of several kinds of keys":                {token, []map[string]any{porttest.NewForeignKey(t, "ES256", "k1").JWK, f.JWK}, true},
		"one kid of several keys":                         {token, []map[string]any{f.JWK, porttest.NewForeignKey(t, "RS256", "k1").JWK}, false},
		"an alg of the key that is not the token's":       {token, []map[string]any{jwk(map[string]any{"alg": "PS256"})}, false},
		"an alg of the key that is the token's":           {token, []map[string]any{jwk(map[string]any{"alg": "RS256"})}, true},
		"rotated: a new key under the kid of the old one": {token, []map[string]any{porttest.NewForeignKey(t, "RS256", "k1").JWK}, false},
	} {
		t.Run(name, func(t *testing.T) {
			with := foreign{f.ForeignKey, readKeys(t, row.jwks...)}
			if _, err := with.check(row.token); (err == nil) != row.ok {
				t.Errorf("err = %v", err)
			}
			if !row.ok {
				with.refuses(t, row.token)
			}
		})
	}
}

func TestIDTokenClaimAttacks(t *testing.T) {
	f := newForeign(t, "ES256")
	for name, changes := range map[string]map[string]any{
		"OIDC Core §3.1.3.7 (2) iss of another":             {"iss": "https://evil.example"},
		"OIDC Core §3.1.3.7 (2) iss with a slash":           {"iss": porttest.IDTokenIssuer + "/"},
		"OIDC Core §3.1.3.7 (2) iss missing":                {"iss": nil},
		"OIDC Core §3.1.3.7 (2) iss as list":                {"iss": []string{porttest.IDTokenIssuer}},
		"OIDC Core §3.1.3.7 (3) aud of another":             {"aud": "client-2"},
		"OIDC Core §3.1.3.7 (3) aud missing":                {"aud": nil},
		"OIDC Core §3.1.3.7 (3) aud of a longer name":       {"aud": porttest.IDTokenClient + "0"},
		"OIDC Core §3.1.3.7 (3) aud with what is no text":   {"aud": []any{porttest.IDTokenClient, 1}, "azp": porttest.IDTokenClient},
		"OIDC Core §3.1.3.7 (4) several aud without azp":    {"aud": []string{porttest.IDTokenClient, "client-2"}},
		"OIDC Core §3.1.3.7 (5) azp of another":             {"azp": "client-2"},
		"OIDC Core §3.1.3.7 (5) azp of another, of several": {"aud": []string{porttest.IDTokenClient, "client-2"}, "azp": "client-2"},
		"OIDC Core §3.1.3.7 (5) azp as number":              {"azp": 1},
		"OIDC Core §3.1.3.7 (11) nonce of another login":    {"nonce": "another"},
		"OIDC Core §3.1.3.7 (11) nonce missing":             {"nonce": nil},
		"OIDC Core §3.1.3.7 (11) nonce empty":               {"nonce": ""},
		"OIDC Core §2 exp missing":                          {"exp": nil},
		"OIDC Core §2 exp as text, at which goth panics":    {"exp": "1999999999"},
		"OIDC Core §2 exp as list":                          {"exp": []int{1}},
		"OIDC Core §2 exp beyond all time":                  {"exp": json.Number("1e300")},
		"OIDC Core §2 exp below all time":                   {"exp": json.Number("-1e300")},
		"OIDC Core §2 iat missing":                          {"iat": nil},
		"OIDC Core §2 iat as boolean":                       {"iat": true},
		"OIDC Core §2 sub missing":                          {"sub": nil},
		"OIDC Core §2 sub null":                             {"sub": json.RawMessage("null")},
		"OIDC Core §2 sub empty":                            {"sub": ""},
		"OIDC Core §2 sub 0, one account for everybody":     {"sub": 0},
		"OIDC Core §2 sub with a fraction":                  {"sub": 1.5},
		"OIDC Core §2 sub as object":                        {"sub": map[string]any{"id": "1"}},
		"OIDC Core §2 sub of 256 characters":                {"sub": strings.Repeat("s", 256)},
		"OIDC Core §2 sub with a NUL":                       {"sub": "a\x00b"},
		"OIDC Core §2 sub with half a surrogate":            {"sub": json.RawMessage(`"\ud800"`)},
	} {
		t.Run(name, func(t *testing.T) { f.refuses(t, f.Sign(t, f.Header(), porttest.IDTokenClaims(changes))) })
	}
	for name, changes := range map[string]map[string]any{
		"several aud and our azp": {"aud": []string{"client-2", porttest.IDTokenClient}, "azp": porttest.IDTokenClient},
		"a list of one aud":       {"aud": []string{porttest.IDTokenClient}},
		"exp with a fraction":     {"exp": float64(porttest.IDTokenNow.Unix()) + 0.5},
		"a large sub as number":   {"sub": json.Number("9007199254740993")},
	} {
		t.Run("accepted: "+name, func(t *testing.T) {
			c, err := f.check(f.Sign(t, f.Header(), porttest.IDTokenClaims(changes)))
			if err != nil || changes["sub"] != nil && c.Subject != "9007199254740993" {
				t.Errorf("%q, %v", c.Subject, err)
			}
		})
	}
	for name, payload := range map[string]string{
		"a claim twice":                 strings.Replace(porttest.IDTokenClaims(nil), "{", `{"sub":"1",`, 1),
		"a claim twice further in":      porttest.IDTokenClaims(map[string]any{"x": json.RawMessage(`{"a":1,"a":2}`)}),
		"claims in another case":        strings.Replace(porttest.IDTokenClaims(nil), `"sub"`, `"SUB"`, 1),
		"claims that are no UTF-8":      strings.Replace(porttest.IDTokenClaims(nil), "248289761001", "\xff", 1),
		"claims with text behind them":  porttest.IDTokenClaims(nil) + "x",
		"claims cut":                    porttest.IDTokenClaims(nil)[:40],
		"claims that are a list":        "[]",
		"claims that are none":          "",
		"claims that are null":          "null",
		"a number where the text stops": `{"iss":`,
	} {
		t.Run("RFC 7519 §4 "+name, func(t *testing.T) { f.refuses(t, f.Sign(t, f.Header(), payload)) })
	}
	t.Run("without anything to hold it against nothing verifies", func(t *testing.T) {
		token := f.Sign(t, f.Header(), porttest.IDTokenClaims(map[string]any{"nonce": "", "aud": ""}))
		for _, want := range []provider.Expected{{}, {Issuer: func(string) bool { return true }, Audience: porttest.IDTokenClient, Now: now}} {
			if _, err := (jwtoken.IDTokens{}).Verify(token, f.keys, want); err == nil {
				t.Error("verified")
			}
		}
	})
}

// FuzzIDToken signs any claims and reads any header: neither panics, and what verifies is complete.
func FuzzIDToken(f *testing.F) {
	key := newForeign(f, "EdDSA")
	f.Add(key.Header(), porttest.IDTokenClaims(nil))
	f.Add(`{"alg":"none"}`, `{"exp":"1","exp":2}`)
	f.Add(`{"alg":"EdDSA","crit":[]}`, porttest.IDTokenClaims(map[string]any{"aud": []any{1, nil}, "azp": nil, "exp": 1e300}))
	f.Fuzz(func(t *testing.T, header, payload string) {
		c, err := key.check(key.Sign(t, header, payload))
		if (err == nil) != (c.Subject != "") || err == nil && (c.Issuer != porttest.IDTokenIssuer || c.Raw["nonce"] != porttest.IDTokenNonce || c.Key == nil) {
			t.Errorf("%q %q: %+v, %v", header, payload, c, err)
		}
		_, _ = key.check(header + "." + payload) // and what nobody signed
	})
}

// FuzzKeySet reads any document: what it gives can be used, or refused, without a panic.
func FuzzKeySet(f *testing.F) {
	rs, es := porttest.NewForeignKey(f, "RS256", "k1"), porttest.NewForeignKey(f, "ES512", "k1")
	f.Add(porttest.KeySet(f, rs.JWK, es.JWK))
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"","e":""},{"kty":"EC","crv":"P-256","x":"AA","y":"AA"},null]}`))
	tokens := []string{rs.Sign(f, rs.Header(), porttest.IDTokenClaims(nil)), es.Sign(f, es.Header(), porttest.IDTokenClaims(nil))}
	f.Fuzz(func(t *testing.T, document []byte) {
		keys, err := jwtoken.IDTokens{}.Keys(document)
		if err != nil && keys != nil || len(keys) > 100 {
			t.Errorf("%d keys, %v", len(keys), err)
		}
		for _, token := range tokens {
			_, _ = jwtoken.IDTokens{}.Verify(token, keys, porttest.IDTokenExpected())
		}
	})
}
