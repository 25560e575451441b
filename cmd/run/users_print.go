package run

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/signet-auth/signet/app/user"
	"github.com/signet-auth/signet/domain"
)

// account is an account as the command line prints it.
type account struct {
	ID             string     `json:"id"`
	Email          string     `json:"email"`
	FirstName      string     `json:"first_name"`
	LastName       string     `json:"last_name"`
	State          string     `json:"state"` // active, disabled, closed
	DisabledReason string     `json:"disabled_reason,omitempty"`
	DisabledUntil  *time.Time `json:"disabled_until,omitempty"`
	EraseAt        *time.Time `json:"erase_at,omitempty"`
	Verified       bool       `json:"is_email_verified"`
	HasPassword    bool       `json:"has_password"`
	CreatedAt      time.Time  `json:"created_at"`
	LastLoginAt    *time.Time `json:"last_login_at"`
}

type accountList struct {
	Users      []account `json:"users"`
	Truncated  bool      `json:"truncated,omitempty"` // a search found more
	NextCursor string    `json:"next_cursor,omitempty"`
}

type accountDetails struct {
	account

	Roles        []string   `json:"roles"`   // service/role
	Factors      []string   `json:"factors"` // kinds of those that count
	CodesLeft    int        `json:"recovery_codes_left"`
	Sessions     int        `json:"live_sessions"`
	FailedLogins int        `json:"failed_logins"` // in a row
	LockedUntil  *time.Time `json:"locked_until,omitempty"`

	// UnreadableHash is what the stored hash seems to be, where it can't be read.
	UnreadableHash string `json:"unreadable_hash,omitempty"`
}

func accountOf(u domain.User) account {
	state := string(u.State)
	if u.IsClosed() {
		state = "closed"
	}
	return account{
		ID: string(u.ID), Email: u.Email.Canonical(), FirstName: u.FirstName, LastName: u.LastName, State: state,
		DisabledReason: u.DisabledReason, DisabledUntil: moment(u.DisabledUntil), EraseAt: moment(u.EraseAt),
		Verified: u.IsEmailVerified(), HasPassword: u.PasswordHash != "", CreatedAt: u.CreatedAt, LastLoginAt: moment(u.LastLoginAt),
	}
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func listed(out user.ListOutput) accountList {
	list := accountList{Users: []account{}, Truncated: out.Truncated, NextCursor: out.Next}
	for _, u := range out.Users {
		list.Users = append(list.Users, accountOf(u.User))
	}
	return list
}

func shown(out user.ShowOutput) accountDetails {
	details := accountDetails{
		account: accountOf(out.User), Roles: []string{}, Factors: []string{}, CodesLeft: out.Codes.Left, Sessions: len(out.Sessions), FailedLogins: out.Failures.Failures,
		LockedUntil: moment(out.Failures.LockedUntil),
	}
	for _, r := range out.Roles {
		details.Roles = append(details.Roles, r.ServiceKey+"/"+r.Role)
	}
	for _, f := range domain.Confirmed(out.Factors) {
		details.Factors = append(details.Factors, string(f.Kind))
	}
	return details
}

func printJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

func printUsers(out io.Writer, list user.ListOutput) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "ID\tADDRESS\tNAME\tSTATE\tCREATED\tLAST LOGIN")
	for _, u := range list.Users {
		a := accountOf(u.User)
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", a.ID, a.Email, fullName(a), a.State, a.CreatedAt.Format(time.DateOnly), day(a.LastLoginAt))
	}
	if err := endTable(out, table, list.Next); err != nil || !list.Truncated {
		return err
	}
	_, err := fmt.Fprintln(out, "there are more: search for more of the address or name")
	return err
}

func printUser(out io.Writer, a accountDetails) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(what, text string) {
		if text != "" {
			_, _ = fmt.Fprintf(table, "%s\t%s\n", what, text)
		}
	}
	line("Id", a.ID)
	line("Address", a.Email)
	line("Verified", map[bool]string{true: "yes", false: "no"}[a.Verified])
	line("Name", fullName(a.account))
	line("State", a.State)
	line("Reason", a.DisabledReason)
	line("Until", second(a.DisabledUntil))
	line("Erased at", second(a.EraseAt))
	line("Password", passwordOf(a))
	line("Factors", strings.Join(a.Factors, ", "))
	if len(a.Factors) > 0 {
		line("Recovery codes", fmt.Sprint(a.CodesLeft))
	}
	line("Roles", strings.Join(a.Roles, ", "))
	line("Live sessions", fmt.Sprint(a.Sessions))
	line("Failed logins", fmt.Sprint(a.FailedLogins))
	line("Locked until", second(a.LockedUntil))
	line("Created", second(&a.CreatedAt))
	line("Last login", second(a.LastLoginAt))
	return table.Flush()
}

func passwordOf(a accountDetails) string {
	switch {
	case !a.HasPassword:
		return "none"
	case a.UnreadableHash != "":
		return "its hash (" + a.UnreadableHash + ") can't be read: malformed, beyond the bounds, or of a kind that is not"
	}
	return "yes"
}

func fullName(a account) string { return strings.TrimSpace(a.FirstName + " " + a.LastName) }

func second(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func day(t *time.Time) string {
	if t == nil {
		return "never"
	}
	return t.UTC().Format(time.DateOnly)
}
