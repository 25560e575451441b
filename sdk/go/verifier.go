package signet

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

// Verifier verifies access tokens. It is safe for use by many goroutines; a process needs one for each audience.
type Verifier struct {
	set    *settings
	now    func() time.Time
	client *client
	keys   *keySet
	memory *memory
	facts  *facts
	link   *link
	asker  *asker
	follow *follower // nil without an app token
	report *report
	wired  wired

	stop context.CancelFunc
	done sync.WaitGroup
}

// New makes a verifier. It calls nobody and fails only for wrong settings, so that a service starts while Signet is down; Ready waits for
// Signet. Close ends what runs in the background.
func New(c Config) (*Verifier, error) {
	v, err := build(c, time.Now)
	if err != nil {
		return nil, err
	}
	v.start()
	return v, nil
}

// build makes a verifier that does nothing by itself.
func build(c Config, now func() time.Time) (*Verifier, error) {
	set, err := c.check()
	if err != nil {
		return nil, err
	}
	token, err := newAppToken(c.AppToken, c.AppTokenFile)
	if err != nil {
		return nil, err
	}
	v := &Verifier{
		set: &set, now: now, client: newClient(set.url, c.Transport), memory: newMemory(), facts: newFacts(c.Audience, now),
		link: newLink(now, token != nil, set.OnCut == Deny), report: newReport(&set), stop: func() {},
	}
	v.keys = &keySet{client: v.client, now: now, random: rand.Float64, report: v.report, drop: v.memory.dropKey, unknown: map[string]time.Time{}}
	v.asker = newAsker(v.client, token, now)
	if token != nil {
		v.follow = &follower{set: set, now: now, client: v.client, token: token, facts: v.facts, link: v.link, keys: v.keys, report: v.report, greeting: helloWithin, quiet: silence}
	}
	return v, nil
}

func (v *Verifier) start() {
	ctx, cancel := context.WithCancel(context.Background())
	v.stop = cancel
	if strings.HasSuffix(v.set.Issuer, "/") {
		v.set.Logger.LogAttrs(ctx, slog.LevelWarn, "signet: the issuer ends with a slash, which counts: Signet's own ends with one only if its ISSUER does", slog.String("setting", "Issuer (SIGNET_ISSUER)"),
			slog.String("seen", v.set.Issuer))
	}
	v.keys.refresh(true)
	v.done.Go(func() { v.maintain(ctx) })
	if v.follow == nil {
		v.set.Logger.LogAttrs(ctx, slog.LevelWarn, "signet: there is no app token (AppToken, SIGNET_APP_TOKEN): logouts, disabled accounts and changed roles count when tokens expire",
			slog.String("audience", v.set.Audience))
		return
	}
	v.done.Go(func() { v.follow.run(ctx) })
}

// maintain does what time brings.
func (v *Verifier) maintain(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for begin := v.now(); ; {
		select {
		case <-tick.C:
			v.due()
			if v.follow != nil && (v.link.everReady() || v.now().Sub(begin) > tolerance) {
				v.report.cut(v.link.blind(v.now()))
			}
		case <-ctx.Done():
			return
		}
	}
}

// due does what has become due.
func (v *Verifier) due() {
	v.keys.refresh(false)
	v.facts.tidy()
	if v.follow != nil {
		v.follow.token.look()
	}
}

// Close ends what runs in the background. The verifier goes on with what it knows.
func (v *Verifier) Close() {
	v.stop()
	v.done.Wait()
	v.client.close()
}

// Ready waits until tokens can be verified as well as they ever will be: the keys are there, and revocations are heard. The error says what
// is missing.
func (v *Verifier) Ready(ctx context.Context) error {
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		s := v.State()
		if len(s.Keys) > 0 && s.Ready {
			tick.Stop()
			return nil
		}
		if s.AppTokenRefused {
			tick.Stop()
			return errAppToken
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			tick.Stop()
			if len(s.Keys) == 0 {
				return fmt.Errorf("signet: there are no keys yet from %s: %w", v.set.url, ctx.Err())
			}
			return fmt.Errorf("signet: revocations are not heard yet from %s: %w", v.set.url, ctx.Err())
		}
	}
}

