package gothoauth

import (
	"net/url"

	"github.com/signet-auth/signet/ports/provider"
)

const gitlabURL = "https://gitlab.com"

// gitlab is an OpenID provider like any other, at GITLAB_URL.
func (c *client) gitlab() dialect {
	d := c.generic()
	d.displayName, d.issuer = "GitLab", c.options.address()
	d.parameters = func(q url.Values, a provider.Attempt, m *metadata) {
		if m.Prompts == nil { // it answers a prompt that it does not know with an error
			a.Prompt = ""
		}
		openIDParameters(q, a, m)
	}
	return d
}

// address is the URL of a provider that has no fixed one.
func (o Options) address() string {
	if o.URL == "" && o.Kind == GitLab {
		return gitlabURL
	}
	if o.URL == "" && o.Kind == GitHub {
		return githubURL
	}
	return o.URL
}
