package domain

import "time"

// ProfileChange is a change of a person's profile. Only these members can be changed in this way: an address needs a proof of the mailbox,
// and nobody can declare it proved (Zitadel CVE-2026-27946).
type ProfileChange struct {
	first, last, locale, metadata *string
}

// NewProfileChange validates, with the rules of registration. nil members stay as they are, empty ones are cleared.
func NewProfileChange(first, last, locale, metadata *string) (ProfileChange, error) {
	_, err := NewPersonName(orEmpty(first), orEmpty(last), orEmpty(locale))
	change := ProfileChange{first: first, last: last, locale: locale}
	if metadata != nil {
		normal, metadataErr := NewMetadata("metadata", *metadata)
		change.metadata = &normal
		err = MergeFields(err, metadataErr)
	}
	return change, err
}

func orEmpty(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// Revise changes a person's profile, and returns the names of the members that changed.
func (u *User) Revise(c ProfileChange, now time.Time) (changed []string) {
	set := func(name string, field *string, to *string) {
		if to != nil && *field != *to {
			*field = *to
			changed = append(changed, name)
		}
	}
	set("first_name", &u.FirstName, c.first)
	set("last_name", &u.LastName, c.last)
	set("locale", &u.Locale, c.locale)
	if same, _ := compactJSON(u.Metadata); c.metadata != nil && same != *c.metadata { // a database may space it
		set("metadata", &u.Metadata, c.metadata)
	}
	if len(changed) > 0 {
		u.UpdatedAt = now
	}
	return changed
}

// ChangeEmail replaces the account's address. The new mailbox was just proved, whatever the state of the old one.
func (u *User) ChangeEmail(to Email, now time.Time) {
	u.Email, u.EmailVerifiedAt, u.UpdatedAt = to, now, now
}
