package run

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/signet-auth/signet/ports/provider"
)

func checkProviderHealth(ctx context.Context, d *doctor) []finding {
	providers, err := d.config.providers(d.publicURL(), slog.New(slog.DiscardHandler))
	if err != nil {
		return []finding{trouble(err.Error(), "see docs/providers.md")}
	}
	var found []finding
	for _, health := range providers.Check(ctx, patience-500*time.Millisecond) {
		f := ok("its metadata can be read and used")
		if !health.Discovered {
			f = skip("it publishes nothing that must be read: a login shows whether it works")
		}
		if health.Err != nil {
			f = trouble(health.Err.Error(), "check its settings, and whether it can be reached from here")
			if fault, ok := errors.AsType[*provider.Fault](health.Err); ok && fault.Remedy != "" {
				f.Do = fault.Remedy
			}
		}
		f.Check = "provider " + health.Name
		found = append(found, f)
	}
	if len(found) == 0 {
		return []finding{skip("none is configured")}
	}
	return found
}
