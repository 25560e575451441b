package domain

import (
	"slices"
	"strings"
)

// EventType names what happened, for the audit log.
type EventType string

// The events of accounts, sessions and keys.
const (
	EventUserRegistered       EventType = "user.registered"
	EventUserVerified         EventType = "user.verified"
	EventUserUpdated          EventType = "user.updated"
	EventUserEmailChanged     EventType = "user.email_changed"
	EventEmailChangeRequested EventType = "user.email_change_requested"
	EventUserDisabled         EventType = "user.disabled"
	EventUserEnabled          EventType = "user.enabled"
	EventUserDeleted          EventType = "user.deleted"
	EventUserLocked           EventType = "user.locked"
	EventUserExported         EventType = "user.exported"
	EventLoginSucceeded       EventType = "login.succeeded"
	EventLoginFailed          EventType = "login.failed"
	EventLoginChallenged      EventType = "login.challenged" // the first factor was right, a second one was asked for
	EventSessionEnded         EventType = "session.ended"
	EventRefreshReused        EventType = "token.refresh_reused"
	EventRefreshRecovered     EventType = "token.refresh_recovered"
	EventPasswordChanged      EventType = "password.changed"
	EventResetRequested       EventType = "password.reset_requested"
	EventPasswordReset        EventType = "password.reset"
	EventPasswordRemoved      EventType = "password.removed"

	EventFactorAdded      EventType = "factor.added"
	EventFactorRemoved    EventType = "factor.removed"
	EventFactorsReset     EventType = "factor.reset" // all of them, by an administrator
	EventFactorFailed     EventType = "factor.failed"
	EventFactorSuspended  EventType = "factor.suspended"
	EventFactorResumed    EventType = "factor.resumed"
	EventCodesCreated     EventType = "recovery_codes.created"
	EventCodeUsed         EventType = "recovery_codes.used"
	EventDeviceTrusted    EventType = "device.trusted" // it is not asked for a second factor for a while
	EventDeviceRemoved    EventType = "device.removed" // by its owner, by a newer one beyond the limit, or with a key that may be copied
	EventSessionSteppedUp EventType = "session.stepped_up"

	EventIdentityLinked    EventType = "identity.linked"
	EventIdentityUnlinked  EventType = "identity.unlinked"
	EventServiceCreated    EventType = "service.created"
	EventServiceUpdated    EventType = "service.updated"
	EventServiceDeleted    EventType = "service.deleted"
	EventRoleCreated       EventType = "role.created"
	EventRoleUpdated       EventType = "role.updated"
	EventRoleDeleted       EventType = "role.deleted"
	EventPermissionCreated EventType = "permission.created"
	EventPermissionUpdated EventType = "permission.updated"
	EventPermissionDeleted EventType = "permission.deleted"
	EventGrantAdded        EventType = "grant.added"
	EventGrantUpdated      EventType = "grant.updated"
	EventGrantRemoved      EventType = "grant.removed"
	EventAppTokenCreated   EventType = "app_token.created"
	EventAppTokenUpdated   EventType = "app_token.updated"
	EventAppTokenRotated   EventType = "app_token.rotated"
	EventAppTokenRevoked   EventType = "app_token.revoked"
	EventAppTokenDeleted   EventType = "app_token.deleted"
	EventKeyCreated        EventType = "key.created"
	EventKeyActivated      EventType = "key.activated"
	EventKeyRevoked        EventType = "key.revoked"
	EventBackupRestored    EventType = "backup.restored"
)

// EventTypes are all of them.
func EventTypes() []EventType {
	return []EventType{
		EventUserRegistered, EventUserVerified, EventUserUpdated, EventUserEmailChanged, EventEmailChangeRequested,
		EventUserDisabled, EventUserEnabled, EventUserDeleted, EventUserLocked, EventUserExported, EventLoginSucceeded, EventLoginFailed,
		EventLoginChallenged, EventFactorAdded, EventFactorRemoved, EventFactorsReset, EventFactorFailed, EventFactorSuspended, EventFactorResumed, EventCodesCreated, EventCodeUsed, EventDeviceTrusted, EventDeviceRemoved, EventSessionSteppedUp,
		EventSessionEnded, EventRefreshReused, EventRefreshRecovered, EventPasswordChanged, EventPasswordRemoved, EventResetRequested,
		EventPasswordReset, EventIdentityLinked, EventIdentityUnlinked, EventServiceCreated, EventServiceUpdated, EventServiceDeleted,
		EventRoleCreated, EventRoleUpdated, EventRoleDeleted, EventPermissionCreated, EventPermissionUpdated,
		EventPermissionDeleted, EventGrantAdded, EventGrantUpdated, EventGrantRemoved, EventAppTokenCreated, EventAppTokenUpdated,
		EventAppTokenRotated, EventAppTokenRevoked, EventAppTokenDeleted, EventKeyCreated, EventKeyActivated, EventKeyRevoked,
		EventBackupRestored,
	}
}

// maxEventTypes is how many types and families one filter may name.
const maxEventTypes = 10

// ParseEventTypes reads types, and families such as grant.*, from a list with commas; all of them for an empty text. An unknown type is
// refused: a search for grant.aded must not look as if there were no such events.
func ParseEventTypes(text string) ([]EventType, error) {
	if text == "" {
		return nil, nil
	}
	bad := ErrInvalidFields(FieldError{
		Field: "type", Code: "invalid", Text: "type must be up to 10 types of events, or families such as grant.*, with commas between them",
	})
	if strings.Count(text, ",") >= maxEventTypes {
		return nil, bad
	}
	var found []EventType
	for name := range strings.SplitSeq(text, ",") {
		family, isFamily := strings.CutSuffix(name, "*")
		n := len(found)
		for _, known := range EventTypes() {
			if string(known) == name || isFamily && strings.HasSuffix(family, ".") && strings.HasPrefix(string(known), family) {
				found = append(found, known)
			}
		}
		if len(found) == n {
			return nil, bad
		}
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}
