package core_test

import (
	"errors"
	"testing"

	"github.com/signet-auth/signet/app/admin"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/rig"
)

var root = admin.CreateInput{Email: "root@example.com", Password: domain.NewSecret(rig.Password)}

func TestANewAdministratorIsOnRecord(t *testing.T) {
	r := rig.New(t)
	if _, err := r.Admins.Create(t.Context(), root); err != nil {
		t.Fatal(err)
	}
	events := r.Events(t, domain.EventUserRegistered, domain.EventGrantAdded)
	if len(events) != 2 || events[0].ActorKind != domain.ActorSystem {
		t.Errorf("events: %+v", events)
	}
}

func TestBootstrap(t *testing.T) {
	t.Run("that fails is tried again at the next start", func(t *testing.T) {
		r := rig.New(t)
		r.User(t, root.Email)
		if made, err := r.Admins.Bootstrap(t.Context(), root); made || !errors.Is(err, domain.ErrEmailTaken) {
			t.Errorf("a taken address: %v, %v", made, err)
		}
		if made, err := r.Admins.Bootstrap(t.Context(), admin.CreateInput{Email: "other@example.com", Password: root.Password}); !made || err != nil {
			t.Errorf("another one: %v, %v", made, err)
		}
	})

	t.Run("is not taken for done while the database is away", func(t *testing.T) {
		r := rig.New(t)
		r.Store.Down()
		if made, err := r.Admins.Bootstrap(t.Context(), root); made || !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("got %v, %v", made, err)
		}
	})
}
