package core_test

import (
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
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/race"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// otherSecret is another strong secret.
const otherSecret = "YW5vdGhlciBzZWNyZXQsIG9mIGFub3RoZXIgZGVwbG95bWVudA"

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
		if k.State != state || k.Algorithm != r.Keys.Policy.Algorithm {
			continue
		}
		change(&k)
		r.Write(t, func(ctx context.Context, tx *store.Tx) error {
			tx.Changed(domain.ChangeSigningKey, k.KID, domain.TokensStale)
			return tx.Keys.Update(ctx, k)
		})
		return
	}
	t.Fatalf("there is no %s key", state)
}

func revoke(k *domain.SigningKey) { k.State = domain.KeyRevoked }

func TestUnknownKeys(t *testing.T) {
	t.Run("cost one read a second, however many tokens name them", func(t *testing.T) {
		r := rig.New(t)
		tokens := make([]domain.Secret, 20)
		for i := range tokens {
			tokens[i] = unknown(t, r.Clock.Now())
		}
		r.Store.Reset()
		for _, want := range []int{1, 2, 3} {
			for _, err := range race.Together(len(tokens), func(i int) error { return verify(t, r.Keys, tokens[i], r.Clock.Now()) }) {
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

	t.Run("cost nothing when the token is not even of our form", func(t *testing.T) {
		r := rig.New(t)
		for _, text := range []string{"", "x", "a.b.c", strings.Repeat("x", 10_000)} {
			if err := verify(t, r.Keys, domain.NewSecret(text), r.Clock.Now()); !forged(err) {
				t.Errorf("%.10q: %v", text, err)
			}
		}
		if n := r.Store.Count(); n != 0 {
			t.Errorf("%d queries", n)
		}
	})
}

// published are the kids of the JWKS.
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
		kids = append(kids, key["kid"].(string))
	}
	return kids
}

func TestTheKeySetIsTheSameBytesUntilAKeyChangesOnEveryReplica(t *testing.T) {
	r := rig.New(t)
	set := func(r *rig.Rig) string {
		t.Helper()
		text, err := r.Keys.JWKS(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	first := set(r)
	r.Keys.Flush(domain.FeedPlace{})
	if again, elsewhere := set(r), set(rig.On(t, r.Database, r.Clock)); again != first || elsewhere != first {
		t.Errorf("first: %s\nread again: %s\nelsewhere: %s", first, again, elsewhere)
	}
}

func TestARingMakesNoKeysUnderASecretKeyThatDoesNotOpenThem(t *testing.T) {
	r := rig.New(t)
	ring := r.NewRing(domain.ES256)
	ring.Sealer = rig.Sealer(t, otherSecret)
	if err := ring.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "SECRET_KEY_PREVIOUS") {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(map[string]int{"ES256 active": 1, "ES256 next": 1}, tally(all(t, r))); diff != "" {
		t.Error(diff)
	}
}
