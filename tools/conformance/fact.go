package main

func subject(word string, cs int) Step {
	return fact(Fact{Kind: "subject", Fact: word, Sub: "u-1", CS: cs})
}

func session(word string, cs int) Step {
	return fact(Fact{Kind: "session", Fact: word, SID: "s-1", CS: cs})
}

func audienceFact(word, aud string, cs int) Step {
	return fact(Fact{Kind: "audience", Fact: word, Aud: aud, CS: cs})
}

func keyFact(word string, cs int) Step {
	return fact(Fact{Kind: "key", Fact: word, Key: "t-1", CS: cs})
}

func signingKey(word string, cs int) Step {
	return fact(Fact{Kind: "signing_key", Fact: word, KID: keys["a"].KID, CS: cs})
}

var ended = invalid("ended").asked(0)

func facts(f *File) {
	t := token(nil)
	f.followed("facts", "a stale subject is asked about once", at(1, verify(t, accept.may("invoice:read").asked(0))), at(2, subject("stale", 11)),
		at(2, introspected(active(11, nil))), at(3, allowed(t, "invoice:read", forbidden.asked(1).after("11"))),
		at(4, allowed(t, "invoice:read", forbidden.asked(0))), at(800, verify(t, accept.may().asked(0))))
	f.followed("facts", "permissions and roles of the answer replace the token's", at(1, subject("stale", 11)),
		at(1, introspected(active(11, object{"roles": []string{"lead"}}, "invoice:write", "invoice:void"))),
		at(2, verify(t, Want{Verdict: "accept", Permissions: []string{"invoice:write", "invoice:void"}, Roles: []string{"lead"}})),
		at(2, allowed(t, "invoice:read", forbidden)), at(2, allowed(t, "invoice:void", accepted)))
	f.followed("facts", "a later fact is asked about again", at(1, subject("stale", 11)), at(1, introspected(active(11, nil, "invoice:read"))),
		at(2, verify(t, accept.asked(1))), at(3, subject("stale", 14)), at(3, introspected(active(14, nil))), at(4, verify(t, accept.may().asked(1).after("14"))),
		at(5, verify(t, accept.may().asked(0))))
	f.followed("facts", "an answer covers the facts up to its number", at(1, subject("stale", 11)), at(1, introspected(active(20, nil, "invoice:read"))),
		at(2, verify(t, accept.asked(1))), at(3, subject("stale", 20)), at(3, session("stale", 19)), at(4, verify(t, accept.asked(0))))
	f.followed("facts", "several facts are one question, with the highest number", at(1, subject("stale", 11)), at(1, session("stale", 13)),
		at(1, audienceFact("stale", audience, 12)), at(1, introspected(active(13, nil))), at(2, verify(t, accept.asked(1).after("13"))), at(3, verify(t, accept.asked(0))))
	f.followed("facts", "an ended subject is refused", at(1, verify(t, accept)), at(2, subject("ended", 11)), at(3, verify(t, ended)))
	f.followed("facts", "a fact counts for tokens that are older, by its number and not by time",
		at(1, subject("ended", 11)), at(2, verify(issued(2, object{"cs": 10}), ended)), at(2, verify(token(object{"cs": 11}), accept.asked(0))),
		at(2, verify(token(object{"cs": 12}), accept.asked(0))), at(3, subject("stale", 15)), at(3, verify(token(object{"cs": 15}), accept.asked(0))))
	f.followed("facts", "facts of others are not this token's", at(1, fact(Fact{Kind: "subject", Fact: "ended", Sub: "u-2", CS: 11})),
		at(1, fact(Fact{Kind: "session", Fact: "ended", SID: "s-2", CS: 12})), at(1, fact(Fact{Kind: "key", Fact: "ended", Key: "u-1", CS: 13})),
		at(1, audienceFact("ended", "shipping", 14)), at(1, fact(Fact{Kind: "signing_key", Fact: "ended", KID: "k-1", CS: 15})),
		at(1, fact(Fact{Kind: "session", Fact: "ended", SID: "u-1", CS: 16})), at(2, verify(t, accept.asked(0))))
	f.followed("facts", "an ended session is refused", at(1, session("ended", 11)), at(2, verify(t, ended)),
		at(2, verify(token(object{"sid": "s-2"}), accept.asked(0))), at(2, verify(token(object{"sid": nil}), accept.asked(0))))
	f.followed("facts", "an ended session is final: no stale brings it back", at(1, session("ended", 11)), at(2, session("stale", 12)), at(3, verify(t, ended)),
		at(3, verify(token(object{"cs": 12}), ended)), at(3, verify(token(object{"cs": 99}), ended)))
	f.followed("facts", "a stale session is asked about", at(1, session("stale", 11)), at(1, introspected(active(11, nil, "invoice:read"))), at(2, verify(t, accept.asked(1))))
	f.followed("facts", "disabled, then enabled: asked about, not refused", at(1, subject("ended", 11)), at(1, verify(t, ended)), at(2, subject("stale", 12)),
		at(2, introspected(active(12, nil, "invoice:read"))), at(3, verify(t, accept.asked(1).after("12"))), at(3, verify(token(object{"cs": 11, "jti": "j-2"}), accept.asked(1))))
	f.followed("facts", "a stale subject that is ended later is refused", at(1, subject("stale", 11)), at(1, introspected(active(11, nil))), at(1, verify(t, accept.asked(1))),
		at(2, subject("ended", 12)), at(3, verify(t, ended)))
	f.followed("facts", "an older fact that comes late replaces nothing", at(1, subject("ended", 20)), at(2, subject("stale", 15)),
		at(3, verify(t, ended)), at(3, verify(token(object{"cs": 17}), ended)))
	f.followed("facts", "an ended audience is refused", at(1, audienceFact("ended", audience, 11)), at(2, verify(t, ended)), at(2, verify(token(object{"cs": 11}), accept.asked(0))))
	f.followed("facts", "an audience that is on again is asked about", at(1, audienceFact("ended", audience, 11)), at(2, audienceFact("stale", audience, 12)),
		at(2, introspected(inactive(12))), at(3, verify(t, invalid("inactive").asked(1))))
	f.followed("facts", "a stale audience has every older token asked about, once each", at(1, audienceFact("stale", audience, 11)), at(1, introspected(active(11, nil, "invoice:read"))),
		at(2, verify(t, accept.asked(1))), at(2, verify(token(object{"jti": "j-2"}), accept.asked(1))), at(3, verify(t, accept.asked(0))), at(3, verify(token(object{"cs": 11}), accept.asked(0))))
	f.followed("facts", "a stale platform likewise", at(1, audienceFact("stale", "*", 11)), at(1, introspected(active(11, nil, "invoice:read"))),
		at(2, verify(t, accept.asked(1).after("11"))), at(3, verify(t, accept.asked(0))))
	machine := object{"sub": "svc-7", "kind": "service_account", "key": "t-1", "sid": nil}
	f.followed("facts", "a revoked app token ends the tokens that it got", at(1, keyFact("ended", 11)), at(2, verify(token(machine), ended)),
		at(2, verify(token(machine.apply(object{"cs": 11})), accepted.asked(0))), at(2, verify(t, accept.asked(0))))
	f.followed("facts", "a changed app token is asked about", at(1, keyFact("stale", 11)), at(1, introspected(active(11, object{"sub": "svc-7"}))),
		at(2, verify(token(machine), Want{Verdict: "accept", Sub: "svc-7", Permissions: []string{}}.asked(1))), at(2, verify(t, accept.asked(0))))
	f.followed("facts", "a revoked signing key is refused, remembered tokens and later numbers too", at(1, verify(t, accept)), at(2, signingKey("ended", 11)),
		at(3, verify(t, invalid("key_revoked").asked(0))), at(3, verify(token(object{"cs": 99}), invalid("key_revoked").asked(0))))
	f.followed("facts", "a revoked signing key stays refused, whatever the set says", at(1, signingKey("ended", 11)), at(2, stream("down")), at(3, ready(11)),
		at(4, signingKey("stale", 12)), at(500, publish("a")), at(4000, verify(issued(4000, object{"cs": 99}), invalid("key_revoked"))))
	f.followed("facts", "the signing key comes first, an end before a question", at(1, session("ended", 11)), at(1, signingKey("ended", 12)), at(2, verify(t, invalid("key_revoked"))))
	f.followed("facts", "an end is told without asking, whatever else is stale", at(1, session("stale", 11)), at(1, subject("ended", 12)), at(2, verify(t, ended)))
	f.followed("facts", "facts before ready count", at(20, stream("down")), at(21, stream("hello")), at(21, session("ended", 11)), at(21, verify(t, ended)), at(22, ready(12)), at(22, verify(t, ended)))
	old := object{"cs": nil}
	f.followed("facts", "a token without a number is asked about where others are refused", at(1, subject("ended", 11)), at(1, introspected(active(11, nil, "invoice:read"))),
		at(2, verify(token(old), accept.asked(1).after("11"))), at(3, verify(token(old), accept.asked(0))))
	f.followed("facts", "a token without a number whose session or signing key ended is refused", at(1, session("ended", 11)), at(2, verify(token(old), ended)),
		at(3, signingKey("ended", 12)), at(3, verify(token(old), invalid("key_revoked"))))
	f.followed("facts", "an unknown kind with a sub is a stale subject", at(1, fact(Fact{Kind: "member", Fact: "ended", Sub: "u-1", CS: 11})), at(1, introspected(active(11, nil))),
		at(2, verify(t, accept.may().asked(1).after("11"))), at(2, verify(token(object{"sub": "u-2"}), accepted.asked(0))))
	f.followed("facts", "an unknown kind without one is stale for all", at(1, fact(Fact{Kind: "weather", Fact: "ended", CS: 11})), at(1, introspected(active(11, nil))),
		at(2, verify(t, accept.may().asked(1).after("11"))), at(3, verify(t, accept.asked(0))), at(3, verify(token(object{"cs": 11}), accept.asked(0))))
	f.followed("facts", "an unknown word is stale", at(1, subject("paused", 11)), at(1, introspected(active(11, nil))), at(2, verify(t, accept.may().asked(1))))
}

