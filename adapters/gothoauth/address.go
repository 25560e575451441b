package gothoauth

import (
	"slices"
	"strings"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/provider"
)

// said is an address as one document of a provider says it, with what it says of it there.
type said struct {
	address       string
	proved        bool
	authoritative bool // if proved
}

// judge writes into the profile what an address is worth, by what was said and by what the operator trusts. One that can't be an address
// is none.
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

// mailDomain is the domain of an address, as its A-label; empty for what is no address.
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
