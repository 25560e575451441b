package pages

import (
	"html/template"
	"net/http"

	"github.com/signet-auth/signet/adapters/echohttp"
)

// The pages of a login through a provider. They redirect by themselves and have a link for browsers that don't.

// addressView is a page that redirects. The address was checked against the list of the settings, or is one of ours: html/template would
// refuse the scheme of a native app otherwise.
type addressView struct{ Address template.URL }

// ReturnToApp is the page that leads back to a native app: phone browsers block a redirect without a tap.
func (s *Site) ReturnToApp(caller echohttp.Caller, address string) (echohttp.Raw, error) {
	return navigation(s.render(returnPage, caller, http.StatusOK, addressView{template.URL(address)})) //nolint:gosec // see addressView
}

// NextStep is the page between a provider's POST and our callback: the GET that it begins brings the cookie along.
func (s *Site) NextStep(caller echohttp.Caller, address string) (echohttp.Raw, error) {
	return navigation(s.render(nextPage, caller, http.StatusOK, addressView{template.URL(address)})) //nolint:gosec // see addressView
}

// LoginNotKnown is the page for a browser whose login has ended or began elsewhere.
func (s *Site) LoginNotKnown(caller echohttp.Caller, failure error) (echohttp.Raw, error) {
	status, public := echohttp.Classify(failure)
	return navigation(s.renderFailure(loginNotKnownPage, caller, status, public, nil))
}

// navigation keeps the window's reference to its opener.
func navigation(raw echohttp.Raw, err error) (echohttp.Raw, error) {
	if err == nil {
		raw.Header.Set("Cross-Origin-Opener-Policy", "unsafe-none")
	}
	return raw, err
}
