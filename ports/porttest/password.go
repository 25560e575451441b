package porttest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/sys"
)

// PasswordOptions are the suite's settings for a hasher.
type PasswordOptions struct {
	Places int           // how many hash at once
	Wait   time.Duration // how long Reserve waits
	System sys.System    // Now and Sleep are set
}

// Passwords is the contract of secure.PasswordHasher. open makes one under its cheapest setting.
func Passwords(t *testing.T, open func(t *testing.T, o PasswordOptions) secure.PasswordHasher) {
	passwordMatching(t, open)
	passwordQueue(t, open)
}

// ImportedPasswords is the part of the contract that holds for hashes of a kind that the hasher verifies and does not make; export writes
// such a hash in the way of the program that made it.
func ImportedPasswords(t *testing.T, open func(t *testing.T, o PasswordOptions) secure.PasswordHasher, export func(password string) string) {
	hasher := passwordHasher{open(t, PasswordOptions{Places: 2, Wait: passwordWait, System: passwordSystem()})}
	hash := func(_ *testing.T, password string) string { return export(password) }
	t.Run("the right password matches, and its hash is outdated", func(t *testing.T) {
		if match := hasher.reserve(t).Verify(export(passwordExample), domain.NewSecret(passwordExample)); !match.OK || !match.Outdated {
			t.Errorf("%+v", match)
		}
	})
	t.Run("it is readable, and nothing that is like it is", func(t *testing.T) {
		text := export(passwordExample)
		if kind := hasher.Unreadable(text); kind != "" {
			t.Errorf("it is an unreadable %s", kind)
		}
		if hasher.Unreadable("") != "" {
			t.Error("no hash is an unreadable one")
		}
		for _, other := range []string{text[:len(text)/2], " " + text, "not a hash"} {
			if hasher.Unreadable(other) == "" {
				t.Errorf("%q is readable", other)
			}
		}
	})
	passwordComparing(t, hasher, hash)
	t.Run("PW-3 a long password is told from another with the same beginning", func(t *testing.T) {
		for _, length := range []int{63, 64, 65, 72, 73, 127, 128, 129, 256, 1024} {
			long := strings.Repeat("p", length)
			text := export(long)
			hasher.matches(t, text, long, true)
			for _, other := range []string{long + "q", long[:length-1] + "q", long[:length-1], long + long} {
				hasher.matches(t, text, other, false)
			}
		}
	})
}

const passwordWait = 2 * time.Second

const passwordExample = "Correct horse, bättery staple"

