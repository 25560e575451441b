package stream

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
)

// TestFacts is the table of what services are sent: a row that is missing would leave them with tokens that ended.
func TestFacts(t *testing.T) {
	at := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	own := domain.Service{ID: "s-1", Key: "billing"}
	for name, test := range map[string]struct {
		kind    domain.ChangeKind
		subject string
		tokens  domain.Fact
		want    *Fact
	}{
		"a session that ended":                   {domain.ChangeSession, "x", domain.TokensEnded, &Fact{Kind: KindSession, Tokens: domain.TokensEnded, Subject: "x"}},
		"a session, by a release without facts":  {domain.ChangeSession, "x", domain.TokensUnknown, &Fact{Kind: KindSession, Tokens: domain.TokensStale, Subject: "x"}},
		"a session that expired":                 {domain.ChangeSession, "x", domain.TokensUnaffected, nil},
		"a user who was disabled":                {domain.ChangePrincipal, "x", domain.TokensEnded, &Fact{Kind: KindSubject, Tokens: domain.TokensEnded, Subject: "x"}},
		"a user whose roles changed":             {domain.ChangePrincipal, "x", domain.TokensStale, &Fact{Kind: KindSubject, Tokens: domain.TokensStale, Subject: "x"}},
		"the service itself, off":                {domain.ChangeService, "s-1", domain.TokensEnded, &Fact{Kind: KindAudience, Tokens: domain.TokensEnded, Subject: "billing"}},
		"the service itself, by an old release":  {domain.ChangeService, "s-1", domain.TokensUnknown, &Fact{Kind: KindAudience, Tokens: domain.TokensStale, Subject: "billing"}},
		"what all services share":                {domain.ChangeService, string(domain.PlatformID), domain.TokensStale, &Fact{Kind: KindAudience, Tokens: domain.TokensStale, Subject: Everywhere}},
		"another service":                        {domain.ChangeService, "s-2", domain.TokensEnded, nil},
		"an application token that was revoked":  {domain.ChangeAppToken, "x", domain.TokensEnded, &Fact{Kind: KindKey, Tokens: domain.TokensEnded, Subject: "x"}},
		"a signing key that was revoked":         {domain.ChangeSigningKey, "x", domain.TokensEnded, &Fact{Kind: KindSigningKey, Tokens: domain.TokensEnded, Subject: "x"}},
		"a signing key, by an old release":       {domain.ChangeSigningKey, "x", domain.TokensUnknown, &Fact{Kind: KindSigningKey, Tokens: domain.TokensStale, Subject: "x"}},
		"a kind of a later release, as a change": {"later", "x", domain.TokensEnded, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := factOf(domain.Change{Seq: 7, Kind: test.kind, Subject: test.subject, Tokens: test.tokens, At: at}, own)
			if ok != (test.want != nil) {
				t.Fatalf("sent: %t, %+v", ok, got)
			}
			if !ok {
				return
			}
			test.want.Seq, test.want.At = 7, at
			if diff := cmp.Diff(*test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
