package pwhash_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/signet-auth/signet/adapters/pwhash"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/porttest"
	"github.com/signet-auth/signet/ports/secure"
)

// cheap is argon2id at the least that has the form of the real one.
var cheap = pwhash.Argon2id{Memory: 64, Passes: 1, Lanes: 1}

func TestContract(t *testing.T) {
	for name, setting := range map[string]pwhash.Setting{"bcrypt": pwhash.Bcrypt{Cost: 4}, "argon2id": cheap} {
		t.Run(name, func(t *testing.T) {
			porttest.Passwords(t, func(t *testing.T, o porttest.PasswordOptions) secure.PasswordHasher {
				h, err := pwhash.New(pwhash.Options{
					Setting: setting, Workers: o.Places, Wait: o.Wait, Now: o.System.Now, Sleep: o.System.Sleep,
				})
				if err != nil {
					t.Fatal(err)
				}
				return h
			})
		})
	}
}

// bench is a hasher whose work is counted and moves a clock.
type bench struct {
	pwhash.Meter
	hasher *pwhash.Hasher
	mu     sync.Mutex
	clock  time.Time
	slept  time.Duration
}

func newBench(t *testing.T, setting pwhash.Setting, signers ...[]byte) *bench {
	t.Helper()
	b := &bench{clock: time.Date(2031, 1, 2, 3, 4, 5, 0, time.UTC)}
	b.Spent = func(d time.Duration) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.clock = b.clock.Add(d)
	}
	now := func() time.Time {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.clock
	}
	sleep := func(_ context.Context, d time.Duration) error {
		b.Spent(d)
		b.slept += d
		return nil
	}
	var err error
	b.hasher, err = pwhash.NewMetered(pwhash.Options{
		Setting: setting, Workers: 1, Now: now, Sleep: sleep, FirebaseSigners: signers,
	}, &b.Meter)
	if err != nil {
		t.Fatal(err)
	}
	b.Reset()
	return b
}

// verify compares under a place of its own and returns what it cost.
func (b *bench) verify(t *testing.T, hash, password string) (match secure.Match, rounds, blocks int) {
	t.Helper()
	slot, err := b.hasher.Reserve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer slot.Release()
	match = slot.Verify(hash, domain.NewSecret(password))
	rounds, blocks = b.Reset()
	return match, rounds, blocks
}

