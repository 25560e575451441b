package pages

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/domain"
)

const mediaHTML = "text/html"

//go:embed templates
var templates embed.FS

// languages are the folders of templates/: each has every page. The texts of pages are there and nowhere else.
var languages = []string{"en", "de"}

// The pages have no script, load nothing, and carry no word that a user wrote. The secret of the link is only in the address,
// which the referrer policy keeps here.
var (
	confirmPage  = loadPage("confirm.html")
	verifiedPage = loadPage("verified.html")
	invalidPage  = loadPage("invalid.html")

	resetPage        = loadPage("reset.html")
	resetDonePage    = loadPage("reset_done.html")
	resetInvalidPage = loadPage("reset_invalid.html")

	emailChangePage        = loadPage("email_change.html")
	emailChangeDonePage    = loadPage("email_change_done.html")
	emailChangeInvalidPage = loadPage("email_change_invalid.html")

	returnPage        = loadPage("provider_return.html")
	nextPage          = loadPage("provider_next.html")
	loginNotKnownPage = loadPage("login_not_known.html")

	style  = mustRead("style.css")
	policy = "default-src 'none'; style-src '" + sourceHash(style) + "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

// page is one page in every language.
type page map[string]*template.Template

// loadPage reads a page. One that a language lacks, or that is broken, stops the program with the file's name.
func loadPage(name string) page {
	all := page{}
	for _, language := range languages {
		layout := template.Must(template.New("layout.html").Funcs(template.FuncMap{
			"style":    func() template.CSS { return template.CSS(mustRead("style.css")) }, //nolint:gosec // our own file
			"language": func() string { return language },
		}).ParseFS(templates, "templates/layout.html"))
		t, err := layout.ParseFS(templates, "templates/"+language+"/alert.html", "templates/"+language+"/"+name)
		if err != nil {
			panic(fmt.Errorf("templates/%s/%s: %w", language, name, err))
		}
		all[language] = t
	}
	return all
}

func mustRead(name string) string {
	content, err := templates.ReadFile("templates/" + name)
	if err != nil {
		panic(err)
	}
	return string(content)
}

// sourceHash names an inline style in a policy (CSP Level 3 §2.3.1), so that no other can be injected.
func sourceHash(content string) string {
	sum := sha256.Sum256([]byte(content))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// render answers with the page in the language that the browser asks for, else in English. view may be nil where the page
// says the same to everybody.
func (p page) render(caller echohttp.Caller, status int, view any) (echohttp.Raw, error) {
	language, _ := domain.PreferredLanguage(caller.AcceptLanguage, languages)
	language = cmp.Or(language, languages[0])
	var body bytes.Buffer
	if err := p[language].Execute(&body, view); err != nil {
		return echohttp.Raw{}, err
	}
	return echohttp.Raw{Status: status, Type: mediaHTML + "; charset=utf-8", Body: body.Bytes(), Header: http.Header{
		"Content-Security-Policy": {policy},
		"Content-Language":        {language},
		"Vary":                    {"Accept", "Accept-Language"},
	}}, nil
}

// renderFailure answers with the page and the headers of a failure, which say when to try again.
func (p page) renderFailure(caller echohttp.Caller, status int, failure *domain.Error, view any) (echohttp.Raw, error) {
	raw, err := p.render(caller, status, view)
	if err == nil {
		echohttp.SetFailureHeaders(raw.Header, status, failure)
	}
	return raw, err
}

// retryView is what a page shows when its button was pressed too often, or while a part of Signet is away: why, and the button
// again.
type retryView struct{ Alert, AlertCode string }

func newRetryView(failure *domain.Error) retryView {
	return retryView{Alert: failure.Text, AlertCode: failure.Code}
}

// Failed tells whether something was wrong; the title begins with it then, because a screen reader reads that first.
func (v retryView) Failed() bool { return v.Alert != "" }

// isTemporary tells whether a failure passes by itself.
func isTemporary(failure *domain.Error) bool {
	return failure.Kind == domain.Limited || failure.Kind == domain.Unavailable
}

// retryContents describe the answers of renderFailure.
var retryContents = []echohttp.Content{
	{Status: http.StatusTooManyRequests, Description: "For browsers, the page again, to be sent later", Type: mediaHTML},
	{Status: http.StatusServiceUnavailable, Description: "For browsers, the page again, to be sent later", Type: mediaHTML},
}

// failurePage answers a person with the page when its form could not be read, or something else went wrong that the page has no place
// for. view takes the alert into what the page shows.
func (p page) failurePage(view func(retryView) any) func(echohttp.Caller, int, *domain.Error) (echohttp.Raw, bool) {
	return func(caller echohttp.Caller, status int, failure *domain.Error) (echohttp.Raw, bool) {
		if !WantsHTML(caller.Accept) {
			return echohttp.Raw{}, false
		}
		alert := newRetryView(failure)
		if status < http.StatusInternalServerError && !isTemporary(failure) { // the text is about bodies and media types, for programs
			alert = retryView{Alert: "The form did not arrive the way it was sent. Please fill it in and send it once more.", AlertCode: "unreadable"}
		}
		raw, err := p.renderFailure(caller, status, failure, view(alert))
		return raw, err == nil
	}
}

func plainView(v retryView) any { return v }

// unreadableContents describe the answers of failurePage.
var unreadableContents = []echohttp.Content{
	{Status: http.StatusRequestEntityTooLarge, Description: "For browsers, the page again", Type: mediaHTML},
	{Status: http.StatusUnsupportedMediaType, Description: "For browsers, the page again", Type: mediaHTML},
}

// WantsHTML tells whether somebody looks at the answer: an Accept header that likes a page no less than JSON.
func WantsHTML(accept string) bool {
	html := weight(accept, mediaHTML)
	return html > 0 && html >= weight(accept, echohttp.MediaJSON)
}

// weight is how much an Accept header likes a media type that it names itself (RFC 9110 §12.4.2), from 0, not at all, to 1. Wildcards
// don't count: they are what scanners send.
func weight(header, media string) (best float64) {
	for item := range strings.SplitSeq(header, ",") {
		name, params, err := mime.ParseMediaType(item)
		if err != nil || name != media {
			continue
		}
		q := 1.0
		if text, given := params["q"]; given {
			q, _ = strconv.ParseFloat(text, 64) // what is no number is 0
		}
		if q <= 1 {
			best = max(best, q)
		}
	}
	return best
}
