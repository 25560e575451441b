package gothoauth_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/adapters/gothoauth"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/provider"
	"github.com/signet-auth/signet/test/idp/idp"
)

func ada(email string, verified bool) idp.Person {
	return idp.Person{Subject: "4200001", Email: email, Verified: verified, GivenName: "Ada", FamilyName: "Lovelace", Locale: "en"}
}

func TestWhoItIs(t *testing.T) {
	w := newWorld(t)
	work := "https://login.microsoftonline.com/" + idp.WorkTenant + "/v2.0"
	for _, row := range []struct {
		of     *idp.Provider
		issuer string
		given  string
		family string
		locale string
	}{
		{w.Google, "https://accounts.google.com", "Ada", "Lovelace", ""},
		{w.Microsoft, work, "Ada", "Lovelace", ""},
		{w.Apple, "https://appleid.apple.com", "Ada", "Lovelace", ""},
		{w.Discord, "https://discord.com", "Ada Lovelace", "", "en"},
		{w.GitHub, "https://github.com", "Ada Lovelace", "", ""},
		{w.GitLab, w.GitLab.URL, "Ada Lovelace", "", ""},
		{w.Facebook, "https://www.facebook.com", "Ada", "Lovelace", ""},
		{w.acme(), w.acme().Issuer, "Ada", "Lovelace", "en"},
	} {
		t.Run(row.of.Name, func(t *testing.T) {
			row.of.Login(ada("ada@example.com", true))
			got, err := login(t, w.open(t, row.of))
			if err != nil {
				t.Fatal(err)
			}
			proved := row.of != w.Facebook
			want := provider.Profile{
				Issuer: row.issuer, Subject: "4200001", Email: "ada@example.com", Proved: proved, Authoritative: row.of == w.Microsoft,
				GivenName: row.given, FamilyName: row.family, Locale: row.locale,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// worth is what an address comes to.
type worth struct {
	email                 string
	proved, authoritative bool
}

func TestWhatAnAddressIsWorth(t *testing.T) {
	w := newWorld(t)
	with := func(p idp.Person, change func(*idp.Person)) idp.Person {
		change(&p)
		return p
	}
	trusting := func(domains ...string) func(*gothoauth.Options) {
		return func(o *gothoauth.Options) { o.TrustedDomains, o.Tenant = domains, idp.WorkTenant }
	}
	ignoring := func(o *gothoauth.Options) { o.IgnoreVerified = true }
	claims := func(p idp.Person, c idp.Object) idp.Person {
		return with(p, func(p *idp.Person) { p.Claims = c })
	}
	none := func(*gothoauth.Options) {}
	for _, row := range []struct {
		fact   string
		of     *idp.Provider
		person idp.Person
		change func(*gothoauth.Options)
		fault  string
		want   worth
	}{
		{"Google runs gmail.com", w.Google, ada("ada@gmail.com", true), none, "", worth{"ada@gmail.com", true, true}},
		{"Google knows of others what they once proved", w.Google, ada("ada@example.com", true), none, "", worth{"ada@example.com", true, false}},
		{"a Workspace runs its domain", w.Google, with(ada("ada@example.com", true), func(p *idp.Person) { p.HostedDomain = "example.com" }), none, "", worth{"ada@example.com", true, true}},
		{"Google says when it is not proved", w.Google, ada("ada@gmail.com", false), none, "", worth{"ada@gmail.com", false, false}},
		{"nOAuth: an address at Microsoft without xms_edov is nobody's", w.Microsoft, ada("ada@example.com", true), none, "no_flag", worth{"ada@example.com", false, false}},
		{"Microsoft's flag may be a number", w.Microsoft, ada("ada@example.com", true), none, "flag_number", worth{"ada@example.com", true, true}},
		{"Microsoft's flag may be a text", w.Microsoft, ada("ada@example.com", true), none, "flag_text", worth{"ada@example.com", true, true}},
		{"Microsoft's flag may say no", w.Microsoft, ada("ada@example.com", false), none, "", worth{"ada@example.com", false, false}},
		{"a guest's tenant does not run the mailbox", w.Microsoft, with(ada("ada@example.com", true), func(p *idp.Person) { p.Guest = "https://sts.windows.net/" + idp.OtherTenant + "/" }), none, "", worth{"ada@example.com", true, false}},
		{"Microsoft runs outlook.com", w.Microsoft, with(ada("ada@outlook.com", true), func(p *idp.Person) { p.Tenant = idp.PersonalTenant }), none, "", worth{"ada@outlook.com", true, true}},
		{"a personal account may have any address", w.Microsoft, with(ada("ada@example.com", true), func(p *idp.Person) { p.Tenant = idp.PersonalTenant }), none, "", worth{"ada@example.com", true, false}},
		{"Microsoft's upn and preferred_username are no addresses", w.Microsoft, claims(ada("", false), idp.Object{"upn": "ada@example.com", "preferred_username": "ada@example.com", "mail": "ada@example.com", "xms_edov": true}), none, "", worth{}},
		{"Apple runs its relay", w.Apple, ada("x@privaterelay.appleid.com", true), none, "", worth{"x@privaterelay.appleid.com", true, true}},
		{"Apple's flag may be a text", w.Apple, ada("ada@example.com", false), none, "flag_text", worth{"ada@example.com", true, false}},
		{"Discord tells addresses that were never proved", w.Discord, ada("ada@example.com", false), none, "", worth{"ada@example.com", false, false}},
		{"an account without address at Discord", w.Discord, ada("", false), none, "", worth{}},
		{"the public address of a GitHub profile proves nothing", w.GitHub, with(ada("", false), func(p *idp.Person) { p.PublicEmail = "ada@example.com" }), none, "", worth{}},
		{"a primary address that GitHub has no proof of", w.GitHub, ada("ada@example.com", false), none, "", worth{"ada@example.com", false, false}},
		{"GitHub's noreply addresses take no mail", w.GitHub, ada("4200001+ada@users.noreply.github.com", true), none, "", worth{}},
		{"a GitHub App without the right to addresses", w.GitHub, ada("ada@example.com", true), none, "emails_forbidden", worth{}},
		{"Facebook has no word for it", w.Facebook, claims(ada("ada@example.com", true), idp.Object{"email_verified": true, "verified": true}), none, "", worth{"ada@example.com", false, false}},
		{"a phone account at Facebook", w.Facebook, ada("", false), none, "", worth{}},
		{"listmonk#2237: the flag of an issuer may be a text", w.acme(), ada("ada@example.com", false), none, "flag_text", worth{"ada@example.com", true, false}},
		{"a number is no flag", w.acme(), ada("ada@example.com", true), none, "flag_number", worth{"ada@example.com", false, false}},
		{"address and flag of userinfo", w.acme(), ada("ada@example.com", true), none, "no_email_in_token", worth{"ada@example.com", true, false}},
		{"userinfo that fails is no address", w.acme(), ada("ada@example.com", true), none, "userinfo_down", worth{"ada@example.com", true, false}},
		{"what is no address is none", w.acme(), claims(ada("", false), idp.Object{"email": "ada at example", "email_verified": true}), none, "", worth{}},
		{"a list is no address", w.acme(), ada("ada@example.com", true), none, "email_list", worth{}},
		{"an issuer that is trusted with a domain", w.acme(), ada("Ada@Example.com", false), trusting("example.com"), "", worth{"Ada@example.com", true, true}},
		{"but not with those below or beside it", w.acme(), ada("ada@x.example.com", false), trusting("example.com", "y.example.com"), "", worth{"ada@x.example.com", false, false}},
		{"a tenant that is trusted with a domain", w.Microsoft, ada("ada@example.com", false), trusting("example.com"), "", worth{"ada@example.com", true, true}},
		{"an issuer whose flag counts for nothing", w.acme(), ada("ada@example.com", true), ignoring, "", worth{"ada@example.com", false, false}},
		{"nor does that of its userinfo", w.acme(), ada("ada@example.com", true), ignoring, "no_email_in_token", worth{"ada@example.com", false, false}},
		{"and so at Google", w.Google, ada("ada@gmail.com", true), ignoring, "", worth{"ada@gmail.com", false, false}},
	} {
		t.Run(row.fact, func(t *testing.T) {
			defer row.of.Reset()
			row.of.Login(row.person)
			if row.fault != "" {
				row.of.Misbehave(row.fault)
			}
			p, err := login(t, w.open(t, row.of, row.change))
			if err != nil {
				t.Fatal(err)
			}
			if got := (worth{p.Email, p.Proved, p.Authoritative}); got != row.want {
				t.Errorf("%+v, want %+v", got, row.want)
			}
		})
	}
}

func TestWhoMay(t *testing.T) {
	w := newWorld(t)
	tenant := func(tenant string, allowed ...string) func(*gothoauth.Options) {
		return func(o *gothoauth.Options) { o.Tenant, o.Tenants = tenant, allowed }
	}
	hosted := func(domains ...string) func(*gothoauth.Options) {
		return func(o *gothoauth.Options) { o.HostedDomains = domains }
	}
	of := func(tenant, hd string) idp.Person {
		p := ada("ada@example.com", true)
		p.Tenant, p.HostedDomain = tenant, hd
		return p
	}
	for _, row := range []struct {
		fact   string
		of     *idp.Provider
		person idp.Person
		change func(*gothoauth.Options)
		fault  string
		ok     bool
	}{
		{"GOOGLE_HD takes its Workspace", w.Google, of("", "example.com"), hosted("example.org", "Example.com"), "", true},
		{"and no other", w.Google, of("", "example.net"), hosted("example.com"), "", false},
		{"nor an account of none with an address there", w.Google, of("", ""), hosted("example.com"), "", false},
		{"MICROSOFT_TENANTS takes those that it names", w.Microsoft, of(idp.WorkTenant, ""), tenant("common", idp.OtherTenant, idp.WorkTenant), "", true},
		{"and no other", w.Microsoft, of(idp.WorkTenant, ""), tenant("common", idp.OtherTenant), "", false},
		{"a tenant of its own", w.Microsoft, of(idp.WorkTenant, ""), tenant(idp.WorkTenant), "", true},
		{"takes nobody else's token", w.Microsoft, of(idp.WorkTenant, ""), tenant(idp.WorkTenant), "other_tenant", false},
		{"organizations takes them", w.Microsoft, of(idp.WorkTenant, ""), tenant("organizations"), "", true},
		{"consumers takes them", w.Microsoft, of(idp.PersonalTenant, ""), tenant("consumers"), "", true},
		{"and no organisation's token", w.Microsoft, of(idp.PersonalTenant, ""), tenant("consumers"), "other_tenant", false},
	} {
		t.Run(row.fact, func(t *testing.T) {
			defer row.of.Reset()
			row.of.Login(row.person)
			if row.fault != "" {
				row.of.Misbehave(row.fault)
			}
			_, err := login(t, w.open(t, row.of, row.change))
			if row.ok && err != nil || !row.ok && !errors.Is(err, domain.ErrAccountNotAllowed) {
				t.Error(err)
			}
		})
	}
}

func TestANumberIsNotRoundedIntoSomebodyElse(t *testing.T) {
	w := newWorld(t)
	for _, p := range []*idp.Provider{w.GitHub, w.acme()} {
		p.Misbehave("number_subject")
		if got, err := login(t, w.open(t, p)); err != nil || got.Subject != "9007199254740993" {
			t.Errorf("%s: %q, %v", p.Name, got.Subject, err)
		}
	}
}

func TestAppleHasTwoNamesForItself(t *testing.T) { // supabase/auth#2051, authjs#13047
	w := newWorld(t)
	for _, iss := range []string{"https://appleid.apple.com", "https://account.apple.com"} {
		w.Apple.Set(idp.Switches{Claims: idp.Object{"iss": iss}})
		if got, err := login(t, w.open(t, w.Apple)); err != nil || got.Issuer != "https://appleid.apple.com" {
			t.Errorf("%q, %v", got.Issuer, err)
		}
	}
	w.Google.Set(idp.Switches{Claims: idp.Object{"iss": "accounts.google.com"}})
	if got, err := login(t, w.open(t, w.Google)); err != nil || got.Issuer != "https://accounts.google.com" {
		t.Errorf("Google without https: %q, %v", got.Issuer, err)
	}
}

func TestAppleTellsTheNameOnce(t *testing.T) {
	w := newWorld(t)
	p := w.open(t, w.Apple)
	w.Apple.Login(ada("ada@example.com", true))
	first, err := login(t, p)
	again, againErr := login(t, p)
	if err != nil || againErr != nil || first.GivenName != "Ada" || again.GivenName != "" || again.Subject != first.Subject {
		t.Errorf("%+v %v, then %+v %v", first, err, again, againErr)
	}
	for _, field := range []string{"", "{", "null", `{"name":"Ada"}`, `{"name":{"firstName":1}}`, `{"email":"evil@example.com"}`} {
		w.Apple.Set(idp.Switches{Answer: map[string]string{"user": field}})
		if got, err := login(t, p); err != nil || got.GivenName != "" || got.Email != "ada@example.com" {
			t.Errorf("%s: %+v, %v", field, got, err)
		}
	}
}

func TestAPrivateGitHubAndItsAPI(t *testing.T) {
	w := newWorld(t)
	ghe := w.Add("github-acme", idp.GitHub)
	ghe.Register(publicURL + "/api/oauth/github/callback")
	ghe.Login(ada("ada@example.com", true))
	p := w.open(t, w.GitHub, func(o *gothoauth.Options) {
		o.URL, o.ClientID, o.ClientSecret = ghe.URL+"/", ghe.ClientID, domain.NewSecret(ghe.Secret())
	})
	got, err := login(t, p)
	if err != nil || got.Issuer != ghe.URL || got.Subject != "4200001" || !got.Proved {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAddressAndFlagAreOfOneDocument(t *testing.T) {
	w := newWorld(t)
	acme := w.acme()
	acme.Login(ada("ada@example.com", true))
	for _, row := range []struct {
		fact     string
		userinfo idp.Object
		want     worth
	}{
		{"userinfo has both", idp.Object{"email": "ada@example.org"}, worth{"ada@example.org", true, false}},
		{"userinfo has a flag and no address", idp.Object{"email": idp.Omit}, worth{"ada@example.com", false, false}},
		{"userinfo has an address and no flag", idp.Object{"email": "ada@example.org", "email_verified": idp.Omit}, worth{"ada@example.org", false, false}},
		{"userinfo is about somebody else", idp.Object{"sub": "another", "email": "eve@example.com"}, worth{"ada@example.com", false, false}},
	} {
		acme.Set(idp.Switches{Claims: idp.Object{"email_verified": idp.Omit}, Documents: map[idp.Endpoint]idp.Object{idp.UserInfo: row.userinfo}})
		p, err := login(t, w.open(t, acme))
		if got := (worth{p.Email, p.Proved, p.Authoritative}); err != nil || got != row.want {
			t.Errorf("%s: %+v, %v", row.fact, got, err)
		}
	}
	acme.Set(idp.Switches{})
	asked := len(acme.Requests(idp.UserInfo))
	if _, err := login(t, w.open(t, acme)); err != nil || len(acme.Requests(idp.UserInfo)) != asked {
		t.Errorf("userinfo is asked although the id_token has both: %v", err)
	}
}
