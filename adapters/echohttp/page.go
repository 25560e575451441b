package echohttp

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"net/http"
)

const mediaHTML = "text/html"

//go:embed pages
var pageFiles embed.FS

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

func loadPage(name string) *template.Template {
	layout := template.Must(template.New("layout.html").Funcs(template.FuncMap{
		"style": func() template.CSS { return template.CSS(mustReadPage("style.css")) }, //nolint:gosec // our own file
	}).ParseFS(pageFiles, "pages/layout.html"))
	return template.Must(layout.ParseFS(pageFiles, "pages/"+name))
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

// page answers with a page that says the same to everybody.
func page(status int, t *template.Template) (Raw, error) { return pageOf(status, t, nil) }

// pageOf answers with a page that shows a view.
func pageOf(status int, t *template.Template, view any) (Raw, error) {
	var body bytes.Buffer
	if err := t.Execute(&body, view); err != nil {
		return Raw{}, err
	}
	return Raw{Status: status, Type: mediaHTML + "; charset=utf-8", Body: body.Bytes(), Header: http.Header{
		"Content-Security-Policy": {pagePolicy},
	}}, nil
}
