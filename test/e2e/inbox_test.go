package e2e_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/test/testkit"
)

// inboxOf is what the development inbox tells programs.
func inboxOf(t *testing.T, s *testkit.Server, query string) (held api.InboxResponse) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.AdminURL+"/dev/inbox"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if err := json.NewDecoder(answer.Body).Decode(&held); err != nil {
		t.Fatal(err)
	}
	return held
}

func TestTheInboxTellsWhatAMailServerWouldGet(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"PRODUCT_NAME": "Acme"}})
	email, mail := applicant(t, s)
	applicant(t, s)
	if all := inboxOf(t, s, ""); len(all.Messages) != 2 {
		t.Errorf("%d mails to two people", len(all.Messages))
	}
	held := inboxOf(t, s, "?to="+strings.ToUpper(email))
	if len(held.Messages) != 1 {
		t.Fatalf("%d mails to one of them", len(held.Messages))
	}
	got := held.Messages[0]
	headers := map[string]string{}
	for _, h := range got.Headers {
		headers[h.Name] = h.Value
	}
	if got.ID != mail.ID || got.From != `"Acme" <no-reply@localhost.localdomain>` || got.Language != "en" || time.Since(got.At).Abs() > time.Minute || held.Stopped == nil {
		t.Errorf("%+v", got.At)
	}
	if headers["To"] != "<"+email+">" || headers["Subject"] != "Verify your email address for Acme" || headers["Auto-Submitted"] != "auto-generated" || headers["Message-Id"] == "" {
		t.Errorf("%v", headers)
	}
}

// TestMailsThatALimitStopsAreTold: the one who asked hears the same as ever.
func TestMailsThatALimitStopsAreTold(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: limited(map[string]string{"LIMIT_MAIL": "2/1h", "LIMIT_MAIL_BLOCK": "7/1h"})})
	settled(s)
	c := s.Client()
	email := testkit.NewAddress()
	for range 5 {
		c.Do(registering(email)).Want(http.StatusCreated, "")
	}
	for range 4 {
		c.Do(forgetting(testkit.NewAddress())).Want(http.StatusOK, "")
	}
	for range 4 {
		c.Do(forgetting(email)).Want(http.StatusOK, "")
	}
	reasons := map[string]int{}
	for _, stopped := range inboxOf(t, s, "").Stopped {
		reasons[stopped.Kind+" "+stopped.Reason]++
		if stopped.To != "u***@example.com" || time.Since(stopped.At).Abs() > time.Minute {
			t.Errorf("%+v", stopped)
		}
		if want := map[string]string{"address": "LIMIT_MAIL allows 2 in 1h to one address", "block": "LIMIT_MAIL_BLOCK allows 7 in 1h asked for from one network address"}[stopped.Reason]; stopped.Limit != want {
			t.Errorf("it says %q, want %q", stopped.Limit, want)
		}
	}
	if reasons["verify address"] != 3 || reasons["reset block"] != 3 || len(reasons) != 2 {
		t.Errorf("stopped %v", reasons)
	}
	for sort, want := range map[string]float64{`{kind="verify",reason="address"}`: 3, `{kind="reset",reason="block"}`: 3, `{kind="oauth_code",reason="login"}`: 0} {
		if n := s.Metric("signet_mail_suppressed_total" + sort); n != want {
			t.Errorf("%s: %v are counted, want %v", sort, n, want)
		}
	}
	log := s.Log.String()
	if n := strings.Count(log, "mails were not sent"); n != 2 {
		t.Errorf("%d lines in the log:\n%s", n, log)
	}
	if strings.Contains(log, email) {
		t.Error("the log names an address")
	}
}
