package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/app/user"
	"github.com/signet-auth/signet/domain"
)

// Account is the routes of /api/auth about the account as a whole: closing it, and exporting the data about its user.
type Account struct{ Service *user.Service }

// Mount adds the routes.
func (r *Account) Mount(a *echohttp.API) {
	echohttp.Handle(a, http.MethodPost, "/api/auth/close", echohttp.Op{
		ID: "closeAccount", Tag: echohttp.TagAccount, Summary: "Close the account", Auth: echohttp.BearerAuth, Unenrolled: true, Strict: true,
		Description: "All sessions end now, and signing in fails as for an account that does not exist. Its data is erased after 14 days (CLOSE_GRACE) unless an administrator opens it before. Without a password the account needs a recent login.",
		Errors: []*domain.Error{
			domain.ErrInvalidRequest, domain.ErrInvalidCredentials, domain.ErrTokenInvalid, domain.ErrWrongAudience, domain.ErrReauthRequired,
			domain.ErrLastAdmin, domain.ErrRateLimited, domain.ErrBusy,
		},
	}, r.close)
	echohttp.Handle(a, http.MethodGet, "/api/auth/export", echohttp.Op{
		ID: "exportAccount", Tag: echohttp.TagAccount, Summary: "All data about the user", Auth: echohttp.BearerAuth, Unenrolled: true, Timeout: 5 * time.Second,
		Description: "Wants a login that is at most 10 minutes old (RECENT_AUTH). Where there is more than an answer should have, truncated names the members that are cut.",
		Errors:      []*domain.Error{domain.ErrTokenInvalid, domain.ErrWrongAudience, domain.ErrReauthRequired},
	}, r.export)
}

func (r *Account) close(ctx context.Context, caller echohttp.Caller, in api.CloseRequest) (api.CloseResponse, error) {
	out, err := r.Service.Close(ctx, user.CloseInput{Actor: caller.Actor, From: caller.Origin, Password: domain.NewSecret(in.Password)})
	return api.CloseResponse{
		Success: true, Message: "The account is closed. Its data will be erased; until then an administrator can open it again", EraseAt: out.EraseAt,
	}, err
}

func (r *Account) export(ctx context.Context, caller echohttp.Caller, _ struct{}) (api.ExportResponse, error) {
	out, err := r.Service.Export(ctx, user.ExportInput{Actor: caller.Actor, From: caller.Origin})
	if err != nil {
		return api.ExportResponse{}, err
	}
	return exportBody(out), nil
}

func exportBody(out user.ExportOutput) api.ExportResponse {
	u := out.User
	return api.ExportResponse{
		Success: true, ExportedAt: out.At, Truncated: append([]string{}, out.Cut...),
		Account: api.ExportedAccount{
			ID: string(u.ID), Email: u.Email.Canonical(), EmailAsTyped: u.Email.Mailbox(), FirstName: u.FirstName, LastName: u.LastName,
			Locale: u.Locale, HasPassword: u.PasswordHash != "", EmailVerifiedAt: when(u.EmailVerifiedAt), LastLoginAt: when(u.LastLoginAt),
			CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt, Metadata: []byte(u.Metadata),
			FailedLogins: out.Failures.Failures, LockedUntil: when(out.Failures.LockedUntil),
		},
		Sessions: each(out.Sessions, exportedSession),
		Devices: each(out.Devices, func(d domain.Device) api.ExportedDevice {
			return api.ExportedDevice{Class: d.Class, FirstSeenAt: d.FirstSeenAt, LastSeenAt: d.LastSeenAt}
		}),
		Identities: each(out.Identities, func(i domain.Identity) api.ExportedWayIn {
			return api.ExportedWayIn{
				ID: string(i.ID), Provider: i.Provider, Subject: i.Subject, Email: i.Email, EmailVerified: i.EmailVerified,
				CreatedAt: i.CreatedAt, LastLoginAt: when(i.LastLoginAt),
			}
		}),
		Factors: each(out.Factors, func(f domain.Factor) api.ExportedFactor {
			return api.ExportedFactor{Factor: factorBody(f), ConfirmedAt: when(f.ConfirmedAt)}
		}),
		RecoveryCodes:  codesBody(out.Codes),
		TrustedDevices: each(out.Trusted, deviceBody),
		Roles: each(out.Roles, func(r domain.ListedAssignment) api.ExportedRole {
			return api.ExportedRole{Role: r.Role, Service: r.ServiceKey, CreatedAt: r.CreatedAt, ExpiresAt: when(r.ExpiresAt)}
		}),
		Pending: each(out.Pending, func(f domain.Flow) api.ExportedSecret {
			return api.ExportedSecret{Purpose: string(f.Purpose), Address: f.Address, CreatedAt: f.CreatedAt, ExpiresAt: f.ExpiresAt}
		}),
		Events: each(out.Events, exportedEvent),
	}
}

func exportedSession(s domain.Session) api.ExportedSession {
	return api.ExportedSession{
		ID: string(s.ID), Methods: append([]string{}, s.AMR...), CreatedAt: s.CreatedAt, LastSeenAt: s.LastSeenAt, ExpiresAt: s.ExpiresAt,
		EndedAt: when(s.EndedAt), EndReason: string(s.EndReason), IP: s.IP, UserAgent: s.UserAgent, DeviceName: s.DeviceName,
	}
}

func exportedEvent(e domain.Event) api.ExportedEvent {
	details := e.Details
	if details == nil {
		details = map[string]string{}
	}
	return api.ExportedEvent{
		ID: string(e.ID), At: e.At, Type: string(e.Type), Outcome: string(e.Outcome),
		Actor: api.ExportedParty{Type: string(e.ActorKind), ID: string(e.ActorID)}, Subject: api.ExportedParty{Type: e.SubjectKind, ID: e.SubjectID},
		ServiceID: string(e.ServiceID), SessionID: string(e.SessionID), RequestID: e.RequestID,
		IP: e.Trace.IP, UserAgent: e.Trace.UserAgent, Identifier: e.Trace.Identifier, Details: details,
	}
}

// each maps values to bodies. Without values it is an empty list, not null.
func each[E, B any](all []E, body func(E) B) []B {
	bodies := make([]B, len(all))
	for i, one := range all {
		bodies[i] = body(one)
	}
	return bodies
}

// when turns a time into a member that may be null.
func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
