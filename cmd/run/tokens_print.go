package run

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/signet-auth/signet/app/apptoken"
	"github.com/signet-auth/signet/domain"
)

// printedToken is an application token as the command line prints it.
type printedToken struct {
	ID                string          `json:"id"`
	Token             string          `json:"token,omitempty"` // its text, if it has just been drawn
	Name              string          `json:"name"`
	ServiceID         string          `json:"service_id"`
	Prefix            string          `json:"prefix"`
	Scopes            *[]string       `json:"scopes"` // null: all that the service's account may do
	Unheld            []string        `json:"unheld,omitempty"`
	IsActive          bool            `json:"is_active"`
	ExpiresAt         *time.Time      `json:"expires_at"`
	RevokedAt         *time.Time      `json:"revoked_at"`
	CreatedAt         time.Time       `json:"created_at"`
	LastUsedAt        *time.Time      `json:"last_used_at"`
	UseCount          int64           `json:"use_count"`
	Secrets           []printedSecret `json:"secrets"`
	PreviousExpiresAt *time.Time      `json:"previous_expires_at,omitempty"`
}

type printedSecret struct {
	Prefix     string     `json:"prefix"`
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at"`
	LastUsedAt *time.Time `json:"last_used_at"`
}

type printedTokens struct {
	Tokens     []printedToken `json:"tokens"`
	NextCursor string         `json:"next_cursor,omitempty"`
}

func tokenOf(t apptoken.Shown) printedToken {
	use := t.Used()
	printed := printedToken{
		ID: string(t.ID), Token: t.Text.Reveal(), Name: t.Name, ServiceID: string(t.ServiceID), Prefix: t.Prefix(), Unheld: t.Unheld,
		IsActive: t.Active, ExpiresAt: moment(t.ExpiresAt), RevokedAt: moment(t.RevokedAt), CreatedAt: t.CreatedAt,
		LastUsedAt: moment(use.LastAt), UseCount: use.Count, Secrets: []printedSecret{}, PreviousExpiresAt: moment(t.PreviousEnds),
	}
	if t.Scopes.Narrows() {
		texts := append([]string{}, t.Scopes.Texts()...)
		printed.Scopes = &texts
	}
	for _, s := range t.LiveSecrets {
		printed.Secrets = append(printed.Secrets, printedSecret{
			Prefix: s.Prefix, CreatedAt: s.CreatedAt, ExpiresAt: moment(domain.EarlierEnd(s.ExpiresAt, t.ExpiresAt)),
			LastUsedAt: moment(t.Use[s.ID].LastAt),
		})
	}
	return printed
}

func tokenList(out apptoken.ListOutput) printedTokens {
	list := printedTokens{Tokens: []printedToken{}, NextCursor: out.Next}
	for _, t := range out.Tokens {
		list.Tokens = append(list.Tokens, tokenOf(t))
	}
	return list
}

// state is whether a token may be used now, in a word.
func (t printedToken) state() string {
	switch {
	case t.RevokedAt != nil:
		return "revoked"
	case t.IsActive:
		return "active"
	}
	return "inactive"
}

func (t printedToken) scopes() string {
	if t.Scopes == nil {
		return "all"
	}
	return strings.Join(*t.Scopes, " ")
}

func printTokens(out io.Writer, list printedTokens) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "ID\tNAME\tPREFIX\tSTATE\tSCOPES\tENDS\tLAST USED")
	for _, t := range list.Tokens {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", t.ID, t.Name, t.Prefix, t.state(), t.scopes(), day(t.ExpiresAt), day(t.LastUsedAt))
	}
	return endTable(out, table, list.NextCursor)
}

func printToken(out io.Writer, t printedToken) error {
	lines := [][2]string{
		{"Id", t.ID},
		{"Name", t.Name},
		{"Service", t.ServiceID},
		{"State", t.state()},
		{"Scopes", t.scopes()},
		{"Created", second(&t.CreatedAt)},
		{"Ends", second(t.ExpiresAt)},
		{"Revoked", second(t.RevokedAt)},
		{"Uses", fmt.Sprint(t.UseCount)},
		{"Last used", second(t.LastUsedAt)},
	}
	for _, s := range t.Secrets {
		text := s.Prefix + "… of " + second(&s.CreatedAt)
		if s.ExpiresAt != nil {
			text += ", until " + second(s.ExpiresAt)
		}
		lines = append(lines, [2]string{"Secret", text})
	}
	return printLines(out, lines...)
}
