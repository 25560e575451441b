package core_test

import (
	"testing"
	"time"

	"github.com/signet-auth/signet/app/user"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// A list by state and the states in it must not contradict each other, whatever is stored.
func TestADisablementThatIsOverIsShownAsNone(t *testing.T) {
	c := newCases(t)
	u := c.User(t, "ada@example.com")
	c.Principal(t, u.ID, func(p *domain.Principal) { p.Disable("asked to", rig.Noon.Add(time.Hour), rig.Noon) })
	states := func(filter domain.PrincipalState) (states []domain.PrincipalState) {
		out, err := c.Users.List(t.Context(), user.ListInput{Actor: domain.System(), State: filter})
		if err != nil {
			t.Fatal(err)
		}
		for _, listed := range out.Users {
			states = append(states, listed.State)
		}
		return states
	}
	shown := func() domain.User {
		out, err := c.Users.Show(t.Context(), domain.System(), "ada@example.com")
		if err != nil {
			t.Fatal(err)
		}
		return out.User
	}
	if got := states(domain.Disabled); len(got) != 1 || got[0] != domain.Disabled || shown().State != domain.Disabled {
		t.Errorf("before: listed as %v, shown as %s", got, shown().State)
	}
	c.Clock.Move(time.Hour)
	if got := states(domain.Active); len(got) != 1 || got[0] != domain.Active || shown().State != domain.Active || shown().DisabledReason != "" {
		t.Errorf("after: listed as %v, shown as %s (%s)", got, shown().State, shown().DisabledReason)
	}
}
