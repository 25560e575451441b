package domain_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
)

// made is a token that the world handed out, with what the model knows of it.
type made struct {
	domain.RefreshToken
	key int // the SECRET_KEY it was made under, counted from the first
}

// row is the stored family and the model's view of it, from the table of behaviours.md: which token lives, which one it was made of, and
// when. The model never reads a hash.
type row struct {
	domain.Family
	live, parent      *made
	advanced, rotated time.Time
}

// world is one session whose client is many: tabs that share a jar, a network that loses answers, thieves with old tokens,
// forgers, an operator who changes SECRET_KEY and one who restores backups.
type world struct {
	*testing.T
	r      *rand.Rand
	chance *rand.ChaCha8 // the product's entropy
	now    time.Time
	row    row
	backup row
	all    []*made
	texts  map[string]*made
	tabs   []*made // what each holds
	jar    *made   // the last token that was delivered
	key    int     // the current SECRET_KEY
	known  int     // how many previous ones are known
	step   string
	count  map[string]int
}

func newWorld(t *testing.T, seed uint64, count map[string]int) *world {
	w := &world{
		T: t, r: rand.New(rand.NewPCG(seed, 1)), chance: rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)}),
		now: epoch, texts: map[string]*made{}, tabs: make([]*made, 6), count: count,
	}
	w.login()
	return w
}

func (w *world) keys() (k domain.RefreshKeys) {
	for i := w.key; i >= 0 && i >= w.key-w.known; i-- {
		k = append(k, keys(fmt.Sprintf("key %d", i))...)
	}
	return k
}

func (w *world) isKnown(m *made) bool { return m.key >= w.key-w.known }

func (w *world) login() {
	id := domain.UUIDText[domain.FamilyID]([16]byte(randomBytes(w.r, 16)))
	f, token, err := domain.NewFamily(id, sessionID, domain.FirstPartyClient, w.keys(), w.chance, w.now)
	if err != nil {
		w.Fatal(err)
	}
	w.all = nil
	m := w.remember(token)
	w.row = row{Family: f, live: m, advanced: w.now, rotated: w.now}
	w.backup, w.jar = w.row, m
	for i := range w.tabs {
		w.tabs[i] = m
	}
}

// remember notes a new token; no two may be equal.
func (w *world) remember(token domain.RefreshToken) *made {
	text := token.Text().Reveal()
	if w.texts[text] != nil {
		w.Fatalf("%s: a token was made twice", w.step)
	}
	m := &made{token, w.key}
	w.texts[text], w.all = m, append(w.all, m)
	return m
}

// expected is the table of behaviours.md.
func (w *world) expected(m *made) domain.Verdict {
	switch at := w.row; {
	case !at.EndedAt.IsZero():
		return domain.Refuse
	case m == at.live:
		return domain.Rotate
	case !w.isKnown(m):
		return domain.Refuse
	case m == at.parent && w.now.Sub(at.rotated) <= policy.Grace:
		return domain.Replay
	case m == at.parent && w.now.Sub(at.advanced) <= policy.Retry:
		return domain.Recover
	case m.Generation > at.live.Generation:
		return domain.Refuse
	}
	return domain.Reuse
}

// refresh is n requests with one token that all read the row before the first of them writes.
func (w *world) refresh(m *made, n int) (answer *made) {
	token, ok := domain.ParseRefreshToken(m.Text())
	if !ok {
		w.Fatalf("%s: a token of ours does not parse", w.step)
	}
	seen := w.row.Family
	want := w.expected(m)
	var answers []string
	for range n {
		if reply, ok := w.request(seen, token, m, want); ok {
			answers = append(answers, reply)
		}
	}
	for _, text := range answers {
		if text != answers[0] {
			w.Fatalf("%s: %d parallel requests got different tokens", w.step, n)
		}
	}
	if len(answers) == 0 {
		return nil
	}
	return w.texts[answers[0]]
}

func (w *world) request(seen domain.Family, token domain.RefreshToken, m *made, want domain.Verdict) (answer string, ok bool) {
	for range 3 {
		verdict, next := seen.Present(token, w.keys(), policy, w.now)
		if verdict != want {
			w.Fatalf("%s: verdict %d, want %d", w.step, verdict, want)
		}
		switch verdict {
		case domain.Replay:
			if next != w.row.live.RefreshToken {
				w.Fatalf("%s: the replay is not the live token", w.step)
			}
			return next.Text().Reveal(), true
		case domain.Reuse:
			w.row.EndedAt = w.now
			return "", false
		case domain.Refuse:
			return "", false
		}
		to, next, err := seen.Advance(token, verdict, w.keys(), w.chance, w.now)
		if err != nil {
			w.Fatal(err)
		}
		if w.row.Generation == seen.Generation && bytes.Equal(w.row.Hash, seen.Hash) {
			w.write(to, next, m, verdict)
			return next.Text().Reveal(), true
		}
		seen, want = w.row.Family, w.expected(m) // somebody was faster: read again
	}
	w.Fatalf("%s: a request never settles", w.step)
	return "", false
}

