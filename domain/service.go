package domain

import (
	"strconv"
	"strings"
	"time"
)

// ServiceState says whether a service is in use.
type ServiceState string

// The states of a service.
const (
	ServiceActive   ServiceState = "active"
	ServiceInactive ServiceState = "inactive"
	ServiceDeleted  ServiceState = "deleted"
)

// TokenType is the typ header of access tokens (RFC 9068 §2.1).
type TokenType string

// The types of access tokens: the standard one, and the one for verifiers that refuse it.
const (
	TypeAccessToken TokenType = "at+jwt"
	TypeJWT         TokenType = "JWT"
)

// Service is a back end whose users, roles and tokens Signet keeps. Its key is the audience of its tokens and never changes;
// its service account is the principal of the same id.
type Service struct {
	ID          ServiceID
	Key         string
	Name        string
	Description string
	State       ServiceState
	TokenType   TokenType
	MinLevel    Level     // from which its roles count; zero: any
	PV          int64     // counts changes of its roles and permissions
	Version     int64     // counts changes of the service itself, for If-Match
	ManagedBy   string    // the owner of the manifest that it came with; empty: made by hand
	ActivatedAt time.Time // when it was switched on again: earlier access tokens stay refused; zero: it was never off
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

const (
	maxServiceKey  = 64
	maxServiceName = 100
)

// NewService makes an active service. Name and description are [Line]s.
func NewService(id ServiceID, key, name, description string, now time.Time) (Service, error) {
	err := MergeFields(checkNewKey(key), checkName(name, maxServiceName), CheckLine("description", description, maxDescription))
	if err != nil {
		return Service{}, err
	}
	return Service{
		ID: id, Key: key, Name: name, Description: description, State: ServiceActive, TokenType: TypeAccessToken,
		Version: 1, CreatedAt: now, UpdatedAt: now,
	}, nil
}

// IsActive tells whether tokens may name it.
func (s Service) IsActive() bool { return s.State == ServiceActive }

// TokensAfter says what becoming another version of itself means to the service's access tokens. Those of the platform are judged here.
func (s Service) TokensAfter(to Service) Fact {
	switch {
	case s.IsPlatform():
		return TokensUnaffected
	case s.IsActive() && !to.IsActive():
		return TokensEnded
	case s.State != to.State, s.TokenType != to.TokenType, s.MinLevel != to.MinLevel:
		return TokensStale
	default:
		return TokensUnaffected
	}
}

// IsCalled tells whether a reference is the service's key, id or name.
func (s Service) IsCalled(ref string) bool {
	id, _ := ParseID[ServiceID](ref)
	return ref == s.Key || id == s.ID || Fold(ref) == Fold(s.Name)
}

// IsPlatform tells whether it is Signet itself.
func (s Service) IsPlatform() bool { return s.Key == PlatformKey }

// ServiceChange is a new name, description, token type or state of a service; nil members stay as they are.
type ServiceChange struct {
	Name        *string
	Description *string
	TokenType   *TokenType
	Active      *bool
	MinLevel    *Level // zero: any
}

// Right is what a change of the service takes: switching it and letting its roles count from a lower level on is the platform's to decide.
func (c ServiceChange) Right(s Service) Right {
	if c.Active != nil || c.MinLevel != nil && *c.MinLevel < s.MinLevel {
		return SwitchServices
	}
	return WriteService
}

// With is the changed service, and whether anything changed. Only the description of the platform can change: ErrPlatformService.
func (s Service) With(c ServiceChange, now time.Time) (changed Service, differs bool, err error) {
	if s.IsPlatform() && c.MinLevel != nil {
		return s, false, ErrPlatformService.Saying("The level of the platform's roles is a setting of the server: MFA_PLATFORM. Single roles may ask for a higher one")
	}
	if s.IsPlatform() && (c.Name != nil || c.TokenType != nil || c.Active != nil) {
		return s, false, ErrPlatformService.Saying("Only the description of the platform's own service can be changed")
	}
	changed = s
	if c.Name != nil {
		changed.Name = *c.Name
	}
	if c.Description != nil {
		changed.Description = *c.Description
	}
	if c.TokenType != nil {
		changed.TokenType = *c.TokenType
	}
	if c.MinLevel != nil {
		changed.MinLevel = *c.MinLevel
	}
	if c.Active != nil && *c.Active != s.IsActive() {
		changed.State = ServiceInactive
		if *c.Active {
			changed.State, changed.ActivatedAt = ServiceActive, now
		}
	}
	if changed == s {
		return s, false, nil
	}
	changed.PV++
	changed.Version++
	changed.UpdatedAt = now
	return changed, true, nil
}

// Deleted is the service as a tombstone: its name is free, its key stays taken.
func (s Service) Deleted(now time.Time) Service {
	s.State, s.UpdatedAt = ServiceDeleted, now
	s.PV++
	s.Version++
	return s
}

// Check validates what a client may change.
func (c ServiceChange) Check() error {
	var errs []error
	if c.Name != nil {
		errs = append(errs, checkName(*c.Name, maxServiceName))
	}
	if c.Description != nil {
		errs = append(errs, CheckLine("description", *c.Description, maxDescription))
	}
	return MergeFields(errs...)
}

// KeyFor makes a key from a name: characters that a key can't have become dashes. fallback is for names without any usable character.
func KeyFor(name, fallback string) string {
	if checkName(name, maxServiceName) != nil {
		return fallback // the name is invalid
	}
	var b strings.Builder
	for _, r := range Fold(name) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '.', r == '_':
			b.WriteRune(r)
		default:
			if !strings.HasSuffix(b.String(), "-") {
				b.WriteByte('-')
			}
		}
	}
	key := strings.TrimLeft(b.String(), "-._")
	key = strings.TrimRight(key[:min(len(key), maxServiceKey)], "-._")
	if key == "" {
		return fallback
	}
	return key
}