func hashUnder(t *testing.T, setting pwhash.Setting, password string) string {
	t.Helper()
	b := newBench(t, setting)
	slot, err := b.hasher.Reserve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer slot.Release()
	text, err := slot.Hash(domain.NewSecret(password))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

const password = "open sesame, please"

func TestConstantWork_PW8(t *testing.T) {
	const full = 1 << 7
	b := newBench(t, pwhash.Bcrypt{Cost: 7})
	current := hashUnder(t, pwhash.Bcrypt{Cost: 7}, password)
	long := strings.Repeat("x", 73)
	for _, row := range []struct {
		name, hash, typed string
		ok, outdated      bool
	}{
		{"right", current, password, true, false},
		{"wrong", current, "wrong", false, false},
		{"empty password", current, "", false, false},
		{"unknown account", "", password, false, false},
		{"account without password", "!", password, false, false},
		{"unreadable hash", "$2a$08$tooshort", password, false, false},
		{"hash of an unknown kind", "$yescrypt$ln=15,r=8,p=1$c2FsdHNhbHQ$aGFzaA", password, false, false},
		{"PBKDF2 of more than 2 M rounds", "pbkdf2:sha256:2000001$saltsalt$" + strings.Repeat("ab", 32), password, false, false},
		{"PBKDF2 of 1 M rounds and three blocks", "$pbkdf2-sha1$i=1000000,l=60$c2FsdHNhbHQ$" + strings.Repeat("A", 80), password, false, false},
		{"scrypt that asks for 256 MiB", "scrypt:262144:8:1$saltsalt$" + strings.Repeat("ab", 64), password, false, false},
		{"scrypt that asks for 5 times 64 MiB", "scrypt:65536:8:5$saltsalt$" + strings.Repeat("ab", 64), password, false, false},
		{"Firebase's without its signer key", firebaseText, password, false, false},
		{"hash that asks for 2^31 rounds", strings.Replace(current, "$07$", "$31$", 1), password, false, false},
		{"argon2id that asks for 4 GiB", "$argon2id$v=19$m=4194304,t=2,p=1$YWFhYWFhYWFhYWFhYWFhYQ$YWFhYWFhYWFhYWFhYWFhYQ", password, false, false},
		{"more than 72 bytes", current, long, false, false},
		{"more than 72 bytes, unknown account", "", long, false, false},
		{"a NUL inside", current, password + "\x00" + password, false, false},
		{"64 KB", current, strings.Repeat("x", 64<<10), false, false},
		{"cheaper by one", hashUnder(t, pwhash.Bcrypt{Cost: 6}, password), password, true, true},
		{"cheaper by three, right", hashUnder(t, pwhash.Bcrypt{Cost: 4}, password), password, true, true},
		{"cheaper by three, wrong", hashUnder(t, pwhash.Bcrypt{Cost: 4}, password), "wrong", false, true},
		{"cheaper by three, more than 72 bytes", hashUnder(t, pwhash.Bcrypt{Cost: 4}, password), long, false, true},
	} {
		t.Run(row.name+" costs what a right one does", func(t *testing.T) {
			match, rounds, blocks := b.verify(t, row.hash, row.typed)
			if match.OK != row.ok || match.Outdated != row.outdated || match.Settle != nil {
				t.Errorf("%+v", match)
			}
			if rounds != full || blocks != 0 {
				t.Errorf("%d rounds and %d blocks, want %d rounds", rounds, blocks, full)
			}
		})
	}
	t.Run("a dearer hash is slower, and outdated too", func(t *testing.T) {
		match, rounds, _ := b.verify(t, hashUnder(t, pwhash.Bcrypt{Cost: 8}, password), password)
		if !match.OK || !match.Outdated || match.Settle != nil || rounds != 2*full {
			t.Errorf("%+v, %d rounds", match, rounds)
		}
	})
	t.Run("72 bytes are taken whole, 73 are not", func(t *testing.T) {
		most := strings.Repeat("x", 72)
		hash := hashUnder(t, pwhash.Bcrypt{Cost: 7}, most)
		if match, _, _ := b.verify(t, hash, most); !match.OK {
			t.Error("72 bytes don't match")
		}
		if match, _, _ := b.verify(t, hash, long); match.OK {
			t.Error("73 bytes match the hash of their beginning (x/crypto's Compare does)")
		}
		slot, err := b.hasher.Reserve(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer slot.Release()
		if text, err := slot.Hash(domain.NewSecret(long)); err == nil {
			t.Errorf("73 bytes: %q", text)
		}
	})
	t.Run("argon2id does the same work for known and unknown", func(t *testing.T) {
		b := newBench(t, cheap)
		hash := hashUnder(t, cheap, password)
		for name, in := range map[string][2]string{
			"right": {hash, password}, "wrong": {hash, "x"}, "unknown": {"", password}, "empty": {hash, ""}, "garbage": {"x", "x"},
			"long": {hash, strings.Repeat("x", 1024)}, "far too long": {hash, strings.Repeat("x", 64<<10)},
		} {
			if match, rounds, blocks := b.verify(t, in[0], in[1]); rounds != 0 || blocks != 64 || match.OK != (name == "right") || match.Outdated {
				t.Errorf("%s: %+v, %d rounds, %d blocks", name, match, rounds, blocks)
			}
		}
	})
}

func TestSettle_PW8(t *testing.T) {
	for name, row := range map[string]struct{ current, old pwhash.Setting }{
		"argon2id under bcrypt":          {pwhash.Bcrypt{Cost: 7}, cheap},
		"bcrypt under argon2id":          {pwhash.Argon2id{Memory: 1024, Passes: 2, Lanes: 1}, pwhash.Bcrypt{Cost: 4}},
		"argon2id with other parameters": {pwhash.Argon2id{Memory: 1024, Passes: 2, Lanes: 1}, cheap},
	} {
		for typed, right := range map[string]bool{password: true, "wrong": false} {
			t.Run(name+" answers after the time of the current setting", func(t *testing.T) {
				b := newBench(t, row.current)
				begin := b.clock
				b.verify(t, "", password)
				usual := b.clock.Sub(begin)

				begin = b.clock
				match, _, _ := b.verify(t, hashUnder(t, row.old, password), typed)
				if match.OK != right || !match.Outdated || match.Settle == nil {
					t.Fatalf("%+v", match)
				}
				match.Settle(t.Context())
				if took := b.clock.Sub(begin); took != usual || b.slept == 0 || b.slept >= usual {
					t.Errorf("%v in all, %v of it asleep; usually %v", took, b.slept, usual)
				}
			})
		}
	}
	t.Run("a dearer hash of another kind does not wait", func(t *testing.T) {
		b := newBench(t, cheap)
		if match, _, _ := b.verify(t, hashUnder(t, pwhash.Bcrypt{Cost: 6}, password), password); match.Settle != nil || !match.Outdated {
			t.Errorf("%+v", match)
		}
	})
	t.Run("the usual time is learnt: on a slower machine the wait grows", func(t *testing.T) {
		b := newBench(t, pwhash.Bcrypt{Cost: 4})
		b.hasher.Warm(t.Context())
		old := hashUnder(t, cheap, password)
		settle := func() time.Duration {
			b.slept = 0
			match, _, _ := b.verify(t, old, password)
			match.Settle(t.Context())
			return b.slept
		}
		before := settle()
		fast := b.Spent
		b.Spent = func(d time.Duration) { fast(3 * d) }
		for range 40 {
			b.verify(t, "", "x")
		}
		b.Spent = fast
		if after := settle(); after < 2*before || after > 4*before {
			t.Errorf("%v before, %v after", before, after)
		}
	})
	t.Run("one clock that jumps does not make everybody wait", func(t *testing.T) {
		b := newBench(t, pwhash.Bcrypt{Cost: 4})
		b.hasher.Warm(t.Context())
		normal := b.Spent
		b.Spent = func(time.Duration) { normal(time.Hour) }
		b.verify(t, "", "x")
		b.Spent = func(time.Duration) { normal(-time.Hour) }
		b.verify(t, "", "x")
		b.Spent = normal
		match, _, _ := b.verify(t, hashUnder(t, cheap, password), password)
		match.Settle(t.Context())
		if b.slept > time.Millisecond {
			t.Errorf("%v", b.slept)
		}
	})
}

func TestFull_PW9(t *testing.T) {
	sleep := func(ctx context.Context, d time.Duration) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	t.Run("when the wait would be too long, busy comes at once", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m := &pwhash.Meter{Spent: func(time.Duration) { time.Sleep(300 * time.Millisecond) }}
			h, err := pwhash.NewMetered(pwhash.Options{Setting: pwhash.Bcrypt{Cost: 4}, Workers: 1, Now: time.Now, Sleep: sleep}, m)
			if err != nil {
				t.Fatal(err)
			}
			h.Warm(t.Context())
			slot, err := h.Reserve(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			// Half a turn of who is at work and six before it are 1.95 s; the eighth in line would wait 2.25 s.
			gone, hangUp := context.WithCancel(t.Context())
			var group sync.WaitGroup
			for i := range 7 {
				ctx := t.Context()
				if i >= 5 {
					ctx = gone
				}
				group.Go(func() {
					if slot, err := h.Reserve(ctx); err == nil {
						slot.Verify("", domain.NewSecret("x"))
						slot.Release()
					} else if !errors.Is(err, context.Canceled) {
						t.Errorf("caller %d: %v", i, err)
					}
				})
				synctest.Wait()
			}
			begin := time.Now()
			if _, err := h.Reserve(t.Context()); !errors.Is(err, domain.ErrBusy) || time.Since(begin) != 0 {
				t.Errorf("%v after %v", err, time.Since(begin))
			}
			hangUp()
			group.Go(func() {
				slot, err := h.Reserve(t.Context())
				if err != nil {
					t.Errorf("with two gone: %v", err)
					return
				}
				slot.Release()
			})
			synctest.Wait()
			slot.Release()
			group.Wait()
		})
	})
	t.Run("no more than the workers hash at once", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			running, most := 0, 0
			m := &pwhash.Meter{}
			h, err := pwhash.NewMetered(pwhash.Options{Setting: cheap, Workers: 3, Now: time.Now, Sleep: sleep}, m)
			if err != nil {
				t.Fatal(err)
			}
			var group sync.WaitGroup
			for range 30 {
				group.Go(func() {
					slot, err := h.Reserve(t.Context())
					if err != nil {
						t.Error(err)
						return
					}
					defer slot.Release()
					mu.Lock()
					running++
					most = max(most, running)
					mu.Unlock()
					slot.Verify("", domain.NewSecret("x"))
					time.Sleep(10 * time.Millisecond)
					mu.Lock()
					running--
					mu.Unlock()
				})
			}
			group.Wait()
			if most != 3 {
				t.Errorf("%d at once", most)
			}
		})
	})
	t.Run("work after the release panics", func(t *testing.T) {
		b := newBench(t, cheap)
		slot, err := b.hasher.Reserve(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		slot.Release()
		defer func() {
			if recover() == nil {
				t.Error("it worked without a place")
			}
		}()
		slot.Verify("", domain.NewSecret("x"))
	})
	t.Run("one worker per core, less one when there are more than two", func(t *testing.T) {
		for cores, want := range map[int]int{1: 1, 2: 2, 3: 2, 8: 7} {
			if got := pwhash.DefaultWorkers(cores); got != want {
				t.Errorf("%d cores: %d workers, want %d", cores, got, want)
			}
		}
	})
}

