package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

// TestUsers is an operator at a terminal, beside a server that runs on the same database and hears of everything within a second.
func TestUsers(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	s := testkit.Start(t, testkit.Options{})
	c, record, env := s.Client(), s.Record(), cheaply(s.Env)
	users := func(t *testing.T, args ...string) call {
		return signet(t, env, "", append([]string{"users"}, args...)...)
	}

	t.Run("disable keeps out, enable lets in", func(t *testing.T) {
		account := s.NewAccount()
		in := c.Login(account)
		c.Me(in.Access).Want(http.StatusOK, "") // remembered
		users(t, "disable", account.Email, "--reason", "asked to").want(t, 0, account.Email, account.ID, "is disabled now")
		wantRefused(t, s, "disable", in.Access)
		c.Refresh(in.Refresh).Want(http.StatusUnauthorized, "token_invalid")
		c.Do(login(credentials(account))).Want(http.StatusUnauthorized, "invalid_credentials")
		users(t, "show", account.ID).want(t, 0, "disabled", "asked to")
		events := record.Events(domain.EventUserDisabled, account.ID)
		if len(events) != 1 || events[0].ActorKind != domain.ActorSystem {
			t.Errorf("events: %+v", events)
		}
		users(t, "enable", account.ID).want(t, 0, "is enabled now")
		c.Login(account)
		users(t, "enable", account.ID).want(t, 0)
		if events := record.Events(domain.EventUserEnabled, account.ID); len(events) != 1 || events[0].ActorKind != domain.ActorSystem {
			t.Errorf("events: %+v", events)
		}
	})

	t.Run("reset-factors lets in who lost them, with a reason", func(t *testing.T) {
		account := s.NewAccount()
		_, in := s.Enrol(c.Login(account))
		users(t, "show", account.Email).want(t, 0, "Factors", "totp", "Recovery codes  10")
		users(t, "reset-factors", account.Email).want(t, 2, "--reason")
		users(t, "reset-factors", account.Email, "--reason", "known by voice").want(t, 0, "All factors of "+account.Email)
		wantRefused(t, s, "reset", in.Access)
		c.Login(account)
		if events := record.Events(domain.EventFactorsReset, account.ID); len(events) != 1 || events[0].Details["reason"] != "known by voice" {
			t.Errorf("events: %+v", events)
		}
	})

	t.Run("disable until a time ends by itself", func(t *testing.T) {
		account := s.NewAccount()
		users(t, "disable", account.Email, "--until", "2h").want(t, 0)
		c.Do(login(credentials(account))).Want(http.StatusUnauthorized, "invalid_credentials")
		s.Move(2*time.Hour + time.Minute)
		in := c.Do(login(credentials(account))).Want(http.StatusOK, "")
		access := in.Text("access_token")
		for what, answer := range map[string]testkit.Response{
			"login": in, "me": c.Me(access), "validate": c.Do(get("/api/auth/validate-jwt", access)),
			"a change": c.Do(testkit.Request{Method: http.MethodPatch, Path: "/api/auth/me", Bearer: access, Body: body{"first_name": "Ada"}}),
		} {
			if user, _ := answer.JSON()["user"].(map[string]any); user["is_active"] != true {
				t.Errorf("%s says that they are not active: %s", what, answer.Body)
			}
		}
		for _, bad := range []string{"yesterday", "2020-01-01", "2020-01-01T00:00:00Z"} {
			if said := users(t, "disable", account.Email, "--until", bad).want(t, 1, "until must be"); strings.Contains(said.Err, bad) {
				t.Errorf("it repeats the value: %s", said.Err)
			}
		}
	})

	t.Run("enable opens a closed account as it was", func(t *testing.T) {
		account := s.NewAccount()
		c.Do(closing(c.Login(account).Access, body{"password": account.Password})).Want(http.StatusOK, "")
		users(t, "show", account.Email).want(t, 0, "closed", "Erased at")
		users(t, "disable", account.Email).want(t, 0, "is closed, and stays so")
		users(t, "enable", account.Email).want(t, 0)
		c.Login(account)
		if n := record.Count("SELECT count(*) FROM users WHERE id = ? AND erase_at IS NULL", account.ID); n != 1 {
			t.Error("it is erased all the same")
		}
	})

	t.Run("end-sessions logs out everywhere", func(t *testing.T) {
		account := s.NewAccount()
		one, two := c.Login(account), c.Login(account)
		c.Me(one.Access).Want(http.StatusOK, "")
		users(t, "end-sessions", account.Email).want(t, 0, "2 sessions")
		for _, in := range []testkit.Tokens{one, two} {
			wantRefused(t, s, "end-sessions", in.Access)
		}
		c.Login(account)
		users(t, "end-sessions", account.ID).want(t, 0, "1 sessions")
		users(t, "end-sessions", account.ID).want(t, 0, "0 sessions")
	})

	t.Run("set-password replaces it, ends sessions, lifts the run of failures and tells the owner", func(t *testing.T) {
		account := s.NewAccount()
		in := c.Login(account)
		c.Do(loggingIn(account.Email, "wrong")).Want(http.StatusUnauthorized, "invalid_credentials")
		const next = "what the operator chose"
		set := func(stdin string, args ...string) call {
			return signet(t, env, stdin, append([]string{"users", "set-password", account.Email}, args...)...)
		}
		said := set(next+"\n", "--password-stdin").want(t, 0, "has another password now")
		if strings.Contains(said.Out+said.Err, next) {
			t.Error("the password was printed")
		}
		wantRefused(t, s, "set-password", in.Access)
		c.Do(login(credentials(account))).Want(http.StatusUnauthorized, "invalid_credentials")
		account.Password = next
		c.Login(account)
		if mail := s.Mail(account.Email, 2); !strings.Contains(mail.Subject, "password") {
			t.Errorf("the mail is %q", mail.Subject)
		}
		if events := record.Events(domain.EventPasswordChanged, account.ID); len(events) != 1 || events[0].ActorKind != domain.ActorSystem {
			t.Errorf("events: %+v", events)
		}
		set("short\n", "--password-stdin").want(t, 1, "at least 8 characters")
		set("password\n", "--password-stdin").want(t, 1, "too common")
		set(account.Email+"\n", "--password-stdin").want(t, 1, "password must")
		set("", "--password-stdin").want(t, 1, "password is required")
		set(next).want(t, 1, "--password-stdin")
		c.Login(account)
	})

	t.Run("delete erases at once", func(t *testing.T) {
		account := s.NewAccount()
		in := c.Login(account)
		c.Me(in.Access).Want(http.StatusOK, "")
		users(t, "delete", account.Email).want(t, 1, "confirm with --yes", account.ID)
		c.Me(in.Access).Want(http.StatusOK, "")
		users(t, "delete", account.Email, "--yes").want(t, 0, "is erased", account.ID)
		wantRefused(t, s, "delete", in.Access)
		c.Refresh(in.Refresh).Want(http.StatusUnauthorized, "token_invalid")
		c.Do(login(credentials(account))).Want(http.StatusUnauthorized, "invalid_credentials")
		s.Eventually(5*time.Second, func() bool { // the failed login is written a second later; it is one of an unknown address
			return record.Count("SELECT count(*) FROM event_pii WHERE identifier = ?", account.Email) == 1
		})
		if events := record.Events(domain.EventUserDeleted, account.ID); len(events) != 1 || events[0].ActorKind != domain.ActorSystem {
			t.Errorf("events: %+v", events)
		}
		users(t, "show", account.ID).want(t, 1, "There is no such user")
		users(t, "delete", account.Email, "--yes").want(t, 1, "There is no such user")
		again := c.Do(registering(account.Email)).Want(http.StatusCreated, "").Text("user_id")
		c.Do(proving(s.Mail(account.Email, 2).Token())).Want(http.StatusOK, "")
		if c.Login(account); again == account.ID {
			t.Error("the id was given out again")
		}
	})

	t.Run("the last administrator stays", func(t *testing.T) {
		admin := s.NewAccount()
		appoint(t, s, admin.ID)
		users(t, "disable", admin.Email).want(t, 1, "last administrator")
		users(t, "delete", admin.Email, "--yes").want(t, 1, "last administrator")
		events := record.Events(domain.EventUserDeleted, admin.ID)
		if len(events) != 1 || events[0].Outcome != domain.Failed || events[0].Details["code"] != "last_admin" || events[0].ActorKind != domain.ActorSystem {
			t.Errorf("events: %+v", events)
		}
		c.Login(admin)
		appoint(t, s, s.NewAccount().ID)
		users(t, "delete", admin.Email, "--yes").want(t, 0)
	})

	t.Run("a user is named by id or address, and nothing else", func(t *testing.T) {
		for name, ref := range map[string]string{
			"an unknown address": "nobody@example.com", "an unknown id": newID(), "the platform": string(domain.PlatformID),
		} {
			t.Run(name, func(t *testing.T) { users(t, "show", ref).want(t, 1, "There is no such user: "+ref) })
		}
		users(t, "show", "Ada Lovelace").want(t, 1, "<user> must be an id or an email address")
		users(t, "show").want(t, 2)
		users(t).want(t, 2)
	})
}

