package idp

import (
	"maps"
	"slices"
)

// named is a row of faults.
type named struct {
	says string
	set  func(p *Provider, s *Switches)
}

// faults are the misbehaviours that have names. What belongs to a person (an address that is not verified, none at all, another
// tenant, another subject) is scripted by Login.
func faults() map[string]named {
	rows := map[string]named{
		// The callback.
		"denied":          {"the person says no", func(_ *Provider, s *Switches) { s.Deny = "access_denied" }},
		"unavailable":     {"the provider says that it is busy", func(_ *Provider, s *Switches) { s.Deny = "temporarily_unavailable" }},
		"login_required":  {"nobody is logged in, and nobody may be asked", func(_ *Provider, s *Switches) { s.Deny = "login_required" }},
		"not_assigned":    {"Microsoft: the person may not use this application", denyNotAssigned},
		"app_not_live":    {"Facebook: an error without `error`", func(_ *Provider, s *Switches) { s.Deny, s.DenyText = "1349048", "App not active" }},
		"wrong_state":     {"another state comes back", func(_ *Provider, s *Switches) { s.answer("state", "another") }},
		"no_state":        {"no state comes back", func(_ *Provider, s *Switches) { s.answer("state", Omit) }},
		"wrong_iss_param": {"iss names another provider: a mix-up (RFC 9207)", func(_ *Provider, s *Switches) { s.answer("iss", "https://attacker.example") }},
		"no_iss_param":    {"iss is missing, promised or not", func(_ *Provider, s *Switches) { s.answer("iss", Omit) }},
		"no_code":         {"neither a code nor an error", func(_ *Provider, s *Switches) { s.answer("code", Omit) }},
		"twin":            {"the callback is opened twice, with two codes", func(_ *Provider, s *Switches) { s.Twin = true }},

		// The id_token's signature.
		"alg_none":    {"no signature", func(_ *Provider, s *Switches) { s.Signing = Unsigned }},
		"hs256":       {"signed with the client's secret", func(_ *Provider, s *Switches) { s.Signing = HS256 }},
		"unknown_kid": {"a key that is not published", func(_ *Provider, s *Switches) { s.Signing = UnknownKey }},
		"wrong_key":   {"another key than the kid names", func(_ *Provider, s *Switches) { s.Signing = WrongKey }},
		"no_kid":      {"no kid (not wrong with one key)", func(_ *Provider, s *Switches) { s.Signing = NoKID }},
		"odd_keys":    {"keys that nobody can use beside the right one (not wrong)", func(_ *Provider, s *Switches) { s.OddKeys = true }},
		"key_of_another_issuer": {"Microsoft: the key is another tenant's", func(_ *Provider, s *Switches) {
			s.member(Keys, "issuer", microsoftIssuer(OtherTenant))
		}},

		// Its claims.
		"no_id_token":  {"none at all", func(_ *Provider, s *Switches) { s.member(Token, "id_token", Omit) }},
		"wrong_nonce":  {"that of another login", func(_ *Provider, s *Switches) { s.claim("nonce", "another") }},
		"no_nonce":     {"none", func(_ *Provider, s *Switches) { s.claim("nonce", Omit) }},
		"wrong_iss":    {"another issuer", func(_ *Provider, s *Switches) { s.claim("iss", "https://attacker.example") }},
		"iss_slash":    {"the issuer with a slash more", func(p *Provider, s *Switches) { s.claim("iss", p.Issuer+"/") }},
		"other_tenant": {"Microsoft: a tenant that was not asked for", setOtherTenant},
		"tid_mismatch": {"Microsoft: tid and iss name two tenants", func(_ *Provider, s *Switches) { s.claim("tid", OtherTenant) }},
		"wrong_aud":    {"for another client", func(_ *Provider, s *Switches) { s.claim("aud", "another-client") }},
		"wrong_azp":    {"issued to another client", func(_ *Provider, s *Switches) { s.claim("azp", "another-client") }},
		"several_aud":  {"for several clients, without azp", setSeveralAud},
		"expired":      {"ended two hours ago: a clock is off", func(_ *Provider, s *Switches) { s.ClockOff = -2 * 60 * 60 }},
		"from_ahead":   {"issued in ten minutes: a clock is off", func(_ *Provider, s *Switches) { s.ClockOff = 10 * 60 }},
		"exp_text":     {"exp is a text", func(_ *Provider, s *Switches) { s.claim("exp", "1900000000") }},
		"no_exp":       {"no exp", func(_ *Provider, s *Switches) { s.claim("exp", Omit) }},
		"no_iat":       {"no iat", func(_ *Provider, s *Switches) { s.claim("iat", Omit) }},

		// Who it is, in the id_token or the profile.
		"no_subject":      {"the account has no id", func(p *Provider, s *Switches) { s.say(p.dialect.field, Omit) }},
		"null_subject":    {"the id is null", func(p *Provider, s *Switches) { s.say(p.dialect.field, nil) }},
		"empty_subject":   {"the id is empty", func(p *Provider, s *Switches) { s.say(p.dialect.field, "") }},
		"zero_subject":    {"the id is 0", func(p *Provider, s *Switches) { s.say(p.dialect.field, 0) }},
		"zero_text":       {`the id is "0"`, func(p *Provider, s *Switches) { s.say(p.dialect.field, "0") }},
		"number_subject":  {"the id is a number beyond what a float can hold", func(p *Provider, s *Switches) { s.say(p.dialect.field, int64(9007199254740993)) }},
		"float_subject":   {"the id is a fraction", func(p *Provider, s *Switches) { s.say(p.dialect.field, 1.5) }},
		"list_subject":    {"the id is a list", func(p *Provider, s *Switches) { s.say(p.dialect.field, []string{"1"}) }},
		"userinfo_of_two": {"userinfo is about another account", func(p *Provider, s *Switches) { s.member(UserInfo, p.dialect.field, "another") }},
		"flag_text":       {`the flag of the address is "true"`, func(p *Provider, s *Switches) { s.say(p.dialect.flagOf(), "true") }},
		"flag_number":     {"the flag of the address is 1", func(p *Provider, s *Switches) { s.say(p.dialect.flagOf(), 1) }},
		"no_flag":         {"an address without a flag", func(p *Provider, s *Switches) { s.say(p.dialect.flagOf(), Omit) }},
		"email_list":      {"the address is a list", func(_ *Provider, s *Switches) { s.say("email", []string{"a@example.com"}) }},
		"no_email_in_token": {"address and flag are in userinfo only", func(p *Provider, s *Switches) {
			s.Claims = merged(merged(s.Claims, "email", any(Omit)), p.dialect.flagOf(), any(Omit))
		}},

		// The token endpoint's no.
		"wrong_secret": {"the client's secret is wrong", func(_ *Provider, s *Switches) { s.Refuse = WrongClient }},
		"ended_secret": {"the client's secret has ended", func(_ *Provider, s *Switches) { s.Refuse = EndedSecret }},
		"wrong_code":   {"the code is not valid", func(_ *Provider, s *Switches) { s.Refuse = WrongCode }},
		"busy":         {"temporarily_unavailable", func(_ *Provider, s *Switches) { s.Refuse = Unavailable }},

		// Discovery and addresses.
		"discovery_of_another": {"the document names another issuer", func(_ *Provider, s *Switches) { s.member(Discovery, "issuer", "https://attacker.example") }},
		"discovery_slash":      {"the document's issuer has a slash more", setSlash},
		"basic_only":           {"secrets by Basic only (not wrong)", setAuth("client_secret_basic")},
		"post_only":            {"secrets in the form only (not wrong)", setAuth("client_secret_post")},
		"no_s256": {"metadata without S256", func(_ *Provider, s *Switches) {
			s.member(Discovery, "code_challenge_methods_supported", []string{"plain"})
		}},
		"emails_forbidden": {"GitHub: 403 on /user/emails, as for an App without that right", func(_ *Provider, s *Switches) {
			s.fault(Emails, Fault{Status: 403, ContentType: "application/json", Body: encode(githubProblem("Resource not accessible by integration", "403"))})
		}},
	}
	for _, e := range []Endpoint{Token, Keys, UserInfo, Emails, Discovery} {
		for name, t := range transport() {
			rows[string(e)+"_"+name] = named{t.says, func(_ *Provider, s *Switches) { s.fault(e, t.fault) }}
		}
	}
	return rows
}

