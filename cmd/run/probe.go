package run

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/signet-auth/signet/ports/secure"
)

// probe is the word by which `signet doctor` asks a server how its request is seen. Only those that have SECRET_KEY can make one. A
// reader on the way learns, for some minutes, how requests of its own are seen, and nothing else.
type probe struct {
	keys [][]byte // of the current SECRET_KEY, then of previous ones
	now  func() time.Time
}

// probeLife is how far the clocks of the two may be apart.
const probeLife = 5 * time.Minute

func newProbe(sealer secure.Sealer, now func() time.Time) probe {
	return probe{keys: sealer.Derive("probe"), now: now}
}

// word makes a word that servers accept at this time.
func (p probe) word() string {
	at := strconv.FormatInt(p.now().Unix(), 10)
	return at + "." + hex.EncodeToString(proofOf(p.keys[0], at))
}

// accepts tells whether a word was made with one of the keys, and within probeLife of this time.
func (p probe) accepts(word string) bool {
	if len(word) > 100 {
		return false
	}
	at, sum, _ := strings.Cut(word, ".")
	seconds, err := strconv.ParseInt(at, 10, 64)
	given, hexErr := hex.DecodeString(sum)
	if err != nil || hexErr != nil || p.now().Sub(time.Unix(seconds, 0)).Abs() > probeLife {
		return false
	}
	for _, key := range p.keys {
		if hmac.Equal(given, proofOf(key, at)) {
			return true
		}
	}
	return false
}

func proofOf(key []byte, at string) []byte {
	sum := hmac.New(sha256.New, key)
	sum.Write([]byte(at))
	return sum.Sum(nil)
}
