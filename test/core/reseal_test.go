package core_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/app/credential"
	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/app/reseal"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/race"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// current is the secret that takes the place of the rig's.
const current = "YW5vdGhlciBzZWNyZXQsIG9mIGFub3RoZXIgZGVwbG95bWVudA"

// fill promises so many messages, sealed by a sealer of these secrets.
func fill(t *testing.T, r *rig.Rig, n int, secret string) {
	t.Helper()
	queue := outbox.MailQueue{Sealer: rig.Sealer(t, secret), System: r.System}
	r.Write(t, func(ctx context.Context, tx *store.Tx) error {
		for range n {
			if err := queue.Put(ctx, tx, domain.TopicResend, "payload", r.Clock.Now(), r.Clock.Now().Add(48*time.Hour)); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestReseal(t *testing.T) {
	r := rig.New(t)
	const lost = "Bm9uZSBvZiB0aGUgdHdvIG90aGVycywgaXQgd2FzIGxvc3Q4"
	fill(t, r, 450, rig.SecretKey)
	fill(t, r, 1, lost)
	fill(t, r, 10, current)
	ada := r.User(t, "ada@example.com")
	app := domain.Factor{ID: "0198c2a4-7b1e-7c3a-9d55-2f6e8a1b4c70", UserID: ada.ID, Kind: domain.FactorTOTP, CreatedAt: r.Clock.Now()}
	app.Secret, _ = rig.Sealer(t, rig.SecretKey).Seal(credential.FactorPlace(app.ID, ada.ID), []byte("of an app"))
	r.Write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Factors.Insert(ctx, app) })
	work := reseal.New(r.Base, rig.Sealer(t, current, rig.SecretKey))

	total := 0
	for _, n := range race.Together(4, func(int) int {
		n, err := work.All(t.Context(), r.Clock.Now(), 0)
		if err != nil {
			t.Error(err)
		}
		return n
	}) {
		total += n
	}
	if total != 453 { // with two signing keys and the secret of an authenticator app
		t.Errorf("%d values were sealed again", total)
	}
	if n, err := work.All(t.Context(), r.Clock.Now(), 0); n != 0 || err != nil {
		t.Errorf("again: %d, %v", n, err)
	}
	warnings := func(want int) {
		t.Helper()
		if n := strings.Count(r.Log.String(), "can't be opened"); n != want || !strings.Contains(r.Log.String(), "signing_key_count=0 messages=1 flows=0") {
			t.Errorf("%d lines, want %d, tell of the value whose secret is lost:\n%s", n, want, r.Log)
		}
	}
	sweep := func(now time.Time) {
		t.Helper()
		if n, err := work.All(t.Context(), now, 0); n != 0 || err != nil {
			t.Errorf("again: %d, %v", n, err)
		}
	}
	warnings(1) // of five sweeps
	sweep(r.Clock.Now().Add(24*time.Hour - time.Second))
	warnings(1)
	sweep(r.Clock.Now().Add(24 * time.Hour))
	warnings(2)
	fill(t, r, 3, lost)
	sweep(r.Clock.Now().Add(25 * time.Hour))
	if !strings.Contains(r.Log.String(), "messages=4 flows=0") {
		t.Errorf("nothing tells of more:\n%s", r.Log)
	}

	alone := outbox.MailQueue{Sealer: rig.Sealer(t, current), System: r.System}
	r.Write(t, func(ctx context.Context, tx *store.Tx) error {
		claimed, err := tx.Outbox.Claim(ctx, r.Clock.Now(), time.Minute, []domain.Topic{domain.TopicResend}, 1000)
		opened := 0
		for _, m := range claimed {
			var payload string
			if alone.Open(m, &payload) == nil && payload == "payload" {
				opened++
			}
		}
		if opened != 460 {
			t.Errorf("%d of %d open without the former secret", opened, len(claimed))
		}
		return err
	})
	again, err := r.DB.Read().Factors.ByUser(t.Context(), ada.ID)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := rig.Sealer(t, current).Open(credential.FactorPlace(app.ID, ada.ID), again[0].Secret); err != nil || string(plain) != "of an app" {
		t.Errorf("the secret of the app is %q, %v", plain, err)
	}
	ring := r.NewRing(domain.ES256)
	ring.Sealer = rig.Sealer(t, current)
	if err := ring.Start(t.Context()); err != nil {
		t.Errorf("the keys: %v", err)
	}
}
