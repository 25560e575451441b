package echohttp

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"

	"github.com/signet-auth/signet/domain"
)

const mediaHTML = "text/html"

//go:embed pages
var pageFiles embed.FS

// pageLanguages are the folders of pages/: each has every page. Its texts are there and nowhere else.
var pageLanguages = []string{"en", "de"}

// The pages that Signet shows people itself, for front ends that have none. They have no script, load nothing, and carry no
// word that a user wrote; the secret of the link is only in the address, which the referrer policy keeps here.
var (
	pageConfirm  = loadPage("confirm.html")
	pageVerified = loadPage("verified.html")
	pageInvalid  = loadPage("invalid.html")

	pageReset        = loadPage("reset.html")
	pageResetDone    = loadPage("reset_done.html")
	pageResetInvalid = loadPage("reset_invalid.html")

	pageEmailChange        = loadPage("email_change.html")
	pageEmailChangeDone    = loadPage("email_change_done.html")
	pageEmailChangeInvalid = loadPage("email_change_invalid.html")

	pageStyle  = mustReadPage("style.css")
	pagePolicy = "default-src 'none'; style-src '" + sourceHash(pageStyle) + "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

// localized is one page in every language.
type localized map[string]*template.Template

// loadPage reads a page. One that a language lacks, or that is broken, stops the program with the file's name.
func loadPage(name string) localized {
	all := localized{}
	for _, language := range pageLanguages {
		layout := template.Must(template.New("layout.html").Funcs(template.FuncMap{
			"style":    func() template.CSS { return template.CSS(mustReadPage("style.css")) }, //nolint:gosec // our own file
			"language": func() string { return language },
		}).ParseFS(pageFiles, "pages/layout.html"))
		t, err := layout.ParseFS(pageFiles, "pages/"+language+"/alert.html", "pages/"+language+"/"+name)
		if err != nil {
			panic(fmt.Errorf("pages/%s/%s: %w", language, name, err))
		}
		all[language] = t
	}
	return all
}

func mustReadPage(name string) string {
	content, err := pageFiles.ReadFile("pages/" + name)
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

// page answers with a page that says the same to everybody who speaks the language.
func page(caller Caller, status int, p localized) (Raw, error) { return pageOf(caller, status, p, nil) }

// pageOf answers with a page that shows a view, in the language that the browser asks for, else in English.
func pageOf(caller Caller, status int, p localized, view any) (Raw, error) {
	language, _ := domain.PreferredLanguage(caller.AcceptLanguage, pageLanguages)
	language = cmp.Or(language, pageLanguages[0])
	var body bytes.Buffer
	if err := p[language].Execute(&body, view); err != nil {
		return Raw{}, err
	}
	return Raw{Status: status, Type: mediaHTML + "; charset=utf-8", Body: body.Bytes(), Header: http.Header{
		"Content-Security-Policy": {pagePolicy},
		"Content-Language":        {language},
		"Vary":                    {"Accept", "Accept-Language"},
	}}, nil
}

// retryView is what a page shows whose button was pressed too often, or while something is away: why, and the button again.
type retryView struct{ Alert, AlertCode string }

// Failed tells whether something was wrong; the title begins with it then, because a screen reader reads that first.
func (v retryView) Failed() bool { return v.Alert != "" }

// passes tells whether a failure is one that goes by itself.
func passes(e *domain.Error) bool { return e.Kind == domain.Limited || e.Kind == domain.Unavailable }

// retryPage answers a browser whose request failed for now with the page that it came from.
func retryPage(status int, e *domain.Error, show func(retryView) (Raw, error)) (Raw, error) {
	raw, err := show(retryView{Alert: e.Text, AlertCode: e.Code})
	if err == nil {
		setFailureHeaders(raw.Header, status, e)
	}
	return raw, err
}

// retryContents describe such answers.
var retryContents = []Content{
	{Status: http.StatusTooManyRequests, Description: "For browsers, the page again, to be sent later", Type: mediaHTML},
	{Status: http.StatusServiceUnavailable, Description: "For browsers, the page again, to be sent later", Type: mediaHTML},
}
