package gothoauth_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/adapters/gothoauth"
	"github.com/signet-auth/signet/adapters/jwtoken"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/porttest"
	"github.com/signet-auth/signet/ports/provider"
)

// FuzzRefusal sends any error to a callback, as anybody can: it is classified, and none of its text is repeated.
func FuzzRefusal(f *testing.F) {
	settings := gothoauth.Settings{
		PublicURL: publicURL, Version: "1", Timeout: time.Second, IDTokens: jwtoken.IDTokens{}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	}
	option := func(kind gothoauth.Kind) gothoauth.Options {
		return gothoauth.Options{Kind: kind, Name: string(kind), Prefix: strings.ToUpper(string(kind)), ClientID: "c", ClientSecret: domain.NewSecret("s")}
	}
	providers, err := gothoauth.New(settings, []gothoauth.Options{option(gothoauth.Microsoft), option(gothoauth.Facebook), option(gothoauth.GitHub)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("access_denied", "AADSTS50105: not assigned", "200", "")
	f.Add("", "", "1349048", "https://accounts.google.com")
	f.Add("user_cancelled_\x00", strings.Repeat("AADSTS", 100), "-1", "\xff")
	f.Fuzz(func(t *testing.T, code, description, number, issuer string) {
		if code == "" && number == "" {
			return
		}
		for _, p := range providers.List() {
			mark := "\u00a7" // in none of our texts
			profile, err := p.Complete(t.Context(), porttest.NewAttempt(1), provider.Answer{
				Error: code + mark, ErrorDescription: description + mark, ErrorCode: number + mark, Issuer: issuer,
			})
			if err == nil || profile != (provider.Profile{}) || strings.Contains(err.Error(), mark) || domain.TextOf(err) == "" {
				t.Errorf("%+v, %v", profile, err)
			}
		}
	})
}
