package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/app/permission"
	"github.com/signet-auth/signet/domain"
)

type permissionsCommand struct {
	List   permissionsList   `cmd:"" help:"List the permissions of a service, newest first."`
	Create permissionsCreate `cmd:"" help:"Register a permission: everybody whose roles match its name holds it from then on."`
	Delete permissionsDelete `cmd:"" help:"Remove a permission."`
}

// vocabulary is whose permissions a command is about.
type vocabulary struct {
	Service string `arg:"" help:"The service's id or key; shared for the permissions that all services share."`
}

type permissionsList struct {
	vocabulary
	listFlags
	inJSON

	Search string `help:"Only those whose name begins so."`
}

type permissionsCreate struct {
	vocabulary
	inJSON

	Name        string `arg:"" help:"What is done to what, such as invoice:read."`
	Description string `help:"What it allows, for people."`
}

type permissionsDelete struct {
	vocabulary
	inJSON

	Name  string `arg:"" help:"The permission's name or id."`
	Force bool   `help:"Take it out of the roles that name it, too."`
}

// printedPermission is a permission as the command line prints it.
type printedPermission struct {
	ID          string    `json:"id"`
	ServiceID   string    `json:"service_id,omitempty"` // none: shared
	Name        string    `json:"name"`
	Description string    `json:"description"`
	CreatedAt   time.Time `json:"created_at"`
}

type printedPermissions struct {
	Permissions []printedPermission `json:"permissions"`
	NextCursor  string              `json:"next_cursor,omitempty"`
}

// Run lists.
func (c permissionsList) Run(p *program) error {
	paging, err := c.paging()
	if err != nil {
		return clientText(err)
	}
	return p.users(func(t *tool) error {
		out, err := t.Permissions.List(p.ctx, permission.ListInput{Actor: domain.System(), Service: c.Service, Search: c.Search, Paging: paging})
		if err != nil {
			return noService(err, c.Service)
		}
		list := printedPermissions{Permissions: []printedPermission{}, NextCursor: out.Next}
		for _, found := range out.Permissions {
			list.Permissions = append(list.Permissions, permissionOf(found))
		}
		return p.print(c.JSON, list, func() error { return printPermissions(p.stdio.Out, list) })
	})
}

// Run creates.
func (c permissionsCreate) Run(p *program) error {
	return p.users(func(t *tool) error {
		in := permission.CreateInput{Actor: domain.System(), Service: c.Service, Name: c.Name, Description: c.Description}
		if c.Service == permission.Shared {
			in.Service = ""
		}
		made, err := t.Permissions.Create(p.ctx, in)
		if err != nil {
			return noService(err, c.Service)
		}
		return p.print(c.JSON, permissionOf(made), p.saying("%s (%s) is made", made.Name, made.ID))
	})
}

// Run deletes.
func (c permissionsDelete) Run(p *program) error {
	return p.users(func(t *tool) error {
		found, err := findPermission(p.ctx, t, c.Service, c.Name)
		if err != nil {
			return err
		}
		err = t.Permissions.Delete(p.ctx, permission.DeleteInput{Actor: domain.System(), Permission: string(found.ID), Force: c.Force})
		if errors.Is(err, domain.ErrPermissionInUse) {
			return errors.New("roles name " + found.Name + ": --force takes it out of them")
		}
		if err != nil {
			return err
		}
		return p.print(c.JSON, permissionOf(found), p.saying("%s is deleted; its id was %s", found.Name, found.ID))
	})
}

// findPermission finds a permission of a service by its name or its id.
func findPermission(ctx context.Context, t *tool, service, ref string) (domain.Permission, error) {
	in := permission.ListInput{Actor: domain.System(), Service: service, Paging: base.Paging{Limit: 1000}}
	for {
		out, err := t.Permissions.List(ctx, in)
		if err != nil {
			return domain.Permission{}, noService(err, service)
		}
		for _, found := range out.Permissions {
			if found.Name == ref || string(found.ID) == ref {
				return found, nil
			}
		}
		if in.Cursor = out.Next; in.Cursor == "" {
			return domain.Permission{}, domain.ErrNotFound.Saying(fmt.Sprintf("There is no such permission of %s: %s", service, ref))
		}
	}
}

func permissionOf(p domain.Permission) printedPermission {
	return printedPermission{ID: string(p.ID), ServiceID: string(p.ServiceID), Name: p.Name, Description: p.Description, CreatedAt: p.CreatedAt}
}

func printPermissions(out io.Writer, list printedPermissions) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "ID\tNAME\tDESCRIPTION")
	for _, p := range list.Permissions {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", p.ID, p.Name, p.Description)
	}
	return endTable(out, table, list.NextCursor)
}
