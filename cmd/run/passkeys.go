package run

import (
	"context"
	"errors"
	"fmt"

	"github.com/signet-auth/signet/adapters/passkey"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/factor"
	"github.com/signet-auth/signet/ports/store"
)

const rpIDKey = "webauthn_rp_id"

// openPasskeys makes the relying party of this server and says in the log what it is, or why there is none.
func (s *Server) openPasskeys(ctx context.Context, db store.Store, publicURL string) (passkeys factor.Passkeys, r relying, err error) {
	c := s.config
	if r, err = c.relying(publicURL); err != nil {
		return nil, relying{}, err
	}
	err = s.retryUnavailable(ctx, func(ctx context.Context) error { return settleRPID(ctx, db, c, r.id) })
	if err != nil {
		return nil, relying{}, err
	}
	if r.off != "" {
		s.log.InfoContext(ctx, "there are no passkeys", "why", r.off)
		return nil, r, nil
	}
	if r.vouch != "" {
		s.log.WarnContext(ctx, "pages of other sites can't use passkeys yet", "remedy", vouchAdvice(r))
	}
	passkeys, err = passkey.New(passkey.Options{RPID: r.id, Name: c.ProductName, Origins: r.origins})
	return passkeys, r, err
}

// settleRPID keeps the domain that keys are bound to. A start with another one is refused while there are keys, which would not work any more,
// and their owners could be locked out (zitadel#12191, logto#7756).
func settleRPID(ctx context.Context, db store.Store, c *Config, id string) error {
	lost, stored, err := lostKeys(ctx, db, id)
	switch {
	case err != nil:
		return err
	case stored == id:
		return nil
	case lost > 0 && !bool(c.RPIDForce):
		return errors.New(lostText(lost, stored, id) + ". " + lostAdvice(stored))
	}
	return db.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.Meta.Put(ctx, rpIDKey, id) })
}

// lostKeys counts the keys of another domain than id, and tells for which one the servers have stood.
func lostKeys(ctx context.Context, db store.Store, id string) (lost int, stored string, err error) {
	stored, err = db.Read().Meta.Get(ctx, rpIDKey)
	if err != nil && !errors.Is(err, domain.ErrNotFound) {
		return 0, "", fmt.Errorf("read the domain of passkeys: %w", err)
	}
	if stored == id {
		return 0, stored, nil
	}
	lost, err = db.Read().Factors.CountKeysOfOthers(ctx, id)
	return lost, stored, err
}

func lostText(lost int, stored, id string) string {
	if id == "" {
		return fmt.Sprintf("PUBLIC_URL leaves no domain for passkeys, and %s bound to %s", keysAre(lost), stored)
	}
	return fmt.Sprintf("WEBAUTHN_RP_ID (or the host of PUBLIC_URL) is %s, and %s bound to %s", id, keysAre(lost), stored)
}

func keysAre(n int) string {
	if n == 1 {
		return "1 passkey or security key is"
	}
	return fmt.Sprintf("%d passkeys and security keys are", n)
}

func lostAdvice(stored string) string {
	return "Set WEBAUTHN_RP_ID=" + stored + " to keep them, if PUBLIC_URL is below it, or WEBAUTHN_RP_ID_FORCE=on: they don't work until it is set back"
}

func vouchAdvice(r relying) string {
	return "serve what /.well-known/webauthn answers here at " + r.vouch
}

func checkPasskeys(ctx context.Context, d *doctor) []finding {
	r, err := d.config.relying(d.config.nameOfServer())
	if err != nil {
		return []finding{trouble(err.Error(), "signet config explain WEBAUTHN_RP_ID says what is accepted")}
	}
	var all []finding
	if d.opened != nil && d.schema {
		lost, stored, err := lostKeys(ctx, d.opened, r.id)
		switch {
		case err != nil:
			return []finding{trouble(causeOf(err).Error(), "see database")}
		case lost > 0 && !bool(d.config.RPIDForce):
			return []finding{trouble(lostText(lost, stored, r.id)+": a start is refused", lostAdvice(stored))}
		case lost > 0:
			all = append(all, warning(lostText(lost, stored, r.id)+": they don't work", "set WEBAUTHN_RP_ID="+stored+" to have them back"))
		}
	}
	switch {
	case r.off != "":
		return append(all, skip("none: "+r.off))
	case r.vouch != "":
		return append(all, warning("pages of other sites can use passkeys of "+r.id+" once it says so", vouchAdvice(r)))
	}
	return append(all, ok("bound to %s", r.id))
}
