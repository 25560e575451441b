package main

import "fmt"

// cuts are about a stream that does not come, or ends.
func cuts(f *File) {
	t := token(nil)
	f.with(nil, []string{"cut"}, "allow: without any stream a token is a plain JWT", publish("a"), stream("down"), at(1, verify(t, accept.asked(0))), at(100, verify(t, accept.asked(0))))
	f.with(Config{"on_cut": "deny"}, []string{"cut"}, "deny: without any stream there is no verdict, until it is ready", publish("a"), stream("down"),
		at(5, verify(t, unavailable)), at(5, verify(token(object{"exp": base - 100}), invalid("expired"))), at(100, ready(10)), at(101, verify(t, accept)))
	f.with(Config{"on_cut": "deny"}, []string{"cut"}, "hello is not ready", publish("a"), stream("hello"), at(5, verify(t, unavailable)))
	refused := Step{Op: "stream", State: "refused", Status: 403}
	f.with(Config{"on_cut": "deny"}, []string{"cut"}, "deny: a stream that is refused is none", publish("a"), refused, at(5, verify(t, unavailable)))
	f.with(nil, []string{"cut"}, "allow: a stream that is refused is none", publish("a"), refused, at(5, verify(t, accept)))
	f.denying("cut", "deny: a stream may be away for 30 s", at(10, verify(t, accept)), at(11, stream("down")), at(12, verify(t, accept)), at(40, verify(t, accept)),
		at(43, verify(t, unavailable)), at(60, ready(10)), at(61, verify(t, accept)))
	f.denying("cut", "deny: bye begins the cut", at(11, Step{Op: "stream", State: "bye", Reason: "shutdown"}), at(40, verify(t, accept)), at(43, verify(t, unavailable)))
	f.denying("cut", "deny: silence begins the cut after 15 s", at(11, stream("silent")), at(40, verify(t, accept)), at(54, verify(t, accept)), at(59, verify(t, unavailable)))
	f.denying("cut", "deny: a stream that is there again for hello only is still cut", at(11, stream("down")), at(20, stream("hello")), at(43, verify(t, unavailable)), at(44, ready(10)), at(45, verify(t, accept)))
	f.denying("cut", "deny: ticks are life", at(600, verify(issued(600, nil), accept)), at(6000, verify(issued(6000, nil), accept)))
	f.followed("cut", "what is known counts while the stream is away", at(1, session("ended", 11)), at(2, subject("stale", 12)), at(3, stream("down")), at(3, answered("introspect", 500)),
		at(500, verify(t, ended)), at(500, verify(token(object{"sid": "s-2"}), unavailable)), at(500, verify(token(object{"cs": 12, "sid": "s-2"}), accept)))
	f.denying("cut", "deny: an end that is known is told, not that nothing is known", at(1, session("ended", 11)), at(3, stream("down")), at(500, verify(t, ended)))
}

