package domain

import (
	"fmt"
	"slices"
	"strings"
)

// EmailDomains are domains of addresses, as A-labels in lower case. A domain does not include its subdomains.
type EmailDomains []string

// ParseEmailDomains reads a list. Its error names what is accepted.
func ParseEmailDomains(list []string) (EmailDomains, error) {
	domains := make(EmailDomains, 0, len(list))
	for _, text := range list {
		email, err := ParseEmail("a@" + strings.TrimPrefix(text, "@"))
		if err != nil {
			return nil, fmt.Errorf("%q is no domain of addresses such as example.com", text)
		}
		domains = append(domains, email.domain())
	}
	slices.Sort(domains)
	return slices.Compact(domains), nil
}

// Has tells whether the address is of one of the domains.
func (d EmailDomains) Has(e Email) bool { return slices.Contains(d, e.domain()) }

// Allow is Has, but allows everything if no domains are named.
func (d EmailDomains) Allow(e Email) bool { return len(d) == 0 || d.Has(e) }

func (e Email) domain() string {
	_, host, _ := strings.Cut(e.canonical, "@")
	return host
}
