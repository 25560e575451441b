package signet

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"testing"
	"time"
)

// step is a step of sdk/conformance/cases.json, whose README.md says what it means.
type step struct {
	At, Count, CS, Status, Times, Pad               int
	TokenTTL                                        int `json:"token_ttl"`
	Op, State, Reason, To, Fails, Token, Permission string
	Keys, Allows, Values                            []string
	Fact, Body                                      json.RawMessage
	Headers                                         map[string]string
	Config, Want                                    map[string]any
}

// story is one case, with its clock and its verifier. Its transport is in conformance_wire_test.go.
type story struct {
	wire

	now    time.Time
	v      *Verifier
	silent bool
}

func TestConformance(t *testing.T) {
	var file struct {
		Base   int64
		Keys   map[string]struct{ Public json.RawMessage }
		Config map[string]any
		Cases  []struct {
			Name   string
			Config map[string]any
			Wired  []string
			Steps  []step
		}
	}
	if err := json.Unmarshal(must(os.ReadFile("../conformance/cases.json")), &file); err != nil || len(file.Cases) < 90 {
		t.Fatal(len(file.Cases), err)
	}
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			r := &story{now: time.Unix(file.Base, 0), wire: wire{t: t, answers: map[string][]step{}, public: map[string]json.RawMessage{}}}
			for name, key := range file.Keys {
				r.public[name] = key.Public
			}
			for i, s := range c.Steps {
				if r.v == nil && (s.At > 0 || s.Op != "jwks" && s.Op != "answer") {
					r.v = must(build(config(r, file.Config, c.Config), func() time.Time { return r.now }))
					r.v.link.patience = 0
					r.v.Admitter(c.Wired...)
					r.tick()
				}
				r.now = time.Unix(file.Base+int64(s.At), 0)
				r.tick()
				r.calls, r.last, r.asked = map[string]int{}, &http.Request{}, nil
				p, err := r.do(s, config(r, file.Config, c.Config, s.Config))
				r.tick()
				got := outcome(p, err)
				got["calls"], got["sent"], got["asked"] = r.calls, r.sent(s.Want["sent"]), r.asked
				for name, want := range s.Want {
					if !equal(want, got[name]) {
						t.Errorf("step %d, %s at %d: %s is %v, not %v (%v)", i, s.Op, s.At, name, got[name], want, err)
					}
				}
			}
		})
	}
}

// tick does what is due, and waits for what was begun.
func (r *story) tick() {
	if r.v == nil {
		return
	}
	if r.v.link.up && !r.silent {
		r.v.link.hear()
	}
	r.v.due()
	if flight := r.v.keys.refresh(false); flight != nil {
		<-flight
	}
}

// send has the stream say something.
func (r *story) send(name string, data any) *ending {
	return r.v.follow.handle(event{name: name, data: string(must(json.Marshal(data)))})
}

// do does a step.
func (r *story) do(s step, c Config) (p *Principal, err error) {
	switch s.Op {
	case "jwks":
		s.Status = cmp.Or(s.Status, http.StatusOK)
		r.answers["jwks"] = []step{s}
	case "answer":
		r.answer(s)
	case "stream":
		r.stream(s)
	case "fact":
		r.send("", s.Fact)
	case "flood":
		for i := range s.Count {
			r.v.follow.learn(fact{Kind: kindSession, Fact: factEnded, SID: fmt.Sprint("flood-", i), CS: int64(s.CS + i)})
		}
	case "header":
		return r.v.Admitter()(r.t.Context(), s.Values)
	case "verify":
		return r.v.Verify(r.t.Context(), s.Token)
	case "allowed":
		if p, err = r.v.Verify(r.t.Context(), s.Token); err != nil {
			return nil, err
		}
		ok, err := p.Allowed(r.t.Context(), s.Permission)
		if err == nil && !ok {
			err = &Forbidden{Permission: s.Permission}
		}
		return p, err
	case "new":
		_, err = build(c, time.Now)
	default:
		r.t.Error("an op that is unknown")
	}
	return nil, err
}

func (r *story) stream(s step) {
	r.silent = s.State == "silent"
	switch s.State {
	case "hello", "ready":
		r.send("hello", map[string]any{"v": 1, "token_ttl": cmp.Or(s.TokenTTL, 960), "service": "billing", "cs": s.CS})
		if s.State == "ready" {
			r.send("ready", map[string]any{"cs": s.CS})
		}
	case "reset":
		r.send("", map[string]any{"kind": "reset", "cs": s.CS})
	case "bye":
		r.v.follow.settle(*r.send("bye", map[string]any{"reason": s.Reason}))
	case "down", "refused":
		r.v.follow.settle(ending{status: s.Status, err: io.EOF})
	}
}
