package domain

import "crypto/sha256"

// The identifiers are UUIDs in their canonical lower-case text form, each of a type of its own, so that one can't be passed
// for another.
type (
	// PrincipalID identifies whatever can act: users, services and teams live in one id space.
	PrincipalID string
	// UserID identifies a user.
	UserID string
	// ServiceID identifies a service.
	ServiceID string
	// ClientID identifies a client.
	ClientID string
	// RoleID identifies a role.
	RoleID string
	// PermissionID identifies a permission.
	PermissionID string
	// AssignmentID identifies that a principal holds a role.
	AssignmentID string
	// SessionID identifies a session: sid in tokens.
	SessionID string
	// FamilyID identifies a line of refresh tokens.
	FamilyID string
	// RegistrationID identifies a pending registration.
	RegistrationID string
	// FlowID identifies one use of a one-time secret.
	FlowID string
	// IdentityID identifies an account at a provider.
	IdentityID string
	// FactorID identifies a second factor.
	FactorID string
	// RecoveryCodeID identifies a recovery code.
	RecoveryCodeID string
	// TrustedDeviceID identifies a remembered device: the public half of its token's text.
	TrustedDeviceID string
	// AppTokenID identifies an application token.
	AppTokenID string
	// AppTokenSecretID identifies a secret of an application token: the public half of the token's text.
	AppTokenSecretID string
	// EventID identifies an audit event.
	EventID string
	// MessageID identifies a message of the outbox.
	MessageID string
)

// Principal is the user's place in the shared id space.
func (id UserID) Principal() PrincipalID { return PrincipalID(id) }

// Principal is the service account of the service: it has the service's own id.
func (id ServiceID) Principal() PrincipalID { return PrincipalID(id) }

// DeriveID is the id of an object that must be unique for a text (UUIDv8, RFC 9562 §5.8).
func DeriveID[T ~string](label, text string) T {
	sum := sha256.Sum256([]byte(label + "\x00" + text))
	id := [16]byte(sum[:16])
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80
	return UUIDText[T](id)
}

// ParseID reads a UUID in its 36 character form, in either case. An id that does not parse is an unknown id: callers answer
// "not found" and never ask the database, which would refuse it with an error of its own.
func ParseID[T ~string](text string) (T, bool) {
	if len(text) != 36 {
		return "", false
	}
	var id [36]byte
	for i := range 36 {
		c := text[i]
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return "", false
			}
		case c >= 'A' && c <= 'F':
			c += 'a' - 'A'
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f':
		default:
			return "", false
		}
		id[i] = c
	}
	return T(id[:]), true
}

// UUIDBytes are the 16 bytes of an id, for formats that carry it in binary. ok is false when the id is not a UUID.
func UUIDBytes[T ~string](id T) (out [16]byte, ok bool) {
	text, ok := ParseID[string](string(id))
	if !ok {
		return out, false
	}
	n := 0
	for i := 0; i < len(text); i++ {
		if text[i] == '-' {
			continue
		}
		out[n] = hexValue(text[i])<<4 | hexValue(text[i+1])
		n++
		i++
	}
	return out, true
}

// UUIDText is the id whose 16 bytes these are.
func UUIDText[T ~string](b [16]byte) T {
	const digits = "0123456789abcdef"
	text := make([]byte, 0, 36)
	for i, v := range b {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			text = append(text, '-')
		}
		text = append(text, digits[v>>4], digits[v&15])
	}
	return T(text)
}

func hexValue(c byte) byte {
	if c >= 'a' {
		return c - 'a' + 10
	}
	return c - '0'
}
