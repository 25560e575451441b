package run

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/signet-auth/signet/app/service"
	"github.com/signet-auth/signet/domain"
)

// printedService is a service as the command line prints it.
type printedService struct {
	ID          string    `json:"id"`
	Key         string    `json:"key"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	IsActive    bool      `json:"is_active"`
	IsPlatform  bool      `json:"is_platform"`
	TokenType   string    `json:"token_typ"`
	MinACR      string    `json:"min_acr"` // or any
	Version     int64     `json:"version"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

type printedServices struct {
	Services   []printedService `json:"services"`
	NextCursor string           `json:"next_cursor,omitempty"`
}

func serviceOf(s domain.Service) printedService {
	return printedService{
		ID: string(s.ID), Key: s.Key, Name: s.Name, Description: s.Description, IsActive: s.IsActive(), IsPlatform: s.IsPlatform(),
		TokenType: string(s.TokenType), MinACR: string(anyOr(s.MinLevel)), Version: s.Version, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt,
	}
}

func serviceList(out service.ListOutput) printedServices {
	list := printedServices{Services: []printedService{}, NextCursor: out.Next}
	for _, s := range out.Services {
		list.Services = append(list.Services, serviceOf(s))
	}
	return list
}

func printServices(out io.Writer, list service.ListOutput) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "ID\tKEY\tNAME\tSTATE\tROLES COUNT FROM\tCREATED")
	for _, s := range list.Services {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", s.ID, s.Key, s.Name, s.State, anyOr(s.MinLevel), s.CreatedAt.Format(time.DateOnly))
	}
	return endTable(out, table, list.Next)
}

func printService(out io.Writer, s printedService) error {
	return printLines(out, [][2]string{
		{"Id", s.ID},
		{"Key", s.Key},
		{"Name", s.Name},
		{"Description", s.Description},
		{"State", map[bool]string{true: "active", false: "inactive"}[s.IsActive]},
		{"Tokens", s.TokenType},
		{"Roles count from", s.MinACR},
		{"Version", fmt.Sprint(s.Version)},
		{"Created", second(&s.CreatedAt)},
		{"Changed", second(&s.UpdatedAt)},
	}...)
}
