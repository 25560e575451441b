package run

import (
	"errors"
	"time"

	"github.com/signet-auth/signet/adapters/jwtoken"
	"github.com/signet-auth/signet/adapters/telemetry"
	"github.com/signet-auth/signet/app/janitor"
	"github.com/signet-auth/signet/app/keys"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/store"
)

// keeper changes signing keys by the settings.
func (c *Config) keeper(s store.Store, sealer secure.Sealer) keys.Keeper {
	return keys.Keeper{
		Store: s, Maker: jwtoken.KeyMaker{}, Sealer: sealer, System: c.System,
		Policy: domain.KeyPolicy{
			Algorithm: c.Algorithm, Rotation: time.Duration(c.KeyRotation), TokenLife: time.Duration(c.AccessTTL),
		},
	}
}

// rotating is the janitor's task of changing signing keys in time.
func (p *parts) rotating() janitor.Task { return janitor.Task{Kind: "keys", Do: p.ring.Tend} }

// observeKeys registers what tells of a rotation that does not happen.
func observeKeys(metrics telemetry.Registry, ring *keys.Ring) error {
	return errors.Join(
		metrics.Gauge("signet_signing_key_age_seconds", "For how long the active signing key has signed; 0 without one.", nil,
			func() float64 { return ring.Age().Seconds() }),
		metrics.Gauge("signet_signing_keys_published", "How many keys this replica verifies with and publishes.", nil,
			func() float64 { return float64(ring.Published()) }))
}
