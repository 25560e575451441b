package domain_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
)

var policy = domain.RefreshPolicy{Grace: 10 * time.Second, Retry: 15 * time.Minute}

// tick is the shortest time that a database keeps.
const tick = time.Microsecond

func advance(t testing.TB, f domain.Family, token domain.RefreshToken, v domain.Verdict, k domain.RefreshKeys, seed byte, now time.Time) (domain.Family, domain.RefreshToken) {
	t.Helper()
	f, next, err := f.Advance(token, v, k, seeded(seed), now)
	if err != nil {
		t.Fatal(err)
	}
	return f, next
}

func wantVerdict(t testing.TB, f domain.Family, token domain.RefreshToken, k domain.RefreshKeys, now time.Time, want domain.Verdict) domain.RefreshToken {
	t.Helper()
	got, next := f.Present(token, k, policy, now)
	if got != want {
		t.Errorf("verdict %d, want %d (0 refuse, 1 rotate, 2 replay, 3 recover, 4 reuse, 5 keep)", got, want)
	}
	if got != domain.Replay && got != domain.Keep && next != (domain.RefreshToken{}) {
		t.Errorf("verdict %d hands out a token", got)
	}
	return next
}

func TestNewFamily(t *testing.T) {
	f, token := newFamily(t, keys("k"), 1)
	wantEqual(t, f, domain.Family{
		ID: familyID, SessionID: sessionID, ClientID: domain.FirstPartyClient, Generation: 0, Hash: token.Hash(), Salt: []byte{},
		CreatedAt: epoch, AdvancedAt: epoch, RotatedAt: epoch,
	})
	wantEqual(t, token.Family, f.ID)
	_, other := newFamily(t, keys("k"), 2)
	if bytes.Equal(other.Hash(), token.Hash()) {
		t.Error("other entropy makes the same secret")
	}
}

