package run

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/adapters/seal"
	"github.com/signet-auth/signet/domain"
)

// What no database of a test shows.
func TestHowTheDoctorJudges(t *testing.T) {
	t.Parallel()
	in := func(env string, found bunsql.Inspection) *doctor {
		c := &Config{}
		c.Env, c.Database = env, domain.NewSecret("postgres://h/db")
		return &doctor{config: c, database: &found, schema: true}
	}
	appendOnly := bunsql.Inspection{Role: "r", AppendOnly: true, Lacks: []string{"DELETE on audit_events", "UPDATE on audit_events"}}
	keeping := in(production, appendOnly)
	keeping.config.AuditKeep = duration(time.Hour)
	for name, row := range map[string]struct {
		found finding
		state state
		seen  string
	}{
		"a clock that is right":             {checkClock(t.Context(), in(production, bunsql.Inspection{Ahead: 900 * time.Millisecond}))[0], fine, "900ms behind"},
		"one that is a second off":          {checkClock(t.Context(), in(production, bunsql.Inspection{Ahead: -time.Second}))[0], warned, "1s ahead"},
		"one that is wrong":                 {checkClock(t.Context(), in(production, bunsql.Inspection{Ahead: 30 * time.Second}))[0], failed, "30s behind"},
		"a role without rights":             {checkRole(t.Context(), in(production, bunsql.Inspection{Role: "r", Lacks: []string{"INSERT on users"}}))[0], failed, "INSERT on users"},
		"a superuser":                       {checkRole(t.Context(), in(production, bunsql.Inspection{Role: "r", Superuser: true, OwnsSchema: true}))[0], warned, "superuser"},
		"the owner":                         {checkRole(t.Context(), in(production, bunsql.Inspection{Role: "r", OwnsSchema: true}))[0], warned, "owns the schema"},
		"the owner, in development":         {checkRole(t.Context(), in(development, bunsql.Inspection{Role: "r", OwnsSchema: true}))[0], fine, "r may"},
		"a role of its own":                 {checkRole(t.Context(), in(production, bunsql.Inspection{Role: "r"}))[0], fine, "r may"},
		"one that only adds to the log":     {checkRole(t.Context(), in(production, appendOnly))[0], fine, "only add to the audit log"},
		"one that can't change another":     {checkRole(t.Context(), in(production, bunsql.Inspection{Lacks: []string{"UPDATE on users"}}))[0], failed, "UPDATE on users"},
		"one that can't keep the retention": {checkRole(t.Context(), keeping)[0], failed, "DELETE on audit_events, UPDATE on audit_events"},
		"a way that can be read":            {in(production, bunsql.Inspection{}).way("", false, false, "do"), warned, "not encrypted"},
		"one that only seems closed":        {in(production, bunsql.Inspection{}).way("TLS 1.3", false, false, "do"), warned, "nothing verifies"},
		"one that is closed":                {in(production, bunsql.Inspection{}).way("TLS 1.3", true, false, "do"), fine, "encrypted (TLS 1.3)"},
		"one within the machine":            {in(production, bunsql.Inspection{}).way("", false, true, "do"), fine, "not encrypted"},
		"one of development":                {in(development, bunsql.Inspection{}).way("", false, false, "do"), fine, "not encrypted"},
		"a pooler that splits sessions":     {checkPooler(t.Context(), in(production, bunsql.Inspection{Pooler: bunsql.TransactionPooler}))[0], fine, "transaction mode"},
		"a pooler that holds on to clients": {checkPooler(t.Context(), in(production, bunsql.Inspection{Pooler: bunsql.SessionPooler}))[0], fine, "session mode"},
	} {
		if row.found.State != row.state || !strings.Contains(row.found.Seen, row.seen) || row.state != fine && row.found.Do == "" {
			t.Errorf("%s: %+v", name, row.found)
		}
	}
}

const probeSecret = "3Zk9wQ7rT1yUe5Xc8Vb2Nm6Lp4Js0HgFd-test-only"

func probeOf(tb testing.TB, now time.Time, secret string, previous ...domain.Secret) probe {
	tb.Helper()
	sealer, err := seal.New(domain.NewSecret(secret), previous, rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return newProbe(sealer, func() time.Time { return now })
}

func TestAProbeIsOfTheSameSecretAndOfNow(t *testing.T) {
	t.Parallel()
	const other = "Qm4vT8xB2nK6pL0sR3wY7zC1dF5gH9jE-test-only"
	now := time.Unix(1_800_000_000, 0)
	word := probeOf(t, now, probeSecret).word()
	for name, row := range map[string]struct {
		by     probe
		accept bool
	}{
		"the same":             {probeOf(t, now, probeSecret), true},
		"in the rotation":      {probeOf(t, now, other, domain.NewSecret(probeSecret)), true},
		"a little later":       {probeOf(t, now.Add(probeLife), probeSecret), true},
		"with a clock behind":  {probeOf(t, now.Add(-probeLife), probeSecret), true},
		"much later":           {probeOf(t, now.Add(probeLife+time.Second), probeSecret), false},
		"from the future":      {probeOf(t, now.Add(-probeLife-time.Second), probeSecret), false},
		"of another's servers": {probeOf(t, now, other), false},
	} {
		if row.by.accepts(word) != row.accept {
			t.Errorf("%s: accepted is not %v", name, row.accept)
		}
	}
}

// Strangers send anything as a probe: nothing but the one word is accepted, and nothing ends in a panic.
func FuzzProbesOfStrangersAreRefused(f *testing.F) {
	p := probeOf(f, time.Unix(1_800_000_000, 0), probeSecret)
	for _, word := range []string{"", ".", "1800000000.", "1800000000.00", "-1.ff", "99999999999999999999.ff", p.word() + "0", "0" + p.word()} {
		f.Add(word)
	}
	f.Fuzz(func(t *testing.T, word string) {
		if p.accepts(word) && !strings.EqualFold(word, p.word()) {
			t.Errorf("%q is accepted", word)
		}
	})
}

// CWE-532: wherever reserved characters cut an address in two, no part of its password is shown.
func FuzzNoPartOfAPasswordIsShown(f *testing.F) {
	for _, around := range []string{"", "@", "/", "#", "?", ":", "%", "1/", "1#", "1?", "x@", "&password="} {
		f.Add(around, "")
		f.Add("", around)
		f.Add(around, around)
	}
	f.Fuzz(func(t *testing.T, before, after string) {
		for _, scheme := range []string{"postgres", "postgresql", "redis", "rediss", "https"} {
			address := scheme + "://user:" + before + "hunter2" + after + "@host/db"
			if shown := concealed(address); strings.Contains(shown, "hunter2") {
				t.Errorf("%q is shown as %q", address, shown)
			}
			if shown := withoutPassword(address); strings.Contains(shown, "hunter2") {
				t.Errorf("%q is shown as %q", address, shown)
			}
		}
	})
}
