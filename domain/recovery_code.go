package domain

import (
	"crypto/sha256"
	"io"
	"strings"
	"time"
)

// RecoveryCode is one code that replaces a lost factor, once, as it is stored: by its hash. It has 120 random bits, so that nothing slower
// is needed (NIST SP 800-63B-4 §3.1.2.2).
type RecoveryCode struct {
	ID        RecoveryCodeID
	UserID    UserID
	Hash      []byte // SHA-256
	CreatedAt time.Time
}

// RecoveryCodes is what is left of a user's codes, which are made together.
type RecoveryCodes struct {
	Left      int
	CreatedAt time.Time
}

// RecoveryCodeCount is how many codes are made at once.
const RecoveryCodeCount = 10

const (
	recoveryBytes = 15 // 120 bits are 24 digits
	recoveryGroup = 4
	// crockford leaves out I, L, O and U, which people misread.
	crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
)

// NewRecoveryCode draws a code, and the text that is shown once.
func NewRecoveryCode(id RecoveryCodeID, user UserID, entropy io.Reader, now time.Time) (RecoveryCode, Secret, error) {
	var raw [recoveryBytes]byte
	if _, err := io.ReadFull(entropy, raw[:]); err != nil {
		return RecoveryCode{}, Secret{}, err
	}
	var text strings.Builder
	bits, held, n := uint32(0), 0, 0
	for _, b := range raw {
		bits, held = bits<<8|uint32(b), held+8
		for ; held >= 5; held -= 5 {
			if n > 0 && n%recoveryGroup == 0 {
				text.WriteByte('-')
			}
			text.WriteByte(crockford[bits>>(held-5)&31])
			n++
		}
	}
	hash, _ := HashRecoveryCode(NewSecret(text.String()))
	return RecoveryCode{ID: id, UserID: user, Hash: hash, CreatedAt: now}, NewSecret(text.String()), nil
}

// HashRecoveryCode is the stored form of a code as a person types or pastes it: in any case, with or without spaces and dashes, and with the
// letters that look like digits read as those. ok is false when the text can't be one.
func HashRecoveryCode(text Secret) (hash []byte, ok bool) {
	clean := strings.NewReplacer("I", "1", "L", "1", "O", "0").Replace(strings.ToUpper(withoutSeparators(text.Reveal())))
	if len(clean) != recoveryBytes*8/5 || strings.Trim(clean, crockford) != "" {
		return nil, false
	}
	sum := sha256.Sum256([]byte(clean))
	return sum[:], true
}