// TestFamilyPresent is the table of behaviours.md, "Sessions and refresh", row by row (RFC 9700 §4.14.2, ASVS 10.4.5).
func TestFamilyPresent(t *testing.T) {
	k := keys("k")
	first, t0 := newFamily(t, k, 1)
	rotated := epoch.Add(time.Hour)
	second, t1 := advance(t, first, t0, domain.Rotate, k, 2, rotated)
	again := rotated.Add(time.Minute)
	third, t2 := advance(t, second, t1, domain.Rotate, k, 3, again)
	recovered := rotated.Add(5 * time.Minute)
	voiding, t1b := advance(t, second, t0, domain.Recover, k, 4, recovered)
	after, t2b := advance(t, voiding, t1b, domain.Rotate, k, 5, recovered.Add(time.Second))

	ended, otherFamily, static := second, first, first
	ended.EndedAt, static.Static = rotated, true
	otherFamily.ID = "f1000000-0000-4000-8000-00000000000f"
	raw := rawOf(t, t0)

	for _, c := range []struct {
		name   string
		family domain.Family
		token  domain.RefreshToken
		keys   domain.RefreshKeys
		now    time.Time
		want   domain.Verdict
	}{
		{"the first token rotates", first, t0, k, epoch, domain.Rotate},
		{"the live token rotates at once", second, t1, k, rotated, domain.Rotate},
		{"the live token rotates a month later: its session's limits are not the family's", second, t1, k, rotated.Add(30 * 24 * time.Hour), domain.Rotate},
		{"the live token rotates on a replica whose clock is behind", second, t1, k, rotated.Add(-time.Minute), domain.Rotate},
		{"the live token rotates under a SECRET_KEY that nobody knows any more", second, t1, keys("new"), rotated, domain.Rotate},
		{"the live token rotates without any key", second, t1, nil, rotated, domain.Rotate},
		{"the live secret rotates whatever its tag", first, raw.with(60, raw[60]^1).token(t), k, epoch, domain.Rotate},
		{"a static token replays up to and at the grace: a burst writes one row once", static, t0, k, epoch.Add(10 * time.Second), domain.Replay},
		{"a static token is kept after the grace", static, t0, k, epoch.Add(10*time.Second + tick), domain.Keep},
		{"a static token is kept a year later: its session's limits are not the family's", static, t0, k, epoch.Add(365 * 24 * time.Hour), domain.Keep},
		{"a static token is kept under a SECRET_KEY that nobody knows any more", static, t0, keys("new"), epoch.Add(time.Minute), domain.Keep},
		{"another secret of a static family is refused", static, raw.with(30, raw[30]^1).token(t), k, epoch, domain.Refuse},

		{"the predecessor replays at the same moment", second, t0, k, rotated, domain.Replay},
		{"the predecessor replays on a replica whose clock is behind", second, t0, k, rotated.Add(-time.Second), domain.Replay},
		{"the predecessor replays up to and at the grace", second, t0, k, rotated.Add(10 * time.Second), domain.Replay},
		{"the predecessor recovers after the grace", second, t0, k, rotated.Add(10*time.Second + tick), domain.Recover},
		{"the predecessor recovers up to and at the retry", second, t0, k, rotated.Add(15 * time.Minute), domain.Recover},
		{"the predecessor is reuse after the retry", second, t0, k, rotated.Add(15*time.Minute + tick), domain.Reuse},
		{"the predecessor of a recovered token replays within its grace", voiding, t0, k, recovered.Add(10 * time.Second), domain.Replay},
		{"the predecessor of a recovered token recovers again", voiding, t0, k, recovered.Add(10*time.Second + tick), domain.Recover},
		{"the retry counts from the advance, not from the recovery", voiding, t0, k, rotated.Add(15*time.Minute + tick), domain.Reuse},

		{"an older token is reuse, in the grace too", third, t0, k, again, domain.Reuse},
		{"a voided token is reuse, in the grace too", voiding, t1, k, recovered, domain.Reuse},
		{"a voided token is reuse when it has the place of the predecessor", after, t1, k, recovered.Add(time.Second), domain.Reuse},
		{"a successor of a voided token is reuse", after, t2, k, recovered.Add(time.Second), domain.Reuse},
		{"the recovered token's predecessor is older after the next rotation", after, t0, k, recovered.Add(time.Second), domain.Reuse},
		{"the recovered token is the predecessor after the next rotation", after, t1b, k, recovered.Add(time.Second), domain.Replay},
		{"the token after the recovered one is live", after, t2b, k, recovered.Add(time.Second), domain.Rotate},

		{"a newer token is refused after a restore", first, t1, k, rotated, domain.Refuse},
		{"a much newer token is refused after a restore", first, t2, k, again, domain.Refuse},
		{"another secret of the live generation is refused: no logout by strangers (RT-5)", first, raw.with(30, raw[30]^1).token(t), k, epoch, domain.Refuse},
		{"another secret of the predecessor is refused", second, raw.with(30, raw[30]^1).token(t), k, rotated, domain.Refuse},
		{"the predecessor with another tag is refused", second, raw.with(71, raw[71]^1).token(t), k, rotated, domain.Refuse},
		{"an old secret under the live generation is refused", second, raw.generation(1).token(t), k, rotated, domain.Refuse},
		{"the live secret under an older generation is refused", second, rawOf(t, t1).generation(0).token(t), k, rotated, domain.Refuse},
		{"the live secret under a newer generation is refused", second, rawOf(t, t1).generation(2).token(t), k, rotated, domain.Refuse},
		{"a token of another family is refused, with the right secret too", otherFamily, t0, k, epoch, domain.Refuse},
		{"the zero token is refused", first, domain.RefreshToken{}, k, epoch, domain.Refuse},

		{"an ended family refuses its live token", ended, t1, k, rotated, domain.Refuse},
		{"an ended family refuses its predecessor: no grace, no recovery, no alarm", ended, t0, k, rotated, domain.Refuse},
		{"an ended family refuses reuse without alarm", ended, t0, k, rotated.Add(time.Hour), domain.Refuse},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := c.family
			before.Hash, before.Salt = bytes.Clone(c.family.Hash), bytes.Clone(c.family.Salt)
			next := wantVerdict(t, c.family, c.token, c.keys, c.now, c.want)
			if c.want == domain.Replay && !bytes.Equal(next.Hash(), c.family.Hash) {
				t.Error("the replayed token is not the live one")
			}
			if diff := cmp.Diff(before, c.family); diff != "" {
				t.Errorf("judging changed the family:\n%s", diff)
			}
		})
	}
}

