package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/signet-auth/signet/test/testkit"
)

// lawless are headers that name no language, whatever they look like.
var lawless = []string{"", "*", "tlh", "de;q=0", "de_DE", "../de", "de\u2028", strings.Repeat("x,", 3000) + "de", ";;==,,", "<script>"}

func TestPagesSpeakTheBrowsersLanguage(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"CORS_ORIGINS": "https://app.signet.example", "RATE_LIMITS": "off"}})
	c := s.Client()
	link := "/api/password/reset/" + resetLink(s, s.NewAccount().Email) // a bad password does not use it up
	_, mail := applicant(t, s)
	account := s.NewAccount()
	move := asked(t, s, c.Login(account).Access, testkit.NewAddress(), account.Password)
	form := "new_password=short&repeated=short"
	for _, row := range []struct {
		page            string
		request         testkit.Request
		english, german string
		says, sagt      string
	}{
		{"verify", testkit.Request{Path: "/api/auth/verify-email/" + mail.Token()}, "Verify your email address", "E-Mail-Adresse bestätigen", "Verify address", "Adresse bestätigen"},
		{"verify, too late", testkit.Request{Method: http.MethodPost, Path: "/api/auth/verify-email/abc"}, "This link no longer works", "Dieser Link gilt nicht mehr", "replaced by", "ersetzt"},
		{"reset", testkit.Request{Path: link}, "Choose a new password", "Neues Passwort wählen", "At least 8 characters", "Mindestens 8 Zeichen"},
		{"reset, too short", testkit.Request{Path: link, Body: form}, "Error: Choose a new password", "Fehler: Neues Passwort wählen", "must have at least 8 characters", "muss mindestens 8 Zeichen haben"},
		{"reset, not the same", testkit.Request{Path: link, Body: form + "er"}, "Error: Choose a new password", "Fehler: Neues Passwort wählen", "are not the same", "sind nicht gleich"},
		{"reset, nothing typed", testkit.Request{Path: link, Body: "new_password="}, "Error: Choose a new password", "Fehler: Neues Passwort wählen", "required", "Geben Sie ein Passwort ein"},
		{"change of address", testkit.Request{Path: "/api/auth/change-email/" + move}, "Change your email address", "E-Mail-Adresse ändern", "Use this address", "Diese Adresse benutzen"},
		{"change of address, too late", testkit.Request{Method: http.MethodPost, Path: "/api/auth/change-email/abc"}, "This link no longer works", "Dieser Link gilt nicht mehr", "replaced:", "ersetzt worden:"},
		{"reset, too late", testkit.Request{Path: "/api/password/reset/abc"}, "This link no longer works", "Dieser Link gilt nicht mehr", "Nothing was changed", "Geändert wurde nichts"},
	} {
		t.Run(row.page, func(t *testing.T) {
			ask := func(t *testing.T, accept string) testkit.Response {
				t.Helper()
				r := row.request
				r.Header = http.Header{"Accept": {browserAccept}}
				if accept != "" {
					r.Header.Set("Accept-Language", accept)
				}
				if r.Body != nil {
					r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				}
				return c.In(t).Do(r)
			}
			speaks := func(t *testing.T, answer testkit.Response, language string, words ...string) {
				t.Helper()
				body := string(answer.Body)
				for _, word := range append(words, `<html lang="`+language+`">`) {
					if !strings.Contains(body, word) {
						t.Errorf("it does not say %q:\n%s", word, body)
					}
				}
				vary := strings.Join(answer.Header["Vary"], ", ")
				if answer.Header.Get("Content-Language") != language || !strings.Contains(vary, "Accept-Language") || !strings.Contains(vary, "Origin") {
					t.Errorf("Content-Language %q, Vary %q", answer.Header.Get("Content-Language"), vary)
				}
			}
			for _, accept := range []string{"de", "de-AT,de;q=0.9,en;q=0.1", "fr, DE;q=0.5, en;q=0.4"} {
				speaks(t, ask(t, accept), "de", "<title>"+row.german+"</title>", row.sagt)
			}
			for _, accept := range append([]string{"en-GB,de;q=0.9", "fr, en;q=0.5, de;q=0.4"}, lawless...) {
				speaks(t, ask(t, accept), "en", "<title>"+row.english+"</title>", row.says)
			}
		})
	}
}