// lifetimes are about how long facts are kept, and tokens that live longer.
func lifetimes(f *File) {
	f.followed("life", "a fact is forgotten token_ttl after it came", at(1, subject("ended", 11)), at(900, verify(issued(900, nil), ended)),
		at(962, verify(issued(962, nil), accept.asked(0))))
	long := token(object{"exp": base + 7200})
	f.followed("life", "a token that lives longer than facts are kept is asked about", at(1, introspected(active(10, nil, "invoice:read"))),
		at(2, verify(long, accept.asked(1))), at(3, verify(long, accept.asked(0))), at(4, session("ended", 11)), at(5, verify(long, ended)))
	f.followed("life", "a token that lives longer is not trusted past the facts that it outlives", at(1, introspected(active(10, nil, "invoice:read"))),
		at(2, verify(long, accept.asked(1))), at(10, subject("ended", 11)), at(10, introspected(inactive(11))), at(1500, verify(long, invalid("inactive").asked(1))))
	f.followed("life", "the usual life is not long", at(1, verify(token(object{"exp": base + 900}), accept.asked(0))),
		at(1, introspected(active(10, nil, "invoice:read"))), at(2, verify(token(object{"exp": base + 901}), accept.asked(1))))
	hello := Step{Op: "stream", State: "ready", TokenTTL: 360}
	ten := 10
	hello.CS = &ten
	f.with(nil, []string{"stream", "life"}, "hello says how long facts are kept", publish("a"), hello, at(1, introspected(active(10, nil, "invoice:read"))),
		at(1, verify(token(nil), accept.asked(1))), at(2, verify(token(object{"exp": base + 300}), accept.asked(0))),
		at(3, subject("ended", 11)), at(300, verify(issued(300, object{"exp": base + 600}), ended)), at(364, verify(issued(364, object{"exp": base + 600}), accept.asked(0))))
}