func TestFamilyReplay(t *testing.T) {
	k := keys("k")
	f, t0 := newFamily(t, k, 1)
	f, t1 := advance(t, f, t0, domain.Rotate, k, 2, epoch)

	t.Run("gives the same successor, byte for byte, however often", func(t *testing.T) {
		for i := range 50 {
			next := wantVerdict(t, f, t0, k, epoch.Add(time.Duration(i)*policy.Grace/50), domain.Replay)
			wantEqual(t, next.Text().Reveal(), t1.Text().Reveal())
		}
	})
	t.Run("takes a grace and a retry of zero as the very moment", func(t *testing.T) {
		none := domain.RefreshPolicy{}
		for now, want := range map[time.Time]domain.Verdict{epoch: domain.Replay, epoch.Add(tick): domain.Reuse} {
			got, _ := f.Present(t0, k, none, now)
			wantEqual(t, got, want)
		}
	})
}

func TestFamilyAdvance(t *testing.T) {
	k := keys("k")
	f, t0 := newFamily(t, k, 1)
	f.Static, f.EndedAt = true, epoch // what it does not know of, it keeps
	now := epoch.Add(time.Minute)

	t.Run("by rotation raises the generation and both times", func(t *testing.T) {
		next, t1 := advance(t, f, t0, domain.Rotate, k, 2, now)
		want := f
		want.Generation, want.Hash, want.Salt, want.AdvancedAt, want.RotatedAt = 1, t1.Hash(), next.Salt, now, now
		wantEqual(t, next, want)
		wantEqual(t, len(next.Salt), 32)
		wantEqual(t, t1.Generation, int64(1))
		wantEqual(t, t1.Genuine(k), true)
	})
	t.Run("by recovery keeps the generation and the time of the advance", func(t *testing.T) {
		rotated, t1 := advance(t, f, t0, domain.Rotate, k, 2, epoch)
		next, t1b := advance(t, rotated, t0, domain.Recover, k, 3, now)
		want := rotated
		want.Hash, want.Salt, want.RotatedAt = t1b.Hash(), next.Salt, now
		wantEqual(t, next, want)
		wantEqual(t, t1b.Generation, t1.Generation)
		if bytes.Equal(t1b.Hash(), t1.Hash()) || bytes.Equal(next.Salt, rotated.Salt) {
			t.Error("the recovered token is the lost one")
		}
	})
	t.Run("leaves the family it came from as it was", func(t *testing.T) {
		before := f
		before.Hash, before.Salt = bytes.Clone(f.Hash), bytes.Clone(f.Salt)
		advance(t, f, t0, domain.Rotate, k, 2, now)
		wantEqual(t, f, before)
	})
	t.Run("makes unequal successors of unequal salts, and equal ones of equal salts", func(t *testing.T) {
		seen := map[string]byte{}
		for seed := range byte(200) {
			_, next := advance(t, f, t0, domain.Rotate, k, seed, now)
			if other, ok := seen[next.Text().Reveal()]; ok {
				t.Fatalf("salts %d and %d make the same token", seed, other)
			}
			seen[next.Text().Reveal()] = seed
			_, same := advance(t, f, t0, domain.Rotate, k, seed, now)
			wantEqual(t, same.Text().Reveal(), next.Text().Reveal())
		}
	})
	t.Run("binds the successor to the current key, not to a previous one", func(t *testing.T) {
		_, next := advance(t, f, t0, domain.Rotate, keys("new", "k"), 2, now)
		wantEqual(t, next.Genuine(keys("new")), true)
		wantEqual(t, next.Genuine(keys("k")), false)
	})
	t.Run("needs the key: the row and the old token make no successor", func(t *testing.T) {
		next, _ := advance(t, f, t0, domain.Rotate, k, 2, now)
		_, guess, err := f.Advance(t0, domain.Rotate, keys("guess"), bytes.NewReader(next.Salt), now)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(guess.Hash(), next.Hash) {
			t.Error("another key derives the live token")
		}
	})
}

