package domain

// Right is a right over the objects that Signet keeps for a service: its roles, tokens, description and log. It is held for all
// services by the platform's permission, or for one service by the reserved permission that is held at that service.
type Right struct {
	Platform string
	Own      string // empty: only the platform's permission counts
	AnyOwn   bool   // any reserved permission at the service will do
}

// IsPlatformOnly tells whether no permission at a service gives it.
func (r Right) IsPlatformOnly() bool { return r.Own == "" && !r.AnyOwn }

// The rights. At a service its own "write" covers deleting too.
var (
	ReadRoles   = Right{Platform: RoleRead, Own: "signet.role:read"}
	WriteRoles  = Right{Platform: RoleWrite, Own: "signet.role:write"}
	DeleteRoles = Right{Platform: RoleDelete, Own: "signet.role:write"}

	ReadTokens   = Right{Platform: TokenRead, Own: "signet.token:read"}
	WriteTokens  = Right{Platform: TokenWrite, Own: "signet.token:write"}
	DeleteTokens = Right{Platform: TokenDelete, Own: "signet.token:write"}

	ReadService    = Right{Platform: ServiceRead, AnyOwn: true}
	WriteService   = Right{Platform: ServiceWrite, Own: "signet.service:write"}
	SwitchServices = Right{Platform: ServiceWrite} // a service that is off has no administrators of its own to turn it on; also to lower its min_acr
	DeleteServices = Right{Platform: ServiceDelete}

	ReadAudit = Right{Platform: AuditRead, Own: "signet.audit:read"}

	ReadUsers         = Right{Platform: UserRead} // accounts belong to the platform, whatever services use them
	WriteUsers        = Right{Platform: UserWrite}
	DeleteUsers       = Right{Platform: UserDelete}
	ManageCredentials = Right{Platform: UserCredentials} // addresses and other credentials
)

// LoginProxy is the permission of a back end to state the address of the person it logs in.
const LoginProxy = "signet.login:proxy"
