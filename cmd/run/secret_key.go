package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/signet-auth/signet/adapters/seal"
	"github.com/signet-auth/signet/app/keys"
	"github.com/signet-auth/signet/app/reseal"
	"github.com/signet-auth/signet/domain"
)

// openSealer makes the sealer of SECRET_KEY. Development has one of its own, in its folder, until one is set: from then on the own one
// is a previous one, so that nothing is lost.
func openSealer(c *Config) (*seal.Sealer, error) {
	key := c.SecretKey
	if c.embedded() || c.isDevelopment() {
		own, err := dataDir(c.DataDir).secretKey(key.IsZero())
		if err != nil {
			return nil, err
		}
		if key.IsZero() {
			key = own
		} else if !own.IsZero() && own.Reveal() != key.Reveal() {
			c.SecretKeyPrevious = append(slices.Clone(c.SecretKeyPrevious), own) // as if it were set: what it sealed is sealed again
		}
	}
	sealer, err := seal.New(key, c.SecretKeyPrevious, c.System.Entropy)
	if err != nil {
		return nil, fmt.Errorf("SECRET_KEY: %w", err)
	}
	return sealer, nil
}

// checkSecrets refuses a start that would lose what a former SECRET_KEY sealed: mail that waits would expire unsent, and nobody would
// know why. SECRET_KEY_FORCE gives up mail and changes of address, and never signing keys: `signet keys revoke` does that, and it is in the
// audit log then.
func (s *Server) checkSecrets(ctx context.Context) error {
	var found reseal.Unreadable
	err := s.retryUnavailable(ctx, func(ctx context.Context) (err error) {
		found, err = s.app.Reseal.Unreadable(ctx, s.config.System.Now())
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("look for what a former SECRET_KEY sealed: %w", err)
	case found.IsNone():
		return nil
	case bool(s.config.SecretKeyForce) && len(found.Keys) == 0:
		s.log.WarnContext(ctx, "values are left that no known SECRET_KEY opens: they will expire", "messages", found.Messages, "flows", found.Flows)
		return nil
	}
	lost := "SECRET_KEY_FORCE=on starts without it"
	if len(found.Keys) > 0 {
		lost = fmt.Sprintf("`signet keys revoke -- %s` makes new keys, and SECRET_KEY_FORCE=on starts without the rest", strings.Join(found.Keys, " "))
	}
	if path := dataDir(s.config.DataDir).secretKeyPath(); s.config.SecretKey.IsZero() {
		return fmt.Errorf("SECRET_KEY is not set, so the key in %s was tried, and it does not open %s, which another SECRET_KEY sealed. "+
			"None of it was changed: set that SECRET_KEY again, as before. If it is lost for good, %s", path, found, lost)
	}
	return fmt.Errorf("SECRET_KEY: sealed under a secret that is neither SECRET_KEY nor in SECRET_KEY_PREVIOUS: %s. None of it was changed. "+
		"Put the former secret into SECRET_KEY_PREVIOUS until what it sealed is sealed again. If it is lost for good, %s", found, lost)
}

// checkServersSecret refuses a command whose SECRET_KEY is not the servers': what it sealed they could not open, and it would not find
// what they stored under theirs. While they change it, theirs is the one that their first start has sealed a key with.
func checkServersSecret(ctx context.Context, keeper keys.Keeper) error {
	all, err := keeper.List(ctx, domain.System())
	if err != nil {
		return err
	}
	sealings := map[keys.Sealing]int{}
	for _, key := range all {
		sealings[key.Sealed]++
	}
	switch {
	case sealings[keys.SealedUnderUnknown] > 0:
		return errors.New("SECRET_KEY does not open the signing keys: it is not the one that the servers have")
	case sealings[keys.SealedUnderPrevious] > 0 && sealings[keys.SealedUnderCurrent] == 0:
		return errors.New("SECRET_KEY has sealed no signing key: the servers still have the one that is in SECRET_KEY_PREVIOUS here")
	}
	return nil
}
