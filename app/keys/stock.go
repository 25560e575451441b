package keys

import (
	"fmt"
	"time"

	"github.com/signet-auth/signet/domain"
)

// stock is keys that were made and are not stored yet.
type stock map[domain.Algorithm][]domain.SigningKey

// fill makes what the stock lacks.
func (k Keeper) fill(made stock, wanted []domain.KeyWanted, now time.Time) (stock, error) {
	filled := stock{}
	for _, w := range wanted {
		if n := len(filled[w.Algorithm]); n < len(made[w.Algorithm]) {
			filled[w.Algorithm] = append(filled[w.Algorithm], made[w.Algorithm][n])
			continue
		}
		key, err := k.Maker.Generate(w.Algorithm)
		if err != nil {
			return nil, fmt.Errorf("make a signing key: %w", err)
		}
		key.CreatedAt = now
		if key.Private, err = k.Sealer.Seal(Place(key.KID), key.Private); err != nil {
			return nil, err
		}
		filled[w.Algorithm] = append(filled[w.Algorithm], key)
	}
	return filled, nil
}

// take gives each wanted key its state. ok is false when there are too few.
func (s stock) take(wanted []domain.KeyWanted) (keys []domain.SigningKey, ok bool) {
	taken := map[domain.Algorithm]int{}
	for _, w := range wanted {
		n := taken[w.Algorithm]
		if n >= len(s[w.Algorithm]) {
			return nil, false
		}
		key := s[w.Algorithm][n]
		if key.State = w.State; w.State == domain.KeyActive {
			key.Activate(key.CreatedAt)
		}
		keys, taken[w.Algorithm] = append(keys, key), n+1
	}
	return keys, true
}