// transport are the faults that every endpoint can have: token_down, userinfo_slow, keys_huge and so on.
func transport() map[string]struct {
	says  string
	fault Fault
} {
	return map[string]struct {
		says  string
		fault Fault
	}{
		"down":     {"500", Fault{Status: 500, ContentType: "text/plain", Body: "Internal Server Error"}},
		"html":     {"a page instead of JSON", Fault{Status: 200, ContentType: "text/html", Body: "<!DOCTYPE html><title>Sign in</title>"}},
		"broken":   {"half of a JSON object", Fault{Status: 200, ContentType: "application/json", Body: `{"access_token":"`}},
		"slow":     {"a minute late", Fault{DelayMillis: 60_000}},
		"huge":     {"a good answer with 2 MB of white space behind it", Fault{Padding: 2_000_000}},
		"redirect": {"a redirect elsewhere", Fault{Location: "https://attacker.example/"}},
		"drop":     {"the connection ends", Fault{Drop: true}},
	}
}

// Faults lists the names that Misbehave takes, each with what it does.
func Faults() map[string]string {
	list := map[string]string{}
	for name, row := range faults() {
		list[name] = row.says
	}
	return list
}

func faultNames() []string { return slices.Sorted(maps.Keys(faults())) }

// flagOf is the member that says that an address was proved; the usual one where the provider has none.
func (d dialect) flagOf() string {
	if d.flag == "" {
		return "email_verified"
	}
	return d.flag
}

func denyNotAssigned(_ *Provider, s *Switches) {
	s.Deny, s.DenyText = "access_denied", "AADSTS50105: The signed in user is not assigned to a role for the application."
}

func setOtherTenant(_ *Provider, s *Switches) {
	s.claim("tid", OtherTenant)
	s.claim("iss", microsoftIssuer(OtherTenant))
}

func setSeveralAud(p *Provider, s *Switches) {
	s.claim("aud", []string{p.ClientID, "another-client"})
	s.claim("azp", Omit)
}

// setSlash is Auth0's and others' habit: the configured issuer has no slash, the document and the tokens have one (go-oidc#203).
func setSlash(p *Provider, s *Switches) {
	s.member(Discovery, "issuer", p.Issuer+"/")
	s.claim("iss", p.Issuer+"/")
	s.answer("iss", p.Issuer+"/")
}

func setAuth(method string) func(*Provider, *Switches) {
	return func(_ *Provider, s *Switches) {
		s.member(Discovery, "token_endpoint_auth_methods_supported", []string{method})
	}
}
