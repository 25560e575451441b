package jwtoken_test

import (
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/adapters/jwtoken"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/secure"
)

// refused tells that neither Peek nor Verify takes the token; peeked says that Peek can't know.
func refused(t *testing.T, p pair, token string, peeked bool) {
	t.Helper()
	if kid, ok := (jwtoken.Verifier{}).Peek(token); ok != peeked {
		t.Errorf("Peek = %q, %v", kid, ok)
	}
	c, err := p.check(token)
	if err == nil || errors.Is(err, secure.ErrExpired) || c.Subject != "" {
		t.Errorf("Verify = %+v, %v", c, err)
	}
}

func TestHeaderAttacks(t *testing.T) {
	p := newPair(t, domain.ES256)
	if _, err := p.check(p.forge(t, p.header(), payload(nil))); err != nil {
		t.Fatal("the genuine one: ", err)
	}
	kid := func(kid string) string { return fmt.Sprintf(`{"alg":"ES256","kid":"%s","typ":"at+jwt"}`, kid) }
	with := func(member string) string { return strings.TrimSuffix(p.header(), "}") + "," + member + "}" }
	headers := map[string]string{
		"RFC 8725 §3.1 alg none":                fmt.Sprintf(`{"alg":"none","kid":"%s","typ":"at+jwt"}`, p.KID),
		"RFC 8725 §3.1 alg nOnE":                fmt.Sprintf(`{"alg":"nOnE","kid":"%s","typ":"at+jwt"}`, p.KID),
		"RFC 8725 §3.1 alg empty":               fmt.Sprintf(`{"alg":"","kid":"%s","typ":"at+jwt"}`, p.KID),
		"RFC 8725 §3.1 alg absent":              fmt.Sprintf(`{"kid":"%s","typ":"at+jwt"}`, p.KID),
		"RFC 8725 §3.1 alg of another curve":    fmt.Sprintf(`{"alg":"ES384","kid":"%s","typ":"at+jwt"}`, p.KID),
		"RFC 8725 §3.10 kid absent":             `{"alg":"ES256","typ":"at+jwt"}`,
		"RFC 8725 §3.10 kid empty":              kid(""),
		"RFC 8725 §3.10 kid path traversal":     kid("../../../../../../../../../../../../dev/null"),
		"RFC 8725 §3.10 kid with SQL":           kid("' OR '1'='1' -- 0000000000000000000000000000"),
		"RFC 8725 §3.10 kid 1 KB":               kid(strings.Repeat("k", 1024)),
		"RFC 8725 §3.10 kid as number":          `{"alg":"ES256","kid":1,"typ":"at+jwt"}`,
		"RFC 8725 §3.11 typ absent":             fmt.Sprintf(`{"alg":"ES256","kid":"%s"}`, p.KID),
		"RFC 8725 §3.11 typ of a DPoP proof":    fmt.Sprintf(`{"alg":"ES256","kid":"%s","typ":"dpop+jwt"}`, p.KID),
		"RFC 8725 §3.11 typ of a logout token":  fmt.Sprintf(`{"alg":"ES256","kid":"%s","typ":"logout+jwt"}`, p.KID),
		"RFC 7515 §4.1.11 crit":                 with(`"crit":["exp"]`),
		"RFC 7515 §4.1.11 crit empty":           with(`"crit":[]`),
		"RFC 7797 b64 false":                    with(`"b64":false,"crit":["b64"]`),
		"RFC 7515 §4.1.2 jku":                   with(`"jku":"https://evil.example/jwks"`),
		"RFC 7515 §4.1.3 jwk (CVE-2018-0114)":   with(`"jwk":` + string(p.Public)),
		"RFC 7515 §4.1.5 x5u":                   with(`"x5u":"https://evil.example/cert"`),
		"RFC 7515 §4.1.6 x5c":                   with(`"x5c":["MIIB"]`),
		"RFC 7516 enc":                          with(`"enc":"A256GCM"`),
		"RFC 7516 zip":                          with(`"zip":"DEF"`),
		"RFC 7515 §4 alg twice":                 fmt.Sprintf(`{"alg":"none","alg":"ES256","kid":"%s","typ":"at+jwt"}`, p.KID),
		"RFC 7515 §4 alg twice, the other last": with(`"alg":"none"`),
		"RFC 7515 §4 kid twice":                 with(`"kid":"` + strings.Repeat("k", 43) + `"`),
		"a header in another case":              fmt.Sprintf(`{"ALG":"ES256","kid":"%s","typ":"at+jwt"}`, p.KID),
		"a header with an escape":               fmt.Sprintf(`{"alg":"ES25\u0036","kid":"%s","typ":"at+jwt"}`, p.KID),
		"a header with blanks":                  strings.ReplaceAll(p.header(), ",", ", "),
		"a header that is no object":            `["ES256"]`,
		"a header that is no JSON":              `at+jwt`,
		"an empty header":                       ``,
	}
	for name, header := range headers {
		t.Run(name, func(t *testing.T) {
			refused(t, p, p.forge(t, header, payload(nil)), false)
			refused(t, p, b64(header)+"."+b64(payload(nil))+".", false) // and unsigned
		})
	}
	t.Run("RFC 8725 §3.10 an unknown kid is not this key's, though the key signed", func(t *testing.T) {
		refused(t, p, p.forge(t, kid(strings.Repeat("k", 43)), payload(nil)), true)
	})
}

