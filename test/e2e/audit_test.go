package e2e_test

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit"
)

// shop is a stored service with a role that has the patterns.
func (f *office) shop(t *testing.T, key string, patterns ...domain.Pattern) (domain.ServiceID, domain.RoleID) {
	t.Helper()
	now := f.Clock.Now().UTC().Truncate(time.Microsecond)
	service, err := domain.NewService(domain.ServiceID(newID()), key, "The "+key, "", now)
	if err != nil {
		t.Fatal(err)
	}
	var reserved []domain.Permission
	for _, name := range domain.ReservedPermissions() {
		reserved = append(reserved, domain.Permission{ID: domain.PermissionID(newID()), ServiceID: service.ID, Name: name, CreatedAt: now})
	}
	err = f.record.Insist(func(ctx context.Context, tx *store.Tx) error {
		tx.Changed(domain.ChangeService, string(service.ID), domain.TokensStale)
		return tx.Services.Insert(ctx, service, reserved)
	})
	if err != nil {
		t.Fatal(err)
	}
	return service.ID, f.role(t, service.ID, patterns...)
}

func (f *office) role(t *testing.T, service domain.ServiceID, patterns ...domain.Pattern) domain.RoleID {
	t.Helper()
	role, err := domain.NewRole(domain.RoleID(newID()), service, "role "+newID()[:8], "", patterns, f.Clock.Now().UTC().Truncate(time.Microsecond))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.record.Insist(func(ctx context.Context, tx *store.Tx) error { return tx.Roles.Insert(ctx, role) }); err != nil {
		t.Fatal(err)
	}
	return role.ID
}

// happened puts an event into the log, as use cases do.
func (f *office) happened(t *testing.T, e domain.Event, at time.Time) string {
	t.Helper()
	e = e.Stamped(domain.EventID(newID()), at)
	if err := f.record.Insist(func(ctx context.Context, tx *store.Tx) error { return tx.Audit.Add(ctx, e) }); err != nil {
		t.Fatal(err)
	}
	return string(e.ID)
}

func (f *office) events(t *testing.T, token, query string) ([]map[string]any, testkit.Response) {
	t.Helper()
	answer := f.client.In(t).Do(get("/api/audit?"+query, token)).Want(http.StatusOK, "")
	list, _ := answer.JSON()["events"].([]any)
	events := make([]map[string]any, len(list))
	for i, e := range list {
		events[i], _ = e.(map[string]any)
	}
	return events, answer
}

