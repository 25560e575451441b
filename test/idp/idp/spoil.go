package idp

import (
	"maps"
	"net/http"
	"strings"
)

// set sets switches of a provider.
type set func(p *Provider, s *Switches)

func both(first, second set) set {
	return func(p *Provider, s *Switches) {
		first(p, s)
		second(p, s)
	}
}

// deny sends back an error; answer sets a parameter of the callback.
func deny(code, text string) set {
	return func(_ *Provider, s *Switches) { s.Deny, s.DenyText = code, text }
}

func answer(name, value string) set {
	return func(_ *Provider, s *Switches) { s.Answer = with(s.Answer, name, value) }
}

// refuse is how the token endpoint says no.
func refuse(why Refusal) set { return func(_ *Provider, s *Switches) { s.Refuse = why } }

// sign, clock and claim spoil the id_token; member what an endpoint answers; at its transport.
func sign(how Signing) set { return func(_ *Provider, s *Switches) { s.Signing = how } }

func clock(seconds int) set { return func(_ *Provider, s *Switches) { s.ClockOff = seconds } }

func claim(name string, value any) set {
	return func(_ *Provider, s *Switches) { s.Claims = with(s.Claims, name, value) }
}

func member(e Endpoint, name string, value any) set {
	return func(_ *Provider, s *Switches) { s.Documents = with(s.Documents, e, with(s.Documents[e], name, value)) }
}

func at(e Endpoint, f Fault) set {
	return func(_ *Provider, s *Switches) { s.Faults = with(s.Faults, e, f) }
}

func extraKeys(keys func() []Object) set {
	return func(_ *Provider, s *Switches) { s.ExtraKeys = keys() }
}

// subject sets the account's id, whatever it is called there.
func subject(value any) set {
	return func(p *Provider, s *Switches) {
		both(claim(p.dialect.field, value), member(UserInfo, p.dialect.field, value))(p, s)
	}
}

// flag sets what says that the address was proved, in id_token and profile.
func flag(value any) set {
	return func(p *Provider, s *Switches) {
		both(flagInToken(value), member(UserInfo, p.dialect.flagName(), value))(p, s)
	}
}

func flagInToken(value any) set {
	return func(p *Provider, s *Switches) { claim(p.dialect.flagName(), value)(p, s) }
}

// flagName is the flag, or the usual name of it where the provider has none.
func (d dialect) flagName() string {
	if d.flag == "" {
		return "email_verified"
	}
	return d.flag
}

func twin(_ *Provider, s *Switches) { s.Twin = true }

func email(value any) set { return both(claim("email", value), member(UserInfo, "email", value)) }

func otherTenant(p *Provider, s *Switches) {
	both(claim("tid", OtherTenant), claim("iss", microsoftIssuer(OtherTenant)))(p, s)
}

func otherUserInfo(p *Provider, s *Switches) { member(UserInfo, p.dialect.field, "another")(p, s) }

func severalAudiences(p *Provider, s *Switches) {
	both(claim("aud", []string{p.ClientID, "another-client"}), claim("azp", Omit))(p, s)
}

func plainOnly(p *Provider, s *Switches) {
	member(Discovery, "code_challenge_methods_supported", []string{"plain"})(p, s)
}

func slashInToken(p *Provider, s *Switches) { claim("iss", p.Issuer+"/")(p, s) }

// addSlash is a habit of some issuers: what one configures has no slash at its end, the document and the tokens have one (go-oidc#203).
func addSlash(p *Provider, s *Switches) {
	issuer := p.Issuer + "/"
	both(slashInToken, both(member(Discovery, "issuer", issuer), answer("iss", issuer)))(p, s)
}

func authenticateBy(method string) set {
	return member(Discovery, "token_endpoint_auth_methods_supported", []string{method})
}

func forbidEmails(p *Provider, s *Switches) {
	body := encode(githubProblem("Resource not accessible by integration", "403"))
	at(Emails, Fault{Status: http.StatusForbidden, ContentType: "application/json", Body: body})(p, s)
}

func fill(n int) string { return strings.Repeat("x", n) }

// with is a copy with one more member: a map that was handed to Set is not ours to change.
func with[K comparable, V any](m map[K]V, key K, value V) map[K]V {
	out := maps.Clone(m)
	if out == nil {
		out = map[K]V{}
	}
	out[key] = value
	return out
}
