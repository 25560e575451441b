package pages

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"net/http"
	"strings"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/domain"
)

const (
	logoPath = "/logo"
	// maxLogo is more than a logo needs, and small enough to load unnoticed.
	maxLogo = 100 << 10
	// maxLogoSide keeps a small file from unpacking into an image that fills a phone's memory.
	maxLogoSide = 4096
)

// Logo is a deployment's image, shown at the top of its pages.
type Logo struct {
	content []byte
	media   string
}

// ParseLogo reads a PNG or an SVG. Its error says what is accepted and what was given.
func ParseLogo(content []byte) (Logo, error) {
	if len(content) > maxLogo {
		return Logo{}, fmt.Errorf("must be a PNG or SVG of at most 100 KB: this one has %d KB", (len(content)+1023)/1024)
	}
	if bytes.HasPrefix(content, []byte("\x89PNG\r\n\x1a\n")) {
		config, err := png.DecodeConfig(bytes.NewReader(content))
		if err != nil {
			return Logo{}, errors.New("must be a PNG or SVG: this begins like a PNG and is broken")
		}
		if config.Width > maxLogoSide || config.Height > maxLogoSide {
			return Logo{}, fmt.Errorf("must be at most %d pixels wide and high: this is %d by %d", maxLogoSide, config.Width, config.Height)
		}
		return Logo{content, "image/png"}, nil
	}
	if isSVG(content) {
		return Logo{content, "image/svg+xml"}, nil
	}
	return Logo{}, fmt.Errorf("must be a PNG or SVG: this is %s", http.DetectContentType(content))
}

// isSVG tells whether a text is a well-formed document with svg as its root.
func isSVG(content []byte) bool {
	decoder := xml.NewDecoder(bytes.NewReader(content))
	root := ""
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return root == "svg"
		}
		if err != nil {
			return false
		}
		if element, ok := token.(xml.StartElement); ok && root == "" {
			root = element.Name.Local
		}
	}
}

// LogoImage is the route of the logo.
type LogoImage struct{ Site *Site }

// Mount adds the route.
func (l *LogoImage) Mount(a *echohttp.API) {
	echohttp.HandleRaw(a, http.MethodGet, logoPath, echohttp.Op{
		ID: "getLogo", Summary: "The logo of the deployment (PRODUCT_LOGO)", Hidden: true,
		Errors: []*domain.Error{domain.ErrNotFound},
	}, l.show)
}

// show answers with the image. An SVG that is opened directly is a document, which must not run scripts in our origin.
func (l *LogoImage) show(context.Context, echohttp.Caller, struct{}) (echohttp.Raw, error) {
	logo := l.Site.logo
	if len(logo.content) == 0 {
		return echohttp.Raw{}, domain.ErrNotFound
	}
	policy := "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
	if strings.Contains(logo.media, "svg") {
		policy += "; style-src 'unsafe-inline'"
	}
	return echohttp.Raw{Type: logo.media, Body: logo.content, Header: http.Header{
		"Content-Security-Policy": {policy},
		"Cache-Control":           {"public, max-age=300"},
	}}, nil
}
