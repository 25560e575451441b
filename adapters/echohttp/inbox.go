package echohttp

import (
	"bytes"
	"html/template"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/signet-auth/signet/api"
)

// inboxPage shows text parts only: what is in a mail is escaped, not run.
var inboxPage = template.Must(template.New("inbox").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Development inbox</title>
<h1>Development inbox</h1>
{{range .}}<article><h2>{{.Subject}}</h2><p>To: {{.To}}</p>
{{if .Code}}<p>Code: <code>{{.Code}}</code></p>{{end}}
{{range .Links}}<p><a href="{{.}}">{{.}}</a></p>{{end}}
<pre>{{.Text}}</pre></article><hr>
{{else}}<p>No mail yet.</p>{{end}}
</html>
`))

// showInbox answers programs with JSON and people with a page.
func showInbox(list func() []api.InboxMessage) func(*exchange, echo.Context) error {
	return func(ex *exchange, c echo.Context) error {
		mails := list()
		if strings.Contains(c.Request().Header.Get("Accept"), MediaJSON) {
			if mails == nil {
				mails = []api.InboxMessage{}
			}
			return reply(ex, http.StatusOK, api.InboxResponse{Messages: mails})
		}
		var page bytes.Buffer
		if err := inboxPage.Execute(&page, mails); err != nil {
			return err
		}
		replyRaw(ex, http.StatusOK, Raw{Type: "text/html; charset=utf-8", Body: page.Bytes()})
		return nil
	}
}
