package core_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// fail notes failures of an identifier from an address.
func fail(r *rig.Rig, n int, identifier, ip string) {
	for range n {
		from := domain.Origin{IP: ip}
		e := domain.UserEvent(domain.EventLoginFailed, domain.Anonymous(), from, "")
		e.Outcome, e.Trace.Identifier = domain.Failed, identifier
		r.Base.Audit.RecordFailure(e, from.Block(), r.Clock.Now())
	}
}

// counts are the count details of the written events by identifier, "" for one without, in the order of their happening.
func counts(t *testing.T, r *rig.Rig) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, e := range r.Events(t, domain.EventLoginFailed) {
		all[e.Trace.Identifier] = append([]string{e.Details["count"]}, all[e.Trace.Identifier]...)
	}
	return all
}

func written(t *testing.T, r *rig.Rig) int {
	t.Helper()
	return r.Database.Int(t, "SELECT count(*) FROM audit_events WHERE type = 'login.failed'")
}

func TestFailedLogins(t *testing.T) {
	t.Run("are written five one by one, and then once per window with a count", func(t *testing.T) {
		r := rig.New(t)
		fail(r, 3, "ada", "192.0.2.1")
		r.Base.Audit.Flush(t.Context())
		fail(r, 10, "ada", "192.0.2.1")
		fail(r, 2, "bob", "192.0.2.1")
		fail(r, 5, "ada", "198.51.100.1") // of another block: a run of its own
		r.Base.Audit.Flush(t.Context())
		want := map[string][]string{"ada": {"", "", "", "", "", "", "", "", "", ""}, "bob": {"", ""}}
		if diff := cmp.Diff(want, counts(t, r)); diff != "" {
			t.Error(diff)
		}

		r.Clock.Move(10*time.Minute - time.Microsecond)
		r.Base.Audit.Flush(t.Context())
		if n := written(t, r); n != 12 {
			t.Errorf("%d rows before the window was over", n)
		}
		r.Clock.Move(time.Microsecond)
		r.Base.Audit.Flush(t.Context())
		want["ada"] = []string{"", "", "", "", "", "8", "", "", "", "", ""}
		if diff := cmp.Diff(want, counts(t, r)); diff != "" {
			t.Errorf("after the window: %s", diff)
		}
	})

	t.Run("begin one by one again in the next window", func(t *testing.T) {
		r := rig.New(t)
		fail(r, 6, "ada", "192.0.2.1")
		r.Clock.Move(10 * time.Minute)
		r.Base.Audit.Flush(t.Context())
		fail(r, 1, "ada", "192.0.2.1")
		r.Base.Audit.Flush(t.Context())
		if n := written(t, r); n != 7 {
			t.Errorf("%d rows", n)
		}
	})

	t.Run("are not lost when they can't be written, and keep their order", func(t *testing.T) {
		r := rig.New(t)
		fail(r, 1, "first", "192.0.2.1")
		r.Store.Down()
		r.Base.Audit.Flush(t.Context())
		r.Base.Audit.Flush(t.Context())
		fail(r, 1, "second", "192.0.2.1")
		r.Store.Up()
		r.Base.Audit.Flush(t.Context())
		if diff := cmp.Diff(map[string][]string{"first": {""}, "second": {""}}, counts(t, r)); diff != "" {
			t.Error(diff)
		}
		r.Base.Audit.Flush(t.Context())
		if n := written(t, r); n != 2 {
			t.Errorf("%d rows after another flush", n)
		}
		if !strings.Contains(r.Log.String(), "can't be written") || strings.Contains(r.Log.String(), "first") {
			t.Errorf("the log: %s", r.Log)
		}
	})

	t.Run("that were written although the answer was lost don't keep the others out", func(t *testing.T) {
		r := rig.New(t)
		fail(r, 2, "there", "192.0.2.1")
		r.Base.Audit.Store = lost{r.Store}
		r.Base.Audit.Flush(t.Context())
		r.Base.Audit.Store = r.Store
		fail(r, 1, "new", "192.0.2.1")
		r.Base.Audit.Flush(t.Context())
		if diff := cmp.Diff(map[string][]string{"there": {"", ""}, "new": {""}}, counts(t, r)); diff != "" {
			t.Error(diff)
		}
	})
}