func (w *world) write(to domain.Family, next domain.RefreshToken, m *made, verdict domain.Verdict) {
	w.count[fmt.Sprint("verdict ", verdict)]++
	at := w.row
	w.row = row{Family: to, live: w.remember(next), parent: m, advanced: at.advanced, rotated: w.now}
	generation := at.Generation
	if verdict == domain.Rotate {
		w.row.advanced = w.now
		generation++
	}
	if to.Generation != generation || !to.AdvancedAt.Equal(w.row.advanced) || !to.RotatedAt.Equal(w.now) {
		w.Fatalf("%s: verdict %d made generation %d, advanced %v, rotated %v", w.step, verdict, to.Generation, to.AdvancedAt, to.RotatedAt)
	}
}

// forge presents tokens that Signet never issued. SECRET_KEY may be stolen; a live secret is not.
func (w *world) forge() {
	raw := rawOf(w, w.all[w.r.IntN(len(w.all))].RefreshToken)
	generation := max(0, w.row.Generation+w.r.Int64N(4)-2)
	stolen := w.r.IntN(2) == 0
	switch w.r.IntN(3) {
	case 0:
		raw = raw.with(24+w.r.IntN(32), byte(w.r.Uint32()))
	case 1:
		raw = raw.generation(generation)
	case 2:
		raw = raw.generation(generation).with(24, randomBytes(w.r, 32)...)
	}
	if stolen {
		raw = raw.sign(w.keys()[w.r.IntN(len(w.keys()))])
	}
	if w.texts[raw.text().Reveal()] != nil || bytes.Equal(raw[16:56], rawOf(w, w.row.live.RefreshToken)[16:56]) {
		return // chance made it a real one
	}
	if w.row.parent != nil && bytes.Equal(raw[16:56], rawOf(w, w.row.parent.RefreshToken)[16:56]) {
		return // the parent's secret, re-signed: anyone who has it and SECRET_KEY is its holder
	}
	verdict, next := w.row.Present(raw.token(w), w.keys(), policy, w.now)
	if verdict != domain.Refuse && (!stolen || verdict != domain.Reuse) || next != (domain.RefreshToken{}) {
		w.Fatalf("%s: a forged token (SECRET_KEY stolen: %v) gets verdict %d", w.step, stolen, verdict)
	}
}

// check holds every token that was ever made against the model: at most one lives.
func (w *world) check() {
	living := 0
	for _, m := range w.all {
		verdict, next := w.row.Present(m.RefreshToken, w.keys(), policy, w.now)
		if want := w.expected(m); verdict != want {
			w.Fatalf("%s: a token of generation %d at generation %d gets verdict %d, want %d", w.step, m.Generation, w.row.Generation, verdict, want)
		}
		if verdict == domain.Rotate {
			living++
		}
		if verdict == domain.Replay && next != w.row.live.RefreshToken {
			w.Fatalf("%s: the replay is not the live token", w.step)
		}
	}
	if want := map[bool]int{true: 1, false: 0}[w.row.EndedAt.IsZero()]; living != want {
		w.Fatalf("%s: %d tokens live, want %d", w.step, living, want)
	}
}

func (w *world) act() string {
	tab := w.r.IntN(len(w.tabs))
	switch p := w.r.IntN(100); {
	case p < 60:
		if w.r.IntN(12) > 0 {
			w.tabs[tab] = w.jar
		}
		n := 1
		if w.r.IntN(4) == 0 {
			n = 2 + w.r.IntN(8)
		}
		if answer := w.refresh(w.tabs[tab], n); answer != nil && w.r.IntN(3) > 0 { // else the answer is lost
			w.tabs[tab], w.jar = answer, answer
		}
		return "refresh"
	case p < 62:
		w.refresh(w.all[w.r.IntN(len(w.all))], 1)
		return "theft"
	case p < 80:
		w.forge()
		return "forgery"
	case p < 84:
		w.key++
		w.known = min(w.r.IntN(3), w.key)
		return "change of SECRET_KEY"
	case p < 87:
		w.backup = w.row
		return "backup"
	case p < 88:
		w.row = w.backup
		return "restore"
	case p < 89:
		w.row.EndedAt = w.now
		return "logout"
	}
	waits := []time.Duration{tick, time.Second, 9 * time.Second, policy.Grace, policy.Grace + tick, time.Minute, policy.Retry - time.Minute, policy.Retry, policy.Retry + tick, 24 * time.Hour}
	w.now = w.now.Add(waits[w.r.IntN(len(waits))])
	return "time"
}

// TestFamilyModel plays random histories of one family against the table of behaviours.md: at most one token lives, parallel
// requests get equal ones, a replay equals the live one, no forgery rotates, and no two tokens are equal (RT-1 to RT-5).
func TestFamilyModel(t *testing.T) {
	count := map[string]int{}
	for seed := range uint64(60) {
		w := newWorld(t, seed, count)
		for i := range 150 {
			w.step = fmt.Sprintf("seed %d step %d", seed, i)
			count[w.act()]++
			w.check()
			if !w.row.EndedAt.IsZero() {
				count["ended"]++
				w.login()
			}
		}
	}
	for _, what := range []string{"refresh", "theft", "forgery", "change of SECRET_KEY", "restore", "time", "ended", "verdict 1", "verdict 3"} {
		if count[what] < 20 {
			t.Errorf("the histories have %d of %q: they prove too little", count[what], what)
		}
	}
	t.Log(count)
}