func TestOptions(t *testing.T) {
	now, sleep := time.Now, func(context.Context, time.Duration) error { return nil }
	for name, o := range map[string]pwhash.Options{
		"no setting":       {Now: now, Sleep: sleep},
		"no clock":         {Setting: cheap, Sleep: sleep},
		"no sleep":         {Setting: cheap, Now: now},
		"negative workers": {Setting: cheap, Now: now, Sleep: sleep, Workers: -1},
		"bcrypt 3":         {Setting: pwhash.Bcrypt{Cost: 3}, Now: now, Sleep: sleep},
		"bcrypt 16":        {Setting: pwhash.Bcrypt{Cost: 16}, Now: now, Sleep: sleep},
		"argon2id nothing": {Setting: pwhash.Argon2id{}, Now: now, Sleep: sleep},
		"argon2id 129 MiB": {Setting: pwhash.Argon2id{Memory: 129 << 10, Passes: 1, Lanes: 1}, Now: now, Sleep: sleep},
		"argon2id t=40":    {Setting: pwhash.Argon2id{Memory: 19 << 10, Passes: 40, Lanes: 1}, Now: now, Sleep: sleep},
		"argon2id p=17":    {Setting: pwhash.Argon2id{Memory: 1024, Passes: 1, Lanes: 17}, Now: now, Sleep: sleep},
		"argon2id m < 8p":  {Setting: pwhash.Argon2id{Memory: 31, Passes: 1, Lanes: 4}, Now: now, Sleep: sleep},
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			if _, err := pwhash.New(o); err == nil {
				t.Error("accepted")
			}
		})
	}
	t.Run("the most that a setting takes is known to policies", func(t *testing.T) {
		if n := newBench(t, pwhash.Bcrypt{Cost: 4}).hasher.MaxBytes(); n != 72 {
			t.Errorf("bcrypt: %d", n)
		}
		if n := newBench(t, cheap).hasher.MaxBytes(); n != 0 {
			t.Errorf("argon2id: %d", n)
		}
	})
}

