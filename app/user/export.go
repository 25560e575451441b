package user

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// The most rows of each kind in an export, the newest ones. If there are more, the export says so.
const (
	MaxExportedEvents   = 2000
	MaxExportedSessions = 1000
	MaxExportedRoles    = 1000
	MaxExportedSecrets  = 100
)

// ExportInput is for whom.
type ExportInput struct {
	Actor domain.Actor
	From  domain.Origin
}

// ExportOutput is everything that is stored about a person, except hashes of secrets.
type ExportOutput struct {
	At         time.Time
	User       domain.User
	Sessions   []domain.Session
	Devices    []domain.Device // kinds of device that logged in
	Identities []domain.Identity
	Factors    []domain.Factor
	Codes      domain.RecoveryCodes
	Trusted    []domain.TrustedDevice // remembered ones, also those that have ended
	Roles      []domain.ListedAssignment
	Pending    []domain.Flow  // one-time secrets that were sent and not used
	Failures   domain.Lockout // the run of failed logins of the address
	Events     []domain.Event
	Cut        []string // the members that were cut to the newest rows
}

// Export shows people all data about them (GDPR art. 15). A stolen token must not be enough for it: domain.ErrReauthRequired when the login
// is too long ago. It is recorded in the audit log, because no other call gives a thief of a session so much data at once.
func (s *Service) Export(ctx context.Context, in ExportInput) (ExportOutput, error) {
	actor := in.Actor
	if err := access.RequirePlatformUser(actor); err != nil {
		return ExportOutput{}, err
	}
	now := s.System.Now()
	read, id := s.Store.Read(), domain.UserID(actor.ID)
	user, err := read.Users.ByID(ctx, id)
	if errors.Is(err, domain.ErrNotFound) {
		return ExportOutput{}, domain.ErrTokenInvalid
	}
	if err == nil {
		err = s.reauth.RequireRecentOf(user, actor, now)
	}
	if err != nil {
		return ExportOutput{}, err
	}
	out := ExportOutput{At: now, User: user}
	for _, part := range []func() error{
		func() error {
			all, err := read.Sessions.ByUser(ctx, id, MaxExportedSessions+1)
			out.Sessions = cut(&out, "sessions", all, MaxExportedSessions)
			return err
		},
		func() (err error) { out.Devices, err = read.Devices.ByUser(ctx, id); return err },
		func() (err error) { out.Factors, err = read.Factors.ByUser(ctx, id); return err },
		func() (err error) { out.Codes, err = read.Factors.Codes(ctx, id); return err },
		func() (err error) { out.Trusted, err = read.Trusted.ByUser(ctx, id); return err },
		func() (err error) { out.Identities, err = read.Identities.ByUser(ctx, id); return err },
		func() error {
			all, err := read.Grants.Assigned(ctx, actor.ID, MaxExportedRoles+1)
			out.Roles = cut(&out, "roles", all, MaxExportedRoles)
			return err
		},
		func() error {
			all, err := read.Flows.LiveBySubject(ctx, string(id), now, MaxExportedSecrets+1)
			out.Pending = cut(&out, "pending", all, MaxExportedSecrets)
			return err
		},
		func() (err error) {
			out.Failures, err = read.Lockouts.ByKey(ctx, s.guard.RunKey(user.Email))
			return err
		},
		func() error { return s.exportEvents(ctx, &out, actor.ID) },
	} {
		if err := part(); err != nil {
			return ExportOutput{}, err
		}
	}
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		return s.Audit.Record(ctx, tx, now, domain.UserEvent(domain.EventUserExported, actor, in.From, id))
	})
	if err != nil { // without the audit event there is no export
		return ExportOutput{}, err
	}
	return out, nil
}

// exportEvents reads a page at a time. It includes what others did to the account, but not from where, which is their personal data.
func (s *Service) exportEvents(ctx context.Context, out *ExportOutput, id domain.PrincipalID) error {
	var before domain.Cursor
	for {
		page, err := s.Store.Read().Audit.About(ctx, id, before, erasePage)
		if err != nil {
			return err
		}
		for i := range page {
			if page[i].ActorKind == domain.ActorUser && page[i].ActorID != id {
				page[i].Trace, page[i].SessionID, page[i].RequestID = domain.Trace{}, "", ""
			}
		}
		out.Events = append(out.Events, page...)
		if len(out.Events) > MaxExportedEvents {
			out.Events = cut(out, "events", out.Events, MaxExportedEvents)
			return nil
		}
		if len(page) < erasePage {
			return nil
		}
		before = page[len(page)-1].Place()
	}
}

// cut keeps that many rows, and notes when there are more.
func cut[T any](out *ExportOutput, member string, all []T, n int) []T {
	if len(all) <= n {
		return all
	}
	out.Cut = append(out.Cut, member)
	return all[:n]
}