// lost is a store whose answers to COMMIT never arrive.
type lost struct{ *rig.Store }

func (l lost) WithinTx(ctx context.Context, fn func(context.Context, *store.Tx) error) error {
	if err := l.Store.WithinTx(ctx, fn); err != nil {
		return err
	}
	return domain.ErrUnavailable
}

func TestRefusals(t *testing.T) {
	r := rig.New(t)
	by := domain.Actor{Kind: domain.ActorUser, ID: domain.PrincipalID(r.System.NewID())}
	refuse := func(kind domain.EventType, service domain.ServiceID, subject string) {
		e := domain.NewEvent(kind, by, rig.From, "user", subject).In(service)
		e.Outcome = domain.Failed
		r.Base.Audit.RecordFailure(e, rig.From.Block(), r.Clock.Now())
	}
	shop, bank := domain.ServiceID(r.System.NewID()), domain.ServiceID(r.System.NewID())
	for i := range 7 {
		refuse(domain.EventGrantAdded, shop, fmt.Sprint("somebody ", i))
		refuse(domain.EventGrantAdded, bank, "one")
		refuse(domain.EventGrantRemoved, shop, "one")
	}
	r.Clock.Move(10 * time.Minute)
	r.Base.Audit.Flush(t.Context())
	counted := map[string]string{}
	for _, e := range r.Events(t, domain.EventGrantAdded, domain.EventGrantRemoved) {
		if e.Details["count"] != "" {
			counted[fmt.Sprint(e.Type, e.ServiceID == shop)] = e.Details["count"] + e.SubjectID
		}
	}
	// A service's readers must not count what happened at another, and who is named must be all that is counted.
	if diff := cmp.Diff(map[string]string{"grant.addedtrue": "2", "grant.addedfalse": "2one", "grant.removedtrue": "2one"}, counted); diff != "" {
		t.Error(diff)
	}
}

func TestAFloodOfNames(t *testing.T) {
	const names = 30_000
	r := rig.New(t)
	before := heap()
	for i := range names {
		fail(r, 1, fmt.Sprintf("name-%d", i), fmt.Sprintf("10.%d.%d.%d", i>>16&255, i>>8&255, i&255))
	}
	if grown := heap() - before; grown > 64<<20 {
		t.Errorf("it takes %d MB", grown>>20)
	}
	r.Base.Audit.Flush(t.Context())
	if n := written(t, r); n < 5000 || n > 10_000 {
		t.Errorf("%d rows", n)
	}

	// Whatever was merged, nothing was dropped: rows and counts add up.
	r.Clock.Move(10 * time.Minute)
	r.Base.Audit.Flush(t.Context())
	total := r.Database.Int(t, "SELECT sum(coalesce(json_extract(details, '$.count'), '1')) FROM audit_events WHERE type = 'login.failed'")
	if total != names {
		t.Errorf("%d failures of %d are on record", total, names)
	}
	if r.Log.String() != "" {
		t.Errorf("logged: %s", r.Log)
	}
}

// heap is how many bytes are in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestAuditRun(t *testing.T) {
	r := rig.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.Base.Audit.Run(ctx)
	}()
	rig.Wait(t, "its first rest", func() bool { return r.Clock.Asleep() == 1 })

	fail(r, 7, "ada", "192.0.2.1")
	r.Clock.Move(time.Second)
	rig.Wait(t, "the flush of a second", func() bool { return written(t, r) == 5 })

	fail(r, 1, "bob", "192.0.2.1")
	cancel()
	<-done
	want := map[string][]string{"ada": {"", "", "", "", "", "2"}, "bob": {""}}
	if diff := cmp.Diff(want, counts(t, r)); diff != "" {
		t.Errorf("after the stop: %s", diff)
	}
}
