package main

// each is a token per set of changes.
func each(changes ...object) []string {
	out := make([]string, 0, len(changes))
	for _, c := range changes {
		out = append(out, token(c))
	}
	return out
}

// notText are tokens in which a claim is absent, empty or no text.
func notText(claim string) []string {
	return each(object{claim: nil}, object{claim: ""}, object{claim: 1}, object{claim: []string{"x"}}, object{claim: object{"a": "b"}})
}

func claimChecks(f *File) {
	f.refused("claims", "issuer", "RFC 8725 §3.8 the issuer is equal", each(object{"iss": nil}, object{"iss": "https://evil.example"},
		object{"iss": issuer + "/"}, object{"iss": "HTTPS://auth.example.com"}, object{"iss": []string{issuer}}, object{"iss": ""})...)
	f.refused("claims", "issuer", "CVE-2024-53861 the issuer is no part of the other", each(object{"iss": "https://auth"}, object{"iss": "auth.example.com"},
		object{"iss": issuer + ".evil.example"})...)
	f.alone("claims", "an audience is a text, or a list of exactly that", at(1, verify(token(object{"aud": []string{audience}}), accept)))
	f.refused("claims", "audience", "RFC 8725 §3.9 the audience is this service", each(object{"aud": nil}, object{"aud": "shipping"}, object{"aud": ""},
		object{"aud": "bill"}, object{"aud": "billing2"}, object{"aud": "Billing"}, object{"aud": "auth_service"}, object{"aud": 1}, object{"aud": object{"billing": 1}})...)
	f.refused("claims", "audience", "CVE-2020-26160 a list of audiences", each(object{"aud": []string{}}, object{"aud": []string{audience, "shipping"}},
		object{"aud": []string{audience, audience}}, object{"aud": []string{"shipping"}}, object{"aud": []any{1}})...)
	f.refused("claims", "claims", "RFC 9068 §2.2 sub is a text", notText("sub")...)
	f.refused("claims", "claims", "RFC 9068 §2.2 jti is a text", notText("jti")...)
	f.refused("claims", "claims", "RFC 9068 §2.2 client_id is a text", notText("client_id")...)
	f.refused("claims", "claims", "RFC 9068 §2.2 exp is there, and an integer", each(object{"exp": nil}, object{"exp": "1894000000"}, object{"exp": float64(base) + 900.5},
		object{"exp": true}, object{"exp": []int64{base + 900}})...)
	f.refused("claims", "claims", "exp past the year 9999", each(object{"exp": int64(253402300800)}, object{"exp": int64(1<<63 - 1)}, object{"exp": 1e300})...)
	f.refused("claims", "claims", "iat is there, and an integer", each(object{"iat": nil}, object{"iat": "1794000000"}, object{"iat": float64(base) + 0.5}, object{"iat": true})...)
	f.refused("claims", "claims", "nbf is there, and an integer", each(object{"nbf": nil}, object{"nbf": "1794000000"}, object{"nbf": float64(base) + 0.5}, object{"nbf": true})...)
	f.refused("claims", "claims", "claims that a verifier goes by are of their type", each(object{"sid": 5}, object{"key": 5}, object{"kind": true}, object{"cs": "10"},
		object{"cs": -1}, object{"cs": 10.5}, object{"cs": int64(1<<53 + 2)}, object{"roles": "clerk"}, object{"roles": []any{"clerk", 1}}, object{"permissions": "invoice:read"},
		object{"permissions": object{"invoice:read": true}}, object{"permissions": []any{1}}, object{"perm_ref": "false"})...)
	f.alone("claims", "a token is valid until exp, and the leeway longer",
		at(0, verify(issued(-900+1, nil), accept)), at(0, verify(issued(-900-29, nil), accept)),
		at(0, verify(issued(-900-30, nil), invalid("expired"))), at(0, verify(issued(-5000, nil), invalid("expired"))))
	f.alone("claims", "a token that is remembered expires like others",
		at(0, verify(token(nil), accept)), at(929, verify(token(nil), accept)), at(930, verify(token(nil), invalid("expired"))))
	f.with(Config{"app_token": nil, "leeway": 0}, []string{"claims"}, "without leeway exp is the end", publish("a"),
		at(0, verify(issued(-899, nil), accept)), at(0, verify(issued(-900, nil), invalid("expired"))),
		at(0, verify(issued(1, nil), invalid("not_yet_valid"))))
	f.alone("claims", "nbf and iat may be ahead by the leeway",
		at(0, verify(token(object{"nbf": base + 30}), accept)), at(0, verify(token(object{"iat": base + 30}), accept)),
		at(0, verify(token(object{"nbf": base + 31}), invalid("not_yet_valid"))), at(0, verify(token(object{"iat": base + 31}), invalid("not_yet_valid"))))
	f.refused("claims", "token_bound", "RFC 7800 a bound token sent as bearer is a stolen one",
		each(object{"cnf": object{"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}}, object{"cnf": object{}}, object{"cnf": object{"x5t#S256": "x"}})...)
	f.alone("claims", "the first fault names the reason: signature, issuer, audience, claims, expired, not yet valid, bound",
		at(20, verify(signed("x", text(header("a")), text(claims(object{"iss": "https://evil.example"}))), invalid("signature"))),
		at(20, verify(signed("x", text(header("a")), text(claims(object{"exp": base - 1000}))), invalid("signature"))),
		at(20, verify(token(object{"iss": "https://evil.example", "aud": "shipping"}), invalid("issuer"))),
		at(20, verify(token(object{"aud": "shipping", "sub": nil}), invalid("audience"))),
		at(20, verify(token(object{"sub": nil, "exp": base - 1000}), invalid("claims"))),
		at(20, verify(token(object{"iss": "https://evil.example", "exp": base - 1000}), invalid("issuer"))), // CVE-2024-51744
		at(20, verify(token(object{"exp": base - 1000, "nbf": base + 1000}), invalid("expired"))),
		at(20, verify(token(object{"nbf": base + 1000, "cnf": object{}}), invalid("not_yet_valid"))))
}

func principals(f *File) {
	none, session := "", "s-1"
	f.alone("principal", "a user", at(1, verify(token(nil), Want{
		Verdict: "accept", Sub: "u-1", Kind: "user", SID: &session, ClientID: "signet", Permissions: []string{"invoice:read"}, Roles: []string{"clerk"},
	})))
	f.alone("principal", "a service's account", at(1, verify(token(object{
		"sub": "svc-7", "client_id": "shop", "kind": "service_account", "key": "t-1", "sid": nil, "amr": nil, "auth_time": nil, "email_verified": nil,
	}), Want{Verdict: "accept", Sub: "svc-7", Kind: "service_account", SID: &none, ClientID: "shop"})))
	f.alone("principal", "unknown claims are handed on", at(1, verify(token(object{"org": object{"id": "o-1"}, "acr": "urn:x", "act": object{"sub": "u-9"}, "scope": "invoice:read"}), Want{
		Verdict: "accept", Sub: "u-1", Claims: map[string]any{"org": object{"id": "o-1"}, "acr": "urn:x", "act": object{"sub": "u-9"}, "scope": "invoice:read", "pv": 3},
	})))
	f.alone("principal", "without permissions there are none", at(1, verify(token(object{"permissions": nil, "roles": nil}), accept.may())),
		at(1, allowed(token(object{"permissions": nil, "roles": nil}), "invoice:read", forbidden)))
}

func settings(f *File) {
	f.alone("settings", "an issuer and an audience are needed", built(Config{"issuer": nil}, "error"), built(Config{"audience": nil}, "error"),
		built(Config{"issuer": "auth.example.com"}, "error"), built(Config{"issuer": "ftp://auth.example.com"}, "error"))
	f.alone("settings", "https, or a loopback, or allow_http",
		built(Config{"issuer": "http://auth.example.com"}, "error"), built(Config{"url": "http://signet.internal:5000"}, "error"),
		built(Config{"issuer": "http://127.0.0.1.evil.example"}, "error"), built(Config{"issuer": "http://localhost.evil.example"}, "error"),
		built(Config{"issuer": "http://auth.example.com", "allow_http": true}, "accept"),
		built(Config{"url": "http://signet.internal:5000", "allow_http": true}, "accept"),
		built(Config{"issuer": "http://127.0.0.1:5000"}, "accept"), built(Config{"issuer": "http://[::1]:5000"}, "accept"), built(Config{"issuer": "http://localhost:5000"}, "accept"))
	f.alone("settings", "the leeway is 0 to 60 s, on_cut is allow or deny",
		built(Config{"leeway": 61}, "error"), built(Config{"leeway": -1}, "error"), built(Config{"leeway": 60}, "accept"), built(Config{"on_cut": "maybe"}, "error"))
	f.with(Config{"app_token": nil, "url": "https://signet.internal:5000"}, []string{"settings"}, "calls go to url, tokens name the issuer",
		publish("a"), at(1, verify(token(nil), accept)), at(1, verify(token(object{"iss": "https://signet.internal:5000"}), invalid("issuer"))))
}

func permissions(f *File) {
	good := token(object{"roles": []string{"invoice:write"}, "permissions": []string{"invoice:read", "invoice:line:read"}})
	f.alone("permission", "a permission is one of the list, exactly",
		at(1, allowed(good, "invoice:read", accepted)), at(1, allowed(good, "invoice:line:read", accepted)), at(1, allowed(good, "invoice:rea", forbidden)),
		at(1, allowed(good, "invoice:reader", forbidden)), at(1, allowed(good, "invoice:write", forbidden)), at(1, allowed(good, "invoice:line", forbidden)))
	f.alone("permission", "a wildcard in a token is a name that nobody asks for",
		at(1, allowed(token(object{"permissions": []string{"*:*", "invoice:*", "*"}}), "invoice:read", forbidden)))
	f.alone("permission", "the full name is the same", at(1, allowed(good, "billing/invoice:read", accepted)), at(1, allowed(good, "billing/invoice:write", forbidden)))
	f.alone("permission", "another service's permission is an error", at(1, allowed(good, "shipping/invoice:read", wiring)), at(1, allowed(good, "/invoice:read", wiring)))
	steps := make([]Step, 0, 12)
	for _, name := range []string{"", "invoice", "invoice:", ":read", "invoice:*", "*:*", "Invoice:read", "invoice read", "invoice:read:", "-invoice:read", "invoice:read\n"} {
		steps = append(steps, at(1, allowed(good, name, wiring)))
	}
	f.alone("permission", "a malformed permission is an error, not a refusal", steps...)
	f.alone("permission", "a bad token is invalid, whatever is asked", at(1, allowed(token(object{"aud": "shipping"}), "invoice:read", invalid("audience"))))
}
