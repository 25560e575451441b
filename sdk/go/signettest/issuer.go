package signettest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	signet "github.com/signet-auth/signet/sdk/go"
)

// AppToken is what Config and the issuer agree upon.
const AppToken = signet.Secret("sgat_of_the_test_issuer")

const (
	life     = 15 * time.Minute
	tokenTTL = life + time.Minute
	arrival  = 5 * time.Second // of a fact at the verifiers of a test
)

// Issuer is a Signet of its own for a test.
type Issuer struct {
	// URL is its address, and the issuer of its tokens.
	URL string

	t testing.TB

	mu        sync.Mutex
	audience  string
	keys      []key // the last one signs
	published []key
	seq       int64
	epoch     int
	facts     []fact
	changed   chan struct{}
	ended     map[string]bool // sessions
	disabled  map[string]bool // subjects
	granted   map[string][]string
	explicit  map[string]bool // subjects whose permissions Grant said
	revoked   map[string]bool // kids
	cut       bool
	calls     map[string]int
	verifiers []*signet.Verifier
}

type key struct {
	kid     string
	private *ecdsa.PrivateKey
}

// fact is what goes over the stream.
type fact struct {
	Kind string `json:"kind"`
	Fact string `json:"fact,omitempty"`
	Sub  string `json:"sub,omitempty"`
	SID  string `json:"sid,omitempty"`
	KID  string `json:"kid,omitempty"`
	CS   int64  `json:"cs"`
	At   string `json:"at,omitempty"`
}

// New starts an issuer, which ends with the test.
func New(t testing.TB) *Issuer {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal("signettest: ", err)
	}
	i := &Issuer{
		URL: "http://" + listener.Addr().String(), t: t, audience: "billing", seq: 100, epoch: 1, changed: make(chan struct{}), ended: map[string]bool{},
		disabled: map[string]bool{}, granted: map[string][]string{}, explicit: map[string]bool{}, revoked: map[string]bool{}, calls: map[string]int{},
	}
	i.keys = []key{newKey(t)}
	i.published = slices.Clone(i.keys)
	ctx, cancel := context.WithCancel(context.Background())
	server := &http.Server{Handler: i.routes(), ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		cancel() // ends the streams
		_ = server.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error("signettest: ", err)
		}
	})
	return i
}

func newKey(t testing.TB) key {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal("signettest: ", err)
	}
	return key{kid: randomID(), private: private}
}

func randomID() string {
	b := make([]byte, 12)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// Config is one for signet.New: tokens of this issuer for a service of this key.
func (i *Issuer) Config(audience string) signet.Config {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.audience = audience
	return signet.Config{Issuer: i.URL, Audience: audience, AppToken: AppToken, Logger: slog.New(slog.DiscardHandler)}
}

// Verifier is a verifier of this issuer's tokens that is ready. Tokens are for its audience from now on, unless they say For.
func (i *Issuer) Verifier(audience string) *signet.Verifier {
	i.t.Helper()
	return i.VerifierOf(i.Config(audience))
}

// VerifierOf is Verifier with a changed Config.
func (i *Issuer) VerifierOf(c signet.Config) *signet.Verifier {
	i.t.Helper()
	v, err := signet.New(c)
	if err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(v.Close)
	ctx, cancel := context.WithTimeout(context.Background(), arrival)
	defer cancel()
	if err := v.Ready(ctx); err != nil {
		i.t.Fatal(err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.verifiers = append(i.verifiers, v)
	return v
}

// End ends a session: its tokens are refused.
func (i *Issuer) End(session string) {
	i.t.Helper()
	i.change(func() fact {
		i.ended[session] = true
		return fact{Kind: "session", Fact: "ended", SID: session}
	})
}

// Disable disables a user or service account: tokens that they have are refused.
func (i *Issuer) Disable(subject string) {
	i.t.Helper()
	i.change(func() fact {
		i.disabled[subject] = true
		return fact{Kind: "subject", Fact: "ended", Sub: subject}
	})
}

// Enable enables them again.
func (i *Issuer) Enable(subject string) {
	i.t.Helper()
	i.change(func() fact {
		delete(i.disabled, subject)
		return fact{Kind: "subject", Fact: "stale", Sub: subject}
	})
}

// Grant says what a user or service account may do from now on. It also counts for tokens that they have.
func (i *Issuer) Grant(subject string, permissions ...string) {
	i.t.Helper()
	i.change(func() fact {
		i.granted[subject], i.explicit[subject] = append([]string{}, permissions...), true
		return fact{Kind: "subject", Fact: "stale", Sub: subject}
	})
}

// RotateKey has another key sign from now on. Tokens of the old one go on. It returns the new kid.
func (i *Issuer) RotateKey() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	k := newKey(i.t)
	i.keys, i.published = append(i.keys, k), append(i.published, k)
	return k.kid
}

// KID is the key that signs.
func (i *Issuer) KID() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.keys[len(i.keys)-1].kid
}

// RevokeKey revokes a key: its tokens are refused. If it is the one that signs, another does from now on.
func (i *Issuer) RevokeKey(kid string) {
	i.t.Helper()
	if kid == i.KID() {
		i.RotateKey()
	}
	i.change(func() fact {
		i.revoked[kid] = true
		i.published = slices.DeleteFunc(i.published, func(k key) bool { return k.kid == kid })
		return fact{Kind: "signing_key", Fact: "ended", KID: kid}
	})
}

// Cut takes the issuer away: streams end, and every call is answered with 503.
func (i *Issuer) Cut() { i.away(true) }

// Resume brings it back.
func (i *Issuer) Resume() { i.away(false) }

func (i *Issuer) away(is bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.cut = is
	i.wake()
}

// Restore is what happens when Signet's database is restored from a backup: numbers begin at another place, and every token is asked about.
func (i *Issuer) Restore() {
	i.t.Helper()
	i.mu.Lock()
	i.epoch++
	i.seq, i.facts = 50, nil
	i.mu.Unlock()
	i.change(func() fact { return fact{Kind: "reset"} })
}

// Calls is how often each path was called: "/oauth2/introspect", "/.well-known/jwks.json" and so on.
func (i *Issuer) Calls() map[string]int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return maps.Clone(i.calls)
}

// change makes a fact known, and waits until the verifiers of this test have heard of it.
func (i *Issuer) change(happen func() fact) {
	i.t.Helper()
	i.mu.Lock()
	f := happen()
	i.seq++
	f.CS, f.At = i.seq, time.Now().UTC().Format("2006-01-02T15:04:05.000000Z")
	i.facts = append(i.facts, f)
	i.wake()
	number, verifiers, cut := i.seq, slices.Clone(i.verifiers), i.cut
	i.mu.Unlock()
	for deadline := time.Now().Add(arrival); !cut; time.Sleep(time.Millisecond) {
		behind := slices.ContainsFunc(verifiers, func(v *signet.Verifier) bool { return v.State().Ready && v.State().Heard != number })
		if !behind {
			return
		}
		if time.Now().After(deadline) {
			i.t.Fatal("signettest: a verifier did not hear of a change within 5 s")
		}
	}
}

// wake needs the lock.
func (i *Issuer) wake() {
	close(i.changed)
	i.changed = make(chan struct{})
}
