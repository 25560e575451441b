package core_test

import (
	"errors"
	"testing"

	"github.com/signet-auth/signet/adapters/memory"
	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// authBench is a watched rig.
type authBench struct{ *rig.Watched }

func newAuthBench(t *testing.T) *authBench {
	t.Helper()
	return &authBench{rig.NewWatched(t)}
}

// unlimited takes the limits away, for races.
func (b *authBench) unlimited(t *testing.T) *authBench {
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
