package run

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

type doctorCommand struct {
	Strict bool `help:"Exit 1 for warnings, too."`
	JSON   bool `help:"Print JSON."`
}

// state is how a check ended.
type state string

const (
	fine    state = "ok"
	warned  state = "warning"
	failed  state = "error"
	skipped state = "skipped"
)

// finding is what a check has seen, and what to do about it.
type finding struct {
	Check string `json:"check"`
	State state  `json:"state"`
	Seen  string `json:"seen"`
	Do    string `json:"do,omitempty"`
}

func ok(seen string, args ...any) finding {
	return finding{State: fine, Seen: fmt.Sprintf(seen, args...)}
}

func skip(why string) finding { return finding{State: skipped, Seen: why} }

func warning(seen, do string) finding { return finding{State: warned, Seen: seen, Do: do} }

func trouble(seen, do string) finding { return finding{State: failed, Seen: seen, Do: do} }

// checkup is a check, with the settings that it stands on: where one of them can't be used, it is skipped.
type checkup struct {
	name  string
	stand uses
	look  func(ctx context.Context, d *doctor) []finding
}

// checkups are made in this order; each finds for itself what it needs, so that one that fails keeps no other from being made.
var checkups = []checkup{
	{"settings", nil, checkSettings},
	{"secret key", only("SIGNET_ENV", "SECRET_KEY", "SECRET_KEY_PREVIOUS", "DATA_DIR"), checkSecretKey},
	{"data folder", only("DATA_DIR", "DATABASE_URI"), checkFolder},
	{"database", onDatabase, checkDatabase},
	{"schema", onDatabase, checkSchema},
	{"database role", onRole, checkRole},
	{"pooler", onDatabase, checkPooler},
	{"clock", onDatabase, checkClock},
	{"signing keys", onData, checkKeys},
	{"administrators", onData, checkAdministrators},
	{"redis", func(setting string) bool { return strings.HasPrefix(setting, "REDIS_") }, checkRedis},
	{"mail", onMail, checkMailServer},
	{"public address", only("PUBLIC_URL"), checkPublicURL},
	{"issuer", onData, checkIssuer},
	{"passkeys", func(setting string) bool {
		return onData(setting) || setting == "PUBLIC_URL" || strings.HasPrefix(setting, "WEBAUTHN_")
	}, checkPasskeys},
	{"key set", onData, checkKeySet},
	{"client address", only("PUBLIC_URL", "SECRET_KEY", "TRUSTED_PROXIES"), checkClientAddress},
	{"provider", func(setting string) bool { return isOfProvider(setting) || strings.HasPrefix(setting, "OIDC_") }, checkProviderHealth},
}

func onDatabase(setting string) bool {
	return only("DATABASE_URI", "MIGRATE_DATABASE_URI", "DATA_DIR", "DATABASE_POOL")(setting)
}

func onRole(setting string) bool { return onDatabase(setting) || setting == "AUDIT_RETENTION" }

// patience is how long one check may take.
const patience = 3 * time.Second

// Run makes all checks and prints what they found.
func (d doctorCommand) Run(p *program) error {
	config, err := readConfig(p.environ, all)
	doctor := &doctor{config: config, mistakes: err}
	defer doctor.close()
	findings := doctor.examine(p.ctx)
	count := map[state]int{}
	for _, f := range findings {
		count[f.State]++
	}
	if d.JSON {
		err = printJSON(p.stdio.Out, struct {
			Findings []finding `json:"findings"`
		}{findings})
	} else {
		err = printFindings(p, findings)
	}
	switch {
	case err != nil:
		return err
	case count[failed] > 0:
		return fmt.Errorf("%s, %s", plural(count[failed], "error"), plural(count[warned], "warning"))
	case count[warned] > 0 && d.Strict:
		return fmt.Errorf("%s (--strict)", plural(count[warned], "warning"))
	}
	return nil
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func printFindings(p *program, findings []finding) error {
	table := tabwriter.NewWriter(p.stdio.Out, 0, 0, 2, ' ', 0)
	for _, f := range findings {
		for i, line := range mistakes(fmt.Errorf("%s", cmp.Or(f.Seen, "-"))) {
			if i == 0 {
				_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", f.State, f.Check, line)
			} else {
				_, _ = fmt.Fprintf(table, "\t\t%s\n", line)
			}
		}
		if f.Do != "" {
			_, _ = fmt.Fprintf(table, "\t\t→ %s\n", f.Do)
		}
	}
	return table.Flush()
}

// examine makes the checks one after the other.
func (d *doctor) examine(ctx context.Context) []finding {
	var all []finding
	for _, c := range checkups {
		found := []finding{skip("its settings can't be used: see settings")}
		if c.stand == nil || c.stand.concerning(d.mistakes) == nil {
			limited, cancel := context.WithTimeout(ctx, patience)
			found = c.look(limited, d)
			cancel()
		}
		for _, f := range found {
			f.Check = cmp.Or(f.Check, c.name)
			all = append(all, f)
		}
	}
	return all
}
