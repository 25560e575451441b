package run

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/signet-auth/signet/app/assignment"
	"github.com/signet-auth/signet/app/role"
	"github.com/signet-auth/signet/domain"
)

// printedRole is a role as the command line prints it.
type printedRole struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	ServiceID   string    `json:"service_id"`
	IsDefault   bool      `json:"is_default"`
	IsSystem    bool      `json:"is_system"`
	Permissions []string  `json:"permissions"`
	Includes    []string  `json:"includes"` // names
	MinACR      string    `json:"min_acr"`  // or any
	Version     int64     `json:"version"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

type printedRoles struct {
	Roles      []printedRole `json:"roles"`
	NextCursor string        `json:"next_cursor,omitempty"`
}

type printedRoleDetails struct {
	printedRole

	Effective []string `json:"effective"`
	Holders   int      `json:"holders"` // counted to 1 000
}

// printedAssignment is who holds a role, and what became of giving it.
type printedAssignment struct {
	ID        string     `json:"id"`
	Service   string     `json:"service"`
	Role      string     `json:"role"`
	Holder    string     `json:"holder"`
	Outcome   string     `json:"outcome"` // assigned, updated, unchanged
	ExpiresAt *time.Time `json:"expires_at"`
}

type removedRole struct {
	Service string `json:"service"`
	Role    string `json:"role"`
	Holder  string `json:"holder"`
}

func roleOf(r domain.Role) printedRole {
	printed := printedRole{
		ID: string(r.ID), Name: r.Name, Description: r.Description, ServiceID: string(r.ServiceID), IsDefault: r.IsDefault, IsSystem: r.IsSystem,
		Permissions: plain(r.Patterns), Includes: []string{}, MinACR: string(anyOr(r.MinLevel)), Version: r.Version, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
	for _, included := range r.Includes {
		printed.Includes = append(printed.Includes, included.Name)
	}
	return printed
}

func plain(patterns []domain.Pattern) []string {
	texts := []string{}
	for _, p := range patterns {
		texts = append(texts, string(p))
	}
	return texts
}

func roleList(out role.ListOutput) printedRoles {
	list := printedRoles{Roles: []printedRole{}, NextCursor: out.Next}
	for _, r := range out.Roles {
		list.Roles = append(list.Roles, roleOf(r))
	}
	return list
}

func roleDetailsOf(out role.GetOutput) printedRoleDetails {
	return printedRoleDetails{printedRole: roleOf(out.Role), Effective: plain(out.Effective), Holders: out.Holders}
}

func assignmentOf(out assignment.AssignOutput) printedAssignment {
	a := out.Assignment
	return printedAssignment{
		ID: string(a.ID), Service: a.ServiceKey, Role: a.Role, Holder: string(a.PrincipalID), Outcome: string(out.Outcome), ExpiresAt: moment(a.ExpiresAt),
	}
}

func printRoles(out io.Writer, list role.ListOutput) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "ID\tNAME\tCOUNTS FROM\tPERMISSIONS\tINCLUDES")
	for _, r := range list.Roles {
		printed := roleOf(r)
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", r.ID, r.Name, printed.MinACR, strings.Join(printed.Permissions, " "), strings.Join(printed.Includes, ", "))
	}
	return endTable(out, table, list.Next)
}

func printRole(out io.Writer, r printedRoleDetails) error {
	return printLines(out, [][2]string{
		{"Id", r.ID},
		{"Name", r.Name},
		{"Description", r.Description},
		{"Made by Signet", map[bool]string{true: "yes"}[r.IsSystem]},
		{"Permissions", strings.Join(r.Permissions, " ")},
		{"Includes", strings.Join(r.Includes, ", ")},
		{"Counts from", r.MinACR},
		{"In all", strings.Join(r.Effective, " ")},
		{"Holders", fmt.Sprint(r.Holders)},
		{"Version", fmt.Sprint(r.Version)},
		{"Created", second(&r.CreatedAt)},
		{"Changed", second(&r.UpdatedAt)},
	}...)
}

func printAssignment(out io.Writer, name string, a printedAssignment) error {
	end := "for good"
	if a.ExpiresAt != nil {
		end = "until " + second(a.ExpiresAt)
	}
	_, err := fmt.Fprintf(out, "%s holds %s/%s %s (%s)\n", name, a.Service, a.Role, end, a.Outcome)
	return err
}