// passwordSystem has the real clock, which is a fake one inside a synctest bubble.
func passwordSystem() sys.System {
	return sys.System{
		Now: time.Now,
		Sleep: func(ctx context.Context, d time.Duration) error {
			timer := time.NewTimer(d)
			defer timer.Stop()
			select {
			case <-timer.C:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		},
	}
}

// passwordHasher is a hasher whose places a test takes.
type passwordHasher struct{ secure.PasswordHasher }

func (h passwordHasher) reserve(t *testing.T) secure.Slot {
	t.Helper()
	slot, err := h.Reserve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(slot.Release)
	return slot
}

func (h passwordHasher) hash(t *testing.T, password string) string {
	t.Helper()
	slot := h.reserve(t)
	defer slot.Release()
	text, err := slot.Hash(domain.NewSecret(password))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (h passwordHasher) matches(t *testing.T, text, password string, want bool) {
	t.Helper()
	slot := h.reserve(t)
	defer slot.Release()
	if match := slot.Verify(text, domain.NewSecret(password)); match.OK != want {
		t.Errorf("%.80q for %.80q: %+v", password, text, match)
	}
}

func passwordMatching(t *testing.T, open func(t *testing.T, o PasswordOptions) secure.PasswordHasher) {
	hasher := passwordHasher{open(t, PasswordOptions{Places: 2, Wait: passwordWait, System: passwordSystem()})}
	t.Run("the right password matches, and its hash is up to date", func(t *testing.T) {
		match := hasher.reserve(t).Verify(hasher.hash(t, passwordExample), domain.NewSecret(passwordExample))
		if !match.OK || match.Outdated {
			t.Errorf("%+v", match)
		}
	})
	passwordComparing(t, hasher, hasher.hash)
	t.Run("PW-3 a long password is told from another with the same beginning, or refused", func(t *testing.T) {
		for _, length := range []int{70, 71, 72, 73, 100, 256, 1024} {
			long := strings.Repeat("p", length)
			slot := hasher.reserve(t)
			text, err := slot.Hash(domain.NewSecret(long))
			slot.Release()
			if err == nil {
				hasher.matches(t, text, long, true)
			} else {
				text = hasher.hash(t, long[:70])
			}
			for _, other := range []string{long + "q", long[:length-1] + "q", long + long} {
				hasher.matches(t, text, other, false)
			}
		}
	})
	t.Run("an empty password is never hashed", func(t *testing.T) {
		if text, err := hasher.reserve(t).Hash(domain.Secret{}); err == nil {
			t.Errorf("%q", text)
		}
	})
	t.Run("two hashes of one password differ, and don't show it", func(t *testing.T) {
		one, two := hasher.hash(t, passwordExample), hasher.hash(t, passwordExample)
		if one == two || strings.Contains(one, passwordExample) {
			t.Errorf("%q, %q", one, two)
		}
	})
}

// passwordComparing holds for hashes of every kind; hash makes one.
func passwordComparing(t *testing.T, hasher passwordHasher, hash func(t *testing.T, password string) string) {
	const password = passwordExample
	t.Run("PW-3 nothing is trimmed, folded or cut", func(t *testing.T) {
		text := hash(t, password)
		for _, other := range []string{
			"", " ", password + " ", " " + password, password + "\n", strings.ToLower(password), password[:len(password)-1],
			password + "\x00", password + "\x00x", "\x00" + password, password + password,
			strings.Replace(password, "ä", "a", 1), strings.Replace(password, "ä", "Ä", 1),
		} {
			hasher.matches(t, text, other, false)
		}
	})
	t.Run("it is the same in every Unicode form, as typed on a Mac (NFD) and elsewhere (NFC)", func(t *testing.T) {
		decomposed := strings.Replace(password, "ä", "a\u0308", 1)
		hasher.matches(t, hash(t, password), decomposed, true)
		hasher.matches(t, hash(t, password), decomposed+"x", false)
		hasher.matches(t, hasher.hash(t, decomposed), password, true)
		hasher.matches(t, hash(t, decomposed), decomposed, true) // also where another program hashed the password as typed
	})
	t.Run("no hash, and none that can be read, matches nothing", func(t *testing.T) {
		good := hash(t, password)
		for _, text := range []string{
			"", " ", "x", "$", "$$$$$", password, good[:len(good)-1], good + "x", " " + good, good + "\n", "$2a$99$" + strings.Repeat("a", 53),
			"$argon2id$v=19$m=4294967295,t=4294967295,p=255$YWFhYWFhYWE$YWFhYWFhYWFhYWFhYWFhYQ", strings.Repeat("$", 100_000), "\x00", "*", "!",
		} {
			for _, typed := range []string{password, "", text} {
				hasher.matches(t, text, typed, false)
			}
		}
	})
	t.Run("it is safe for concurrent use, each place for one goroutine", func(t *testing.T) {
		text := hash(t, password)
		var group sync.WaitGroup
		for i := range 8 {
			group.Go(func() {
				slot, err := hasher.Reserve(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				defer slot.Release()
				if match := slot.Verify(text, domain.NewSecret(fmt.Sprint(password, strings.Repeat("x", i%2)))); match.OK != (i%2 == 0) {
					t.Errorf("%d: %+v", i, match)
				}
			})
		}
		group.Wait()
	})
}

// passwordQueue runs in bubbles: time stands still while anything runs, and nothing waits for real.
func passwordQueue(t *testing.T, open func(t *testing.T, o PasswordOptions) secure.PasswordHasher) {
	bubble := func(name string, places int, run func(t *testing.T, h secure.PasswordHasher)) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				run(t, open(t, PasswordOptions{Places: places, Wait: passwordWait, System: passwordSystem()}))
			})
		})
	}
	reserve := func(t *testing.T, h secure.PasswordHasher) secure.Slot {
		t.Helper()
		slot, err := h.Reserve(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return slot
	}
	type outcome struct {
		who  int
		slot secure.Slot
		err  error
	}
	ask := func(ctx context.Context, h secure.PasswordHasher, who int, answers chan<- outcome) {
		go func() {
			slot, err := h.Reserve(ctx)
			answers <- outcome{who, slot, err}
		}()
		synctest.Wait() // it has an answer, or waits in the queue
	}
	nobody := func(t *testing.T, answers <-chan outcome) {
		t.Helper()
		synctest.Wait()
		select {
		case got := <-answers:
			t.Fatalf("caller %d has an answer: %v", got.who, got.err)
		default:
		}
	}

	bubble("there are as many places as were asked for, and a release makes one", 3, func(t *testing.T, h secure.PasswordHasher) {
		first := reserve(t, h)
		others := []secure.Slot{reserve(t, h), reserve(t, h)}
		answers := make(chan outcome, 1)
		ask(t.Context(), h, 1, answers)
		nobody(t, answers)
		first.Release()
		got := <-answers
		if got.err != nil {
			t.Fatal(got.err)
		}
		for _, slot := range append(others, got.slot) {
			slot.Release()
		}
		for range 3 {
			defer reserve(t, h).Release()
		}
	})
	bubble("a second release gives nothing back", 1, func(t *testing.T, h secure.PasswordHasher) {
		slot := reserve(t, h)
		slot.Release()
		slot.Release()
		defer reserve(t, h).Release()
		answers := make(chan outcome, 1)
		ask(t.Context(), h, 1, answers)
		nobody(t, answers)
		if got := <-answers; !errors.Is(got.err, domain.ErrBusy) {
			t.Errorf("%v", got.err)
		}
	})
	bubble("first come, first served", 1, func(t *testing.T, h secure.PasswordHasher) {
		slot := reserve(t, h)
		answers := make(chan outcome, 5)
		for who := range 5 {
			ask(t.Context(), h, who, answers)
		}
		for want := range 5 {
			slot.Release()
			got := <-answers
			if got.err != nil || got.who != want {
				t.Fatalf("caller %d, %v; want %d", got.who, got.err, want)
			}
			nobody(t, answers)
			slot = got.slot
		}
		slot.Release()
	})
	bubble("who waits too long is told that it is busy, and takes no place later", 1, func(t *testing.T, h secure.PasswordHasher) {
		slot := reserve(t, h)
		begin := time.Now()
		if _, err := h.Reserve(t.Context()); !errors.Is(err, domain.ErrBusy) {
			t.Errorf("%v", err)
		}
		if waited := time.Since(begin); waited != passwordWait {
			t.Errorf("after %v", waited)
		}
		slot.Release()
		reserve(t, h).Release()
		reserve(t, h).Release()
	})
	bubble("a caller who hangs up is let go at once, and its turn is skipped", 1, func(t *testing.T, h secure.PasswordHasher) {
		slot := reserve(t, h)
		answers := make(chan outcome, 3)
		ctx, hangUp := context.WithCancel(t.Context())
		ask(ctx, h, 0, answers)
		ask(t.Context(), h, 1, answers)
		begin := time.Now()
		hangUp()
		if got := <-answers; got.who != 0 || !errors.Is(got.err, context.Canceled) || time.Since(begin) != 0 {
			t.Errorf("caller %d: %v after %v", got.who, got.err, time.Since(begin))
		}
		slot.Release()
		got := <-answers
		if got.who != 1 || got.err != nil {
			t.Fatalf("caller %d: %v", got.who, got.err)
		}
		got.slot.Release()
		reserve(t, h).Release()
	})
	bubble("a caller who hung up before asking gets no place", 1, func(t *testing.T, h secure.PasswordHasher) {
		ctx, hangUp := context.WithCancel(t.Context())
		hangUp()
		if _, err := h.Reserve(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		reserve(t, h).Release()
	})
	bubble("hanging up and releasing at one moment lose no place", 2, func(t *testing.T, h secure.PasswordHasher) {
		for range 200 {
			one, two := reserve(t, h), reserve(t, h)
			ctx, hangUp := context.WithCancel(t.Context())
			answers := make(chan outcome, 3)
			for who := range 3 {
				ask(ctx, h, who, answers)
			}
			var group sync.WaitGroup
			group.Go(hangUp)
			group.Go(one.Release)
			group.Go(two.Release)
			for range 3 {
				if got := <-answers; got.err == nil {
					got.slot.Release()
				}
			}
			group.Wait()
		}
		one, two := reserve(t, h), reserve(t, h)
		one.Release()
		two.Release()
	})
}
