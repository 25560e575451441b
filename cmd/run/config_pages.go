package run

import (
	"fmt"
	"net/url"

	"github.com/signet-auth/signet/domain"
)

// maxProductName is what fits above a page and into a mail's subject.
const maxProductName = 60

// pageSettings are what people see of a deployment.
type pageSettings struct {
	ProductName string
	ProductLogo string // a file
	AfterVerify string
	AfterReset  string
}

func (p *pageSettings) group() group {
	somewhere := texts("an https:// address, or http:// of this machine, such as https://app.example.com/sign-in", isDestination)
	return group{title: "Pages that people see", check: p.check, settings: []setting{
		{
			name: "PRODUCT_NAME", into: &p.ProductName, preset: defaultProduct, text: "What mails and pages call this: up to 60 characters",
			limit: texts(fmt.Sprintf("a name of 1 to %d characters in one line", maxProductName), isProductName),
		},
		{
			name: "PRODUCT_LOGO", into: &p.ProductLogo, limit: form("a file"),
			text: "A PNG or SVG file of at most 100 KB, shown above Signet's pages instead of the name; mails load no images",
		},
		{
			name: "AFTER_VERIFY_URL", into: &p.AfterVerify, limit: somewhere,
			text: "Where people go on to from the page that says that their address is verified. Pages show it as a button with the host's name: " +
				"https://app.example.com/sign-in (http only for this machine). None: there is no button",
		},
		{
			name: "AFTER_RESET_URL", into: &p.AfterReset, limit: somewhere,
			text: "Where people go on to from the page that says that their new password is set, likewise",
		},
	}}
}

func (p *pageSettings) check(bad func(ok bool, format string, args ...any)) {
	bad(p.ProductName != "", "PRODUCT_NAME must be a name: nothing of it can be seen")
}

func isProductName(text string) bool { return domain.CheckLine("", text, maxProductName) == nil }

// isDestination takes where a page leads on to: the browser of a person goes there, so over http to this machine only.
func isDestination(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Hostname() != "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http" && isLoopback(text))
}
