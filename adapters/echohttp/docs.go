package echohttp

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/swaggest/swgui/v5emb"
)

//go:embed docs
var docsFiles embed.FS

var docsPage = template.Must(template.ParseFS(docsFiles, "docs/index.html"))

// docsPolicy lets Swagger UI run: it writes styles into its elements, and draws with images of data.
var docsPolicy = []header{{"Content-Security-Policy", []string{
	"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}}}

// docsView is the content of the page. Its addresses are relative, so it may be below any path.
type docsView struct {
	Files    string // where its files are
	Document string // where the document is
	Calls    bool   // calls can be tried from here
	At       string // or from this address; empty: nowhere
}

type guard func(func(*exchange, echo.Context) error) func(*exchange, echo.Context) error

// addDocs mounts the documentation as a page: Swagger UI over the document. canCall tells whether the page can call the API.
func (a *API) addDocs(e *echo.Echo, canCall func(*http.Request) bool, guard guard) {
	route(e, http.MethodGet, "/docs", guard(func(ex *exchange, c echo.Context) error {
		view := docsView{Files: "docs/", Document: "openapi.json"}
		if path, _, _ := strings.Cut(c.Request().RequestURI, "?"); strings.HasSuffix(path, "/") {
			view.Files, view.Document = "", "../openapi.json"
		}
		if view.Calls = canCall(c.Request()); !view.Calls && a.development {
			view.At = strings.TrimSuffix(a.document.server, "/") + "/docs"
		}
		var page bytes.Buffer
		if err := docsPage.Execute(&page, view); err != nil {
			return err
		}
		setHeaders(ex.Header(), docsPolicy)
		replyRaw(ex, http.StatusOK, Raw{Type: "text/html; charset=utf-8", Body: page.Bytes()})
		return nil
	}))
	ours, theirs := http.FileServerFS(docsFiles), v5emb.New("", "", "/docs/")
	for path, files := range map[string]http.Handler{
		"/docs/signet.css": ours, "/docs/signet.js": ours,
		"/docs/swagger-ui.css": theirs, "/docs/swagger-ui-bundle.js": theirs, "/docs/favicon-32x32.png": theirs,
	} {
		route(e, http.MethodGet, path, guard(func(ex *exchange, c echo.Context) error {
			setHeaders(ex.Header(), docsPolicy)
			files.ServeHTTP(ex, c.Request())
			return nil
		}))
	}
}

// isPublicOrigin tells whether the requested page can call the API: the document names the public URL, and the page can only call its own
// origin.
func (a *API) isPublicOrigin(r *http.Request) bool {
	public, err := url.Parse(a.document.server)
	return err == nil && strings.EqualFold(public.Host, r.Host)
}
