package run

import "github.com/signet-auth/signet/domain"

// registrationSettings are about how accounts begin and end.
type registrationSettings struct {
	Registration     string
	RegistrationMode string
	RegistrationFrom list
	RegistrationTTL  duration
	Verification     string
	VerifyGet        string
	VerifyTTL        duration
	CodeTTL          duration
	CodeTries        int
	ResetTTL         duration
	EmailChangeTTL   duration
	CloseGrace       duration
}

func (r *registrationSettings) group() group {
	return group{title: "Registration", check: r.check, settings: []setting{
		{
			name: "REGISTRATION", into: &r.Registration, preset: "open", words: []string{"open", "invite", "off"},
			text: "Who may make an account: open or off; invite is off until there are invitations",
		},
		{
			name: "REGISTRATION_MODE", into: &r.RegistrationMode, preset: "strict", words: []string{"strict", "friendly"},
			text: "strict: nobody learns whether an address has an account; friendly: 409 email_taken",
		},
		{
			name: "REGISTRATION_DOMAINS", into: &r.RegistrationFrom,
			text: "Domains that new accounts may have addresses of, with commas between, at every door. None: any",
		},
		{
			name: "REGISTRATION_TTL", into: &r.RegistrationTTL, preset: "7d", limit: moreThanZero(),
			text: "How long an unproved registration waits",
		},
		{
			name: "EMAIL_VERIFICATION", into: &r.Verification, preset: "required", words: []string{"required", "optional"},
			text: "Whether an address must be verified before the first login: required, or optional (the weaker mode; needs REGISTRATION_MODE=friendly)",
		},
		{
			name: "VERIFY_GET", into: &r.VerifyGet, preset: "confirm", words: []string{"confirm", "consume"},
			text: "What a GET of a verification link does unless it asks for HTML or JSON: confirm (409) or consume",
		},
		{name: "VERIFY_TTL", into: &r.VerifyTTL, preset: "24h", limit: moreThanZero(), text: "How long the link in a verification mail works"},
		{name: "VERIFY_CODE_TTL", into: &r.CodeTTL, preset: "10m", limit: moreThanZero(), text: "How long the code in a verification mail works"},
		{name: "VERIFY_CODE_TRIES", into: &r.CodeTries, preset: "5", limit: between(1, 10), text: "How often a code may be guessed"},
		{
			name: "RESET_TTL", into: &r.ResetTTL, preset: "30m", old: "PASSWORD_RESET_TOKEN_EXPIRES", limit: moreThanZero(),
			text: "How long the link in the mail of a forgotten password works",
		},
		{name: "EMAIL_CHANGE_TTL", into: &r.EmailChangeTTL, preset: "24h", limit: moreThanZero(), text: "How long a new address may be proved"},
		{name: "CLOSE_GRACE", into: &r.CloseGrace, preset: "14d", text: "How long a closed account waits before its data is erased"},
	}}
}

func (r *registrationSettings) check(bad func(ok bool, format string, args ...any)) {
	bad(r.Verification != "optional" || r.RegistrationMode == "friendly", "EMAIL_VERIFICATION=optional needs REGISTRATION_MODE=friendly: it tells whether an address is taken")
	_, err := domain.ParseEmailDomains(r.RegistrationFrom)
	bad(err == nil, "REGISTRATION_DOMAINS: %w", err)
}