func TestSignatureAttacks(t *testing.T) {
	p := newPair(t, domain.ES256)
	genuine := p.forge(t, p.header(), payload(nil))
	signed := genuine[:strings.LastIndexByte(genuine, '.')]
	withSignature := func(signature []byte) string {
		return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
	}

	t.Run("RFC 8725 §2.1 algorithm confusion: HS256 with the public key as its secret", func(t *testing.T) {
		for _, alg := range []domain.Algorithm{domain.ES256, domain.RS256, domain.EdDSA} {
			p := newPair(t, alg)
			der, err := x509.MarshalPKIXPublicKey(p.private.Public())
			if err != nil {
				t.Fatal(err)
			}
			for _, secret := range [][]byte{p.Public, der, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})} {
				for _, claimed := range []string{"HS256", string(alg)} {
					text := b64(fmt.Sprintf(`{"alg":"%s","kid":"%s","typ":"at+jwt"}`, claimed, p.KID)) + "." + b64(payload(nil))
					mac := hmac.New(sha256.New, secret)
					mac.Write([]byte(text))
					refused(t, p, text+"."+base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), false)
				}
			}
		}
	})
	t.Run("RFC 8725 §3.1 an algorithm of ours that is not this key's", func(t *testing.T) {
		ed := newPair(t, domain.EdDSA)
		header := fmt.Sprintf(`{"alg":"EdDSA","kid":"%s","typ":"at+jwt"}`, p.KID)
		refused(t, p, ed.forge(t, header, payload(nil)), true)
	})
	t.Run("CVE-2022-21449 psychic signature", func(t *testing.T) {
		n := order.FillBytes(make([]byte, 32))
		zero := make([]byte, 32)
		for _, signature := range [][]byte{
			append(zero[:32:32], zero...), append(n[:32:32], n...), append(zero[:32:32], n...), append(n[:32:32], zero...),
		} {
			refused(t, p, withSignature(signature), true)
		}
		ed := newPair(t, domain.EdDSA)
		head := b64(ed.header()) + "." + b64(payload(nil)) + "."
		refused(t, ed, head+base64.RawURLEncoding.EncodeToString(make([]byte, 64)), true)
		rs := newPair(t, domain.RS256)
		head = b64(rs.header()) + "." + b64(payload(nil)) + "."
		refused(t, rs, head+base64.RawURLEncoding.EncodeToString(make([]byte, 256)), true)
	})
	t.Run("a signature of the wrong length", func(t *testing.T) {
		good := p.sign(t, signed)
		for _, signature := range [][]byte{nil, good[:63], append(good[:64:64], 0), good[:32], append([]byte{0}, good...), make([]byte, 4096)} {
			refused(t, p, withSignature(signature), false)
		}
		der, err := ecdsa.SignASN1(nil, p.private.(*ecdsa.PrivateKey), make([]byte, 32))
		if err != nil {
			t.Fatal(err)
		}
		refused(t, p, withSignature(der), false)
	})
	t.Run("CVE-2025-30204 a megabyte of dots", func(t *testing.T) {
		for _, token := range []string{strings.Repeat(".", 1<<20), genuine + strings.Repeat(".", 7000), b64(p.header()) + strings.Repeat(".", 7000)} {
			refused(t, p, token, false)
			if allocated := testing.AllocsPerRun(10, func() { (jwtoken.Verifier{}).Peek(token) }); allocated > 0 {
				t.Errorf("%v allocations", allocated)
			}
		}
	})
	t.Run("RFC 4648 §3.5 non-zero trailing bits: a second spelling of one signature", func(t *testing.T) {
		const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		last := strings.IndexByte(digits, genuine[len(genuine)-1])
		for bits := 1; bits < 4; bits++ {
			twin := genuine[:len(genuine)-1] + string(digits[last|bits])
			if twin == genuine {
				t.Fatal("the genuine one is not canonical")
			}
			a, _ := base64.RawURLEncoding.DecodeString(twin[len(signed)+1:])
			b, _ := base64.RawURLEncoding.DecodeString(genuine[len(signed)+1:])
			if string(a) != string(b) {
				t.Fatal("the test does not make a twin")
			}
			refused(t, p, twin, true)
		}
	})
	t.Run("padding, blanks, line ends and the other alphabet", func(t *testing.T) {
		parts := strings.Split(genuine, ".")
		for _, token := range []string{
			parts[0] + "=." + parts[1] + "." + parts[2], parts[0] + "." + parts[1] + "." + parts[2] + "==",
			genuine + "\n", "\n" + genuine, parts[0] + "\r\n." + parts[1] + "." + parts[2],
		} {
			refused(t, p, token, false)
		}
		for _, inside := range []string{"\n", "\r\n", "=", " ", "+", "\x00"} {
			peeked := !strings.ContainsAny(inside, "\r\n") // Peek leaves the rest to Verify, which decodes it
			refused(t, p, parts[0]+"."+parts[1]+inside+"."+parts[2], peeked)
			refused(t, p, parts[0]+"."+parts[1]+"."+parts[2][:43]+inside+parts[2][43+len(inside):], peeked)
		}
		rs := newPair(t, domain.RS256)
		token := rs.forge(t, rs.header(), payload(nil))
		refused(t, rs, token[:len(token)-5]+"\n"+token[len(token)-5:], false)
	})
	t.Run("RFC 7516 an encrypted token", func(t *testing.T) {
		refused(t, p, b64(p.header())+".a.b.c.d", false)
	})
	t.Run("RFC 7515 §7.2 the JSON serialization", func(t *testing.T) {
		parts := strings.Split(genuine, ".")
		refused(t, p, fmt.Sprintf(`{"protected":"%s","payload":"%s","signature":"%s"}`, parts[0], parts[1], parts[2]), false)
	})
	t.Run("the second signature of ECDSA is the same token, so revocation can't go by its text", func(t *testing.T) {
		good := p.sign(t, signed)
		mirrored := new(big.Int).Sub(order, new(big.Int).SetBytes(good[32:])).FillBytes(make([]byte, 32))
		a, errA := p.check(withSignature(good))
		b, errB := p.check(withSignature(append(good[:32:32], mirrored...)))
		if errA != nil || errB != nil || a.TokenID != b.TokenID || a.SessionID != b.SessionID {
			t.Errorf("%+v, %v; %+v, %v", a, errA, b, errB)
		}
	})
}

