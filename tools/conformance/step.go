package main

// The helpers below make steps and wants, so that a case reads as a story.

func at(seconds int, s Step) Step {
	s.At = seconds
	return s
}

func publish(names ...string) Step {
	return Step{Op: "jwks", Keys: append([]string{}, names...)}
}

func jwks(status int, body any) Step { return Step{Op: "jwks", Status: status, Body: body} }

func ready(cs int) Step { return Step{Op: "stream", State: "ready", CS: &cs} }

func stream(state string) Step { return Step{Op: "stream", State: state} }

func fact(f Fact) Step { return Step{Op: "fact", Fact: &f} }

func introspected(body any) Step {
	return Step{Op: "answer", To: "introspect", Status: 200, Body: body}
}

func answered(to string, status int) Step { return Step{Op: "answer", To: to, Status: status} }

func checked(allows ...string) Step {
	return Step{Op: "answer", To: "check", Status: 200, Allows: append([]string{}, allows...), Body: object{"success": true, "cs": 10}}
}

func times(n int, s Step) Step {
	s.Times = n
	return s
}

func verify(token string, want Want) Step { return Step{Op: "verify", Token: token, Want: &want} }

func allowed(token, permission string, want Want) Step {
	return Step{Op: "allowed", Token: token, Permission: &permission, Want: &want}
}

func presented(want Want, values ...string) Step {
	return Step{Op: "header", Values: append([]string{}, values...), Want: &want}
}

func built(config Config, verdict string) Step {
	return Step{Op: "new", Config: config, Want: &Want{Verdict: verdict}}
}

var (
	accept      = Want{Verdict: "accept", Sub: "u-1"}
	accepted    = Want{Verdict: "accept"} // of any bearer
	forbidden   = Want{Verdict: "forbidden"}
	unavailable = Want{Verdict: "unavailable"}
	missing     = Want{Verdict: "missing"}
	wiring      = Want{Verdict: "error"}
)

func invalid(reason string) Want { return Want{Verdict: "invalid", Reason: reason} }

// asked adds how many questions the step causes.
func (w Want) asked(introspect int) Want {
	w.Calls = map[string]int{"introspect": introspect}
	return w
}

func (w Want) fetched(jwks int) Want {
	w.Calls = map[string]int{"jwks": jwks}
	return w
}

func (w Want) checks(n int) Want {
	w.Calls = map[string]int{"check": n, "introspect": 0}
	return w
}

func (w Want) may(permissions ...string) Want {
	w.Permissions = append([]string{}, permissions...)
	return w
}

func (w Want) after(number string) Want {
	w.Sent = map[string]string{"Signet-After": number, "Authorization": "Bearer " + appToken}
	return w
}

// active is an introspection's answer as of a number of the feed; more overrides members.
func active(cs int, more object, permissions ...string) object {
	return object{
		"active": true, "sub": "u-1", "permissions": append([]string{}, permissions...), "roles": []string{"clerk"}, "cs": cs,
	}.apply(more)
}

func inactive(cs int) object { return object{"active": false, "cs": cs} }
