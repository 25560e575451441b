package e2e_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/signet-auth/signet/test/idp/idp"
	"github.com/signet-auth/signet/test/testkit"
)

var gmailAda = idp.Person{Email: "ada@gmail.com", Verified: true, GivenName: "Ada", FamilyName: "Lovelace"}

// TestLoginThroughEveryProvider goes through each dialect: a new account by the first login, the same one by the next.
func TestLoginThroughEveryProvider(t *testing.T) {
	t.Parallel()
	f := startFederated(t, testkit.Embedded, nil)
	for name, upstream := range map[string]*idp.Provider{
		"google": f.idp.Google, "discord": f.idp.Discord, "github": f.idp.GitHub, "gitlab": f.idp.GitLab, "apple": f.idp.Apple,
	} {
		t.Run(name, func(t *testing.T) {
			upstream.Login(idp.Person{Email: name + "@example.com", Verified: true, GivenName: "Ada", FamilyName: "Lovelace"})
			v := f.visitor(t)
			first := v.session(name).Want(http.StatusOK, "")
			if first.JSON()["created"] != true || first.Text("user.email") != name+"@example.com" {
				t.Errorf("first: %s", first.Body)
			}
			again := f.visitor(t).session(name).Want(http.StatusOK, "")
			if again.JSON()["created"] != false || again.Text("user.id") != first.Text("user.id") {
				t.Errorf("again: %s", again.Body)
			}
			me := f.api.Me(again.Text("access_token")).Want(http.StatusOK, "")
			identities := me.JSON()["user"].(map[string]any)["identities"].([]any)
			if len(identities) != 1 || identities[0].(map[string]any)["provider"] != name || identities[0].(map[string]any)["usable"] != true {
				t.Errorf("me: %s", me.Body)
			}
		})
	}
}

// TestAProviderLoginWithoutAnApplicationAnswersTheBrowser is how the Flask service did it.
func TestAProviderLoginWithoutAnApplicationAnswersTheBrowser(t *testing.T) {
	t.Parallel()
	f := startFederated(t, testkit.Embedded, nil, "google")
	f.idp.Google.Login(gmailAda)
	answer := f.visitor(t).logIn("google", url.Values{}).Want(http.StatusOK, "")
	f.api.Me(answer.Text("access_token")).Want(http.StatusOK, "")
	if answer.Text("user.first_name") != "Ada" {
		t.Errorf("%s", answer.Body)
	}
}