// Numbered is a key with a number appended, for the next service with the name of a deleted one.
func Numbered(key string, n int) string {
	suffix := "-" + strconv.Itoa(n)
	return key[:min(len(key), maxServiceKey-len(suffix))] + suffix
}

// isReservedKey tells whether Signet itself needs the key, in paths or as an audience.
func isReservedKey(key string) bool {
	switch key {
	case PlatformKey, "user", "users", "shared":
		return true
	}
	return strings.HasPrefix(key, "signet") || strings.HasPrefix(key, "c_")
}

// DefaultRoles are the roles that a new service has from its first day. What its admin may do is fixed.
func DefaultRoles(service ServiceID, id func() RoleID, now time.Time) []Role {
	role := func(name, description string, patterns ...Pattern) Role {
		return Role{
			ID: id(), ServiceID: service, Name: name, Description: description, IsSystem: true, Patterns: patterns,
			Version: 1, CreatedAt: now, UpdatedAt: now,
		}
	}
	return []Role{
		role(RoleAdmin, "Everything at this service, and its roles, tokens and settings", "*:*", "signet.*:*"),
		role("user", "Nothing until permissions are put in"),
		role("readonly", "Reads everything at this service", "*:read"),
	}
}

// RoleAdmin is the name of the role that may do everything at its service.
const RoleAdmin = "admin"

// checkNewKey is checkServiceKey for a new service: the key must not look like an id, because references would treat it as one.
func checkNewKey(key string) error {
	_, isID := ParseID[ServiceID](key)
	if isID || isReservedKey(key) {
		return ErrInvalidFields(FieldError{Field: "key", Code: "reserved", Text: "key must not be one that Signet keeps for itself (user, users, shared, signet…, c_…), nor have the form of an id: choose another"})
	}
	return checkServiceKey(key)
}

// checkServiceKey keeps keys fit for an aud claim, a URL and a permission's full name.
func checkServiceKey(key string) error {
	if key == "" {
		return ErrInvalidFields(Required("key"))
	}
	if len(key) > maxServiceKey || !isSegment(key) {
		return ErrInvalidFields(FieldError{Field: "key", Code: "invalid", Text: "key must have 1 to 64 of a-z, 0-9, '.', '_' and '-', and begin with a letter or digit"})
	}
	return nil
}

// Place is the service's place in lists, which have the newest first.
func (s Service) Place() Cursor { return Cursor{At: s.CreatedAt, ID: string(s.ID)} }
