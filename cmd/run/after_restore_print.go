package run

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

type printedRestore struct {
	BackupTime time.Time           `json:"backup_time"`
	Sessions   int                 `json:"sessions_ended"`
	Secrets    int                 `json:"secrets_voided"`
	Devices    int                 `json:"devices_forgotten"`
	Messages   int                 `json:"mails_given_up"`
	Former     string              `json:"former_database,omitempty"`
	Compared   bool                `json:"compared"` // with the database from before the restore: undone is all there is
	Undone     []printedUndone     `json:"undone"`
	Truncated  bool                `json:"undone_truncated,omitempty"`
	Tokens     []printedStanding   `json:"tokens"`
	Grants     []printedPlatform   `json:"platform_grants"`
	Keys       []printedRestoreKey `json:"keys"`
}

type printedUndone struct {
	At      time.Time         `json:"at"`
	Type    string            `json:"type"`
	Subject string            `json:"subject_id"`
	Service string            `json:"service_id,omitempty"`
	Actor   string            `json:"actor"`
	Details map[string]string `json:"details,omitempty"`
}

type printedStanding struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Service    string     `json:"service"`
	CreatedAt  time.Time  `json:"created_at"`
	LastUsedAt *time.Time `json:"last_used_at"`
}

type printedPlatform struct {
	Principal string    `json:"principal_id"`
	Email     string    `json:"email,omitempty"`
	Role      string    `json:"role"`
	CreatedAt time.Time `json:"created_at"`
}

type printedRestoreKey struct {
	KID   string `json:"kid"`
	State string `json:"state"`
}

func (r restored) printed() printedRestore {
	out := printedRestore{
		BackupTime: r.At, Sessions: r.Ended.Sessions, Secrets: r.Ended.Secrets, Devices: r.Ended.Devices, Messages: r.Ended.Messages,
		Former: r.Former, Compared: r.Compared,
		Undone: []printedUndone{}, Truncated: r.Undone.Cut, Tokens: []printedStanding{}, Grants: []printedPlatform{}, Keys: []printedRestoreKey{},
	}
	for _, e := range r.Undone.Events {
		actor := string(e.ActorKind)
		if e.ActorID != "" {
			actor = string(e.ActorID)
		}
		out.Undone = append(out.Undone, printedUndone{
			At: e.At, Type: string(e.Type), Subject: e.SubjectID, Service: string(e.ServiceID), Actor: actor, Details: e.Details,
		})
	}
	for _, t := range r.Standing.Tokens {
		out.Tokens = append(out.Tokens, printedStanding{
			ID: string(t.ID), Name: t.Name, Service: t.ServiceKey, CreatedAt: t.CreatedAt, LastUsedAt: moment(t.Used().LastAt),
		})
	}
	for _, g := range r.Standing.Grants {
		out.Grants = append(out.Grants, printedPlatform{Principal: string(g.PrincipalID), Email: g.Email, Role: g.Role, CreatedAt: g.CreatedAt})
	}
	for _, k := range r.Standing.Keys {
		out.Keys = append(out.Keys, printedRestoreKey{KID: k.KID, State: string(k.State)})
	}
	return out
}

// print says what was ended, then what only a person can judge.
func (r restored) print(p *program) error {
	out := r.printed()
	p.done("The database is that of %s. %d sessions are ended, %d one-time secrets void, %d remembered devices forgotten, %d waiting mails given up",
		second(&out.BackupTime), out.Sessions, out.Secrets, out.Devices, out.Messages)
	if out.Former != "" {
		p.done("The database from before is kept as %s: delete it when nothing of it is needed any more", out.Former)
	}
	table := tabwriter.NewWriter(p.stdio.Out, 0, 0, 2, ' ', 0)
	switch {
	case out.Compared && len(out.Undone) == 0:
		_, _ = fmt.Fprintln(table, "\nNothing was taken away, given or changed since, so nothing of that was undone.")
	case out.Compared:
		_, _ = fmt.Fprintln(table, "\nThis happened since and is undone. Do again what should stand:")
		if out.Truncated {
			_, _ = fmt.Fprintln(table, "(the newest of them; there are more)")
		}
		_, _ = fmt.Fprintln(table, "AT\tWHAT\tSUBJECT\tSERVICE\tBY\tDETAILS")
		for _, e := range out.Undone {
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", second(&e.At), e.Type, e.Subject, e.Service, e.Actor, inOneLine(e.Details))
		}
	default:
		_, _ = fmt.Fprintln(table, "\nWhat was revoked, disabled, erased or given a new password or factor since is as it was before that. The restored database can't know: "+
			"look into\nlogs of that time, and at the following.")
	}
	out.printStanding(table)
	return table.Flush()
}

// printStanding lists what a restore may have given back.
func (out printedRestore) printStanding(table io.Writer) {
	if len(out.Tokens) > 0 {
		_, _ = fmt.Fprintln(table, "\nApplication tokens that work. Revoke those that were revoked since: signet tokens revoke ID")
		_, _ = fmt.Fprintln(table, "ID\tSERVICE\tNAME\tCREATED\tLAST USED")
	}
	for _, t := range out.Tokens {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", t.ID, t.Service, t.Name, day(&t.CreatedAt), day(t.LastUsedAt))
	}
	if len(out.Grants) > 0 {
		_, _ = fmt.Fprintln(table, "\nRoles at the platform. Take those away that were taken away since: signet roles unassign auth_service ROLE ID")
		_, _ = fmt.Fprintln(table, "ROLE\tWHOSE\tID\tSINCE")
	}
	for _, g := range out.Grants {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", g.Role, g.Email, g.Principal, day(&g.CreatedAt))
	}
	if len(out.Keys) > 0 {
		_, _ = fmt.Fprintln(table, "\nSigning keys. Revoke those that were revoked since: signet keys revoke KID")
	}
	for _, k := range out.Keys {
		_, _ = fmt.Fprintf(table, "%s\t%s\n", k.KID, k.State)
	}
}

func inOneLine(details map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(details)) {
		parts = append(parts, name+"="+details[name])
	}
	return strings.Join(parts, " ")
}
