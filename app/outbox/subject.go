package outbox

import (
	"crypto/hmac"
	"crypto/sha256"

	"github.com/signet-auth/signet/domain"
)

// subjectLabel is the label of the key of subjects.
const subjectLabel = "outbox-subject"

// Subjects are what letters to an address are found by, under this SECRET_KEY and each previous one: a MAC, so that the table
// says of nobody that they got mail.
func (p Postbox) Subjects(e domain.Email) [][]byte {
	keys := p.Sealer.Derive(subjectLabel)
	subjects := make([][]byte, len(keys))
	for i, key := range keys {
		subjects[i] = subject(key, e.Canonical())
	}
	return subjects
}

func (p Postbox) subject(address string) []byte {
	return subject(p.Sealer.Derive(subjectLabel)[0], address)
}

func subject(key []byte, address string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(address))
	return mac.Sum(nil)
}