func TestClaimAttacks(t *testing.T) {
	p := newPair(t, domain.EdDSA)
	seconds := now.Unix()
	changes := map[string]map[string]any{
		"RFC 8725 §3.8 iss absent":          {"iss": nil},
		"RFC 8725 §3.8 iss of another":      {"iss": "https://evil.example"},
		"RFC 8725 §3.8 iss with a slash":    {"iss": issuer + "/"},
		"RFC 8725 §3.8 iss as list":         {"iss": []string{issuer}},
		"RFC 9068 §2.2 exp absent":          {"exp": nil},
		"RFC 9068 §2.2 sub absent":          {"sub": nil},
		"RFC 9068 §2.2 sub empty":           {"sub": ""},
		"RFC 9068 §2.2 sub as number":       {"sub": 1},
		"RFC 9068 §2.2 aud absent":          {"aud": nil},
		"RFC 9068 §2.2 iat absent":          {"iat": nil},
		"RFC 9068 §2.2 jti absent":          {"jti": nil},
		"RFC 9068 §2.2 client_id absent":    {"client_id": nil},
		"nbf absent":                        {"nbf": nil},
		"CVE-2020-26160 aud as list":        {"aud": []string{"auth_service"}},
		"CVE-2020-26160 aud as list of two": {"aud": []string{"auth_service", "billing"}},
		"CVE-2020-26160 aud as empty list":  {"aud": []string{}},
		"aud as object":                     {"aud": map[string]any{"a": "b"}},
		"exp as string":                     {"exp": fmt.Sprint(seconds + 900)},
		"nbf as string":                     {"nbf": fmt.Sprint(seconds)},
		"iat as string":                     {"iat": fmt.Sprint(seconds)},
		"exp as fraction":                   {"exp": float64(seconds) + 900.5},
		"exp as huge float":                 {"exp": 1e300},
		"exp as float past int64":           {"exp": 9.3e18},
		"exp past the year 9999":            {"exp": int64(253402300800)},
		"exp at the end of int64":           {"exp": int64(1<<63 - 1)},
		"exp negative":                      {"exp": -1},
		"exp zero":                          {"exp": 0},
		"exp true":                          {"exp": true},
		"iat in the future":                 {"iat": seconds + 61},
		"nbf in the future":                 {"nbf": seconds + 61},
		"iat huge":                          {"iat": 1e300},
		"auth_time as string":               {"auth_time": "yesterday"},
		"acr as number":                     {"acr": 2},
		"acr as list":                       {"acr": []string{"phr"}},
		"sid as number":                     {"sid": 5},
		"email_verified as string":          {"email_verified": "false"},
		"roles as string":                   {"roles": "admin"},
		"roles of numbers":                  {"roles": []any{"admin", 1}},
		"permissions as object":             {"permissions": map[string]any{}},
		"pv as string":                      {"pv": "3"},
		"pv as fraction":                    {"pv": 3.5},
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) { refused(t, p, p.forge(t, p.header(), payload(change)), true) })
	}
	texts := map[string]string{
		"sub twice":            strings.TrimSuffix(payload(nil), "}") + `,"sub":"somebody-else"}`,
		"exp twice":            `{"exp":1,` + payload(nil)[1:],
		"sub twice, escaped":   strings.TrimSuffix(payload(nil), "}") + `,"su\u0062":"somebody-else"}`,
		"an unknown twice":     strings.TrimSuffix(payload(nil), "}") + `,"x":1,"x":2}`,
		"exp with exponent":    strings.Replace(payload(nil), fmt.Sprint(`"exp":`, seconds+900), `"exp":1.935818589e9`, 1),
		"a name in other case": strings.Replace(payload(nil), `"sub"`, `"SUB"`, 1),
		"null":                 "null", "an array": "[]", "a string": `"x"`, "nothing": "", "an empty object": "{}",
		"text behind":   payload(nil) + "{}",
		"an open brace": strings.TrimSuffix(payload(nil), "}"),
		"broken UTF-8":  strings.Replace(payload(nil), "j-1", "j-\xff", 1),
		"depth":         strings.TrimSuffix(payload(nil), "}") + `,"x":` + strings.Repeat("[", 2000) + strings.Repeat("]", 2000) + `}}`,
	}
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			token := p.forge(t, p.header(), text)
			refused(t, p, token, text != "")
		})
	}
	t.Run("CVE-2024-51744 expired with another fault is not merely expired", func(t *testing.T) {
		for name, change := range changes {
			if name == "exp absent" || strings.Contains(name, "in the future") || strings.Contains(name, "exp ") {
				continue
			}
			late := map[string]any{"exp": seconds - 1}
			maps.Copy(late, change)
			if c, err := p.check(p.forge(t, p.header(), payload(late))); errors.Is(err, secure.ErrExpired) || err == nil || c.Subject != "" {
				t.Errorf("%s: %v", name, err)
			}
		}
		notYet := map[string]any{"exp": seconds - 1000, "nbf": seconds + 1000}
		if _, err := p.check(p.forge(t, p.header(), payload(notYet))); errors.Is(err, secure.ErrExpired) || err == nil {
			t.Errorf("expired before it began: %v", err)
		}
	})
	t.Run("an expired one with a bad signature is forged", func(t *testing.T) {
		token := newPair(t, domain.EdDSA).forge(t, p.header(), payload(map[string]any{"exp": seconds - 1}))
		if _, err := p.check(token); errors.Is(err, secure.ErrExpired) || err == nil {
			t.Errorf("%v", err)
		}
	})
	t.Run("no issuer expected is not any issuer", func(t *testing.T) {
		token := p.forge(t, p.header(), payload(map[string]any{"iss": ""}))
		if _, err := (jwtoken.Verifier{}).Verify(token, p.verify, "", now); err == nil {
			t.Error("verified")
		}
	})
	t.Run("time moves", func(t *testing.T) {
		token := p.forge(t, p.header(), payload(nil))
		if _, err := (jwtoken.Verifier{}).Verify(token, p.verify, issuer, now.Add(15*time.Minute)); !errors.Is(err, secure.ErrExpired) {
			t.Errorf("%v", err)
		}
	})
}
