package user

import (
	"context"
	"strconv"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// exportPage is how many users one query reads.
const exportPage = 500

// ExportAllInput says how to export.
type ExportAllInput struct {
	Actor  domain.Actor
	Hashes bool                // whether password hashes leave too, for the audit log
	Each   func(Account) error // gets the accounts of a page; its error ends the export
}

// ExportAll reads all accounts, newest first, and returns how many there were. It leaves out accounts that their owners closed, which wait
// to be erased. The export is recorded in the audit log.
func (s *Service) ExportAll(ctx context.Context, in ExportAllInput) (n int, err error) {
	if in.Actor.Kind != domain.ActorSystem {
		return 0, domain.ErrForbidden
	}
	now := s.System.Now()
	for after := (domain.Cursor{}); ; {
		var users []domain.User
		var accounts []Account
		err := s.Persist(ctx, func() (err error) {
			users, err = s.Store.Read().Users.List(ctx, store.UserFilter{Now: now}, store.Page{After: after, Limit: exportPage})
			if err == nil {
				accounts, err = s.accounts(ctx, users, now)
			}
			return err
		})
		if err != nil {
			return n, err
		}
		for _, account := range accounts {
			if account.IsClosed() {
				continue
			}
			if err := in.Each(account); err != nil {
				return n, err
			}
			n++
		}
		if len(users) < exportPage {
			break
		}
		after = users[len(users)-1].Place()
	}
	exported := domain.NewEvent(domain.EventUserExported, in.Actor, domain.Origin{}, "", "").
		With("accounts", strconv.Itoa(n)).With("password_hashes", strconv.FormatBool(in.Hashes))
	return n, s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error { return s.Audit.Record(ctx, tx, now, exported) })
}
