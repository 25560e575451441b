package browser_test

import (
	"testing"

	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/browser"
)

func TestThePagesInGermanSpeakToEverybody(t *testing.T) {
	b := browser.Open(t)
	b.Speak("de")
	s := testkit.Start(t, testkit.Options{})
	_, mail := applicant(t, s)
	_, reset := forgetful(t, s)
	_, _, move := mover(t, s)
	for _, visit := range []struct {
		name, title, address string
		press                bool
	}{
		{"verify", "E-Mail-Adresse bestätigen", mail.Links[0], false},
		{"verify-invalid", "Dieser Link gilt nicht mehr", s.URL + "/api/auth/verify-email/abc", false},
		{"verified", "Ihre Adresse ist bestätigt", mail.Links[0], true},
		{"reset", "Neues Passwort wählen", reset, false},
		{"change-email", "E-Mail-Adresse ändern", move, false},
		{"change-email-invalid", "Dieser Link gilt nicht mehr", s.URL + "/api/auth/change-email/abc", false},
	} {
		b.Go(visit.address)
		if visit.press {
			b.Click("button")
		}
		b.Heading(visit.title)
		b.CheckSpoken(visit.title)
		b.Shoot("german-" + visit.name)
	}
}
