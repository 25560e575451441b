package core_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/race"
	"github.com/signet-auth/signet/test/testkit/rig"
)

func TestChanges(t *testing.T) {
	t.Run("of keys are read once, by the next use", func(t *testing.T) {
		r := rig.New(t)
		token := sign(t, r.Keys, r.Clock.Now())
		r.Keys.Changed(domain.Change{Kind: domain.ChangeSigningKey, Subject: "k"})
		r.Store.Reset()
		for _, err := range race.Together(50, func(int) error { return verify(t, r.Keys, token, r.Clock.Now()) }) {
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
		r.Keys.Changed(domain.Change{Kind: domain.ChangeSession, Subject: "s"})
		r.Keys.Changed(domain.Change{Kind: domain.ChangeService, Subject: "s"})
		sign(t, r.Keys, r.Clock.Now())
		if n := r.Store.Count(); n != 0 {
			t.Errorf("%d queries", n)
		}
	})

	t.Run("during a read are not lost", func(t *testing.T) {
		r := rig.New(t)
		r.Keys.Flush(domain.FeedPlace{})
		read, answer := make(chan struct{}), make(chan struct{})
		first := true
		r.Store.After(func(query string) {
			if query == "Keys.All" && first {
				first = false
				close(read)
				<-answer
			}
		})
		token := sign(t, rig.On(t, r.Database, r.Clock).Keys, r.Clock.Now())
		done := make(chan error, 1)
		go func() {
			_, err := r.Keys.Verify(context.WithoutCancel(t.Context()), token, rig.Issuer, rig.Noon)
			done <- err
		}()
		<-read // with the key still good
		update(t, r, domain.KeyActive, revoke)
		close(answer)
		if err := <-done; err != nil {
			t.Errorf("the one that came before: %v", err)
		}
		if err := verify(t, r.Keys, token, r.Clock.Now()); !forged(err) {
			t.Errorf("the one that came after: %v", err)
		}
	})
}

func TestARevokedKey(t *testing.T) {
	t.Run("is refused at once, also when it was the last that could sign", func(t *testing.T) {
		r := rig.New(t)
		token := sign(t, r.Keys, r.Clock.Now())
		update(t, r, domain.KeyActive, revoke)
		if err := verify(t, r.Keys, token, r.Clock.Now()); !forged(err) {
			t.Errorf("its token: %v", err)
		}
		if _, err := r.Keys.Sign(t.Context(), claims(r.Clock.Now())); err == nil {
			t.Error("it signed")
		}
		if kids := published(t, r.Keys); len(kids) != 1 {
			t.Errorf("published: %v", kids)
		}
	})
}

func TestAKeySealedWithANewerSecret(t *testing.T) {
	// A rolling change of SECRET_KEY: another replica has the new one already, and rotates.
	r := rig.New(t)
	old := sign(t, r.Keys, r.Clock.Now())
	newer := rig.On(t, r.Database, r.Clock)
	newer.Keys.Sealer = rig.Sealer(t, otherSecret, rig.SecretKey)
	update(t, newer, domain.KeyActive, func(k *domain.SigningKey) {
		k.State, k.RetiredAt, k.ExpiresAt = domain.KeyRetired, r.Clock.Now(), r.Clock.Now().Add(time.Hour)
	})
	r.Database.Exec(t, "DELETE FROM signing_keys WHERE state = 'next'")
	if err := newer.Keys.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	token := sign(t, newer.Keys, r.Clock.Now())
	r.Poll(t)
	for name, token := range map[string]domain.Secret{"of before": old, "of the other replica": token} {
		if err := verify(t, r.Keys, token, r.Clock.Now()); err != nil {
			t.Errorf("a token %s: %v", name, err)
		}
	}
	if _, err := r.Keys.Sign(t.Context(), claims(r.Clock.Now())); err == nil || !strings.Contains(err.Error(), "SECRET_KEY") {
		t.Errorf("signing: %v", err)
	}
}

func TestWhileTheDatabaseIsAway(t *testing.T) {
	r := rig.New(t)
	token := sign(t, r.Keys, r.Clock.Now())
	stranger := unknown(t, r.Clock.Now())
	r.Store.Down()
	r.Keys.Flush(domain.FeedPlace{})
	r.Store.Reset()

	t.Run("the old set stays in use, and callers don't queue for a new one", func(t *testing.T) {
		for _, err := range race.Together(50, func(int) error { return verify(t, r.Keys, token, rig.Noon) }) {
			if err != nil {
				t.Error(err)
			}
		}
		sign(t, r.Keys, r.Clock.Now())
		if kids := published(t, r.Keys); len(kids) != 2 {
			t.Errorf("published: %v", kids)
		}
		if n := r.Store.Count("Keys.All"); n != 1 {
			t.Errorf("%d reads", n)
		}
	})

	t.Run("an unknown key can't be called forged, once a second", func(t *testing.T) {
		if err := verify(t, r.Keys, stranger, r.Clock.Now()); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
		if err := verify(t, r.Keys, stranger, r.Clock.Now()); !forged(err) {
			t.Errorf("again at once: %v", err)
		}
	})

	t.Run("the new set is read when it is back", func(t *testing.T) {
		r.Store.Up()
		r.Clock.Move(time.Second)
		update(t, r, domain.KeyActive, revoke)
		if err := verify(t, r.Keys, token, r.Clock.Now()); !forged(err) {
			t.Errorf("got %v", err)
		}
	})
}
