package core_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/signet-auth/signet/app/user"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// An import may be started twice: every account is created once, and both runs finish.
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

// A long import does not start again because the database was busy for a moment, and written users count as imported even if the answer to
// the commit was lost.
func TestAnImportOutlastsABusyDatabase(t *testing.T) {
	r := rig.New(t)
	r.Base.System.Sleep = func(context.Context, time.Duration) error { return nil }
	lossy := &losesAnswers{Store: r.Base.Store, lose: 2}
	r.Base.Store = lossy
	run, err := r.Users.Import(user.ImportInput{Actor: domain.System()})
	if err != nil {
		t.Fatal(err)
	}
	outcomes, err := run.Add(t.Context(), []user.ImportedUser{{Email: "ada@example.com"}, {Email: "eve@example.com"}})
	if err != nil || lossy.lose != 0 || outcomes[0].Result != user.Imported || outcomes[1].Result != user.Imported {
		t.Errorf("%+v, %v", outcomes, err)
	}
	if n := r.Database.Int(t, "SELECT count(*) FROM users"); n != 2 {
		t.Errorf("%d users", n)
	}
}

// losesAnswers is a store whose first transactions are committed without anybody hearing of it.
type losesAnswers struct {
	store.Store

	lose int
}

func (s *losesAnswers) WithinTx(ctx context.Context, fn func(context.Context, *store.Tx) error) error {
	err := s.Store.WithinTx(ctx, fn)
	if err == nil && s.lose > 0 {
		s.lose--
		return domain.ErrUnavailable.Because(store.ErrUnknownOutcome)
	}
	return err
}
