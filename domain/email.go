package domain

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Email is a syntactically valid address. It is kept as typed (for mail: some hosts distinguish the case of the local part) and in
// canonical form (for identity). Two addresses are the same account exactly when their canonical forms are equal.
type Email struct{ typed, canonical string }

// maxEmail is the longest address that fits an SMTP path (RFC 5321 §4.5.3.1.3, erratum 1690), in bytes.
const maxEmail = 254

// The local part is an ASCII dot-atom (RFC 5322 §3.2.3). Quoted strings and Unicode are refused: they allow look-alikes and header tricks,
// and almost nobody has such an address.
const atext = "!#$%&'*+-/=?^_`{|}~"

// The profile is as strict as registries are; Unicode domains are mapped (RFC 5895) and become their A-label, so that a full-width or
// upper-case spelling is the same account and a look-alike is visibly another.
var domainProfile = idna.New(idna.MapForLookup(), idna.StrictDomainName(true), idna.BidiRule(),
	idna.ValidateLabels(true), idna.CheckHyphens(true), idna.CheckJoiners(true), idna.VerifyDNSLength(true))

// ParseEmail validates an address after normalisation. The error is a FieldError for field "email" that says what is
// accepted and never repeats the value.
func ParseEmail(text string) (Email, error) { return ParseEmailField("email", text) }

// ParseEmailField is ParseEmail for an input member of another name.
func ParseEmailField(field, text string) (Email, error) {
	if text = strings.TrimSpace(text); text == "" {
		return Email{}, ErrInvalidFields(Required(field))
	}
	bad := ErrInvalidFields(FieldError{Field: field, Code: "invalid", Text: field + " must be a valid email address such as name@example.com"})
	// A Unicode domain may become shorter, but never by this much, so longer input is refused. Invalid UTF-8 is refused, because all invalid
	// bytes would be read as U+FFFD, and different domains would become equal.
	if len(text) > 2*maxEmail || !utf8.ValidString(text) {
		return Email{}, bad
	}
	local, domain, ok := strings.Cut(text, "@")
	if !ok || !isDotAtom(local) || len(local) > 64 || strings.HasSuffix(domain, ".") {
		return Email{}, bad
	}
	ascii, err := domainProfile.ToASCII(domain)
	if err != nil || !isHostname(ascii) || len(local)+1+len(ascii) > maxEmail {
		return Email{}, bad
	}
	return Email{typed: local + "@" + ascii, canonical: strings.ToLower(local) + "@" + ascii}, nil
}

// RestoreEmail rebuilds a stored address, which ParseEmail has checked.
func RestoreEmail(typed, canonical string) Email { return Email{typed: typed, canonical: canonical} }

// Mailbox is where mail goes: the local part in the case it was typed, the domain as its A-label.
func (e Email) Mailbox() string { return e.typed }

// Canonical identifies the account.
func (e Email) Canonical() string { return e.canonical }

// String is the masked form, so that a logged address is useful to operators and reveals little.
func (e Email) String() string {
	local, domain, ok := strings.Cut(e.canonical, "@")
	if !ok || local == "" {
		return ""
	}
	return local[:1] + "***@" + domain
}

// GoString is the masked form too: %#v would print the fields.
func (e Email) GoString() string { return e.String() }

// IsZero tells whether there is no address.
func (e Email) IsZero() bool { return e.canonical == "" }

func isDotAtom(s string) bool {
	if s == "" || s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !isAlnum(c) && c != '.' && strings.IndexByte(atext, c) < 0 {
			return false
		}
	}
	return true
}

// isHostname wants at least two labels and a top-level one that begins with a letter, as all do (RFC 1123 §2.1, RFC 3696 §2):
// an IP address, 0x7f.0x1 included, is no mail domain here.
func isHostname(s string) bool {
	i := strings.LastIndexByte(s, '.')
	return i > 0 && i < len(s)-1 && isAlnum(s[i+1]) && s[i+1] > '9'
}

func isAlnum(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
