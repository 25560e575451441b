package run

import (
	"context"
	"errors"
	"fmt"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

const issuerKey = "issuer"

// settleIssuer finds the name that tokens are issued under. It is stored at the first start, because every verifier out there
// compares it: one that changed by accident (another port, a typo in PUBLIC_URL) would log everybody out at once.
func (s *Server) settleIssuer(ctx context.Context, db store.Store, publicURL string) (issuer string, err error) {
	err = s.retryUnavailable(ctx, func(ctx context.Context) error {
		issuer, err = settleIssuer(ctx, db, s.config, publicURL)
		return err
	})
	return issuer, err
}

func settleIssuer(ctx context.Context, db store.Store, c *Config, publicURL string) (string, error) {
	stored, err := db.Read().Meta.Get(ctx, issuerKey)
	if err != nil && !errors.Is(err, domain.ErrNotFound) {
		return "", fmt.Errorf("read the issuer: %w", err)
	}
	switch {
	case stored == "":
		stored = c.Issuer
		if stored == "" {
			stored = publicURL
		}
	case c.Issuer == "" || c.Issuer == stored:
		return stored, nil
	case !bool(c.IssuerForce):
		return "", fmt.Errorf("ISSUER (or PUBLIC_URL) is %s, but this deployment issues tokens as %s. Services that verify tokens know that name. "+
			"Set ISSUER=%s to keep it, or ISSUER_FORCE=on to change it: every access token out there ends", c.Issuer, stored, stored)
	default:
		stored = c.Issuer
	}
	err = db.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if c.IssuerForce {
			return tx.Meta.Put(ctx, issuerKey, stored)
		}
		stored, err = tx.Meta.PutOnce(ctx, issuerKey, stored)
		return err
	})
	return stored, err
}
