package auth_test

import (
	"errors"
	"testing"

	"github.com/signet-auth/signet/adapters/memory"
	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// bench is a watched rig.
type bench struct{ *rig.Watched }

func newBench(t *testing.T) *bench {
	t.Helper()
	return &bench{rig.NewWatched(t)}
}

// unlimited takes the limits away, for races.
func (b *bench) unlimited(t *testing.T) *bench {
	t.Helper()
	b.Ports.Limiter = memory.Unlimited{}
	b.Rebuild(t)
	return b
}

func with(password string) auth.LoginInput {
	return auth.LoginInput{From: rig.From, Email: "ada@example.com", Password: domain.NewSecret(password)}
}

func registration(address string) auth.RegisterInput {
	return auth.RegisterInput{From: rig.From, Email: address, Password: domain.NewSecret(rig.Password), FirstName: "Ada"}
}

func is(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}
