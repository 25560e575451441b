package echohttp

import (
	"time"

	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/app/user"
	"github.com/signet-auth/signet/domain"
)

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
		Roles: each(out.Roles, func(r domain.AssignedRole) api.ExportedRole {
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

// each turns values into bodies; none are an empty list.
func each[E, B any](all []E, body func(E) B) []B {
	bodies := make([]B, len(all))
	for i, one := range all {
		bodies[i] = body(one)
	}
	return bodies
}

// when is a time that may be none.
func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
