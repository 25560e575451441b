package domain

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
)

// maxScopes is how many scopes a credential may have.
const maxScopes = 50

// Scopes narrow what a credential may do to patterns at services, each "service-key/resource:action" with the wildcards of roles. The zero
// value narrows nothing. Scopes without any pattern permit nothing: a client that sends an empty list by mistake must not get everything.
type Scopes struct {
	narrow bool
	texts  []string
	at     map[string][]Pattern
	key    string
}

// ParseScopes reads what a client sends: 1 to 50 of them.
func ParseScopes(texts []string) (Scopes, error) {
	if len(texts) == 0 {
		return Scopes{}, badScopes("scopes", "scopes must name at least one; leave the member out, or send null, for all that the service account holds")
	}
	if len(texts) > maxScopes {
		return Scopes{}, badScopes("scopes", fmt.Sprintf("scopes must have at most %d items", maxScopes))
	}
	for i, text := range texts {
		key, pattern, ok := strings.Cut(text, "/")
		_, err := ParsePattern(pattern)
		if !ok || err != nil || checkServiceKey(key) != nil {
			return Scopes{}, badScopes(fmt.Sprintf("scopes[%d]", i), fmt.Sprintf("scopes[%d] must look like service-key/resource:action", i))
		}
		if _, isID := ParseID[ServiceID](key); isID { // it would permit nothing: keys don't have that form
			return Scopes{}, badScopes(fmt.Sprintf("scopes[%d]", i), fmt.Sprintf("scopes[%d] must name the service by its key, not by its id", i))
		}
	}
	return RestoreScopes(texts), nil
}

func badScopes(field, text string) error {
	return ErrInvalidFields(FieldError{Field: field, Code: "invalid", Text: text})
}

// RestoreScopes are stored scopes.
func RestoreScopes(texts []string) Scopes {
	texts = slices.Clone(texts)
	slices.Sort(texts)
	texts = slices.Compact(texts)
	s := Scopes{narrow: true, texts: texts, at: map[string][]Pattern{}}
	for _, text := range texts {
		key, pattern, _ := strings.Cut(text, "/")
		s.at[key] = append(s.at[key], Pattern(pattern))
	}
	sum := sha256.Sum256([]byte(strings.Join(texts, "\n")))
	s.key = string(sum[:])
	return s
}

// Narrows tells whether they narrow at all.
func (s Scopes) Narrows() bool { return s.narrow }

// Texts are the scopes, sorted; nil when they don't narrow.
func (s Scopes) Texts() []string { return s.texts }

// At is the patterns at a service. It is only meaningful if they narrow.
func (s Scopes) At(serviceKey string) []Pattern { return s.at[serviceKey] }

// Key distinguishes scopes in cache keys; empty when they don't narrow.
func (s Scopes) Key() string { return s.key }

// Within tells whether the other scopes permit everything that s permits.
func (s Scopes) Within(other Scopes) bool {
	if !other.narrow {
		return true
	}
	if !s.narrow {
		return false
	}
	for key, patterns := range s.at {
		for _, p := range patterns {
			if !coversAny(other.at[key], p) {
				return false
			}
		}
	}
	return true
}

// Asked are the scopes of a token for the requested names at a service: the requested names that the scopes permit. nil requests all that
// they permit.
func (s Scopes) Asked(serviceKey string, names []string) Scopes {
	if names == nil {
		return s
	}
	texts := []string{}
	for _, name := range names {
		if !s.narrow || coversAny(s.at[serviceKey], Pattern(name)) {
			texts = append(texts, serviceKey+"/"+name)
		}
	}
	return RestoreScopes(texts)
}
