package e2e_test

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/signet-auth/signet/test/idp/idp"
	"github.com/signet-auth/signet/test/testkit"
)

// TestNoSecretOfAProviderIsKept is OA-13: its tokens are neither stored nor logged (Logto CVE-2026-63203, Pomerium CVE-2024-39315), and neither
// are the codes, verifiers and tickets of a login.
func TestNoSecretOfAProviderIsKept(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		f := startFederated(t, b, nil, "google", "discord", "github", "facebook", "apple")
		h := &hoard{secrets: map[string]string{}, codes: map[string]string{}}
		parameters := func(what string, q url.Values, names ...string) {
			for _, name := range names {
				if value := q.Get(name); value != "" {
					h.add(what+" "+name, value)
				}
			}
		}
		app := newApplication()
		h.add("verifier of the application", app.verifier)
		login := func(name string, p *idp.Provider, who idp.Person) url.Values {
			p.Login(who)
			v := f.visitor(t)
			authorize := v.begin(name, app.query())
			u, err := url.Parse(authorize)
			if err != nil {
				t.Fatal(err)
			}
			parameters("sent to "+name, u.Query(), "state", "nonce")
			for _, value := range v.cookies {
				h.add("cookie", value)
			}
			answer := idp.Visit(t, authorize)
			parameters("answer of "+name, answer.Params(), "code")
			home := sentHome(t, v.come(answer))
			parameters("home from "+name, home, "code", "continuation")
			return home
		}
		for name, p := range map[string]*idp.Provider{"google": f.idp.Google, "discord": f.idp.Discord, "github": f.idp.GitHub, "apple": f.idp.Apple} {
			home := login(name, p, idp.Person{Email: testkit.NewAddress(), Verified: true, GivenName: "Ada"})
			h.tokens(f.exchanged(t, home))
		}
		known := f.NewAccount()
		in := f.api.Login(known)
		home := login("discord", f.idp.Discord, idp.Person{Subject: "1", Email: known.Email, Verified: true})
		f.api.Do(completing(home.Get("continuation"), in.Access, body{"confirm": true})).Want(http.StatusOK, "")
		home = login("facebook", f.idp.Facebook, idp.Person{Subject: "2"})
		address := testkit.NewAddress()
		f.api.Do(completing(home.Get("continuation"), "", body{"email": address})).Want(http.StatusAccepted, "")
		h.mail(f.Mail(address, 1))
		h.tokens(f.api.Do(completing(home.Get("continuation"), "", body{"code": f.Mail(address, 1).Code})).Want(http.StatusOK, ""))
		ticket, err := url.Parse(f.api.Do(linking("google", in.Access, nil)).Want(http.StatusOK, "").Text("authorize_url"))
		if err != nil {
			t.Fatal(err)
		}
		parameters("link", ticket.Query(), "ticket")
		f.idp.Google.Misbehave("wrong_secret") // failures are told of in the log
		login("google", f.idp.Google, gmailAda)
		for _, p := range f.idp.Providers() {
			for _, request := range p.Requests(idp.Token) {
				parameters("sent to "+p.Name, request.Form, "code", "code_verifier", "client_secret")
			}
			for _, request := range p.Requests(idp.UserInfo) {
				if _, token, ok := strings.Cut(request.Header.Get("Authorization"), " "); ok {
					h.add("token of "+p.Name, token)
				}
			}
		}
		if len(h.secrets) < 50 {
			t.Fatalf("only %d secrets: the journey is too short", len(h.secrets))
		}
		f.Settled()
		dump := f.Dump()
		f.Stop()
		log := []byte(f.Log.String())
		if !bytes.Contains(dump, []byte("provider_code")) || !bytes.Contains(log, []byte("/api/oauth/{provider}/callback")) || !bytes.Contains(log, []byte("GOOGLE_CLIENT_SECRET")) {
			t.Error("dump or log are not whole")
		}
		for where, text := range map[string][]byte{"database": dump, "log": log, "database at the end": f.Dump()} {
			if seen := h.sightings(text); len(seen) > 0 {
				t.Errorf("the %s has %q", where, seen)
			}
		}
	})
}