// On a Mac people type other code points for the same letters. Hashes are of the composed form; a password typed in another costs two
// comparisons, at every account and at none.
func TestAPasswordInAnotherUnicodeForm(t *testing.T) {
	const full = 1 << 7
	const composed, decomposed = "cr\u00e8me br\u00fbl\u00e9e 58", "cre\u0300me bru\u0302le\u0301e 58"
	b := newBench(t, pwhash.Bcrypt{Cost: 7})
	now := hashUnder(t, pwhash.Bcrypt{Cost: 7}, composed)
	before, err := bcrypt.GenerateFromPassword([]byte(decomposed), 7) // as typed, when forms were not looked at
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, hash, typed string
		ok, outdated      bool
		work              int
	}{
		{"composed", now, composed, true, false, full},
		{"decomposed", now, decomposed, true, false, 2 * full},
		{"decomposed and wrong", now, decomposed + "x", false, false, 2 * full},
		{"decomposed, unknown account", "", decomposed, false, false, 2 * full},
		{"a hash of the decomposed form", string(before), decomposed, true, true, 2 * full},
		{"composed, for a hash of the decomposed form", string(before), composed, false, false, full},
	} {
		match, rounds, _ := b.verify(t, row.hash, row.typed)
		if match.OK != row.ok || match.Outdated != row.outdated || rounds != row.work {
			t.Errorf("%s: %+v after %d rounds, want %d", row.name, match, rounds, row.work)
		}
	}
}

// An operator who imported hashes that can't be read must learn of it.
func TestUnreadableHashesAreNamed(t *testing.T) {
	h := newBench(t, pwhash.Bcrypt{Cost: 4}).hasher
	good := hashUnder(t, pwhash.Bcrypt{Cost: 4}, password)
	for text, kind := range map[string]string{
		"": "", good: "", good[:50]: "bcrypt", "$argon2id$v=19$m=4194304,t=2,p=1$YWFhYWFhYWFhYWFhYWFhYQ$YWFhYWFhYWFhYWFhYWFhYQ": "argon2id",
		"sha256$Wd8sKq2LmZ5xTn7B$9c2ca99cfad6c97dff5bc19f0464b0c5e53d427e35e47cbc0b6119e17ef0186b": "unknown",
		"pbkdf2:md5:1000$saltsalt$00": "pbkdf2", firebaseText: "firebase", "scrypt:1:8:1$saltsalt$00": "scrypt",
	} {
		if got := h.Unreadable(text); got != kind {
			t.Errorf("%.40q is %q, want %q", text, got, kind)
		}
		if kind != "" && !slices.Contains(pwhash.Kinds(), kind) {
			t.Errorf("%s has no metric", kind)
		}
	}
}

// The case from the field: argon2-cffi before 21.2, passlib 1.7, Django since 3.2.
func TestTheArgon2idOfDjangoIsRead(t *testing.T) {
	b := newBench(t, pwhash.Bcrypt{Cost: 4})
	match, _, _ := b.verify(t, "$argon2id$v=19$m=102400,t=2,p=8$yMML9DCUR6BcCg07g8F1Iw$JRa06qQ9+t+EY7fwaNRsow", "quiet maple 58 lanterns")
	if !match.OK || !match.Outdated {
		t.Errorf("%+v", match)
	}
}
