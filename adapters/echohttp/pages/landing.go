package pages

import (
	"context"
	"html/template"
	"net/http"
	"sync"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/domain"
)

// welcomePage is for developers, who read English.
var (
	welcomeStyle = style + mustRead("welcome.css")
	welcomePage  = page{style: welcomeStyle, in: map[string]func() *template.Template{
		"en": sync.OnceValue(func() *template.Template { return parsePage(welcomeStyle, "en", "welcome.html") }),
	}}
)

// Welcome is the page for a developer who opens the API's address.
type Welcome struct {
	Version   string
	Addresses []Address
	Ways      []Way
}

// Address is a useful address to show.
type Address struct{ Name, Value string }

// Way is a next step, by a link or by a command.
type Way struct {
	Title, Text string
	Link        string // empty: none
	Command     string // empty: none
}

// Landing is the route of the API's bare address, which people open to see whether anything is there. Programs get 404.
type Landing struct {
	Site *Site
	// Welcome is shown in development. Nil means production, where strangers see only the name of the product.
	Welcome *Welcome
}

// quiet is the page for strangers.
type quiet struct{ Product string }

// Mount adds the route.
func (l *Landing) Mount(a *echohttp.API) {
	echohttp.HandleRaw(a, http.MethodGet, "/", echohttp.Op{ID: "land", Summary: "A page for people", Hidden: true}, l.show)
}

func (l *Landing) show(_ context.Context, caller echohttp.Caller, _ struct{}) (echohttp.Raw, error) {
	switch {
	case !WantsHTML(caller.Accept):
		return echohttp.Raw{}, domain.ErrNotFound
	case l.Welcome != nil:
		return l.Site.render(welcomePage, caller, http.StatusOK, *l.Welcome)
	}
	return l.Site.render(quietPage, caller, http.StatusOK, quiet{l.Site.product})
}
