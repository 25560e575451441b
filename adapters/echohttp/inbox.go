package echohttp

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/domain"
)

// The development inbox shows a list of mails and the selected mail. It works without script, by links; the script refreshes it, copies,
// and shows local times. A mail's HTML is a separate document in a sandbox: scripts from an operator's template or a stranger's name don't
// run, and can't reach the page around it, which has live links and codes.

const inboxPath = "/dev/inbox"

var errInboxGone = domain.ErrNotFound.Saying("The inbox does not hold this mail, or no longer")

//go:embed inbox
var inboxFiles embed.FS

var (
	inboxStyle, inboxScript = inboxFile("style.css"), inboxFile("script.js")

	inboxPage = template.Must(template.New("page.html").Funcs(template.FuncMap{
		"style":  func() template.CSS { return template.CSS(inboxStyle) }, //nolint:gosec // our own file
		"script": func() template.JS { return template.JS(inboxScript) },  //nolint:gosec // likewise
		"clock":  func(t time.Time) string { return t.UTC().Format("15:04:05 UTC") },
		"moment": func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	}).ParseFS(inboxFiles, "inbox/page.html"))

	inboxPolicy = []header{{"Content-Security-Policy", []string{
		"default-src 'none'; style-src '" + hashSource(inboxStyle) + "'; script-src '" + hashSource(inboxScript) + "'; connect-src 'self'; frame-src 'self'; " +
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	}}}
	// Links in a mail open a new tab.
	inboxFramePolicy = []header{{"Content-Security-Policy", []string{
		"default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; " +
			"sandbox allow-popups allow-popups-to-escape-sandbox",
	}}}
)

func inboxFile(name string) string {
	content, err := inboxFiles.ReadFile("inbox/" + name)
	if err != nil {
		panic(err)
	}
	return string(content)
}

// hashSource names an inline style or script in a policy (CSP Level 3 §2.3.1).
func hashSource(content string) string {
	sum := sha256.Sum256([]byte(content))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func addInbox(e *echo.Echo, inbox func(to string) api.InboxResponse, peers []netip.Prefix) {
	route(e, http.MethodGet, inboxPath, near(peers, func(ex *exchange, c echo.Context) error {
		held := inbox(c.QueryParam("to"))
		if strings.Contains(c.Request().Header.Get("Accept"), MediaJSON) {
			return reply(ex, http.StatusOK, held)
		}
		return showInbox(ex, held, "", c.QueryParam("part"))
	}))
	route(e, http.MethodGet, inboxPath+"/{id}", near(peers, func(ex *exchange, c echo.Context) error {
		return showInbox(ex, inbox(""), c.Param("id"), c.QueryParam("part"))
	}))
	route(e, http.MethodGet, inboxPath+"/{id}/html", near(peers, func(ex *exchange, c echo.Context) error {
		return showInboxHTML(ex, inbox(""), c.Param("id"))
	}))
}

// inboxView is what the page shows.
type inboxView struct {
	api.InboxResponse

	State   string // changes when a mail arrives
	Reading bool   // a mail is selected
	Gone    bool   // and it is no longer there
	Shown   *api.InboxMessage
	Part    string // html, text or headers
	Here    string // the path of the mail that is shown
}

// showInbox shows the mail with that id, or the newest one without an id.
func showInbox(ex *exchange, held api.InboxResponse, id, part string) error {
	view := inboxView{InboxResponse: held, Reading: id != "", Part: part, State: inboxState(held)}
	if !slices.Contains([]string{"text", "headers"}, part) {
		view.Part = "html"
	}
	status := http.StatusOK
	at := slices.IndexFunc(held.Messages, func(m api.InboxMessage) bool { return m.ID == id })
	switch {
	case at >= 0:
		view.Shown = &held.Messages[at]
	case id != "":
		view.Gone, status = true, http.StatusNotFound
	case len(held.Messages) > 0:
		view.Shown = &held.Messages[0]
	}
	if view.Shown != nil {
		view.Here = inboxPath + "/" + url.PathEscape(view.Shown.ID)
	}
	var page bytes.Buffer
	if err := inboxPage.Execute(&page, view); err != nil {
		return err
	}
	setHeaders(ex.Header(), inboxPolicy)
	replyRaw(ex, status, Raw{Type: "text/html; charset=utf-8", Body: page.Bytes()})
	return nil
}

func inboxState(held api.InboxResponse) string {
	newest, stopped := "", ""
	if len(held.Messages) > 0 {
		newest = held.Messages[0].ID
	}
	if len(held.Stopped) > 0 {
		stopped = held.Stopped[0].At.UTC().Format(time.RFC3339Nano)
	}
	return fmt.Sprintf("%d %s %d %s", len(held.Messages), newest, len(held.Stopped), stopped)
}

var headTag = regexp.MustCompile(`(?i)<head(\s[^>]*)?>`)

// showInboxHTML shows the HTML of a mail as its reader gets it. Links open a new tab, because the pages that they lead to refuse to be
// framed.
func showInboxHTML(ex *exchange, held api.InboxResponse, id string) error {
	at := slices.IndexFunc(held.Messages, func(m api.InboxMessage) bool { return m.ID == id })
	if at < 0 {
		return errInboxGone
	}
	content := held.Messages[at].HTML
	if head := headTag.FindStringIndex(content); head != nil {
		content = content[:head[1]] + `<base target="_blank">` + content[head[1]:]
	}
	setHeaders(ex.Header(), inboxFramePolicy)
	replyRaw(ex, http.StatusOK, Raw{Type: "text/html; charset=utf-8", Body: []byte(content)})
	return nil
}