// answers are about how long an answer is remembered.
func answers(f *File) {
	t := token(nil)
	f.followed("ask", "who is inactive is refused, and not asked about again", at(1, subject("stale", 11)), at(1, introspected(inactive(11))),
		at(2, verify(t, invalid("inactive").asked(1))), at(3, verify(t, invalid("inactive").asked(0))))
	f.followed("ask", "who is inactive may be active after a later fact", at(1, subject("stale", 11)), at(1, introspected(inactive(11))), at(2, verify(t, invalid("inactive").asked(1))),
		at(3, subject("stale", 12)), at(3, introspected(active(12, nil, "invoice:read"))), at(4, verify(t, accept.asked(1))))
	bare := active(11, object{"cs": nil}, "invoice:read")
	f.followed("ask", "an answer without a number counts 5 s", at(1, subject("stale", 11)), at(1, introspected(bare)), at(2, verify(t, accept.asked(1))),
		at(6, verify(t, accept.asked(0))), at(8, verify(t, accept.asked(1))), at(9, verify(t, accept.asked(0))))
	f.followed("ask", "an answer with a lower number than was asked for counts 5 s", at(1, subject("stale", 11)), at(1, introspected(active(10, nil, "invoice:read"))),
		at(2, verify(t, accept.asked(1))), at(6, verify(t, accept.asked(0))), at(8, introspected(active(11, nil))), at(8, verify(t, accept.may().asked(1))), at(100, verify(t, accept.asked(0))))
	f.followed("ask", "an answer counts until its valid_until", at(1, subject("stale", 11)),
		at(1, introspected(active(11, object{"valid_until": "2026-11-06T21:20:30.000000Z"}, "invoice:read"))),
		at(2, verify(t, accept.asked(1))), at(29, verify(t, accept.asked(0))), at(31, introspected(active(12, nil))), at(31, verify(t, accept.may().asked(1))))
	f.followed("ask", "a token is asked about once, not its bearer", at(1, subject("stale", 11)), at(1, introspected(active(11, nil))),
		at(2, verify(t, accept.asked(1))), at(2, verify(token(object{"jti": "j-2"}), accept.asked(1))), at(2, verify(token(object{"jti": "j-2"}), accept.asked(0))))
}