// TestFamilyOfAClientThatKeepsItsToken is the rule of REFRESH_BEARER=static.
func TestFamilyOfAClientThatKeepsItsToken(t *testing.T) {
	k, keeping := keys("k"), policy
	keeping.Keep = true
	first, t0 := newFamily(t, k, 1)
	present := func(f domain.Family, token domain.RefreshToken) (domain.Verdict, domain.RefreshToken) {
		return f.Present(token, k, keeping, epoch)
	}

	t.Run("becomes static at its first refresh, and changes nothing but the time", func(t *testing.T) {
		verdict, answer := present(first, t0)
		wantEqual(t, verdict, domain.Keep)
		wantEqual(t, answer.Text().Reveal(), t0.Text().Reveal())
		now := epoch.Add(time.Hour)
		want := first
		want.Static, want.RotatedAt = true, now
		wantEqual(t, first.Used(now), want)
	})
	t.Run("never becomes static once it has rotated", func(t *testing.T) {
		second, t1 := advance(t, first, t0, domain.Rotate, k, 2, epoch)
		verdict, _ := present(second, t1)
		wantEqual(t, verdict, domain.Rotate)
		verdict, _ = present(second, t0)
		wantEqual(t, verdict, domain.Replay)
	})
	t.Run("is refused after its end", func(t *testing.T) {
		over := first.Used(epoch)
		over.EndedAt = epoch
		verdict, _ := present(over, t0)
		wantEqual(t, verdict, domain.Refuse)
	})
}

// TestFamilyRecoverySlidesNothing loses every answer: the token of generation 0 is all the client ever has.
func TestFamilyRecoverySlidesNothing(t *testing.T) {
	k := keys("k")
	f, t0 := newFamily(t, k, 1)
	f, lost := advance(t, f, t0, domain.Rotate, k, 2, epoch)
	made := []domain.RefreshToken{lost}
	now := epoch
	for seed := byte(3); ; seed++ {
		now = now.Add(2 * time.Minute)
		if now.After(epoch.Add(policy.Retry)) {
			break
		}
		wantVerdict(t, f, t0, k, now, domain.Recover)
		f, lost = advance(t, f, t0, domain.Recover, k, seed, now)
		wantEqual(t, f.AdvancedAt, epoch)
		wantEqual(t, f.Generation, int64(1))
		for _, void := range made {
			wantVerdict(t, f, void, k, now, domain.Reuse)
		}
		wantVerdict(t, f, lost, k, now, domain.Rotate)
		made = append(made, lost)
	}
	wantEqual(t, len(made), 8)
	wantVerdict(t, f, t0, k, epoch.Add(policy.Retry), domain.Recover)
	f, last := advance(t, f, t0, domain.Recover, k, 99, epoch.Add(policy.Retry))
	t.Run("the last recovery has a grace of its own", func(t *testing.T) {
		next := wantVerdict(t, f, t0, k, epoch.Add(policy.Retry+policy.Grace), domain.Replay)
		wantEqual(t, next.Text().Reveal(), last.Text().Reveal())
	})
	t.Run("and after it the old token is reuse", func(t *testing.T) {
		wantVerdict(t, f, t0, k, epoch.Add(policy.Retry+policy.Grace+tick), domain.Reuse)
	})
}

