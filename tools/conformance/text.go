package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
)

func headers(f *File) {
	good := token(nil)
	f.alone("header", "the scheme is Bearer in any case",
		at(1, presented(accept, "Bearer "+good)), at(1, presented(accept, "bearer "+good)), at(1, presented(accept, "BEARER "+good)))
	f.alone("header", "no header is no token", at(1, presented(missing)))
	f.alone("header", "two headers are no token", at(1, presented(missing, "Bearer "+good, "Bearer "+good)))
	f.alone("header", "other schemes are no token",
		at(1, presented(missing, "DPoP "+good)), at(1, presented(missing, "Basic dTpw")), at(1, presented(missing, good)),
		at(1, presented(missing, "Bearer")), at(1, presented(missing, "BearerX "+good)))
	f.alone("header", "one space and one token follow the scheme",
		at(1, presented(missing, "Bearer  "+good)), at(1, presented(missing, "Bearer\t"+good)), at(1, presented(missing, "Bearer "+good+" x")))
	f.alone("header", "what is no token is invalid", at(1, presented(invalid("malformed"), "Bearer x")))
}

// refused appends a case whose tokens are all refused for one reason.
func (f *File) refused(tag, reason, name string, tokens ...string) {
	steps := make([]Step, 0, len(tokens))
	for _, t := range tokens {
		steps = append(steps, at(20, verify(t, invalid(reason))))
	}
	f.alone(tag, name, steps...)
}

func texts(f *File) {
	good := token(nil)
	parts := strings.Split(good, ".")
	f.alone("text", "a genuine token is accepted", at(1, verify(good, accept.may("invoice:read"))))
	f.refused("text", "malformed", "three parts, and nothing else",
		"x", "..", parts[0]+"."+parts[1], good+".", good+".x", "."+good, strings.Repeat(".", 100), parts[0]+strings.Repeat(".", 100))
	f.refused("text", "malformed", "RFC 7516 an encrypted token has five", parts[0]+".a.b.c.d")
	f.refused("text", "malformed", "RFC 7515 §7.2 the JSON serialization",
		fmt.Sprintf(`{"protected":"%s","payload":"%s","signature":"%s"}`, parts[0], parts[1], parts[2]))
	f.alone("text", "8 192 bytes are read, one more is not",
		at(1, verify(sized(8192), accept)), at(1, verify(sized(8193), invalid("malformed"))))
	f.refused("text", "malformed", "base64url without padding, line ends and the other alphabet",
		parts[0]+"=."+parts[1]+"."+parts[2], parts[0]+"."+parts[1]+"."+parts[2]+"==", good+"\n", "\n"+good, parts[0]+"\r\n."+parts[1]+"."+parts[2],
		parts[0]+"."+parts[1]+"\n."+parts[2], parts[0]+"."+parts[1]+" ."+parts[2], parts[0]+"."+parts[1]+"."+parts[2][:40]+"+"+parts[2][41:],
		parts[0]+"."+parts[1]+"."+parts[2][:40]+"/"+parts[2][41:], parts[0]+"."+parts[1]+"."+parts[2][:40]+"\n"+parts[2][41:])
	f.refused("text", "malformed", "RFC 4648 §3.5 spare bits: a second spelling of one signature", twins(good)...)
	f.refused("text", "malformed", "a header that is no JSON object",
		signed("a", `["ES256"]`, text(claims(nil))), signed("a", `at+jwt`, text(claims(nil))), signed("a", `"x"`, text(claims(nil))),
		signed("a", `null`, text(claims(nil))), signed("a", ``, text(claims(nil))), signed("a", text(header("a"))+"{}", text(claims(nil))))
	f.refused("text", "malformed", "claims that are no JSON object",
		signed("a", text(header("a")), ""), signed("a", text(header("a")), "[]"), signed("a", text(header("a")), "null"),
		signed("a", text(header("a")), `"x"`), signed("a", text(header("a")), text(claims(nil))+"{}"),
		signed("a", text(header("a")), strings.TrimSuffix(text(claims(nil)), "}")))
	f.refused("text", "malformed", "RFC 8725 §3.10 a kid is a text of 1 to 128 bytes",
		headed(object{"kid": nil}), headed(object{"kid": ""}), headed(object{"kid": 1}), headed(object{"kid": []string{keys["a"].KID}}),
		headed(object{"kid": strings.Repeat("k", 129)}))
	f.refused("text", "key_unknown", "RFC 8725 §3.10 a kid is a name and no path",
		headed(object{"kid": strings.Repeat("k", 128)}), headed(object{"kid": "../../../../../../dev/null"}), headed(object{"kid": "' OR '1'='1' --"}))
	f.refused("text", "algorithm", "RFC 8725 §3.1 alg none, absent, or not one of ours",
		headed(object{"alg": "none"}), parts0(object{"alg": "none"})+".", headed(object{"alg": "nOnE"}), headed(object{"alg": ""}), headed(object{"alg": nil}),
		headed(object{"alg": 256}), headed(object{"alg": "ES384"}), headed(object{"alg": "PS256"}), headed(object{"alg": "es256"}))
	f.refused("text", "algorithm", "RFC 8725 §3.1 an algorithm of ours that is not the key's own",
		headed(object{"alg": "RS256"}), headed(object{"alg": "EdDSA"}), signed("c", text(object{"alg": "RS256", "kid": keys["a"].KID, "typ": "at+jwt"}), text(claims(nil))))
	der := must(x509.MarshalPKIXPublicKey(keys["a"].signer.Public()))
	hs := text(header("a").apply(object{"alg": "HS256"}))
	f.refused("text", "algorithm", "RFC 8725 §2.1 algorithm confusion: HS256 with the public key as its secret",
		withMAC(hs, der), withMAC(hs, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), withMAC(hs, []byte(text(keys["a"].Public))))
	f.refused("text", "type", "RFC 8725 §3.11 the type is at+jwt exactly",
		headed(object{"typ": nil}), headed(object{"typ": "JWT"}), headed(object{"typ": "dpop+jwt"}), headed(object{"typ": "logout+jwt"}),
		headed(object{"typ": "AT+JWT"}), headed(object{"typ": "application/at+jwt"}), headed(object{"typ": 1}))
	f.refused("text", "critical", "RFC 7515 §4.1.11 crit (CVE-2026-32597), whatever it names",
		headed(object{"crit": []string{"exp"}}), headed(object{"crit": []string{}}), headed(object{"crit": []string{"x"}, "x": 1}), headed(object{"crit": "exp"}))
	f.refused("text", "critical", "RFC 7797 b64, RFC 7516 enc and zip",
		headed(object{"b64": false, "crit": []string{"b64"}}), headed(object{"b64": false}), headed(object{"b64": true}), headed(object{"enc": "A256GCM"}),
		headed(object{"zip": "DEF"}))
	f.alone("text", "RFC 7515 §4.1.2 to 4.1.8 keys that a header brings are not looked at",
		at(1, verify(headed(object{"jku": "https://evil.example/jwks"}), accept)), at(1, verify(headed(object{"x5u": "https://evil.example/cert"}), accept)),
		at(1, verify(headed(object{"x5c": []string{"MIIB"}, "x5t": "AAAA"}), accept)),
		at(1, verify(signed("x", text(header("a").apply(object{"jwk": keys["x"].Public})), text(claims(nil))), invalid("signature"))),
		at(1, verify(signed("x", text(header("a").apply(object{"jku": "https://evil.example/jwks"})), text(claims(nil))), invalid("signature"))))
	f.alone("text", "the first fault names the reason: malformed, algorithm, type, critical, key",
		at(20, verify(headed(object{"kid": nil, "alg": "none"}), invalid("malformed"))),
		at(20, verify(headed(object{"alg": "none", "typ": "JWT"}), invalid("algorithm"))),
		at(20, verify(headed(object{"typ": "JWT", "crit": []string{"x"}}), invalid("type"))),
		at(20, verify(headed(object{"zip": "DEF", "kid": "unknown"}), invalid("critical"))),
		at(20, verify(by("x", object{"iss": "https://evil.example"}), invalid("key_unknown"))))
}

