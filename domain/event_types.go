package domain

import (
	"slices"
	"strings"
)

// EventTypes are all of them.
func EventTypes() []EventType {
	return []EventType{
		EventUserRegistered, EventUserVerified, EventUserUpdated, EventUserEmailChanged, EventEmailChangeRequested,
		EventUserDisabled, EventUserEnabled, EventUserDeleted, EventUserLocked, EventUserExported, EventLoginSucceeded, EventLoginFailed,
		EventSessionEnded, EventRefreshReused, EventRefreshRecovered, EventPasswordChanged, EventResetRequested,
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