// failures are about questions that fail.
func failures(f *File) {
	t := token(nil)
	f.followed("ask", "a fact about the subject and no answer: no verdict, and never the old one", at(1, subject("stale", 11)), at(1, introspected(active(11, nil, "invoice:read"))),
		at(2, verify(t, accept)), at(3, subject("stale", 12)), at(3, answered("introspect", 500)), at(4, verify(t, unavailable.asked(1))))
	f.followed("ask", "a fact about the session or the app token and no answer: no verdict", at(1, session("stale", 11)), at(1, keyFact("stale", 12)), at(1, answered("introspect", 500)),
		at(2, verify(t, unavailable)), at(2, verify(token(object{"sid": nil, "key": "t-1", "sub": "svc-7"}), unavailable)))
	f.followed("ask", "an audience's fact and no answer, allow: the token's own claims, and again after 5 s", at(1, audienceFact("stale", audience, 11)), at(1, answered("introspect", 500)),
		at(2, verify(t, accept.may("invoice:read").asked(1))), at(3, verify(t, accept.asked(0))), at(8, verify(t, accept.may("invoice:read").asked(1))),
		at(14, introspected(active(11, nil))), at(14, verify(t, accept.may().asked(1))))
	f.followed("ask", "an audience's fact and no answer, allow: what was taken stays taken", at(1, subject("stale", 11)), at(1, introspected(active(11, nil))), at(2, verify(t, accept.may())),
		at(3, audienceFact("stale", audience, 12)), at(3, answered("introspect", 500)), at(4, verify(t, accept.may().asked(1))), at(10, verify(t, accept.may().asked(1))))
	f.followed("ask", "an audience's fact and no answer, allow: who was inactive stays so", at(1, subject("stale", 11)), at(1, introspected(inactive(11))), at(2, verify(t, invalid("inactive"))),
		at(3, audienceFact("stale", audience, 12)), at(3, answered("introspect", 500)), at(4, verify(t, invalid("inactive"))), at(10, verify(t, invalid("inactive"))))
	f.denying("ask", "an audience's fact and no answer, deny: no verdict", at(1, audienceFact("stale", audience, 11)), at(1, answered("introspect", 500)), at(2, verify(t, unavailable)))
	f.followed("ask", "a platform's fact and no answer, allow: the token's own claims", at(1, audienceFact("stale", "*", 11)), at(1, answered("introspect", 500)), at(2, verify(t, accept.asked(1))))
	f.followed("ask", "a subject's fact weighs more than its audience's", at(1, audienceFact("stale", audience, 12)), at(1, subject("stale", 11)), at(1, answered("introspect", 500)), at(2, verify(t, unavailable)))
	f.followed("ask", "503 is tried once more", at(1, subject("stale", 11)), at(1, introspected(active(11, nil))), at(1, times(1, answered("introspect", 503))),
		at(2, verify(t, accept.may().asked(2))))
	f.followed("ask", "503 twice is no verdict", at(1, subject("stale", 11)), at(1, introspected(active(11, nil))), at(1, times(2, answered("introspect", 503))),
		at(2, verify(t, unavailable.asked(2))), at(3, verify(t, accept.asked(1))))
	f.followed("ask", "a reset connection is tried once more", at(1, subject("stale", 11)), at(1, introspected(active(11, nil))), at(1, times(1, Step{Op: "answer", To: "introspect", Fails: "reset"})),
		at(2, verify(t, accept.may().asked(2))))
	steps := []Step{at(1, subject("stale", 11)), at(1, answered("introspect", 500))}
	for i := range 5 {
		steps = append(steps, at(2, verify(token(object{"jti": fmt.Sprint("j-", i)}), unavailable.asked(1))))
	}
	f.followed("ask", "after five failures in a row nobody is asked for 10 s", append(steps, at(3, introspected(active(11, nil, "invoice:read"))), at(3, verify(t, unavailable.asked(0))),
		at(11, verify(t, unavailable.asked(0))), at(14, verify(t, accept.asked(1))), at(14, verify(token(object{"jti": "j-9"}), accept.asked(1))))...)
	for _, broken := range []struct {
		name   string
		answer Step
	}{
		{"401", answered("introspect", 401)},
		{"429", Step{Op: "answer", To: "introspect", Status: 429, Headers: map[string]string{"Retry-After": "7"}}},
		{"a page", introspected("<!doctype html>")},
		{"no member active", introspected(object{"sub": "u-1"})},
		{"active is a text", introspected(object{"active": "true", "sub": "u-1", "cs": 11})},
		{"permissions are a text", introspected(active(11, object{"permissions": "invoice:read"}))},
		{"a redirect", Step{Op: "answer", To: "introspect", Status: 307, Headers: map[string]string{"Location": "https://evil.example/"}}},
		{"no answer", Step{Op: "answer", To: "introspect", Fails: "refused"}},
	} {
		f.followed("ask", "no answer, no verdict: "+broken.name, at(1, subject("stale", 11)), at(1, broken.answer), at(2, verify(t, unavailable)))
	}
}