func TestAudit(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		f := openOffice(t, testkit.Options{Backends: b})
		shop, shopRole := f.shop(t, "shop", "signet.audit:read")
		bank, _ := f.shop(t, "bank")
		_, auditor := f.clerk(t, domain.RolePlatformReader)
		_, blind := f.clerk(t, f.role(t, domain.PlatformID, domain.AuditRead)) // reads events and not users
		_, nobody := f.clerk(t)
		shopkeeper, ofShop := f.clerk(t)
		f.give(t, shopkeeper.ID, shopRole, shop)

		actor := domain.Actor{Kind: domain.ActorService, ID: domain.PrincipalID(newID())}
		from := domain.Origin{IP: "203.0.113.9", UserAgent: "curl", RequestID: "r-1"}
		subject, then := newID(), f.Clock.Now().UTC().Truncate(time.Second).Add(-time.Hour)
		grant := func(kind domain.EventType, service domain.ServiceID) domain.Event {
			return domain.NewEvent(kind, actor, from, "user", subject).In(service).With("role", "clerk")
		}
		failed := grant(domain.EventGrantRemoved, bank)
		failed.Outcome, failed.Trace.Identifier = domain.Failed, "ada@example.com"
		added, updated := f.happened(t, grant(domain.EventGrantAdded, shop), then), f.happened(t, grant(domain.EventGrantUpdated, shop), then.Add(time.Second))
		removed := f.happened(t, failed, then.Add(2*time.Second))
		verified := f.happened(t, domain.NewEvent(domain.EventUserVerified, actor, from, "user", subject), then.Add(3*time.Second))
		about := "subject=" + subject

		ids := func(t *testing.T, token, query string) (ids []string) {
			t.Helper()
			events, _ := f.events(t, token, query)
			for _, e := range events {
				ids = append(ids, e["id"].(string))
			}
			return ids
		}
		at := func(d time.Duration) string { return url.QueryEscape(then.Add(d).Format(time.RFC3339)) }
		for name, row := range map[string]struct {
			query string
			want  []string
		}{
			"subject":                    {about, []string{verified, removed, updated, added}},
			"actor and subject":          {"actor=" + strings.ToUpper(string(actor.ID)) + "&subject=" + strings.ToUpper(subject), []string{verified, removed, updated, added}},
			"nobody":                     {"actor=nobody", nil},
			"type":                       {about + "&type=grant.added", []string{added}},
			"types":                      {about + "&type=grant.added,user.verified", []string{verified, added}},
			"a family":                   {about + "&type=grant.*", []string{removed, updated, added}},
			"a family and one of it":     {"actor=" + string(actor.ID) + "&type=grant.added,grant.*", []string{removed, updated, added}},
			"types alone":                {"type=grant.updated,grant.removed", []string{removed, updated}},
			"outcome":                    {about + "&outcome=failure", []string{removed}},
			"service by id":              {about + "&service=" + string(shop), []string{updated, added}},
			"service by key":             {about + "&service=bank", []string{removed}},
			"since, that moment too":     {about + "&since=" + at(2*time.Second), []string{verified, removed}},
			"until, that moment not":     {about + "&until=" + at(time.Second), []string{added}},
			"a time with another offset": {about + "&until=" + url.QueryEscape(then.Add(time.Second).In(time.FixedZone("", 7200)).Format(time.RFC3339)), []string{added}},
			"nothing":                    {"subject=nobody", nil},
		} {
			t.Run(name, func(t *testing.T) {
				if diff := cmp.Diff(row.want, ids(t, auditor, row.query)); diff != "" {
					t.Errorf("events (-want +got):\n%s", diff)
				}
			})
		}

		t.Run("page by page it is the whole", func(t *testing.T) {
			var got []string
			query := about + "&limit=3"
			for {
				got = append(got, ids(t, auditor, query)...)
				_, answer := f.events(t, auditor, query)
				next, more := answer.JSON()["next_cursor"].(string)
				if !more {
					break
				}
				query = about + "&limit=3&cursor=" + next
			}
			if diff := cmp.Diff([]string{verified, removed, updated, added}, got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})

		t.Run("an event has the members of the contract, and those of a person for readers of users only (AZ-4)", func(t *testing.T) {
			want := map[string]any{
				"id": removed, "at": then.Add(2 * time.Second).Format(time.RFC3339), "type": "grant.removed", "outcome": "failure",
				"actor": map[string]any{"type": "service", "id": string(actor.ID)}, "subject": map[string]any{"type": "user", "id": subject},
				"service_id": string(bank), "request_id": "r-1", "details": map[string]any{"role": "clerk"},
				"ip": "203.0.113.9", "user_agent": "curl", "identifier": "ada@example.com",
			}
			seen, answer := f.events(t, auditor, about+"&outcome=failure")
			if diff := cmp.Diff(want, seen[0]); diff != "" {
				t.Errorf("event (-want +got):\n%s", diff)
			}
			if answer.Header.Get("Cache-Control") != "no-store" {
				t.Error("it may be stored")
			}
			maps.DeleteFunc(want, func(name string, _ any) bool {
				return slices.Contains([]string{"ip", "user_agent", "identifier"}, name)
			})
			unseen, _ := f.events(t, blind, about+"&outcome=failure")
			if diff := cmp.Diff(want, unseen[0]); diff != "" {
				t.Errorf("event without a trace (-want +got):\n%s", diff)
			}
		})

		t.Run("a service's reader sees what is about its objects", func(t *testing.T) {
			events, answer := f.events(t, ofShop, "service=shop")
			if len(events) != 2 || events[0]["id"] != updated || strings.Contains(string(answer.Body), from.IP) {
				t.Errorf("got %s", answer.Body)
			}
			for name, query := range map[string]string{
				"another service": "service=bank", "another by id": "service=" + string(bank), "the platform": "service=auth_service", "none": "service=nowhere", "an invented id": "service=" + newID(),
			} {
				if got := f.client.Do(get("/api/audit?"+query, ofShop)).Outcome(); got != "404 not_found" {
					t.Errorf("%s: %s", name, got)
				}
			}
			f.client.Do(get("/api/audit", ofShop)).Want(http.StatusForbidden, "forbidden")
		})

		t.Run("refuses", func(t *testing.T) {
			_, first := f.events(t, auditor, about+"&limit=1")
			cursor := "&limit=1&cursor=" + first.Text("next_cursor")
			for name, row := range map[string]struct{ token, query, want string }{
				"nobody in particular":       {"", "", "401 token_missing"},
				"somebody without rights":    {nobody, "service=shop", "403 forbidden"},
				"an unknown key":             {auditor, "service=nowhere", "404 not_found"},
				"a type that is none":        {auditor, "type=grant.aded", "400 invalid_request"},
				"a family that is none":      {auditor, "type=gr*", "400 invalid_request"},
				"everything as a family":     {auditor, "type=*", "400 invalid_request"},
				"an empty type among others": {auditor, "type=grant.added,", "400 invalid_request"},
				"eleven types":               {auditor, "type=" + strings.Repeat("grant.added,", 10) + "user.deleted", "400 invalid_request"},
				"an outcome that is none":    {auditor, "outcome=maybe", "400 invalid_request"},
				"times that are none":        {auditor, "since=yesterday&until=2027-01-01", "400 validation_failed"},
				"a limit that is too high":   {auditor, "limit=201", "400 invalid_request"},
				"a cursor of another filter": {auditor, about + "&outcome=success" + cursor, "400 invalid_cursor"},
				"a cursor of somebody else":  {blind, about + cursor, "400 invalid_cursor"},
				"a subject given twice":      {auditor, about + "&" + about, "400 invalid_request"},
			} {
				if got := f.client.Do(get("/api/audit?"+row.query, row.token)).Outcome(); got != row.want {
					t.Errorf("%s: got %s, want %s", name, got, row.want)
				}
			}
		})

		t.Run("events of a service that is gone stay, for those who know its id", func(t *testing.T) {
			f.record.Exec("UPDATE services SET state = 'deleted', deleted_at = updated_at WHERE id = ?", string(bank))
			if diff := cmp.Diff([]string{removed}, ids(t, auditor, "service="+string(bank))); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	})
}
