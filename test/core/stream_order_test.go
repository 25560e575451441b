package core_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// TestATokenThatIsMadeWhileItsFactCommits (integration.md §10): a token whose cs has reached a change was made from data with that change in
// it, whatever was read and written at the same time, and whatever the clocks of two replicas say.
func TestATokenThatIsMadeWhileItsFactCommits(t *testing.T) {
	for name, skew := range map[string]time.Duration{
		"clocks that agree": 0, "a writer five minutes ahead": 5 * time.Minute, "a writer five minutes behind": -5 * time.Minute,
	} {
		t.Run(name, func(t *testing.T) {
			const changes, tokens = 20, 100
			database, clock, theirs := rig.NewDatabase(t), rig.NewClock(), rig.NewClock()
			l := newLandscape(t, rig.On(t, database, clock))
			theirs.Move(l.Clock.Now().Sub(theirs.Now()) + skew)
			there := rig.On(t, database, theirs)
			user := l.User(t, "ann@example.com")
			session, _ := l.Session(t, user, l.service)
			roles := manyRoles(t, l, changes)
			l.Poll(t)
			service, err := l.Directory.Service(t.Context(), l.service.Key)
			if err != nil {
				t.Fatal(err)
			}
			f := l.follow(t, "")
			f.until(t, "ready")

			numbers := make([]int64, changes) // of the change that gave each role
			written := make(chan struct{})
			go func() {
				defer close(written)
				for i, role := range roles {
					there.Assign(t, user, role, time.Time{})
					there.Write(t, func(ctx context.Context, tx *store.Tx) error {
						tx.Changed(domain.ChangePrincipal, string(user.ID), domain.TokensStale)
						return tx.Principals.Bump(ctx, []domain.PrincipalID{user.ID.Principal()}, there.Clock.Now())
					})
					numbers[i] = place(t, l).Seq
				}
			}()
			type minted struct {
				cs   int64
				held []string
			}
			made := make([]minted, tokens)
			var minting sync.WaitGroup
			for i := range made {
				minting.Go(func() {
					time.Sleep(time.Duration(i) * 500 * time.Microsecond)
					if i%5 == 0 {
						l.Poll(t)
					}
					asOf := l.Directory.Applied()
					now, err := l.Directory.User(t.Context(), user.ID)
					if err != nil {
						t.Error(err)
						return
					}
					token, err := l.SignIn.AccessToken(t.Context(), now, session, service, asOf, l.Clock.Now())
					if err != nil {
						t.Error(err)
					}
					made[i] = minted{asOf, token.Permissions}
				})
			}
			minting.Wait()
			<-written
			l.Poll(t)
			for _, token := range made {
				for i, n := range numbers {
					if permission := fmt.Sprintf("thing:p%d", i); token.cs >= n && !slices.Contains(token.held, permission) {
						t.Errorf("cs %d has reached %d, and the token lacks %s", token.cs, n, permission)
					}
				}
			}
			last := numbers[changes-1]
			if asOf := l.Directory.Applied(); asOf < last {
				t.Errorf("tokens of now have cs %d, the last fact %d: they would be asked about until they expire", asOf, last)
			}
			for heard := []string{}; len(heard) < changes; { // a fact each, however they were bundled
				heard = append(heard, f.until(t, "subject "+string(user.ID))...)
			}
			now, err := l.Directory.User(t.Context(), user.ID)
			if err != nil {
				t.Fatal(err)
			}
			token, err := l.SignIn.AccessToken(t.Context(), now, session, service, l.Directory.Applied(), l.Clock.Now())
			if err != nil || len(token.Permissions) != changes {
				t.Errorf("in the end they hold %v, %v", token.Permissions, err)
			}
		})
	}
}

// manyRoles are roles of the landscape's service with a permission each.
func manyRoles(t *testing.T, l *landscape, n int) []domain.RoleID {
	t.Helper()
	ids := make([]domain.RoleID, n)
	l.Write(t, func(ctx context.Context, tx *store.Tx) error {
		for i := range ids {
			name, now := fmt.Sprintf("thing:p%d", i), l.Clock.Now()
			permission := domain.Permission{ID: domain.PermissionID(l.System.NewID()), ServiceID: l.service.ID, Name: name, CreatedAt: now}
			role, err := domain.NewRole(domain.RoleID(l.System.NewID()), l.service.ID, fmt.Sprint("role", i), "", []domain.Pattern{domain.Pattern(name)}, now)
			if err != nil {
				return err
			}
			if err := tx.Permissions.Insert(ctx, permission); err != nil {
				return err
			}
			if err := tx.Roles.Insert(ctx, role); err != nil {
				return err
			}
			ids[i] = role.ID
		}
		tx.Changed(domain.ChangeService, string(l.service.ID), domain.TokensStale)
		service, err := tx.Services.Lock(ctx, l.service.ID, store.Exclusive)
		if err != nil {
			return err
		}
		service.PV++
		return tx.Services.Update(ctx, service)
	})
	return ids
}