// references are about tokens whose permissions are too many to be in them.
func references(f *File) {
	t := token(object{"permissions": nil, "perm_ref": true})
	first := forbidden.checks(1)
	first.Sent = map[string]string{"Authorization": "Bearer " + t}
	f.with(Config{"app_token": nil}, []string{"perm_ref"}, "perm_ref: the token itself asks, once in 60 s without stream", publish("a"), at(1, checked("invoice:read")),
		at(1, verify(t, accept.may().checks(0))), at(1, allowed(t, "invoice:void", first)), at(2, allowed(t, "invoice:read", accepted.checks(1))),
		at(3, allowed(t, "invoice:read", accepted.checks(0))), at(50, allowed(t, "invoice:read", accepted.checks(0))), at(51, checked()),
		at(65, allowed(t, "invoice:read", forbidden.checks(1))))
	f.Cases = append(f.Cases, Case{
		Name: "perm_ref: one question for all names that are wired", Tags: []string{"perm_ref", "stream"}, Wired: []string{"invoice:read", "invoice:write", "billing/invoice:void"},
		Steps: []Step{
			publish("a"), ready(10), at(1, checked("invoice:read", "invoice:void")),
			at(2, allowed(t, "invoice:read", Want{Verdict: "accept", Calls: map[string]int{"check": 1}, Asked: []string{"invoice:read", "invoice:void", "invoice:write"}})),
			at(3, allowed(t, "invoice:write", forbidden.checks(0))), at(400, allowed(t, "invoice:void", accepted.checks(0))),
		},
	})
	f.followed("perm_ref", "perm_ref: a fact about the token asks about the whole of it", at(1, checked("invoice:read")), at(1, allowed(t, "invoice:read", accepted.checks(1))),
		at(2, subject("stale", 11)), at(2, introspected(active(11, nil, "invoice:void"))), at(2, allowed(t, "invoice:read", Want{Verdict: "forbidden", Calls: map[string]int{"introspect": 1, "check": 0}})),
		at(3, allowed(t, "invoice:void", accepted.checks(0))))
	until := checked("invoice:read")
	until.Body = object{"success": true, "cs": 10, "valid_until": "2026-11-06T21:20:30Z"}
	f.followed("perm_ref", "perm_ref: an answer counts until its valid_until", at(1, until), at(1, allowed(t, "invoice:read", accepted.checks(1))),
		at(29, allowed(t, "invoice:read", accepted.checks(0))), at(31, allowed(t, "invoice:read", accepted.checks(1))))
	f.followed("perm_ref", "perm_ref: a refused token is invalid", at(1, answered("check", 401)), at(1, allowed(t, "invoice:read", invalid("inactive"))))
	for _, broken := range []struct {
		name   string
		answer Step
	}{
		{"500", answered("check", 500)},
		{"429", Step{Op: "answer", To: "check", Status: 429, Headers: map[string]string{"Retry-After": "60"}}},
		{"403", answered("check", 403)},
		{"fewer results than questions", Step{Op: "answer", To: "check", Status: 200, Body: object{"success": true, "results": []any{}}}},
		{"results of another kind", Step{Op: "answer", To: "check", Status: 200, Body: object{"success": true, "results": []any{object{"allowed": "true"}}}}},
		{"a page", Step{Op: "answer", To: "check", Status: 200, Body: "<!doctype html>"}},
		{"no answer", Step{Op: "answer", To: "check", Fails: "refused"}},
	} {
		f.followed("perm_ref", "perm_ref: no answer, no verdict: "+broken.name, at(1, broken.answer), at(1, allowed(t, "invoice:read", unavailable)))
	}
	f.followed("perm_ref", "perm_ref is no permission by itself", at(1, verify(t, accept.may())))
	f.followed("perm_ref", "perm_ref false is none", at(1, allowed(token(object{"perm_ref": false}), "invoice:read", accepted.checks(0))),
		at(1, allowed(token(object{"perm_ref": false}), "invoice:void", forbidden.checks(0))))
}
