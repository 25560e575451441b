package domain

import (
	"slices"
	"strings"
	"time"
)

// reserved begins the resources whose permissions are rights over a service's own objects inside Signet. Only Signet creates them, and the
// wildcard "*" does not match them.
const reserved = "signet."

// Permission is a named right within a service or, without a service, a right shared by all services.
type Permission struct {
	ID          PermissionID
	ServiceID   ServiceID // empty: shared vocabulary
	Name        string    // resource:action, the last segment the action
	Description string
	ManagedBy   string // the owner of the manifest that it came with; empty: made by hand
	CreatedAt   time.Time
}

// NewPermission makes a permission with a valid name outside the reserved prefix. The description is a [Line].
func NewPermission(id PermissionID, service ServiceID, name, description string, now time.Time) (Permission, error) {
	err := checkPermissionName(name)
	if err == nil && IsReserved(name) {
		err = ErrInvalidFields(FieldError{Field: "name", Code: "reserved", Text: `name must not begin with "signet.": such permissions are made by Signet`})
	}
	if err = MergeFields(err, CheckLine("description", description, maxDescription)); err != nil {
		return Permission{}, err
	}
	return Permission{ID: id, ServiceID: service, Name: name, Description: description, CreatedAt: now}, nil
}

// IsReserved tells whether a name or pattern lies under Signet's own prefix.
func IsReserved(name string) bool { return strings.HasPrefix(name, reserved) }

// IsPermissionName tells whether a text has the form of a permission's name.
func IsPermissionName(text string) bool { return checkPermissionName(text) == nil }

func checkPermissionName(name string) error {
	resource, action, ok := splitPermission(name)
	if !ok || len(name) > 200 || !isSegment(action) {
		return badPermission("name")
	}
	for segment := range strings.SplitSeq(resource, ":") {
		if !isSegment(segment) {
			return badPermission("name")
		}
	}
	return nil
}

func badPermission(field string) error {
	return ErrInvalidFields(FieldError{Field: field, Code: "invalid", Text: field + " must look like resource:action, of a-z, 0-9, '.', '_' and '-', with at most 200 characters"})
}

// Pattern is an entry of a role: a permission's name, or one with "*" as the whole resource or as the action, or "signet.*" as the
// resource.
type Pattern string

// ParsePattern validates a pattern.
func ParsePattern(text string) (Pattern, error) {
	resource, action, ok := splitPermission(text)
	if !ok {
		return "", badPermission("permissions")
	}
	if resource == "*" || resource == reserved+"*" {
		resource = "any"
	}
	if action == "*" {
		action = "any"
	}
	if checkPermissionName(resource+":"+action) != nil {
		if strings.Contains(text, "*") {
			return "", ErrInvalidFields(FieldError{Field: "permissions", Code: "invalid", Text: `permissions: "*" stands for the whole resource or the whole action (*:read, invoice:*, signet.*:read), not for a part of it`})
		}
		return "", badPermission("permissions")
	}
	return Pattern(text), nil
}

// Matches tells whether holding the pattern is holding the named permission.
func (p Pattern) Matches(name string) bool { return p.Covers(Pattern(name)) }

// IsWildcard tells whether the pattern stands for more than one name.
func (p Pattern) IsWildcard() bool {
	resource, action, _ := splitPermission(string(p))
	return action == "*" || resource == "*" || resource == reserved+"*"
}

// covering is every pattern that covers p.
func covering(p Pattern) []Pattern {
	resource, action, ok := splitPermission(string(p))
	if !ok {
		return nil
	}
	wild := "*"
	if IsReserved(resource) {
		wild = reserved + "*"
	}
	all := []Pattern{p, Pattern(resource + ":*"), Pattern(wild + ":" + action), Pattern(wild + ":*")}
	slices.Sort(all)
	return slices.Compact(all)
}

// Covers tells whether everything q grants, p grants too. It is how grants are compared: only a holder of invoice:* may grant
// invoice:*, however few permissions exist today.
func (p Pattern) Covers(q Pattern) bool {
	have, haveAction, ok := splitPermission(string(p))
	want, wantAction, ok2 := splitPermission(string(q))
	if !ok || !ok2 || haveAction != "*" && haveAction != wantAction {
		return false
	}
	switch have {
	case want:
		return true
	case "*":
		return !IsReserved(want)
	case reserved + "*":
		return IsReserved(want)
	}
	return false
}

func splitPermission(text string) (resource, action string, ok bool) {
	i := strings.LastIndexByte(text, ':')
	if i <= 0 || i == len(text)-1 {
		return "", "", false
	}
	return text[:i], text[i+1:], true
}

func isSegment(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || i > 0 && (c == '.' || c == '_' || c == '-') {
			continue
		}
		return false
	}
	return s != ""
}

// Place is the permission's place in lists, which have the newest first.
func (p Permission) Place() Cursor { return Cursor{At: p.CreatedAt, ID: string(p.ID)} }