func TestFamilyAfterAChangeOfSecretKey(t *testing.T) {
	old, both, only := keys("old"), keys("new", "old"), keys("new")
	first, t0 := newFamily(t, old, 1)
	second, t1 := advance(t, first, t0, domain.Rotate, old, 2, epoch)

	t.Run("with the old one known, a replay gives the same bytes", func(t *testing.T) {
		next := wantVerdict(t, second, t0, both, epoch, domain.Replay)
		wantEqual(t, next.Text().Reveal(), t1.Text().Reveal())
	})
	t.Run("with the old one known, a replay across the change gives the same bytes", func(t *testing.T) {
		crossed, live := advance(t, second, t1, domain.Rotate, both, 3, epoch)
		next := wantVerdict(t, crossed, t1, both, epoch, domain.Replay)
		wantEqual(t, next.Text().Reveal(), live.Text().Reveal())
		wantVerdict(t, crossed, t0, both, epoch, domain.Reuse)
	})
	t.Run("with the old one known, a lost answer is recovered", func(t *testing.T) {
		wantVerdict(t, second, t0, both, epoch.Add(time.Minute), domain.Recover)
		recovered, live := advance(t, second, t0, domain.Recover, both, 3, epoch.Add(time.Minute))
		wantVerdict(t, recovered, live, only, epoch.Add(time.Minute), domain.Rotate)
		next := wantVerdict(t, recovered, t0, both, epoch.Add(time.Minute), domain.Replay)
		wantEqual(t, next.Text().Reveal(), live.Text().Reveal())
	})
	t.Run("with the old one unknown, the live token still rotates: nobody is logged out", func(t *testing.T) {
		wantVerdict(t, second, t1, only, epoch, domain.Rotate)
		crossed, live := advance(t, second, t1, domain.Rotate, only, 3, epoch)
		wantVerdict(t, crossed, live, only, epoch, domain.Rotate)
	})
	t.Run("with the old one unknown, old tokens are refused instead of ending the session", func(t *testing.T) {
		third, _ := advance(t, second, t1, domain.Rotate, only, 3, epoch)
		for _, now := range []time.Time{epoch, epoch.Add(time.Minute), epoch.Add(time.Hour)} {
			wantVerdict(t, second, t0, only, now, domain.Refuse)
			wantVerdict(t, third, t0, only, now, domain.Refuse)
			wantVerdict(t, third, t1, only, now, domain.Refuse)
		}
	})
	t.Run("with the old one among several previous ones, all is as before", func(t *testing.T) {
		many := keys("newest", "newer", "new", "old", "oldest")
		next := wantVerdict(t, second, t0, many, epoch, domain.Replay)
		wantEqual(t, next.Text().Reveal(), t1.Text().Reveal())
	})
}

func TestFamilyGivesNothingToAThiefOfSecretKey(t *testing.T) {
	k := keys("k")
	f, t0 := newFamily(t, k, 1)
	f, t1 := advance(t, f, t0, domain.Rotate, k, 2, epoch)
	for g := range int64(4) {
		for fill := range byte(20) {
			forged := rawOf(t, t1).generation(g).with(24, bytes.Repeat([]byte{fill}, 32)...).sign(k[0]).token(t)
			wantEqual(t, forged.Genuine(k), true)
			want := domain.Reuse
			if g > f.Generation {
				want = domain.Refuse
			}
			wantVerdict(t, f, forged, k, epoch, want)
		}
	}
}

func TestFamilyKnows(t *testing.T) {
	k := keys("k")
	first, t0 := newFamily(t, k, 1)
	second, t1 := advance(t, first, t0, domain.Rotate, k, 2, epoch)
	other := second
	other.ID = "f1000000-0000-4000-8000-00000000000f"
	raw := rawOf(t, t1)
	for _, c := range []struct {
		name   string
		family domain.Family
		token  domain.RefreshToken
		keys   domain.RefreshKeys
		want   bool
	}{
		{"the live token", second, t1, k, true},
		{"the live token under an unknown key", second, t1, keys("new"), true},
		{"an old token", second, t0, k, true},
		{"an old token under a previous key", second, t0, keys("new", "k"), true},
		{"not an old token under an unknown key", second, t0, keys("new"), false},
		{"a newer token after a restore", first, t1, k, true},
		{"not another secret", second, raw.with(30, raw[30]^1).token(t), k, false},
		{"not another generation", second, raw.generation(0).token(t), k, false},
		{"not a token of another family", other, t1, k, false},
	} {
		t.Run(c.name, func(t *testing.T) { wantEqual(t, c.family.Knows(c.token, c.keys), c.want) })
	}
}
