package e2e_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

func exported(t *testing.T, c *testkit.Client, bearer string) api.ExportResponse {
	t.Helper()
	answer := c.Do(get("/api/auth/export", bearer)).Want(http.StatusOK, "")
	if answer.Header.Get("Cache-Control") != "no-store" {
		t.Error("it may be cached")
	}
	var out api.ExportResponse
	if err := json.Unmarshal(answer.Body, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestExport(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b})
		c, record := s.Client(), s.Record()

		t.Run("has everything that is held, and nothing of others", func(t *testing.T) {
			account, other := s.NewAccount(), s.NewAccount()
			left := c.Login(account)
			c.Do(logout(left.Access)).Want(http.StatusOK, "")
			c.Login(other)
			c.Do(testkit.Request{Path: "/api/password/forgot", Body: body{"email": account.Email}}).Want(http.StatusOK, "")
			c.Do(loggingIn(account.Email, "wrong")).Want(http.StatusUnauthorized, "invalid_credentials")
			s.Mail(account.Email, 2)
			s.Eventually(5*time.Second, func() bool { return len(record.Events(domain.EventLoginFailed, account.ID)) == 1 })
			admin := s.NewAccount()
			record.Exec(`INSERT INTO audit_events (id, at, type, outcome, actor_kind, actor_id, subject_kind, subject_id, request_id, details)
				VALUES (?, ?, 'user.updated', 'success', 'user', ?, 'user', ?, 'their-request', '{}')`, newID(), s.Clock.Now(), admin.ID, account.ID)
			record.Exec("INSERT INTO event_pii (event_id, at, ip, user_agent, identifier) SELECT id, at, '198.51.100.9', 'theirs', '' FROM audit_events WHERE type = 'user.updated'")
			record.Exec(`INSERT INTO identities (id, user_id, issuer, provider, subject, email, email_verified, created_at) VALUES (?, ?, 'https://github.com', 'github', 'subject-7', 'ada@github.example', TRUE, ?)`,
				newID(), account.ID, s.Clock.Now())
			in := c.Login(account)
			out := exported(t, c.In(t), in.Access)

			if events := record.Events(domain.EventUserExported, account.ID); len(events) != 1 || events[0].SessionID != domain.SessionID(in.Session) {
				t.Errorf("the export left %+v", events)
			}
			if a := out.Account; a.ID != account.ID || a.Email != account.Email || !a.HasPassword || a.EmailVerifiedAt == nil || a.LastLoginAt == nil {
				t.Errorf("account: %+v", a)
			}
			if len(out.Sessions) != 2 || out.Sessions[0].ID != in.Session || out.Sessions[1].ID != left.Session || out.Sessions[1].EndReason != "logout" || out.Sessions[0].IP == "" {
				t.Errorf("sessions: %+v", out.Sessions)
			}
			if len(out.Devices) != 1 || out.Devices[0].LastSeenAt.IsZero() {
				t.Errorf("devices: %+v", out.Devices)
			}
			if len(out.Identities) != 1 || out.Identities[0].Subject != "subject-7" {
				t.Errorf("identities: %+v", out.Identities)
			}
			if len(out.Roles) != 1 || out.Roles[0].Role != "user" || out.Roles[0].Service != "auth_service" {
				t.Errorf("roles: %+v", out.Roles)
			}
			if len(out.Pending) != 1 || out.Pending[0].Purpose != "reset_password" || out.Pending[0].Address != account.Email {
				t.Errorf("pending: %+v", out.Pending)
			}
			types := map[string]int{}
			for _, e := range out.Events {
				types[e.Type]++
				switch {
				case e.Type == "user.updated":
					if e.IP+e.UserAgent+e.SessionID+e.RequestID != "" || e.Actor.ID != admin.ID {
						t.Errorf("what an administrator did: %+v", e)
					}
				case e.Type == "login.failed" && (e.Identifier != account.Email || e.IP == ""), e.Type == "login.succeeded" && e.IP == "":
					t.Errorf("without its trace: %+v", e)
				}
			}
			for kind, want := range map[string]int{
				"login.failed": 1, "login.succeeded": 2, "session.ended": 1, "user.registered": 1, "user.updated": 1, "user.verified": 1,
			} {
				if types[kind] != want {
					t.Errorf("%d events %s, want %d", types[kind], kind, want)
				}
			}
			if !slices.IsSortedFunc(out.Events, func(a, b api.ExportedEvent) int { return b.At.Compare(a.At) }) || len(out.Truncated) != 0 {
				t.Errorf("order or truncation: %v", out.Truncated)
			}
		})

		t.Run("is bounded, and says so", func(t *testing.T) {
			account := s.NewAccount()
			in := c.Login(account)
			err := flood(s, account.ID, 2100)
			if err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			out := exported(t, c.In(t), in.Access)
			t.Logf("2000 events in %s", time.Since(begun))
			if len(out.Events) != 2000 || !slices.Equal(out.Truncated, []string{"events"}) {
				t.Errorf("%d events, truncated %v", len(out.Events), out.Truncated)
			}
			seen := map[string]bool{}
			for _, e := range out.Events {
				seen[e.ID] = true
			}
			if len(seen) != 2000 {
				t.Errorf("%d different events", len(seen))
			}
		})

		t.Run("wants a recent login, however fresh the token (ASVS 7.5.3)", func(t *testing.T) {
			account := s.NewAccount()
			in := c.Login(account)
			s.Move(9 * time.Minute)
			c.In(t).Do(get("/api/auth/export", in.Access)).Want(http.StatusOK, "")
			s.Move(2 * time.Minute)
			fresh := c.Refresh(in.Refresh).Want(http.StatusOK, "").Text("access_token")
			c.In(t).Do(get("/api/auth/export", fresh)).Want(http.StatusForbidden, "reauth_required")
		})
		t.Run("wants a token of the platform", func(t *testing.T) {
			account := s.NewAccount()
			in := c.Do(login(body{"email": account.Email, "password": account.Password, "service": addService(t, s)})).Want(http.StatusOK, "")
			c.In(t).Do(get("/api/auth/export", in.Text("access_token"))).Want(http.StatusForbidden, "wrong_audience")
			c.In(t).Do(get("/api/auth/export", "")).Want(http.StatusUnauthorized, "token_missing")
			c.In(t).Do(get("/api/auth/export", "a.b.c")).Want(http.StatusUnauthorized, "token_invalid")
		})
	})
}
