package idp

import (
	"maps"
	"slices"
)

// named is a fault: what it does, and the switches that do it.
type named struct {
	says string
	set  set
}

// faults are the misbehaviours that have names, and some oddities that a client must bear (those that say so). What belongs to a person
// (an address that is not verified, none at all, another tenant, another subject) is scripted by Login.
func faults() map[string]named {
	rows := map[string]named{
		// The callback.
		"denied":          {"the person says no", deny("access_denied", "")},
		"unavailable":     {"the provider says that it is busy", deny("temporarily_unavailable", "")},
		"login_required":  {"nobody is logged in, and nobody may be asked", deny("login_required", "")},
		"not_assigned":    {"Microsoft: the person may not use this application", deny("access_denied", "AADSTS50105: not assigned")},
		"app_not_live":    {"Facebook: an error without `error`", deny("1349048", "App not active")},
		"wrong_state":     {"another state comes back", answer("state", "another")},
		"no_state":        {"no state comes back", answer("state", Omit)},
		"wrong_iss_param": {"iss names another provider: a mix-up (RFC 9207)", answer("iss", "https://attacker.example")},
		"no_iss_param":    {"iss is missing, promised or not", answer("iss", Omit)},
		"no_code":         {"neither a code nor an error", answer("code", Omit)},
		"twin":            {"the callback is opened twice, with two codes (to be borne)", twin},

		// Signatures and keys.
		"alg_none":              {"no signature", sign(Unsigned)},
		"hs256":                 {"signed with the client's secret", sign(HS256)},
		"unknown_kid":           {"a key that is not published", sign(UnknownKey)},
		"wrong_key":             {"another key than the kid names", sign(WrongKey)},
		"no_kid":                {"no kid (to be borne with one key)", sign(NoKID)},
		"odd_keys":              {"keys that nobody can use beside the right one (to be borne)", extraKeys(oddKeys)},
		"many_keys":             {"a hundred keys more", extraKeys(manyKeys)},
		"key_of_another_issuer": {"Microsoft: the key is another tenant's", member(Keys, "issuer", microsoftIssuer(OtherTenant))},

		// Claims.
		"no_id_token":  {"no id_token", member(Token, "id_token", Omit)},
		"big_id_token": {"an id_token of more than 16 KB", claim("filler", fill(20_000))},
		"wrong_nonce":  {"the nonce of another login", claim("nonce", "another")},
		"no_nonce":     {"no nonce", claim("nonce", Omit)},
		"wrong_iss":    {"another issuer", claim("iss", "https://attacker.example")},
		"iss_slash":    {"the issuer with a slash more", slashInToken},
		"bare_iss":     {"Google: its issuer without https:// (to be borne)", claim("iss", "accounts.google.com")},
		"new_iss":      {"Apple: the other name of its issuer (to be borne)", claim("iss", "https://account.apple.com")},
		"other_tenant": {"Microsoft: a tenant that was not asked for", otherTenant},
		"tid_mismatch": {"Microsoft: tid and iss name two tenants", claim("tid", OtherTenant)},
		"wrong_aud":    {"for another client", claim("aud", "another-client")},
		"wrong_azp":    {"issued to another client", claim("azp", "another-client")},
		"several_aud":  {"for several clients, without azp", severalAudiences},
		"expired":      {"ended an hour ago: a clock is off", clock(-2 * 60 * 60)},
		"from_ahead":   {"issued in ten minutes: a clock is off", clock(10 * 60)},
		"exp_text":     {"exp is a text", claim("exp", "1900000000")},
		"no_exp":       {"no exp", claim("exp", Omit)},
		"no_iat":       {"no iat", claim("iat", Omit)},

		// Whose account it is: in the id_token, or in the profile where that is all there is.
		"no_subject":           {"the account has no id", subject(Omit)},
		"null_subject":         {"the id is null", subject(nil)},
		"empty_subject":        {"the id is empty", subject("")},
		"zero_subject":         {"the id is 0", subject(0)},
		"zero_text":            {`the id is "0"`, subject("0")},
		"float_subject":        {"the id is a fraction", subject(1.5)},
		"list_subject":         {"the id is a list", subject([]string{"1"})},
		"number_subject":       {"the id is a number that no float can hold (to be borne)", subject(int64(9007199254740993))},
		"userinfo_of_two":      {"userinfo is about another account", otherUserInfo},
		"flag_text":            {`the flag of the address is "true" (to be borne of some)`, flag("true")},
		"flag_number":          {"the flag of the address is 1", flag(1)},
		"no_flag":              {"an address without a flag", flag(Omit)},
		"email_list":           {"the address is a list", email([]string{"a@example.com"})},
		"no_email_in_token":    {"address and flag are in userinfo only (to be borne)", both(claim("email", Omit), flagInToken(Omit))},
		"emails_forbidden":     {"GitHub: 403 on /user/emails, as for an App (to be borne)", forbidEmails},
		"discovery_of_another": {"the document names another issuer", member(Discovery, "issuer", "https://attacker.example")},
		"discovery_slash":      {"the document's issuer has a slash more (to be borne)", addSlash},
		"basic_only":           {"secrets by Basic only (to be borne)", authenticateBy("client_secret_basic")},
		"post_only":            {"secrets in the form only (to be borne)", authenticateBy("client_secret_post")},
		"no_s256":              {"metadata lists challenge methods without S256", plainOnly},

		// How the token endpoint says no.
		"wrong_secret": {"the client's secret is wrong", refuse(WrongClient)},
		"ended_secret": {"the client's secret has ended", refuse(EndedSecret)},
		"wrong_code":   {"the code is not valid", refuse(WrongCode)},
		"busy":         {"temporarily_unavailable", refuse(Unavailable)},
	}
	for _, e := range []Endpoint{Token, Keys, UserInfo, Emails, Discovery} {
		for name, row := range transport() {
			rows[string(e)+"_"+name] = named{row.says, at(e, row.fault)}
		}
	}
	return rows
}

// failure is a fault that any endpoint can have.
type failure struct {
	says  string
	fault Fault
}

// transport are those failures: token_down, userinfo_slow, keys_huge and so on.
func transport() map[string]failure {
	return map[string]failure{
		"down":     {"500", Fault{Status: 500, ContentType: "text/plain", Body: "Internal Server Error"}},
		"limited":  {"429", Fault{Status: 429, ContentType: "application/json", Body: `{"message":"You are being rate limited."}`}},
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
