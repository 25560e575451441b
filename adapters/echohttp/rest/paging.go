package rest

import (
	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/app/base"
)

// paging is the page that a client asks for.
func paging(limit int, cursor string) base.Paging {
	if limit == 0 {
		limit = api.DefaultLimit
	}
	return base.Paging{Cursor: cursor, Limit: limit}
}

// wholePaging is the same for the lists of the original service: without limit and cursor they are complete, up to a bound.
func wholePaging(limit int, cursor string) base.Paging {
	if limit == 0 && cursor == "" {
		limit = api.MaxWhole
	}
	return paging(limit, cursor)
}
