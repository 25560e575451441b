package pages

import (
	"bytes"
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/domain"
)

// Options are a deployment's settings for its pages.
type Options struct {
	Product   string // its name; empty means Signet
	Logo      Logo   // zero: pages show the name
	PublicURL string // where browsers reach the pages; it may have a path
	// AfterVerify and AfterReset are where people go next; empty: nowhere.
	AfterVerify, AfterReset string
}

// Site is what all pages of a deployment have in common. Its methods are safe for concurrent use.
type Site struct {
	product                 string
	logo                    Logo
	logoAt                  string
	afterVerify, afterReset *destination
}

// NewSite makes the site.
func NewSite(o Options) *Site {
	s := &Site{product: cmp.Or(o.Product, "Signet"), logo: o.Logo, afterVerify: destinationOf(o.AfterVerify), afterReset: destinationOf(o.AfterReset)}
	if len(o.Logo.content) > 0 {
		s.logoAt = logoPath
		if public, err := url.Parse(o.PublicURL); err == nil {
			s.logoAt = strings.TrimRight(public.EscapedPath(), "/") + logoPath
		}
	}
	return s
}

// destination is where a person goes next, and its name: the host, by which people know a site.
type destination struct{ URL, Host string }

func destinationOf(address string) *destination {
	u, err := url.Parse(address)
	if address == "" || err != nil {
		return nil
	}
	return &destination{address, u.Host}
}

// doneView is a page that confirms success.
type doneView struct{ Next *destination }

// frame is the data of the layout; pages get the view.
type frame struct {
	Product, Logo string
	Wide          bool
	View          any
}

// policy allows a page our style and, if it has them, the logo and its script, so that nothing injected can run.
func (s *Site) policy(p page) string {
	policy := "default-src 'none'; style-src '" + sourceHash(p.style) + "'; "
	if p.script != "" {
		policy += "script-src '" + sourceHash(p.script) + "'; "
	}
	if s.logoAt != "" {
		policy += "img-src 'self'; "
	}
	return policy + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}

// render answers with a page in the language that the browser asks for, else in English. view may be nil if the page is the same for
// everybody.
func (s *Site) render(p page, caller echohttp.Caller, status int, view any) (echohttp.Raw, error) {
	language, _ := domain.PreferredLanguage(caller.AcceptLanguage, languages)
	language = cmp.Or(language, languages[0])
	parsed, ok := p.in[language]
	if !ok {
		language, parsed = languages[0], p.in[languages[0]]
	}
	_, wide := view.(Welcome)
	var body bytes.Buffer
	if err := parsed().Execute(&body, frame{Product: s.product, Logo: s.logoAt, Wide: wide, View: view}); err != nil {
		return echohttp.Raw{}, err
	}
	return echohttp.Raw{Status: status, Type: mediaHTML + "; charset=utf-8", Body: body.Bytes(), Header: http.Header{
		"Content-Security-Policy": {s.policy(p)},
		"Content-Language":        {language},
		"Vary":                    {"Accept", "Accept-Language"},
	}}, nil
}

// renderFailure answers with the page and the headers of a failure, which say when to try again.
func (s *Site) renderFailure(p page, caller echohttp.Caller, status int, failure *domain.Error, view any) (echohttp.Raw, error) {
	raw, err := s.render(p, caller, status, view)
	if err == nil {
		echohttp.SetFailureHeaders(raw.Header, status, failure)
	}
	return raw, err
}

// unreadable answers a person with the page when its form could not be read, or when something else went wrong that belongs to no field.
// view adds the alert to what the page shows.
func (s *Site) unreadable(p page, caller echohttp.Caller, status int, failure *domain.Error, view func(linkView) any) (echohttp.Raw, bool) {
	if !WantsHTML(caller.Accept) {
		return echohttp.Raw{}, false
	}
	alert := newRetryView(failure)
	if status < http.StatusInternalServerError && !isTemporary(failure) { // the text is about bodies and media types, for programs
		alert = linkView{Alert: "The form did not arrive the way it was sent. Please fill it in and send it once more.", AlertCode: "unreadable"}
	}
	raw, err := s.renderFailure(p, caller, status, failure, view(alert))
	return raw, err == nil
}

func plainView(v linkView) any { return v }

// renderLook answers a person who follows a link that can't be shown: with the page for a dead link, or with a page to try again from when
// Signet can't tell at the moment. It shows no form, since submitting one might be in vain.
func (s *Site) renderLook(dead page, caller echohttp.Caller, failure error) (echohttp.Raw, error) {
	status, public := echohttp.Classify(failure)
	switch {
	case errors.Is(failure, domain.ErrInvalidToken):
		return s.render(dead, caller, http.StatusBadRequest, nil)
	case isTemporary(public):
		return s.renderFailure(laterPage, caller, status, public, newRetryView(public))
	}
	return echohttp.Raw{}, failure
}

// lookContents describe the answers of renderLook.
var lookContents = []echohttp.Content{
	{Status: http.StatusBadRequest, Description: "A page that says that the link no longer works", Type: mediaHTML},
	{Status: http.StatusTooManyRequests, Description: "A page to try again from", Type: mediaHTML},
	{Status: http.StatusServiceUnavailable, Description: "A page to try again from", Type: mediaHTML},
}