// flipped is another letter.
func flipped(letter string) string {
	if letter == "x" {
		return "y"
	}
	return "x"
}

func TestUsersList(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	env := cheaply(s.Env)
	type page struct {
		Users []struct{ ID, Email, State string }
		Next  string `json:"next_cursor"`
	}
	list := func(t *testing.T, args ...string) (p page) {
		t.Helper()
		out := signet(t, env, "", append([]string{"users", "list", "--json"}, args...)...).want(t, 0).Out
		if err := json.Unmarshal([]byte(out), &p); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return p
	}
	if p := list(t); len(p.Users) != 0 || p.Next != "" {
		t.Errorf("before anybody came: %+v", p)
	}
	bare := maps.Clone(env)
	bare["MAIL_TEMPLATES"] = "/nowhere/at/all" // only servers write mails
	signet(t, bare, "", "users", "list").want(t, 0, "ADDRESS")
	var want []string
	for range 5 {
		want = append([]string{s.NewAccount().ID}, want...)
	}
	ids := func(p page) (ids []string) {
		for _, u := range p.Users {
			ids = append(ids, u.ID)
		}
		return ids
	}

	t.Run("page by page it is the whole", func(t *testing.T) {
		var got []string
		p := list(t, "--limit", "2")
		for pages := 1; ; pages++ {
			if got = append(got, ids(p)...); p.Next == "" {
				if pages != 3 {
					t.Errorf("%d pages", pages)
				}
				break
			}
			p = list(t, "--limit", "2", "--cursor", p.Next)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("users (-want +got):\n%s", diff)
		}
		if p := list(t, "--limit", "5"); p.Next != "" || len(p.Users) != 5 {
			t.Errorf("a page that is full and the last: %+v", p)
		}
		signet(t, env, "", "users", "list", "--limit", "1").want(t, 0, "there are more: --cursor ")
	})
	t.Run("by state and search", func(t *testing.T) {
		signet(t, env, "", "users", "disable", want[0]).want(t, 0)
		if diff := cmp.Diff(want[:1], ids(list(t, "--state", "disabled"))); diff != "" {
			t.Errorf("disabled (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want[1:], ids(list(t, "--state", "active"))); diff != "" {
			t.Errorf("active (-want +got):\n%s", diff)
		}
		email := list(t, "--search", want[2]).Users[0].Email
		if diff := cmp.Diff(want[2:3], ids(list(t, "--search", strings.ToUpper(email)))); diff != "" {
			t.Errorf("search (-want +got):\n%s", diff)
		}
		if got := ids(list(t, "--search", "%%")); len(got) != 0 {
			t.Errorf("percent signs find %v", got)
		}
	})
	t.Run("refuses", func(t *testing.T) {
		cursor := list(t, "--limit", "1").Next
		for name, row := range map[string]struct {
			args []string
			word string
		}{
			"a search that finds everybody":           {[]string{"--search", "a"}, "search must have at least 2 characters"},
			"a limit that is too high":                {[]string{"--limit", "201"}, "limit must be from 1 to 200"},
			"a state that is none":                    {[]string{"--state", "deleted"}, "state must be active, disabled or closed"},
			"a cursor made up (hydra CVE-2026-33503)": {[]string{"--cursor", "AAAA"}, "The cursor does not belong to this list"},
			"a cursor that was changed":               {[]string{"--cursor", cursor[:20] + flipped(cursor[20:21]) + cursor[21:]}, "The cursor does not belong to this list"},
		} {
			t.Run(name, func(t *testing.T) {
				signet(t, env, "", append([]string{"users", "list"}, row.args...)...).want(t, 1, row.word)
			})
		}
	})
	t.Run("show has it all", func(t *testing.T) {
		s.Client().Login(testkit.Account{Email: list(t, "--search", want[1]).Users[0].Email, Password: testkit.Password})
		var shown map[string]any
		if err := json.Unmarshal([]byte(signet(t, env, "", "users", "show", want[1], "--json").want(t, 0).Out), &shown); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%v %v %v %v %v", shown["state"], shown["live_sessions"], shown["roles"], shown["is_email_verified"], shown["has_password"]); got != "active 1 [auth_service/user] true true" {
			t.Errorf("shown: %v", shown)
		}
	})
}

// Who is let in again in time is not erased, whichever of the two comes first.
func TestErasureSparesWhoWasLetIn(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b, Env: map[string]string{"CLEANUP_EVERY": "100ms"}})
		c := s.Client()
		account := s.NewAccount()
		c.Do(closing(c.Login(account).Access, body{"password": account.Password})).Want(http.StatusOK, "")
		signet(t, cheaply(s.Env), "", "users", "enable", account.Email).want(t, 0)
		s.Move(20 * 24 * time.Hour)
		before := s.Metric("signet_janitor_last_run_timestamp_seconds")
		s.Eventually(10*time.Second, func() bool { return s.Metric("signet_janitor_last_run_timestamp_seconds") > before })
		c.Login(account)
		if n := erased(s); n != 0 {
			t.Errorf("%d are erased", n)
		}
	})
}
