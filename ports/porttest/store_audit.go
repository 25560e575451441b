package porttest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

func storeAudit(t *testing.T, s storeTest) {
	add := func(t *testing.T, events ...domain.Event) {
		t.Helper()
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Audit.Add(ctx, events...) })
	}
	list := func(t *testing.T, f store.AuditFilter) []domain.Event {
		t.Helper()
		events, err := s.Read().Audit.List(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		return events
	}
	event := func(at time.Time, kind domain.EventType, subject string) domain.Event {
		return domain.NewEvent(kind, domain.System(), domain.Origin{}, "user", subject).Stamped(newID[domain.EventID](), at)
	}

	t.Run("events come back as they went, newest first, with and without a trace", func(t *testing.T) {
		actor := domain.Actor{Kind: domain.ActorUser, ID: newID[domain.PrincipalID](), SessionID: newID[domain.SessionID]()}
		full := domain.NewEvent(domain.EventLoginFailed, actor, domain.Origin{IP: "192.0.2.1", UserAgent: "agent", RequestID: "r-1"}, "user",
			string(actor.ID)).Stamped(newID[domain.EventID](), noon).With("reason", "it's \"wrong\"")
		full.Outcome, full.ServiceID, full.Trace.Identifier = domain.Failed, domain.PlatformID, "ada@example.com"
		bare := event(noon.Add(time.Second), domain.EventKeyCreated, "")
		add(t, full, bare)
		add(t)
		same(t, "events", list(t, store.AuditFilter{}), []domain.Event{bare, full})
	})

	t.Run("by type, subject and both, and as many as asked for", func(t *testing.T) {
		subject := string(newID[domain.UserID]())
		var all []domain.Event
		for i := range 3 {
			all = append(all, event(noon.Add(time.Duration(i)*time.Hour), domain.EventSessionEnded, subject))
		}
		other := event(noon.Add(5*time.Hour), domain.EventRefreshReused, subject)
		add(t, append(all, other, event(noon, domain.EventSessionEnded, "another"))...)
		same(t, "subject", list(t, store.AuditFilter{SubjectID: subject}), []domain.Event{other, all[2], all[1], all[0]})
		same(t, "limit", list(t, store.AuditFilter{SubjectID: subject, Limit: 2}), []domain.Event{other, all[2]})
		same(t, "both", list(t, store.AuditFilter{SubjectID: subject, Types: []domain.EventType{domain.EventRefreshReused}}), []domain.Event{other})
		same(t, "types", list(t, store.AuditFilter{
			Types: []domain.EventType{domain.EventRefreshReused, domain.EventKeyCreated}, SubjectID: subject,
		}), []domain.Event{other})
		same(t, "nothing", list(t, store.AuditFilter{SubjectID: "nobody"}), []domain.Event(nil))
	})

	t.Run("by each of what they have, and a page at a time", func(t *testing.T) {
		actor := domain.Actor{Kind: domain.ActorService, ID: newID[domain.PrincipalID]()}
		service := newID[domain.ServiceID]()
		var all []domain.Event
		for i := range 4 {
			e := domain.NewEvent(domain.EventGrantAdded, actor, domain.Origin{}, "user", "paged").In(service).
				Stamped(newID[domain.EventID](), noon.AddDate(1, 0, i/2)) // two at a time: the id decides
			all = append(all, e)
		}
		slices.SortFunc(all, func(a, b domain.Event) int {
			return cmp.Or(b.At.Compare(a.At), strings.Compare(string(b.ID), string(a.ID)))
		})
		all[1].Outcome, all[2].Type = domain.Failed, domain.EventGrantRemoved
		add(t, all...)
		for name, row := range map[string]struct {
			filter store.AuditFilter
			want   []domain.Event
		}{
			"actor":            {store.AuditFilter{ActorID: actor.ID}, all},
			"service":          {store.AuditFilter{ServiceID: service}, all},
			"outcome":          {store.AuditFilter{ActorID: actor.ID, Outcome: domain.Failed}, all[1:2]},
			"actor and type":   {store.AuditFilter{ActorID: actor.ID, Types: []domain.EventType{domain.EventGrantRemoved}}, all[2:3]},
			"types alone":      {store.AuditFilter{Types: []domain.EventType{domain.EventGrantRemoved, domain.EventGrantAdded}}, all},
			"since, that time": {store.AuditFilter{ServiceID: service, Since: noon.AddDate(1, 0, 1)}, all[:2]},
			"until, not then":  {store.AuditFilter{ServiceID: service, Until: noon.AddDate(1, 0, 1)}, all[2:]},
			"behind one":       {store.AuditFilter{ServiceID: service, Before: all[0].Place()}, all[1:]},
			"types behind one": {store.AuditFilter{Types: []domain.EventType{domain.EventGrantRemoved, domain.EventGrantAdded}, Before: all[1].Place(), Limit: 1}, all[2:3]},
			"no id":            {store.AuditFilter{ActorID: "nobody"}, nil},
			"no id of one":     {store.AuditFilter{ServiceID: "shop"}, nil},
		} {
			t.Run(name, func(t *testing.T) { same(t, "events", list(t, row.filter), row.want) })
		}
	})

	t.Run("more than 201 are never listed, and a month that nobody prepared is no failure", func(t *testing.T) {
		var all []domain.Event
		for i := range 205 {
			all = append(all, event(noon.AddDate(10, 0, 0).Add(time.Duration(i)), domain.EventUserVerified, fmt.Sprint("s", i)))
		}
		add(t, all...)
		for _, limit := range []int{0, -1, 1000} {
			if n := len(list(t, store.AuditFilter{Limit: limit})); n != 201 {
				t.Errorf("%d events at a limit of %d", n, limit)
			}
		}
	})
}
