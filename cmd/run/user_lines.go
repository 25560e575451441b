package run

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/signet-auth/signet/app/user"
	"github.com/signet-auth/signet/domain"
)

// maxUserLine is how long a line may be: far more than what an account has at most.
const maxUserLine = 1 << 20

// userLine is an account as a line of JSON, in an import and an export.
type userLine struct {
	ID             string          `json:"id,omitempty"`
	ExternalID     string          `json:"external_id,omitempty"`
	Email          string          `json:"email"`
	EmailVerified  bool            `json:"email_verified"`
	PasswordHash   string          `json:"password_hash,omitempty"`
	FirstName      string          `json:"first_name,omitempty"`
	LastName       string          `json:"last_name,omitempty"`
	Locale         string          `json:"locale,omitempty"`
	Metadata       json.RawMessage `json:"metadata,omitempty"`
	IsActive       *bool           `json:"is_active,omitempty"` // absent: true
	DisabledReason string          `json:"disabled_reason,omitempty"`
	DisabledUntil  *time.Time      `json:"disabled_until,omitempty"`
	CreatedAt      *time.Time      `json:"created_at,omitempty"`
	Identities     []identityLine  `json:"identities,omitempty"`
}

type identityLine struct {
	Provider string `json:"provider"`
	Issuer   string `json:"issuer"`
	Subject  string `json:"subject"`
	Email    string `json:"email,omitempty"`
}

// userLines reads lines.
type userLines struct {
	in   *bufio.Reader
	line int // of the last one that was read
}

func newUserLines(in io.Reader) *userLines { return &userLines{in: bufio.NewReaderSize(in, 64<<10)} }

// lineError is what is wrong with one line; those behind it can be read.
type lineError struct{ why string }

func (e lineError) Error() string { return e.why }

// next is the next line that is not empty. io.EOF at the end; an lineError for one that can't be used.
func (l *userLines) next() (user.ImportedUser, error) {
	for {
		text, err := l.read()
		if err != nil {
			return user.ImportedUser{}, err
		}
		if len(bytes.TrimSpace(text)) > 0 {
			return parseUserLine(text)
		}
	}
}

func (l *userLines) read() ([]byte, error) {
	var text []byte
	l.line++
	for {
		part, err := l.in.ReadSlice('\n')
		if len(text) <= maxUserLine {
			text = append(text, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(text) > 0, err == nil:
			if len(text) > maxUserLine {
				return nil, lineError{"it is longer than 1 MiB"}
			}
			return text, nil
		}
		return nil, err
	}
}

// parseUserLine reads one line. A member that is not known is refused: a slip in password_hash would lose the passwords of everybody.
func parseUserLine(text []byte) (user.ImportedUser, error) {
	if !utf8.Valid(text) {
		return user.ImportedUser{}, lineError{"it is not UTF-8"}
	}
	var line userLine
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&line); err != nil {
		return user.ImportedUser{}, lineError{whyNotJSON(err)}
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return user.ImportedUser{}, lineError{"there is something behind the object"}
	}
	metadata, err := plainMetadata(line.Metadata)
	if err != nil {
		return user.ImportedUser{}, err
	}
	imported := user.ImportedUser{
		ID: line.ID, ExternalID: line.ExternalID, Email: line.Email, EmailVerified: line.EmailVerified, PasswordHash: line.PasswordHash,
		FirstName: line.FirstName, LastName: line.LastName, Locale: line.Locale, Metadata: metadata,
		Disabled: line.IsActive != nil && !*line.IsActive, Reason: line.DisabledReason,
	}
	if line.DisabledUntil != nil {
		imported.Until = *line.DisabledUntil
	}
	if line.CreatedAt != nil {
		imported.CreatedAt = *line.CreatedAt
	}
	for _, identity := range line.Identities {
		imported.Identities = append(imported.Identities, user.ImportedIdentity{
			Issuer: identity.Issuer, Subject: identity.Subject, Provider: identity.Provider, Email: identity.Email,
		})
	}
	return imported, nil
}

// whyNotJSON never repeats a value: it may be a hash.
func whyNotJSON(err error) string {
	if typed, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Sprintf("%s is of the wrong type", typed.Field)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return name + " is no member that is known"
	}
	if _, ok := errors.AsType[*time.ParseError](err); ok {
		return "a time must be as in 2027-01-31T12:00:00Z"
	}
	return "it is no JSON object"
}

// plainMetadata is free-form JSON with everything that two databases may spell differently spelled one way.
func plainMetadata(raw json.RawMessage) (string, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return "", nil
	}
	var value any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return "", lineError{"metadata is no JSON"}
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "", lineError{"metadata is no JSON"}
	}
	if bytes.Contains(out.Bytes(), []byte(`\u0000`)) {
		return "", lineError{"metadata must not contain NUL characters"}
	}
	return strings.TrimSpace(out.String()), nil
}

func userLineOf(a user.Account, withHash bool) (userLine, error) {
	metadata, err := plainMetadata(json.RawMessage(a.Metadata))
	if err != nil {
		return userLine{}, err
	}
	active := a.State == domain.Active
	line := userLine{
		ID: string(a.ID), Email: a.Email.Mailbox(), EmailVerified: a.IsEmailVerified(), FirstName: a.FirstName, LastName: a.LastName,
		Locale: a.Locale, IsActive: &active, DisabledReason: a.DisabledReason, DisabledUntil: moment(a.DisabledUntil), CreatedAt: moment(a.User.CreatedAt),
	}
	if metadata != "" && metadata != "{}" {
		line.Metadata = json.RawMessage(metadata)
	}
	if withHash {
		line.PasswordHash = a.PasswordHash
	}
	for _, identity := range a.Identities {
		line.Identities = append(line.Identities, identityLine{
			Provider: identity.Provider, Issuer: identity.Issuer, Subject: identity.Subject, Email: identity.Email,
		})
	}
	return line, nil
}
