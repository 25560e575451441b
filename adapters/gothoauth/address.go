package gothoauth

import (
	"slices"
	"strings"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/provider"
)

// said is an address in one document of a provider, with what that document says about it.
type said struct {
	address       string
	proved        bool
	authoritative bool // if proved
}

// judge writes the address and how far it is trusted into the profile, from what the provider said and what the operator trusts. A
// malformed address is left out.
func (c *client) judge(p *provider.Profile, s said) {
	email, err := domain.ParseEmail(s.address)
	if err != nil {
		return
	}
	p.Email = email.Mailbox()
	if slices.Contains(c.trusted, mailDomain(s.address)) {
		p.Proved, p.Authoritative = true, true
		return
	}
	p.Proved = s.proved && !c.options.IgnoreVerified
	p.Authoritative = p.Proved && s.authoritative
}

// mailDomain is the domain of an address, as its A-label; empty for a malformed address.
func mailDomain(address string) string {
	email, err := domain.ParseEmail(address)
	if err != nil {
		return ""
	}
	_, name, _ := strings.Cut(email.Canonical(), "@")
	return name
}

func mailDomains(names []string) []string {
	var domains []string
	for _, name := range names {
		domains = append(domains, mailDomain("x@"+name))
	}
	return domains
}

// isTrue reads a flag that some providers write as text.
func isTrue(member any) bool { return member == true || member == "true" }

func text(member any) string {
	s, _ := member.(string)
	return s
}
