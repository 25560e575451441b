package pages

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/domain"
)

const mediaHTML = "text/html"

//go:embed templates
var templates embed.FS

// languages are the folders of templates/: each has every page. The texts of pages are there and nowhere else.
var languages = []string{"en", "de"}

// The pages load nothing but the deployment's logo, and carry no word that a user wrote but the address that a link is about. The secret
// of the link is only in the address of the page, which the referrer policy keeps here.
var (
	confirmPage  = loadPage("confirm.html")
	verifiedPage = loadPage("verified.html")
	invalidPage  = loadPage("invalid.html")

	resetPage        = loadPage("reset.html").running(showPassword)
	resetDonePage    = loadPage("reset_done.html")
	resetInvalidPage = loadPage("reset_invalid.html")

	emailChangePage        = loadPage("email_change.html")
	emailChangeDonePage    = loadPage("email_change_done.html")
	emailChangeInvalidPage = loadPage("email_change_invalid.html")
	factorUndoPage         = loadPage("factor_undo.html")
	factorUndoDonePage     = loadPage("factor_undo_done.html")
	factorUndoInvalidPage  = loadPage("factor_undo_invalid.html")

	laterPage = loadPage("later.html")
	quietPage = loadPage("landing.html")

	returnPage        = loadPage("provider_return.html")
	nextPage          = loadPage("provider_next.html")
	loginNotKnownPage = loadPage("login_not_known.html")

	style        = mustRead("style.css")
	showPassword = mustRead("show_password.js")
)

// page is one page in every language.
type page struct {
	in            map[string]func() *template.Template
	style, script string // the style that it has, and the script that it runs; none is empty
}

// running is the page with a script, whose hash its policy names.
func (p page) running(script string) page {
	p.script = script
	return p
}

// loadPage is a page that is parsed when it is first shown: all of them at once would be a tenth of the time of a start. The files
// are part of the program, and tests show each page in each language.
func loadPage(name string) page {
	all := page{in: map[string]func() *template.Template{}, style: style}
	for _, language := range languages {
		all.in[language] = sync.OnceValue(func() *template.Template {
			return parsePage(style, language, language+"/alert.html", language+"/next.html", language+"/"+name)
		})
	}
	return all
}

func parsePage(style, language string, files ...string) *template.Template {
	layout := template.Must(template.New("layout.html").Funcs(template.FuncMap{
		"style":        func() template.CSS { return template.CSS(style) },      //nolint:gosec // our own file
		"showPassword": func() template.JS { return template.JS(showPassword) }, //nolint:gosec // likewise
		"language":     func() string { return language },
	}).ParseFS(templates, "templates/layout.html"))
	for _, file := range files {
		if _, err := layout.ParseFS(templates, "templates/"+file); err != nil {
			panic(fmt.Errorf("templates/%s: %w", file, err))
		}
	}
	return layout
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

// linkView is what the page of a link shows: which address it is about, masked, and, when its button was pressed too often or while a part of
// Signet is away, why, and the button again.
type linkView struct{ Address, Alert, AlertCode string }

func newRetryView(failure *domain.Error) linkView {
	return linkView{Alert: failure.Text, AlertCode: failure.Code}
}

// Failed tells whether something was wrong; the title begins with it then, because a screen reader reads that first.
func (v linkView) Failed() bool { return v.Alert != "" }

// isTemporary tells whether a failure passes by itself.
func isTemporary(failure *domain.Error) bool {
	return failure.Kind == domain.Limited || failure.Kind == domain.Unavailable
}

// retryContents describe the answers of renderFailure.
var retryContents = []echohttp.Content{
	{Status: http.StatusTooManyRequests, Description: "For browsers, the page again, to be sent later", Type: mediaHTML},
	{Status: http.StatusServiceUnavailable, Description: "For browsers, the page again, to be sent later", Type: mediaHTML},
}

// unreadableContents describe the answers of Site.unreadable.
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
