package domain

import "time"

// ServiceState says whether a service may be named, asked and asked for.
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
	PV          int64 // counts changes of its roles and permissions
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

const (
	maxServiceKey  = 64
	maxServiceName = 100
	maxDescription = 500
)

// NewService makes an active service.
func NewService(id ServiceID, key, name, description string, now time.Time) (Service, error) {
	err := MergeFields(checkServiceKey(key), checkRequiredLine("name", name, maxServiceName), CheckLine("description", description, maxDescription))
	if err != nil {
		return Service{}, err
	}
	return Service{
		ID: id, Key: key, Name: name, Description: description, State: ServiceActive, TokenType: TypeAccessToken,
		CreatedAt: now, UpdatedAt: now,
	}, nil
}

// IsActive tells whether tokens may name it.
func (s Service) IsActive() bool { return s.State == ServiceActive }

// IsPlatform tells whether it is Signet itself.
func (s Service) IsPlatform() bool { return s.Key == PlatformKey }

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

func checkRequiredLine(field, text string, limit int) error {
	if text == "" {
		return ErrInvalidFields(Required(field))
	}
	return CheckLine(field, text, limit)
}
