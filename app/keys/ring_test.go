package keys_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/adapters/jwtoken"
	"github.com/signet-auth/signet/app/keys"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// other is another strong secret.
const other = "YW5vdGhlciBzZWNyZXQsIG9mIGFub3RoZXIgZGVwbG95bWVudA"

func claims(now time.Time) domain.Claims {
	return domain.Claims{
		Issuer: rig.Issuer, Subject: "4f9a3b6e-2f0e-4f0a-9d5c-0a8f5f1c2b3d", Audience: domain.PlatformKey,
		IssuedAt: now.Truncate(time.Second), ExpiresAt: now.Truncate(time.Second).Add(15 * time.Minute),
		TokenID: "5f9a3b6e-2f0e-4f0a-9d5c-0a8f5f1c2b3d", SessionID: "6f9a3b6e-2f0e-4f0a-9d5c-0a8f5f1c2b3d",
		ClientID: domain.FirstPartyClientKey, AMR: []string{"pwd"}, AuthTime: now.Truncate(time.Second), Type: domain.TypeAccessToken,
	}
}

func sign(t *testing.T, r *keys.Ring, now time.Time) domain.Secret {
	t.Helper()
	token, err := r.Sign(t.Context(), claims(now))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// unknown is a well-formed token of a key that no ring holds.
func unknown(t *testing.T, now time.Time) domain.Secret {
	t.Helper()
	key, err := jwtoken.KeyMaker{}.Generate(domain.ES256)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jwtoken.Issuer{}.Signer(key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := signer.Sign(claims(now))
	if err != nil {
		t.Fatal(err)
	}
	return domain.NewSecret(text)
}

func verify(t *testing.T, r *keys.Ring, token domain.Secret, now time.Time) error {
	t.Helper()
	_, err := r.Verify(t.Context(), token, rig.Issuer, now)
	return err
}

func forged(err error) bool {
	return errors.Is(err, domain.ErrTokenInvalid) && errors.Is(err, domain.ErrForged)
}

func all(t *testing.T, r *rig.Rig) []domain.SigningKey {
	t.Helper()
	there, err := r.DB.Read().Keys.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return there
}

// tally counts keys by algorithm and state.
func tally(there []domain.SigningKey) map[string]int {
	counts := map[string]int{}
	for _, k := range there {
		counts[string(k.Algorithm)+" "+string(k.State)]++
	}
	return counts
}

// update changes the key of a state, and tells everybody, as every use case does.
func update(t *testing.T, r *rig.Rig, state domain.KeyState, change func(*domain.SigningKey)) {
	t.Helper()
	for _, k := range all(t, r) {
		if k.State != state || k.Algorithm != r.Ring.Algorithm {
			continue
		}
		change(&k)
		r.Write(t, func(ctx context.Context, tx *store.Tx) error {
			tx.Changed(domain.ChangeSigningKey, k.KID)
			return tx.Keys.Update(ctx, k)
		})
		return
	}
	t.Fatalf("there is no %s key", state)
}

func revoke(k *domain.SigningKey) { k.State = domain.KeyRevoked }

func TestStart(t *testing.T) {
	t.Run("makes the keys once, however many start together", func(t *testing.T) {
		database, clock := rig.NewDatabase(t), rig.NewClock()
		first := rig.On(t, database, clock) // has RS256 to make: ES256 is there
		rings := make([]*keys.Ring, 8)
		for i := range rings {
			rings[i] = first.NewRing(domain.EdDSA)
		}
		for _, err := range testkit.Together(len(rings), func(i int) error { return rings[i].Start(t.Context()) }) {
			if err != nil {
				t.Error(err)
			}
		}
		want := map[string]int{"ES256 active": 1, "ES256 next": 1, "EdDSA active": 1, "EdDSA next": 1}
		if diff := cmp.Diff(want, tally(all(t, first))); diff != "" {
			t.Error(diff)
		}
		if n := len(first.Events(t, domain.EventKeyCreated)); n != 4 {
			t.Errorf("%d events", n)
		}
		token := sign(t, rings[0], clock.Now())
		for i, r := range rings {
			if err := verify(t, r, token, clock.Now()); err != nil {
				t.Errorf("ring %d does not know the key of ring 0: %v", i, err)
			}
		}
	})

	t.Run("again makes nothing", func(t *testing.T) {
		r := rig.New(t)
		before := all(t, r)
		if err := r.NewRing(domain.ES256).Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, all(t, r)); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("with another JWT_ALG signs with it, and verifies what was signed before", func(t *testing.T) {
		r := rig.New(t)
		old := sign(t, r.Ring, r.Clock.Now())
		ring := r.NewRing(domain.EdDSA)
		if err := ring.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := verify(t, ring, old, r.Clock.Now()); err != nil {
			t.Errorf("a token of before: %v", err)
		}
		if err := verify(t, r.Ring, sign(t, ring, r.Clock.Now()), r.Clock.Now()); err != nil {
			t.Errorf("a replica that still has the former JWT_ALG: %v", err)
		}
	})

	t.Run("seals private keys", func(t *testing.T) {
		r := rig.New(t)
		for _, k := range all(t, r) {
			if _, err := (jwtoken.Issuer{}).Signer(k); err == nil {
				t.Errorf("%s can be used as it is stored", k.KID)
			}
		}
	})

	t.Run("with another SECRET_KEY says what is wrong", func(t *testing.T) {
		r := rig.New(t)
		ring := r.NewRing(domain.ES256)
		ring.Sealer = rig.Sealer(t, other)
		err := ring.Start(t.Context())
		if err == nil || !strings.Contains(err.Error(), "SECRET_KEY_PREVIOUS") {
			t.Errorf("got %v", err)
		}
		if diff := cmp.Diff(map[string]int{"ES256 active": 1, "ES256 next": 1}, tally(all(t, r))); diff != "" {
			t.Errorf("it made keys: %s", diff)
		}
	})

	t.Run("opens them with SECRET_KEY_PREVIOUS", func(t *testing.T) {
		r := rig.New(t)
		ring := r.NewRing(domain.ES256)
		ring.Sealer = rig.Sealer(t, other, rig.SecretKey)
		if err := ring.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := verify(t, r.Ring, sign(t, ring, r.Clock.Now()), r.Clock.Now()); err != nil {
			t.Error(err)
		}
	})

	t.Run("needs the database", func(t *testing.T) {
		r := rig.New(t)
		r.Store.Down()
		if err := r.NewRing(domain.ES256).Start(t.Context()); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
	})
}

func TestUnknownKeys(t *testing.T) {
	t.Run("cost one read a second, however many tokens name them", func(t *testing.T) {
		r := rig.New(t)
		tokens := make([]domain.Secret, 20)
		for i := range tokens {
			tokens[i] = unknown(t, r.Clock.Now())
		}
		r.Store.Reset()
		for _, want := range []int{1, 2, 3} {
			for _, err := range testkit.Together(len(tokens), func(i int) error { return verify(t, r.Ring, tokens[i], r.Clock.Now()) }) {
				if !forged(err) {
					t.Errorf("got %v", err)
				}
			}
			if n := r.Store.Count("Keys.All"); n != want {
				t.Errorf("%d reads, want %d", n, want)
			}
			r.Clock.Move(time.Second)
		}
	})

	t.Run("are found when another replica made them and the feed is late", func(t *testing.T) {
		r := rig.New(t)
		elsewhere := rig.On(t, r.Database, r.Clock).NewRing(domain.EdDSA)
		if err := elsewhere.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := verify(t, r.Ring, sign(t, elsewhere, r.Clock.Now()), r.Clock.Now()); err != nil {
			t.Error(err)
		}
	})

	t.Run("cost nothing when the token is not even of our form", func(t *testing.T) {
		r := rig.New(t)
		for _, text := range []string{"", "x", "a.b.c", strings.Repeat("x", 10_000)} {
			if err := verify(t, r.Ring, domain.NewSecret(text), r.Clock.Now()); !forged(err) {
				t.Errorf("%.10q: %v", text, err)
			}
		}
		if n := r.Store.Count(); n != 0 {
			t.Errorf("%d queries", n)
		}
	})
}

func TestVerify(t *testing.T) {
	r := rig.New(t)
	token := sign(t, r.Ring, r.Clock.Now())

	t.Run("tells an expired token from a forged one", func(t *testing.T) {
		got, err := r.Ring.Verify(t.Context(), token, rig.Issuer, r.Clock.Now().Add(time.Hour))
		if !errors.Is(err, secure.ErrExpired) || errors.Is(err, domain.ErrForged) || got.Subject == "" {
			t.Errorf("got %v, %v", got, err)
		}
	})

	t.Run("calls one of another issuer forged", func(t *testing.T) {
		_, err := r.Ring.Verify(t.Context(), token, "https://else.test", r.Clock.Now())
		if !forged(err) {
			t.Errorf("got %v", err)
		}
	})

	t.Run("calls one with another signature forged", func(t *testing.T) {
		text := token.Reveal()
		cut := strings.LastIndexByte(text, '.') + 1
		text = text[:cut] + strings.Map(func(c rune) rune {
			if c == 'A' {
				return 'B'
			}
			return 'A'
		}, text[cut:cut+1]) + text[cut+1:]
		if err := verify(t, r.Ring, domain.NewSecret(text), r.Clock.Now()); !forged(err) {
			t.Errorf("got %v", err)
		}
	})
}

func TestChanges(t *testing.T) {
	t.Run("of keys are read once, by the next use", func(t *testing.T) {
		r := rig.New(t)
		token := sign(t, r.Ring, r.Clock.Now())
		r.Ring.Changed(domain.ChangeSigningKey, "k")
		r.Store.Reset()
		for _, err := range testkit.Together(50, func(int) error { return verify(t, r.Ring, token, r.Clock.Now()) }) {
			if err != nil {
				t.Error(err)
			}
		}
		if n := r.Store.Count("Keys.All"); n != 1 {
			t.Errorf("%d reads", n)
		}
	})

	t.Run("of anything else are none", func(t *testing.T) {
		r := rig.New(t)
		r.Ring.Changed(domain.ChangeSession, "s")
		r.Ring.Changed(domain.ChangeService, "s")
		sign(t, r.Ring, r.Clock.Now())
		if n := r.Store.Count(); n != 0 {
			t.Errorf("%d queries", n)
		}
	})

	t.Run("during a read are not lost", func(t *testing.T) {
		r := rig.New(t)
		r.Ring.Flush()
		read, answer := make(chan struct{}), make(chan struct{})
		first := true
		r.Store.After(func(query string) {
			if query == "Keys.All" && first {
				first = false
				close(read)
				<-answer
			}
		})
		token := sign(t, rig.On(t, r.Database, r.Clock).Ring, r.Clock.Now())
		done := make(chan error, 1)
		go func() {
			_, err := r.Ring.Verify(context.WithoutCancel(t.Context()), token, rig.Issuer, rig.Noon)
			done <- err
		}()
		<-read // with the key still good
		update(t, r, domain.KeyActive, revoke)
		close(answer)
		if err := <-done; err != nil {
			t.Errorf("the one that came before: %v", err)
		}
		if err := verify(t, r.Ring, token, r.Clock.Now()); !forged(err) {
			t.Errorf("the one that came after: %v", err)
		}
	})

	t.Run("are seen by other replicas through the feed", func(t *testing.T) {
		database, clock := rig.NewDatabase(t), rig.NewClock()
		here, there := rig.On(t, database, clock), rig.On(t, database, clock)
		here.Poll(t)
		token := sign(t, there.Ring, clock.Now())
		if err := verify(t, here.Ring, token, clock.Now()); err != nil {
			t.Fatal(err)
		}
		update(t, there, domain.KeyActive, revoke)
		here.Poll(t)
		if err := verify(t, here.Ring, token, clock.Now()); !forged(err) {
			t.Errorf("a token of a revoked key: %v", err)
		}
	})
}

func TestARevokedKey(t *testing.T) {
	t.Run("is refused at once, also when it was the last that could sign", func(t *testing.T) {
		r := rig.New(t)
		token := sign(t, r.Ring, r.Clock.Now())
		update(t, r, domain.KeyActive, revoke)
		if err := verify(t, r.Ring, token, r.Clock.Now()); !forged(err) {
			t.Errorf("its token: %v", err)
		}
		if _, err := r.Ring.Sign(t.Context(), claims(r.Clock.Now())); err == nil {
			t.Error("it signed")
		}
		if kids := published(t, r.Ring); len(kids) != 1 {
			t.Errorf("published: %v", kids)
		}
	})

	t.Run("gives way to the next", func(t *testing.T) {
		r := rig.New(t)
		update(t, r, domain.KeyActive, revoke)
		update(t, r, domain.KeyNext, func(k *domain.SigningKey) { k.State, k.ActivatedAt = domain.KeyActive, r.Clock.Now() })
		if err := verify(t, r.Ring, sign(t, r.Ring, r.Clock.Now()), r.Clock.Now()); err != nil {
			t.Error(err)
		}
	})
}

func TestARetiredKey(t *testing.T) {
	r := rig.New(t)
	token := sign(t, r.Ring, r.Clock.Now())
	update(t, r, domain.KeyActive, func(k *domain.SigningKey) {
		k.State, k.RetiredAt, k.ExpiresAt = domain.KeyRetired, r.Clock.Now(), r.Clock.Now().Add(time.Minute)
	})
	update(t, r, domain.KeyNext, func(k *domain.SigningKey) { k.State, k.ActivatedAt = domain.KeyActive, r.Clock.Now() })
	if err := verify(t, r.Ring, token, r.Clock.Now()); err != nil {
		t.Errorf("before its last token expired: %v", err)
	}
	r.Clock.Move(time.Minute)
	if err := verify(t, r.Ring, token, r.Clock.Now()); !forged(err) {
		t.Errorf("after it: %v", err)
	}
}

func TestAKeySealedWithANewerSecret(t *testing.T) {
	// A rolling change of SECRET_KEY: another replica has the new one already, and rotates.
	r := rig.New(t)
	old := sign(t, r.Ring, r.Clock.Now())
	newer := rig.On(t, r.Database, r.Clock)
	newer.Ring.Sealer = rig.Sealer(t, other, rig.SecretKey)
	update(t, newer, domain.KeyActive, func(k *domain.SigningKey) {
		k.State, k.RetiredAt, k.ExpiresAt = domain.KeyRetired, r.Clock.Now(), r.Clock.Now().Add(time.Hour)
	})
	r.Database.Exec(t, "DELETE FROM signing_keys WHERE state = 'next'")
	if err := newer.Ring.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	token := sign(t, newer.Ring, r.Clock.Now())
	r.Poll(t)
	for name, token := range map[string]domain.Secret{"of before": old, "of the other replica": token} {
		if err := verify(t, r.Ring, token, r.Clock.Now()); err != nil {
			t.Errorf("a token %s: %v", name, err)
		}
	}
	if _, err := r.Ring.Sign(t.Context(), claims(r.Clock.Now())); err == nil || !strings.Contains(err.Error(), "SECRET_KEY") {
		t.Errorf("signing: %v", err)
	}
}

// published are the kids of the JWKS, after a look that it has public members only.
func published(t *testing.T, r *keys.Ring) (kids []string) {
	t.Helper()
	text, err := r.JWKS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []map[string]any }
	if err := json.Unmarshal(text, &set); err != nil {
		t.Fatal(err)
	}
	for _, key := range set.Keys {
		for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
			if _, there := key[private]; there {
				t.Errorf("the private member %q is published", private)
			}
		}
		kids = append(kids, key["kid"].(string))
	}
	return kids
}

func TestJWKS(t *testing.T) {
	r := rig.New(t)

	t.Run("has the active and the next key, public members only", func(t *testing.T) {
		if kids := published(t, r.Ring); len(kids) != 2 {
			t.Errorf("got %v", kids)
		}
	})

	t.Run("is the same bytes until a key changes, on every replica", func(t *testing.T) {
		first, err := r.Ring.JWKS(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		r.Ring.Flush()
		second, err := r.Ring.JWKS(t.Context())
		if err != nil || !bytes.Equal(first, second) {
			t.Errorf("read again: %s, %v", second, err)
		}
		elsewhere, err := rig.On(t, r.Database, r.Clock).Ring.JWKS(t.Context())
		if err != nil || !bytes.Equal(first, elsewhere) {
			t.Errorf("elsewhere: %s, %v", elsewhere, err)
		}
	})
}

func TestWhileTheDatabaseIsAway(t *testing.T) {
	r := rig.New(t)
	token := sign(t, r.Ring, r.Clock.Now())
	stranger := unknown(t, r.Clock.Now())
	r.Store.Down()
	r.Ring.Flush()
	r.Store.Reset()

	t.Run("the old set stays in use, and callers don't queue for a new one", func(t *testing.T) {
		for _, err := range testkit.Together(50, func(int) error { return verify(t, r.Ring, token, rig.Noon) }) {
			if err != nil {
				t.Error(err)
			}
		}
		sign(t, r.Ring, r.Clock.Now())
		if kids := published(t, r.Ring); len(kids) != 2 {
			t.Errorf("published: %v", kids)
		}
		if n := r.Store.Count("Keys.All"); n != 1 {
			t.Errorf("%d reads", n)
		}
	})

	t.Run("an unknown key can't be called forged, once a second", func(t *testing.T) {
		if err := verify(t, r.Ring, stranger, r.Clock.Now()); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
		if err := verify(t, r.Ring, stranger, r.Clock.Now()); !forged(err) {
			t.Errorf("again at once: %v", err)
		}
	})

	t.Run("the new set is read when it is back", func(t *testing.T) {
		r.Store.Up()
		r.Clock.Move(time.Second)
		update(t, r, domain.KeyActive, revoke)
		if err := verify(t, r.Ring, token, r.Clock.Now()); !forged(err) {
			t.Errorf("got %v", err)
		}
	})
}
