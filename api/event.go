package api

// EventType names what happened, in the audit log and, later, in webhooks.
type EventType = string

// The events.
const (
	EventUserRegistered           EventType = "user.registered"
	EventUserVerified             EventType = "user.verified"
	EventUserUpdated              EventType = "user.updated"
	EventUserEmailChanged         EventType = "user.email_changed"
	EventUserEmailChangeRequested EventType = "user.email_change_requested"
	EventUserDisabled             EventType = "user.disabled"
	EventUserEnabled              EventType = "user.enabled"
	EventUserDeleted              EventType = "user.deleted"
	EventUserLocked               EventType = "user.locked"
	EventUserExported             EventType = "user.exported"

	EventLoginSucceeded   EventType = "login.succeeded"
	EventLoginFailed      EventType = "login.failed"
	EventLoginChallenged  EventType = "login.challenged"
	EventSessionEnded     EventType = "session.ended"
	EventSessionSteppedUp EventType = "session.stepped_up"

	EventFactorAdded          EventType = "factor.added"
	EventFactorRemoved        EventType = "factor.removed"
	EventFactorReset          EventType = "factor.reset"
	EventFactorFailed         EventType = "factor.failed"
	EventFactorSuspended      EventType = "factor.suspended"
	EventFactorResumed        EventType = "factor.resumed"
	EventRecoveryCodesCreated EventType = "recovery_codes.created"
	EventRecoveryCodesUsed    EventType = "recovery_codes.used"
	EventDeviceTrusted        EventType = "device.trusted"
	EventDeviceRemoved        EventType = "device.removed"

	EventTokenRefreshReused    EventType = "token.refresh_reused"
	EventTokenRefreshRecovered EventType = "token.refresh_recovered"

	EventPasswordChanged        EventType = "password.changed"
	EventPasswordResetRequested EventType = "password.reset_requested"
	EventPasswordReset          EventType = "password.reset"
	EventPasswordRemoved        EventType = "password.removed"

	EventIdentityLinked   EventType = "identity.linked"
	EventIdentityUnlinked EventType = "identity.unlinked"

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

	EventAppTokenCreated EventType = "app_token.created"
	EventAppTokenUpdated EventType = "app_token.updated"
	EventAppTokenRotated EventType = "app_token.rotated"
	EventAppTokenRevoked EventType = "app_token.revoked"
	EventAppTokenDeleted EventType = "app_token.deleted"

	EventKeyCreated   EventType = "key.created"
	EventKeyActivated EventType = "key.activated"
	EventKeyRevoked   EventType = "key.revoked"

	EventBackupRestored EventType = "backup.restored"
)
