package run

import (
	"fmt"
	"io"
	"os"

	"github.com/signet-auth/signet/adapters/echohttp/pages"
)

// openLogo reads PRODUCT_LOGO once: a file that is changed or lost later changes nothing. No more is read than would be refused.
func openLogo(path string) (pages.Logo, error) {
	if path == "" {
		return pages.Logo{}, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return pages.Logo{}, fmt.Errorf("PRODUCT_LOGO can't be read: %w", err)
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(io.LimitReader(file, 1<<20))
	if err != nil {
		return pages.Logo{}, fmt.Errorf("PRODUCT_LOGO can't be read: %w", err)
	}
	logo, err := pages.ParseLogo(content)
	if err != nil {
		return pages.Logo{}, fmt.Errorf("PRODUCT_LOGO (%s) %w", path, err)
	}
	return logo, nil
}