func resets(f *File) {
	t := token(nil)
	reset := func(cs int) Step { return Step{Op: "stream", State: "reset", CS: &cs} }
	f.followed("reset", "after a reset every token is asked about, once", at(1, verify(t, accept.asked(0))), at(2, reset(5)), at(2, introspected(active(5, nil))),
		at(3, verify(t, accept.may().asked(1))), at(4, verify(t, accept.asked(0))), at(4, verify(token(object{"cs": 5000}), accept.asked(1))))
	f.followed("reset", "a reset keeps ended sessions and revoked keys", at(1, session("ended", 11)), at(2, reset(5)), at(3, verify(token(object{"cs": 99}), ended)),
		at(4, signingKey("ended", 6)), at(5, reset(2)), at(6, verify(t, invalid("key_revoked").asked(0))))
	f.followed("reset", "a reset forgets the other facts", at(1, subject("ended", 11)), at(2, reset(5)), at(2, introspected(active(5, nil, "invoice:read"))), at(3, verify(t, accept.asked(1))))
	f.followed("reset", "a reset forgets answers", at(1, subject("stale", 11)), at(1, introspected(active(11, nil, "invoice:read"))), at(2, verify(t, accept.asked(1))),
		at(3, reset(5)), at(3, introspected(inactive(5))), at(4, verify(t, invalid("inactive").asked(1))))
	f.followed("reset", "after a reset a fact counts whatever the numbers", at(2, reset(5)), at(2, introspected(active(5, nil, "invoice:read"))),
		at(3, verify(token(object{"cs": 5000}), accept.asked(1))), at(4, subject("stale", 6)), at(4, introspected(active(6, nil))),
		at(5, verify(token(object{"cs": 5000}), accept.may().asked(1))), at(6, verify(token(object{"cs": 5000}), accept.asked(0))),
		at(7, fact(Fact{Kind: "subject", Fact: "stale", Sub: "u-2", CS: 7})), at(8, verify(token(object{"cs": 5000}), accept.asked(0))))
	f.followed("reset", "after a reset a session that ends is refused at once", at(2, reset(5)), at(2, introspected(active(5, nil, "invoice:read"))),
		at(3, verify(token(object{"cs": 5000}), accept.asked(1))), at(4, session("ended", 6)), at(5, verify(token(object{"cs": 5000}), ended)))
	f.followed("reset", "after a reset and token_ttl nothing is asked", at(2, reset(5)), at(1000, verify(issued(1000, object{"cs": 5}), accept.asked(0))))
	f.followed("reset", "after a reset a failed question is as on_cut says: allow", at(2, reset(5)), at(2, answered("introspect", 500)),
		at(3, verify(t, accept.may("invoice:read").asked(1))), at(4, verify(t, accept.asked(0))), at(9, introspected(active(5, nil))), at(9, verify(t, accept.may().asked(1))))
	f.denying("reset", "after a reset a failed question is as on_cut says: deny", at(2, reset(5)), at(2, answered("introspect", 500)), at(3, verify(t, unavailable)))
}

func floors(f *File) {
	flood := Step{Op: "flood", Count: 200001}
	first := 1000
	flood.CS = &first
	f.followed("floor", "of too many facts the oldest quarter goes, and older tokens are asked about", at(1, flood), at(2, introspected(active(201000, nil, "invoice:read"))),
		at(2, verify(token(object{"cs": 500}), accept.asked(1))), at(3, verify(token(object{"cs": 500}), accept.asked(0))),
		at(3, verify(token(object{"cs": 50990}), accept.asked(1))), at(3, verify(token(object{"cs": 51001}), accept.asked(0))),
		at(3, verify(token(object{"cs": 51001, "sid": "flood-199999"}), ended)), at(3, verify(token(object{"cs": 51001, "sid": "flood-60000"}), ended)))
	f.denying("floor", "a failed question below the floor is as on_cut says: deny", at(1, flood), at(2, answered("introspect", 500)),
		at(2, verify(token(object{"cs": 500}), unavailable)), at(2, verify(token(object{"cs": 51001}), accept)))
	f.followed("floor", "a failed question below the floor is as on_cut says: allow", at(1, flood), at(2, answered("introspect", 500)),
		at(2, verify(token(object{"cs": 500}), accept.asked(1))))
}
