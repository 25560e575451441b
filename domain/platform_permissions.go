package domain

// PlatformKey is the key of the service that is Signet itself. The first migration makes it; nobody can delete it.
const PlatformKey = "auth_service"

// PlatformID is the platform's id, the same in every deployment.
const PlatformID ServiceID = "00000000-0000-4000-8000-000000000001"

// PlatformService is the platform as the service at which its rights are held. Its other data is in the store.
func PlatformService() Service { return Service{ID: PlatformID, Key: PlatformKey} }

// FirstPartyClient is the built-in client under which Signet's own login issues sessions.
const (
	FirstPartyClient    ClientID = "00000000-0000-4000-8000-000000000002"
	FirstPartyClientKey string   = "signet"
)

// PlatformSeed is the version of the platform's roles and permissions. Raise it with every change to them: the migrator writes
// them where the database has a lower one.
const PlatformSeed = 1

// The platform's roles, by their ids.
const (
	RolePlatformAdmin   RoleID = "00000000-0000-4000-8000-000000000010"
	RoleUserManager     RoleID = "00000000-0000-4000-8000-000000000011"
	RoleServiceManager  RoleID = "00000000-0000-4000-8000-000000000012"
	RoleTokenManager    RoleID = "00000000-0000-4000-8000-000000000013"
	RolePlatformReader  RoleID = "00000000-0000-4000-8000-000000000014"
	RolePlatformDefault RoleID = "00000000-0000-4000-8000-000000000015"
)

// The platform's permissions, resource:action. They count only when held in the platform itself. A new one is named here and in
// PlatformPermissions, given to the roles that should have it, and PlatformSeed is raised: the migrator does the rest.
const (
	UserRead        = "user:read"
	UserWrite       = "user:write"
	UserDelete      = "user:delete"
	UserCredentials = "user:credentials"
	RoleRead        = "role:read"
	RoleWrite       = "role:write"
	RoleDelete      = "role:delete"
	ServiceRead     = "service:read"
	ServiceWrite    = "service:write"
	ServiceDelete   = "service:delete"
	TokenRead       = "token:read"
	TokenWrite      = "token:write"
	TokenDelete     = "token:delete"
	AuditRead       = "audit:read"
)

// PlatformPermissions are the permissions that exist in the platform.
func PlatformPermissions() []string {
	return []string{
		UserRead, UserWrite, UserDelete, UserCredentials, RoleRead, RoleWrite, RoleDelete,
		ServiceRead, ServiceWrite, ServiceDelete, TokenRead, TokenWrite, TokenDelete, AuditRead,
	}
}

// PlatformRoles are the roles that exist in the platform. Signet makes all of them, the same in every database; every user gets the default
// one.
func PlatformRoles() []Role {
	role := func(id RoleID, name, description string, patterns ...Pattern) Role {
		return Role{ID: id, ServiceID: PlatformID, Name: name, Description: description, IsSystem: true, Patterns: patterns}
	}
	user := role(RolePlatformDefault, "user", "Every registered user")
	user.IsDefault = true
	return []Role{
		role(RolePlatformAdmin, "admin", "Everything", "*:*"),
		role(RoleUserManager, "user_manager", "Manages users", UserRead, UserWrite, UserDelete, UserCredentials, RoleRead),
		role(RoleServiceManager, "service_manager", "Manages services, roles and permissions",
			ServiceRead, ServiceWrite, ServiceDelete, RoleRead, RoleWrite, RoleDelete),
		role(RoleTokenManager, "token_manager", "Manages application tokens", TokenRead, TokenWrite, TokenDelete, ServiceRead),
		role(RolePlatformReader, "readonly", "Sees everything, changes nothing", UserRead, RoleRead, ServiceRead, TokenRead, AuditRead),
		user,
	}
}

// ReservedPermissions are the rights over a service's own objects in Signet; every service but the platform has them from
// its first day.
func ReservedPermissions() []string {
	return []string{
		"signet.role:read", "signet.role:write", "signet.token:read", "signet.token:write",
		"signet.service:write", "signet.audit:read", "signet.login:proxy",
	}
}
