package run

import (
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
)

// inJSON is the flag that every command which shows something has.
type inJSON struct {
	JSON bool `help:"Print JSON."`
}

// listFlags are which part of a list a command shows.
type listFlags struct {
	Limit  int    `help:"How many, up to 1000." default:"1000"`
	Cursor string `help:"Go on where an earlier list ended."`
}

func (l listFlags) paging() (base.Paging, error) {
	if l.Limit < 1 || l.Limit > 1000 {
		return base.Paging{}, domain.ErrInvalidFields(domain.FieldError{Field: "limit", Code: "invalid", Text: "--limit must be from 1 to 1000"})
	}
	return base.Paging{Cursor: l.Cursor, Limit: l.Limit}, nil
}

// namedService is the service that a command is about.
type namedService struct {
	Service string `arg:"" help:"The service's id or key."`
}
