package e2e_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/race"
)

// office is a server and those who look after its accounts.
type office struct {
	*testkit.Server

	t      *testing.T
	client *testkit.Client
	record *testkit.Record
	root   testkit.Account
	admin  string // root's token
}

func openOffice(t *testing.T, o testkit.Options) *office {
	t.Helper()
	s := testkit.Start(t, o)
	f := &office{Server: s, t: t, client: s.Client(), record: s.Record()}
	f.root = s.NewAccount()
	appoint(t, s, f.root.ID)
	f.admin = f.client.Login(f.root).Access
	return f
}

// clerk is an account with roles of the platform, and its token.
func (f *office) clerk(t *testing.T, roles ...domain.RoleID) (testkit.Account, string) {
	t.Helper()
	account := f.NewAccount()
	for _, role := range roles {
		f.give(t, account.ID, role, domain.PlatformID)
	}
	return account, f.client.Login(account).Access
}

func (f *office) give(t *testing.T, id string, role domain.RoleID, service domain.ServiceID) {
	t.Helper()
	err := f.record.Insist(func(ctx context.Context, tx *store.Tx) error {
		tx.Changed(domain.ChangePrincipal, id, domain.TokensStale)
		_, err := tx.Assignments.Assign(ctx, domain.Assignment{
			ID: domain.AssignmentID(newID()), PrincipalID: domain.PrincipalID(id), RoleID: role, ServiceID: service, CreatedAt: f.Clock.Now(),
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// on is a call about an account.
func (f *office) on(t *testing.T, token, method, id, what string, fields body) testkit.Response {
	t.Helper()
	r := testkit.Request{Method: method, Path: "/api/users/" + id + what, Bearer: token}
	if fields != nil {
		r.Body = fields
	}
	return f.client.In(t).Do(r)
}

// refused waits until a failure of a type about a subject is in the log, which is written each second.
func (f *office) refused(t *testing.T, kind domain.EventType, subject, code string) {
	t.Helper()
	f.Eventually(10*time.Second, func() bool {
		return slices.ContainsFunc(f.record.Events(kind, subject), func(e domain.Event) bool {
			return e.Outcome == domain.Failed && e.Details["code"] == code && e.ActorKind == domain.ActorUser && e.Trace.IP != ""
		})
	})
}

func TestManagingUsers(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		f := openOffice(t, testkit.Options{Backends: b})
		manager, byManager := f.clerk(t, domain.RoleUserManager)
		_, byReader := f.clerk(t, domain.RolePlatformReader)
		_, byNobody := f.clerk(t)

		t.Run("one is shown with what their owner sees and why they are kept out, and nothing else (API3)", func(t *testing.T) {
			account := f.NewAccount()
			until := f.Clock.Now().Add(time.Hour).UTC().Truncate(time.Second)
			f.on(t, f.admin, "", account.ID, "/disable", body{"reason": "asked  to ", "until": until}).Want(http.StatusOK, "")
			answer := f.on(t, byReader, "", account.ID, "", nil).Want(http.StatusOK, "")
			user, _ := answer.JSON()["user"].(map[string]any)
			want := []string{
				"created_at", "disabled_reason", "disabled_until", "email", "erase_at", "first_name", "id", "identities", "is_active",
				"is_email_verified", "last_login", "last_login_at", "last_name", "metadata", "updated_at",
			}
			if diff := cmp.Diff(want, slices.Sorted(maps.Keys(user))); diff != "" {
				t.Errorf("members (-want +got):\n%s", diff)
			}
			got := []any{user["is_active"], user["disabled_reason"], user["disabled_until"], user["erase_at"]}
			if diff := cmp.Diff([]any{false, "asked to", until.Format(time.RFC3339), nil}, got); diff != "" {
				t.Errorf("shown (-want +got):\n%s", diff)
			}
			if answer.Header.Get("Cache-Control") != "no-store" {
				t.Error("it may be stored")
			}
		})

		t.Run("who may on whom", func(t *testing.T) {
			account := f.NewAccount()
			for name, row := range map[string]struct{ token, id, want string }{
				"without credentials":                      {"", account.ID, "401 token_missing"},
				"somebody without rights":                  {byNobody, account.ID, "403 forbidden"},
				"somebody without rights, on nobody":       {byNobody, newID(), "403 forbidden"},
				"a reader":                                 {byReader, account.ID, "403 forbidden"},
				"a manager on an administrator":            {byManager, f.root.ID, "403 target_outranks"},
				"a manager on nobody":                      {byManager, newID(), "404 not_found"},
				"a manager on what is no id":               {byManager, "nobody", "404 not_found"},
				"a manager on a service's own account":     {byManager, string(domain.PlatformID), "404 not_found"},
				"a manager on a user, spelled in capitals": {byManager, strings.ToUpper(account.ID), "200"},
			} {
				for what, call := range map[string]testkit.Request{
					"patch":         {Method: http.MethodPatch, Body: body{"first_name": "Grace"}},
					"/disable":      {Body: body{"reason": "asked to"}},
					"/enable":       {Method: http.MethodPost},
					"/end-sessions": {Method: http.MethodPost},
					"/send-reset":   {Method: http.MethodPost},
					"/verify":       {Method: http.MethodPost},
				} {
					call.Path, call.Bearer = "/api/users/"+row.id+strings.TrimPrefix(what, "patch"), row.token
					if got := f.client.Do(call).Outcome(); got != row.want {
						t.Errorf("%s, %s: got %s, want %s", name, what, got, row.want)
					}
				}
			}
			f.on(t, byNobody, "", account.ID, "", nil).Want(http.StatusForbidden, "forbidden")
			f.on(t, byNobody, "", account.ID, "/sessions", nil).Want(http.StatusForbidden, "forbidden")
			f.on(t, byReader, "", string(domain.PlatformID), "", nil).Want(http.StatusNotFound, "not_found")
			f.on(t, byReader, "", newID(), "/sessions", nil).Want(http.StatusNotFound, "not_found")
			f.client.Do(get("/api/users", byNobody)).Want(http.StatusForbidden, "forbidden")
			f.on(t, byManager, http.MethodDelete, f.root.ID, "", nil).Want(http.StatusForbidden, "target_outranks")
			f.refused(t, domain.EventUserDisabled, f.root.ID, domain.ErrTargetOutranks.Code)
			f.refused(t, domain.EventUserDeleted, f.root.ID, domain.ErrTargetOutranks.Code)
		})

		t.Run("names, language and metadata change, what is absent stays, null clears", func(t *testing.T) {
			account := f.NewAccount()
			f.on(t, byManager, http.MethodPatch, account.ID, "", body{"first_name": "Grace", "last_name": "Hopper", "metadata": body{"team": "navy"}}).Want(http.StatusOK, "")
			answer := f.on(t, byManager, http.MethodPatch, account.ID, "", body{"last_name": nil, "locale": "de"}).Want(http.StatusOK, "")
			if answer.Text("user.first_name") != "Grace" || answer.Text("user.last_name") != "" || answer.Text("user.locale") != "de" || answer.Text("user.metadata.team") != "navy" {
				t.Errorf("got %s", answer.Body)
			}
			events := f.record.Events(domain.EventUserUpdated, account.ID)
			if len(events) != 2 || events[0].Details["changed"] != "last_name locale" || events[0].ActorID != domain.PrincipalID(manager.ID) {
				t.Errorf("events: %+v", events)
			}
			for what, fields := range map[string]body{
				"unknown": {"is_admin": true}, "verified": {"is_email_verified": true}, "no address": {"email": nil}, "bad address": {"email": "nobody"},
				"locale": {"locale": "!"}, "metadata": {"metadata": "text"}, "reason": {"disabled_reason": "x"}, // Zitadel CVE-2026-27946, API3
			} {
				if got := f.on(t, byManager, http.MethodPatch, account.ID, "", fields).Outcome(); got != "400 invalid_request" {
					t.Errorf("%s: %s", what, got)
				}
			}
		})

		t.Run("another address counts at once, is not proved, and voids what was sent before", func(t *testing.T) {
			account, other := f.NewAccount(), f.NewAccount()
			in := f.client.Login(account)
			f.client.Do(testkit.Request{Path: "/api/password/forgot", Body: body{"email": account.Email}}).Want(http.StatusOK, "")
			link := f.Mail(account.Email, 2).Token()
			f.on(t, byManager, http.MethodPatch, account.ID, "", body{"email": strings.ToUpper(other.Email)}).Want(http.StatusConflict, "email_taken")
			next := testkit.NewAddress()
			answer := f.on(t, byManager, http.MethodPatch, account.ID, "", body{"email": next}).Want(http.StatusOK, "")
			user, _ := answer.JSON()["user"].(map[string]any)
			if user["email"] != next || user["is_email_verified"] != false {
				t.Errorf("got %s", answer.Body)
			}
			f.client.Me(in.Access).Want(http.StatusOK, "") // sessions go on
			f.client.Do(testkit.Request{Path: "/api/password/reset", Body: body{"token": link, "new_password": "another good passphrase"}}).Want(http.StatusBadRequest, "invalid_token")
			if told := f.Mail(account.Email, 3); !strings.Contains(told.Text, next[:1]+"***@example.com") || strings.Contains(told.Text, next) {
				t.Errorf("the old address is told %q", told.Text)
			}
			f.client.Do(login(body{"email": account.Email, "password": account.Password})).Want(http.StatusUnauthorized, "invalid_credentials")
			f.client.Do(login(body{"email": next, "password": account.Password})).Want(http.StatusForbidden, "email_not_verified")
			mail := f.Mail(next, 1)
			if !strings.Contains(mail.Text, "made this the email address of your account") || mail.Code == "" {
				t.Errorf("the new address is told %q", mail.Text)
			}
			f.client.Do(proving(mail.Token())).Want(http.StatusOK, "")
			f.client.Login(testkit.Account{Email: next, Password: account.Password})
			if events := f.record.Events(domain.EventUserEmailChanged, account.ID); len(events) != 1 || events[0].Trace.Identifier != account.Email || events[0].ActorID == "" {
				t.Errorf("events: %+v", events)
			}
			before := len(f.Mails(next))
			f.on(t, byManager, http.MethodPatch, account.ID, "", body{"email": next}).Want(http.StatusOK, "")
			if len(f.Mails(next)) != before || len(f.record.Events(domain.EventUserEmailChanged, account.ID)) != 1 {
				t.Error("the same address again is a change")
			}
		})

		t.Run("disabled, they are out within a second, and enabled in again", func(t *testing.T) {
			account := f.NewAccount()
			in := f.client.Login(account)
			f.client.Me(in.Access).Want(http.StatusOK, "")
			f.on(t, byManager, "", account.ID, "/disable", body{"reason": "first"}).Want(http.StatusOK, "")
			wantRefused(t, f.Server, "disable", in.Access)
			answer := f.on(t, byManager, "", account.ID, "/disable", body{"reason": "second", "until": f.Clock.Now().Add(time.Hour)}).Want(http.StatusOK, "")
			if answer.Text("user.disabled_reason") != "second" {
				t.Errorf("got %s", answer.Body)
			}
			events := f.record.Events(domain.EventUserDisabled, account.ID)
			if len(events) != 2 || strings.Contains(fmt.Sprint(events[0].Details), "second") {
				t.Errorf("events: %+v", events)
			}
			for what, fields := range map[string]body{
				"no reason": {}, "an empty reason": {"reason": ""}, "spaces": {"reason": "  "}, "a long reason": {"reason": strings.Repeat("x", 201)},
				"control characters": {"reason": "a\nb"}, "the past": {"reason": "x", "until": "2020-01-01T00:00:00Z"},
				"too far off": {"reason": "x", "until": f.Clock.Now().AddDate(11, 0, 0)}, "no time": {"reason": "x", "until": "tomorrow"},
			} {
				if got := f.on(t, byManager, "", account.ID, "/disable", fields).Outcome(); got != "400 invalid_request" {
					t.Errorf("%s: %s", what, got)
				}
			}
			answer = f.on(t, byManager, http.MethodPost, account.ID, "/enable", nil).Want(http.StatusOK, "")
			if user, _ := answer.JSON()["user"].(map[string]any); user["is_active"] != true || user["disabled_reason"] != "" || user["disabled_until"] != nil {
				t.Errorf("got %s", answer.Body)
			}
			f.client.Login(account)
		})

		t.Run("a closed account is opened again", func(t *testing.T) {
			account := f.NewAccount()
			f.client.Do(closing(f.client.Login(account).Access, body{"password": account.Password})).Want(http.StatusOK, "")
			if closed := f.on(t, byReader, "", account.ID, "", nil); closed.Text("user.disabled_reason") != "closed" || closed.Text("user.erase_at") == "" {
				t.Errorf("closed: %s", closed.Body)
			}
			opened := f.on(t, byManager, http.MethodPost, account.ID, "/enable", nil).Want(http.StatusOK, "")
			if user, _ := opened.JSON()["user"].(map[string]any); user["erase_at"] != nil {
				t.Errorf("opened: %s", opened.Body)
			}
			f.client.Login(account)
		})

		t.Run("sessions are listed, and ended", func(t *testing.T) {
			account := f.NewAccount()
			one, two := f.client.Login(account), f.client.Login(account)
			first := f.on(t, byReader, "", account.ID, "/sessions?limit=1", nil).Want(http.StatusOK, "")
			sessions, _ := first.JSON()["sessions"].([]any)
			if len(sessions) != 1 || sessions[0].(map[string]any)["id"] != two.Session || sessions[0].(map[string]any)["current"] != false {
				t.Errorf("got %s", first.Body)
			}
			rest := f.on(t, byReader, "", account.ID, "/sessions?cursor="+first.Text("next_cursor"), nil).Want(http.StatusOK, "")
			if !strings.Contains(string(rest.Body), one.Session) {
				t.Errorf("got %s", rest.Body)
			}
			f.on(t, byReader, "", f.root.ID, "/sessions?cursor="+first.Text("next_cursor"), nil).Want(http.StatusBadRequest, "invalid_cursor")
			if ended := f.on(t, byManager, http.MethodPost, account.ID, "/end-sessions", nil).Want(http.StatusOK, ""); ended.JSON()["ended"] != 2.0 {
				t.Errorf("got %s", ended.Body)
			}
			wantRefused(t, f.Server, "end-sessions", one.Access)
			if ended := f.on(t, byManager, http.MethodPost, account.ID, "/end-sessions", nil).Want(http.StatusOK, ""); ended.JSON()["ended"] != 0.0 {
				t.Errorf("again: %s", ended.Body)
			}
		})

		t.Run("a reset is mailed, and works", func(t *testing.T) {
			account := f.NewAccount()
			f.on(t, byManager, http.MethodPost, account.ID, "/send-reset", nil).Want(http.StatusOK, "")
			reset := body{"token": f.Mail(account.Email, 2).Token(), "new_password": "what they chose next"}
			f.client.Do(testkit.Request{Path: "/api/password/reset", Body: reset}).Want(http.StatusOK, "")
			f.client.Login(testkit.Account{Email: account.Email, Password: "what they chose next"})
			if events := f.record.Events(domain.EventResetRequested, account.ID); len(events) != 1 || events[0].ActorID != domain.PrincipalID(manager.ID) {
				t.Errorf("events: %+v", events)
			}
		})

		t.Run("a mailbox is taken for proved, once", func(t *testing.T) {
			account, next := f.NewAccount(), testkit.NewAddress()
			f.on(t, byManager, http.MethodPatch, account.ID, "", body{"email": next}).Want(http.StatusOK, "")
			link := f.Mail(next, 1).Token()
			for range 2 {
				answer := f.on(t, byManager, http.MethodPost, account.ID, "/verify", nil).Want(http.StatusOK, "")
				if user, _ := answer.JSON()["user"].(map[string]any); user["is_email_verified"] != true {
					t.Errorf("got %s", answer.Body)
				}
			}
			f.client.Do(proving(link)).Want(http.StatusBadRequest, "invalid_token")
			f.client.Login(testkit.Account{Email: next, Password: account.Password})
			if events := f.record.Events(domain.EventUserVerified, account.ID); len(events) != 2 { // with that of the registration
				t.Errorf("events: %+v", events)
			}
		})

		t.Run("a way in is taken away, and what began by it", func(t *testing.T) {
			account, id := f.NewAccount(), newID()
			f.record.Exec("INSERT INTO identities (id, user_id, issuer, provider, subject, email, created_at) VALUES (?, ?, 'https://accounts.google.com', 'google', ?, 'ada@gmail.example', ?)", id, account.ID, id, f.Clock.Now())
			shown := f.on(t, byReader, "", account.ID, "", nil).Want(http.StatusOK, "")
			if !strings.Contains(string(shown.Body), `"provider":"google"`) || strings.Contains(string(shown.Body), "subject") {
				t.Errorf("shown: %s", shown.Body)
			}
			in := f.client.Login(account)
			f.on(t, byReader, http.MethodDelete, account.ID, "/identities/"+id, nil).Want(http.StatusForbidden, "forbidden")
			f.on(t, byManager, http.MethodDelete, manager.ID, "/identities/"+id, nil).Want(http.StatusNotFound, "not_found") // another user's (AZ-2)
			f.on(t, byManager, http.MethodDelete, account.ID, "/identities/"+id, nil).Want(http.StatusOK, "")
			wantRefused(t, f.Server, "unlink", in.Access)
			f.on(t, byManager, http.MethodDelete, account.ID, "/identities/"+id, nil).Want(http.StatusNotFound, "not_found")
			f.on(t, byManager, http.MethodDelete, account.ID, "/identities/nothing", nil).Want(http.StatusNotFound, "not_found")
			if events := f.record.Events(domain.EventIdentityUnlinked, account.ID); len(events) != 1 || events[0].Details["provider"] != "google" {
				t.Errorf("events: %+v", events)
			}
		})

		t.Run("deleted, they are gone at once", func(t *testing.T) {
			account := f.NewAccount()
			in := f.client.Login(account)
			f.client.Me(in.Access).Want(http.StatusOK, "")
			f.on(t, byManager, http.MethodDelete, account.ID, "", nil).Want(http.StatusOK, "")
			wantRefused(t, f.Server, "delete", in.Access)
			f.on(t, byManager, "", account.ID, "", nil).Want(http.StatusNotFound, "not_found")
			f.on(t, byManager, http.MethodDelete, account.ID, "", nil).Want(http.StatusNotFound, "not_found")
			if events := f.record.Events(domain.EventUserDeleted, account.ID); len(events) != 1 || events[0].ActorID != domain.PrincipalID(manager.ID) {
				t.Errorf("events: %+v", events)
			}
		})

		t.Run("the last administrator stays, and that it was tried is in the log", func(t *testing.T) {
			f.on(t, f.admin, "", f.root.ID, "/disable", body{"reason": "me"}).Want(http.StatusConflict, "last_admin")
			f.on(t, f.admin, http.MethodDelete, f.root.ID, "", nil).Want(http.StatusConflict, "last_admin")
			f.refused(t, domain.EventUserDisabled, f.root.ID, domain.ErrLastAdmin.Code)
			f.refused(t, domain.EventUserDeleted, f.root.ID, domain.ErrLastAdmin.Code)
			f.client.Me(f.admin).Want(http.StatusOK, "")
		})
	})
}

// Resets that somebody sends have a budget of their own, and strangers who ask for them another.
func TestSendingResetsHasItsOwnBudget(t *testing.T) {
	t.Parallel()
	f := openOffice(t, testkit.Options{Env: map[string]string{"RATE_LIMITS": "on", "LIMIT_MAIL": "1/1h", "LIMIT_MAIL_BLOCK": "1000/1h"}})
	account := f.NewAccount()
	f.client.Do(testkit.Request{Path: "/api/password/forgot", Body: body{"email": account.Email}}).Want(http.StatusOK, "")
	f.Mail(account.Email, 2)
	f.on(t, f.admin, http.MethodPost, account.ID, "/send-reset", nil).Want(http.StatusOK, "")
	f.Mail(account.Email, 3)
	refused := f.on(t, f.admin, http.MethodPost, account.ID, "/send-reset", nil).Want(http.StatusTooManyRequests, "rate_limited")
	if refused.Header.Get("Retry-After") == "" {
		t.Error("it does not say when")
	}
}

// Of many accounts that are given one address at once, one has it.
func TestManyAreGivenOneAddress(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		f := openOffice(t, testkit.Options{Backends: b})
		var ids []string
		for range 8 {
			ids = append(ids, f.NewAccount().ID)
		}
		next := testkit.NewAddress()
		outcomes := map[string]int{}
		for _, answer := range f.client.AtOnce(len(ids), func(i int) testkit.Request {
			return testkit.Request{Method: http.MethodPatch, Path: "/api/users/" + ids[i], Bearer: f.admin, Body: body{"email": next}}
		}) {
			outcomes[answer.Outcome()]++
		}
		if outcomes["200"] != 1 || outcomes["409 email_taken"]+outcomes["503 unavailable"] != len(ids)-1 { // a slow machine gives up waiting
			t.Errorf("got %v", outcomes)
		}
	})
}

// Two administrators who take each other away at once: each alone would be right, both together would leave nobody (AZ-9).
func TestAdministratorsWhoTakeEachOtherAway(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		f := openOffice(t, testkit.Options{Backends: b})
		other := f.NewAccount()
		appoint(t, f.Server, other.ID)
		tokens := map[string]string{f.root.ID: f.admin, other.ID: f.client.Login(other).Access}
		for _, how := range []string{"disable", "delete", "both"} {
			pair := slices.Sorted(maps.Keys(tokens))
			outcomes := race.Together(12, func(i int) string {
				by, on := pair[i%2], pair[1-i%2]
				r := testkit.Request{Path: "/api/users/" + on + "/disable", Bearer: tokens[by], Body: body{"reason": "a coup"}}
				if how == "delete" || how == "both" && i%2 == 0 {
					r = testkit.Request{Method: http.MethodDelete, Path: "/api/users/" + on, Bearer: tokens[by]}
				}
				answer, err := f.client.Try(r)
				if err != nil {
					return err.Error()
				}
				return answer.Outcome()
			})
			for _, outcome := range outcomes {
				if !slices.Contains([]string{"200", "401 token_invalid", "404 not_found", "409 last_admin", "503 unavailable"}, outcome) {
					t.Errorf("%s: %s", how, outcome)
				}
			}
			if !slices.Contains(outcomes, "200") {
				t.Errorf("%s: nobody succeeded: %v", how, outcomes)
			}
			var left []string
			f.Eventually(10*time.Second, func() bool {
				left = nil
				for id, token := range tokens {
					if f.client.Me(token).Status == http.StatusOK {
						left = append(left, id)
					}
				}
				return len(left) <= 1
			})
			if len(left) != 1 {
				t.Fatalf("%s: %d administrators are left", how, len(left))
			}
			next := f.NewAccount() // for the next round
			appoint(t, f.Server, next.ID)
			tokens = map[string]string{left[0]: tokens[left[0]], next.ID: f.client.Login(next).Access}
		}
	})
}
