package pwhash_test

import (
	"context"
	"testing"
	"time"

	"github.com/signet-auth/signet/adapters/pwhash"
	"github.com/signet-auth/signet/domain"
)

// BenchmarkVerify compares accounts that exist with ones that don't: the two figures of a setting must be one.
func BenchmarkVerify(b *testing.B) {
	sleep := func(context.Context, time.Duration) error { return nil }
	for name, setting := range map[string]pwhash.Setting{"bcrypt10": pwhash.Bcrypt{Cost: 10}, "argon2id": pwhash.DefaultArgon2id()} {
		h, err := pwhash.New(pwhash.Options{Setting: setting, Now: time.Now, Sleep: sleep})
		if err != nil {
			b.Fatal(err)
		}
		slot, err := h.Reserve(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		known, err := slot.Hash(domain.NewSecret(password))
		if err != nil {
			b.Fatal(err)
		}
		slot.Release()
		for account, hash := range map[string]string{"known": known, "unknown": ""} {
			b.Run(name+"/"+account, func(b *testing.B) {
				for b.Loop() {
					slot, err := h.Reserve(b.Context())
					if err != nil {
						b.Fatal(err)
					}
					slot.Verify(hash, domain.NewSecret("a wrong password"))
					slot.Release()
				}
			})
		}
	}
}