// State is how a verifier stands, for a gauge and a health page.
type State struct {
	// Ready tells whether revocations are heard; without an app token it is true.
	Ready bool
	// CutSince is since when they are not. It is zero while Ready.
	CutSince time.Time
	// Cuts is how often that lasted longer than 30 s.
	Cuts int64
	// AppTokenRefused tells that Signet takes the app token no more: another one is needed.
	AppTokenRefused bool
	// Keys are the kids that are known, and Facts how many facts are remembered.
	Keys  []string
	Facts int
	// Heard is the number of Signet's feed up to which revocations were heard.
	Heard int64
}

// State is how the verifier stands now.
func (v *Verifier) State() State {
	s := State{Ready: true, Keys: v.keys.names()}
	s.Facts, s.Heard = v.facts.size()
	if v.follow == nil {
		return s
	}
	v.link.mu.Lock()
	since, cut := v.link.cutSince()
	s.AppTokenRefused = v.link.refused
	v.link.mu.Unlock()
	if s.Ready = !cut; cut {
		s.CutSince = since
	}
	v.report.mu.Lock()
	s.Cuts = v.report.cuts
	v.report.mu.Unlock()
	return s
}

// Verify tells whose token it is. The error is ErrMissing, ErrInvalid (a *Refusal) or ErrUnavailable.
func (v *Verifier) Verify(ctx context.Context, token string) (*Principal, error) {
	if token == "" {
		return nil, ErrMissing
	}
	p, err := v.verify(ctx, token)
	if v.set.OnRefusal != nil {
		var refusal *Refusal
		if errors.As(err, &refusal) {
			v.set.OnRefusal(ctx, *refusal)
		}
	}
	return p, err
}

func (v *Verifier) verify(ctx context.Context, token string) (*Principal, error) {
	r, err := v.genuine(ctx, token)
	if err != nil {
		return nil, err
	}
	v.link.awaitFirst(ctx)
	answer, err := v.standing(ctx, r, token)
	if err != nil {
		return nil, err
	}
	return newPrincipal(v, r, token, answer), nil
}

// genuine is the token's signature and claims, which are checked once.
func (v *Verifier) genuine(ctx context.Context, token string) (*remembered, error) {
	if len(token) > maxToken {
		return nil, &Refusal{Reason: ReasonMalformed}
	}
	hash := tokenHash(sha256.Sum256([]byte(token)))
	if r := v.memory.get(hash); r != nil {
		if !r.claims.alive(v.now(), v.set.leeway) {
			v.memory.drop(hash)
			return nil, refuse(r, ReasonExpired)
		}
		return r, nil
	}
	p, reason := parse(token)
	if reason != "" {
		return nil, &Refusal{Reason: reason}
	}
	if v.facts.isRevoked(p.kid) { // it is not in the set any more, and need not be asked for
		return nil, &Refusal{Reason: ReasonKeyRevoked, KID: p.kid}
	}
	key, reason, err := v.keys.find(ctx, p.kid)
	switch {
	case err != nil:
		return nil, err
	case reason != "":
		return nil, &Refusal{Reason: reason, KID: p.kid}
	case key.alg != p.method.Alg():
		return nil, &Refusal{Reason: ReasonAlgorithm, KID: p.kid}
	case p.method.Verify(p.signed, p.signature, key.public) != nil:
		return nil, &Refusal{Reason: ReasonSignature, KID: p.kid}
	}
	c, reason := readClaims(p.payload, v.set.Issuer, v.set.Audience, v.now(), v.set.leeway)
	if reason != "" {
		switch reason {
		case ReasonIssuer:
			v.report.mistaken(reason, p.payload["iss"], v.now())
		case ReasonAudience:
			v.report.mistaken(reason, p.payload["aud"], v.now())
		}
		return nil, &Refusal{Reason: reason, Subject: c.subject, KID: p.kid}
	}
	r := v.memory.put(&remembered{hash: hash, kid: p.kid, claims: &c}, v.now())
	if !v.keys.has(p.kid) { // it went while the signature was verified
		v.memory.drop(hash)
	}
	return r, nil
}
