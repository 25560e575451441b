package user_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/signet-auth/signet/app/user"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// Somebody may begin an import twice: every account is made once, and both runs come to an end.
func TestImportsOfTheSameUsersBesideEachOther(t *testing.T) {
	r := rig.New(t)
	const users, runs = 120, 8
	var mu sync.Mutex
	counts := map[user.ImportResult]int{}
	var all sync.WaitGroup
	for range runs {
		all.Go(func() {
			run, err := r.Users.Import(user.ImportInput{Actor: domain.System(), Source: "twice"})
			if err != nil {
				t.Error(err)
				return
			}
			for begin := 0; begin < users; begin += 20 {
				var batch []user.ImportedUser
				for i := begin; i < begin+20; i++ {
					batch = append(batch, user.ImportedUser{ExternalID: fmt.Sprint(i), Email: fmt.Sprintf("p%d@example.com", i)})
				}
				outcomes, err := run.Add(t.Context(), batch)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for _, o := range outcomes {
					counts[o.Result]++
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if counts[user.Imported] != users || counts[user.ImportPresent] != users*(runs-1) || counts[user.ImportRefused] != 0 {
		t.Errorf("%v", counts)
	}
	if n := r.Database.Int(t, "SELECT count(*) FROM users"); n != users {
		t.Errorf("%d users", n)
	}
}

func TestImportingIsTheOperatorsAlone(t *testing.T) {
	r := rig.New(t)
	root := r.Actor(r.User(t, "root@example.com", domain.RolePlatformAdmin))
	if _, err := r.Users.Import(user.ImportInput{Actor: root}); !errors.Is(err, domain.ErrForbidden) {
		t.Errorf("import: %v", err)
	}
	if _, err := r.Users.ExportAll(t.Context(), user.ExportAllInput{Actor: root}); !errors.Is(err, domain.ErrForbidden) {
		t.Errorf("export: %v", err)
	}
}

// An import of an hour is not begun again because the database was busy for a moment.
func TestAnImportOutlastsABusyDatabase(t *testing.T) {
	r := rig.New(t)
	var slept []time.Duration
	r.Base.System.Sleep = func(_ context.Context, d time.Duration) error { slept = append(slept, d); return nil }
	run, err := r.Users.Import(user.ImportInput{Actor: domain.System()})
	if err != nil {
		t.Fatal(err)
	}
	tries := 0
	r.Store.Before(func(query string) error {
		if tries++; query == "WithinTx" && tries <= 2 {
			return domain.ErrUnavailable
		}
		return nil
	})
	batch := []user.ImportedUser{{Email: "ada@example.com"}, {Email: "eve@example.com"}}
	outcomes, err := run.Add(t.Context(), batch)
	if err != nil || len(slept) != 2 || outcomes[0].Result != user.Imported || outcomes[1].Result != user.Imported {
		t.Errorf("%+v, %v, after %v", outcomes, err, slept)
	}
}