// parts0 is a token's text up to where the signature begins.
func parts0(change object) string {
	t := headed(change)
	return t[:strings.LastIndexByte(t, '.')]
}

// twins are the other texts that decode to the same signature, for decoders that ignore the last bits.
func twins(good string) []string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(digits, good[len(good)-1])
	out := make([]string, 0, 3)
	for bits := 1; bits < 4; bits++ {
		out = append(out, good[:len(good)-1]+string(digits[last|bits]))
	}
	return out
}

func signatures(f *File) {
	good := token(nil)
	input := good[:strings.LastIndexByte(good, '.')]
	spoilt := func(signature []byte) string { return input + "." + b64(signature) }
	f.alone("signature", "RS256 and EdDSA are verified, too",
		at(1, verify(by("c", nil), accept)), at(1, verify(by("d", nil), accept)))
	f.refused("signature", "signature", "no signature, or of another length",
		input+".", spoilt(signature(keys["a"].signer, input)[:63]), spoilt(append(signature(keys["a"].signer, input), 0)),
		spoilt(make([]byte, 256)), parts2(by("c", nil), 255), parts2(by("d", nil), 63))
	digest := sha256.Sum256([]byte(input))
	private, _ := keys["a"].signer.(*ecdsa.PrivateKey)
	f.refused("signature", "signature", "an ECDSA signature in DER", spoilt(must(private.Sign(nil, digest[:], crypto.SHA256))))
	order := private.Params().N.FillBytes(make([]byte, 32))
	f.refused("signature", "signature", "CVE-2022-21449 psychic signatures",
		spoilt(make([]byte, 64)), spoilt(append(append([]byte{}, order...), order...)), spoilt(append(make([]byte, 32), order...)),
		parts2(by("d", nil), 0)+b64(make([]byte, 64)), parts2(by("c", nil), 0)+b64(make([]byte, 256)))
	f.refused("signature", "signature", "claims that somebody changed, or another key signed",
		swapped(good, token(object{"sub": "u-2"})), signed("x", text(header("a")), text(claims(nil))), signed("b", text(header("a")), text(claims(nil))))
}

// parts2 keeps n bytes of a token's signature.
func parts2(token string, n int) string {
	i := strings.LastIndexByte(token, '.') + 1
	return token[:i] + b64(unb64(token[i:])[:n])
}

// swapped has the claims of one token and the signature of another.
func swapped(signature, claims string) string {
	a, b := strings.Split(signature, "."), strings.Split(claims, ".")
	return a[0] + "." + b[1] + "." + a[2]
}
