package main

import "fmt"

// jwk is a key as it is published, with changes.
func jwk(key string, changes object) object {
	out := object{}
	for name, value := range keys[key].Public {
		out[name] = value
	}
	return out.apply(changes)
}

func set(members ...object) object { return object{"keys": members} }

// keySets are cases without a stream. An unknown kid has the set fetched, so a token of b, which is not in the first set, makes the verifier
// look at the next answer.
func keySets(f *File) {
	a, b := token(nil), by("b", nil)
	f.alone("jwks", "an unknown kid has the set fetched at once", at(20, publish("a", "b")),
		at(20, verify(b, accept.fetched(1))), at(21, verify(a, accept.fetched(0))), at(21, verify(b, accept.fetched(0))))
	f.alone("jwks", "unknown kids fetch once in 10 s for all",
		at(20, verify(headed(object{"kid": "k-1"}), invalid("key_unknown").fetched(1))), at(21, verify(headed(object{"kid": "k-2"}), invalid("key_unknown").fetched(0))),
		at(29, verify(headed(object{"kid": "k-1"}), invalid("key_unknown").fetched(0))), at(32, verify(headed(object{"kid": "k-3"}), invalid("key_unknown").fetched(1))))
	f.alone("jwks", "an unknown kid is remembered 10 s, and asked for again then",
		at(20, verify(b, invalid("key_unknown").fetched(1))), at(21, publish("a", "b")), at(25, verify(b, invalid("key_unknown").fetched(0))), at(32, verify(b, accept.fetched(1))))
	for _, broken := range []struct {
		name   string
		answer Step
	}{
		{"an empty set", publish()},
		{"an object in the place of the list", jwks(200, object{"keys": object{}})},
		{"no member keys", jwks(200, object{"issuer": issuer})},
		{"a list in the place of the set", jwks(200, []object{jwk("b", nil)})},
		{"a page in HTML", jwks(200, "<!doctype html><title>Sign in to the network</title>")},
		{"half a document", jwks(200, text(set(jwk("b", nil)))[:80])},
		{"nothing", jwks(200, "")},
		{"keys of which none is usable", jwks(200, set(object{"kty": "oct", "kid": keys["b"].KID, "k": "AAAA"}))},
		{"status 500", jwks(500, set(jwk("b", nil)))},
		{"status 404", jwks(404, set(jwk("b", nil)))},
		{"more than 32 keys", jwks(200, set(many(33)...))},
		{"more than 256 KB", Step{Op: "jwks", Status: 200, Body: set(jwk("b", nil)), Pad: 262144}},
		{"a redirect", Step{Op: "jwks", Status: 302, Headers: map[string]string{"Location": "https://evil.example/jwks"}, Body: set(jwk("b", nil))}},
		{"no answer", Step{Op: "jwks", Fails: "refused"}},
	} {
		f.alone("jwks", "a good set is kept: "+broken.name, at(20, broken.answer), at(20, verify(b, invalid("key_unknown"))), at(21, verify(a, accept)))
	}
	f.alone("jwks", "32 keys are read", at(20, jwks(200, set(many(32)...))), at(20, verify(b, accept)))
	for _, skipped := range []struct {
		name, key string
		member    object
	}{
		{"of a kind that is unknown", "b", object{"kty": "AKP", "kid": keys["b"].KID, "alg": "ES256", "pub": "AAAA"}},
		{"of a curve that is unknown", "b", jwk("b", object{"crv": "P-384"})},
		{"that is not on its curve", "b", jwk("b", object{"y": keys["b"].Public["x"]})},
		{"with private members", "b", jwk("b", object{"d": keys["b"].Private["d"]})},
		{"for encryption", "b", jwk("b", object{"use": "enc"})},
		{"without kid", "b", jwk("b", object{"kid": nil})},
		{"without alg", "b", jwk("b", object{"alg": nil})},
		{"whose alg is not of its kind", "b", jwk("b", object{"alg": "RS256"})},
		{"of RSA with 1 024 bits", "weak", jwk("weak", nil)},
		{"that is no object", "b", nil},
	} {
		members := []any{jwk("a", nil), skipped.member, jwk("d", nil)}
		if skipped.member == nil {
			members[1] = "b"
		}
		f.alone("jwks", "a key is skipped, and others are not: one "+skipped.name, at(20, jwks(200, object{"keys": members, "more": 1})),
			at(20, verify(by(skipped.key, nil), invalid("key_unknown"))), at(21, verify(by("d", nil), accept)), at(21, verify(a, accept)))
	}
	f.alone("jwks", "a key that is not in the set any more is none",
		at(1, verify(a, accept)), at(2, publish("b", "c")), at(400, verify(a, invalid("key_unknown"))), at(400, verify(by("b", nil), accept)))
	f.with(Config{"app_token": nil}, []string{"jwks"}, "without any set there is no verdict, until there is one", jwks(500, ""),
		at(1, verify(a, unavailable)), at(2, verify(token(object{"aud": "shipping"}), unavailable)), at(2, verify("x", invalid("malformed"))),
		at(3, publish("a")), at(100, verify(a, accept)))
	f.alone("jwks", "a set serves 24 h without another", at(10, jwks(500, "")),
		at(86000, verify(issued(86000, nil), accept)), at(86450, verify(issued(86450, nil), unavailable)))
	rotated := publish("b")
	f.with(nil, []string{"jwks", "stream"}, "the set is fetched again when the stream is ready", publish("a"), ready(10),
		at(20, stream("down")), at(21, rotated), at(22, ready(10)), at(22, verify(b, accept.fetched(0))))
	f.with(nil, []string{"jwks", "stream"}, "the set is fetched again when a signing key is stale", publish("a"), ready(10), at(1, verify(a, accept)),
		at(20, rotated), at(21, fact(Fact{Kind: "signing_key", Fact: "stale", KID: keys["a"].KID, CS: 11})),
		at(22, verify(a, invalid("key_unknown"))), at(22, verify(b, accept.fetched(0))))
}

// many is b behind others.
func many(n int) []object {
	out := make([]object, 0, n)
	for i := range n - 1 {
		out = append(out, jwk("a", object{"kid": fmt.Sprintf("k-%02d", i)}))
	}
	return append(out, jwk("b", nil))
}
