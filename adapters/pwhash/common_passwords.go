package pwhash

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/ccojocar/zxcvbn-go/data"
)

// dictionaries are the embedded lists that count as common. The list of passwords alone would not do: of its 7 141 entries
// 1 751 have the eight characters that a password needs at least, and ASVS 6.2.4 asks for 3 000 that the policy would
// otherwise accept. Words and given names follow at once in every attacker's list, and bring it to 17 000. Surnames are left
// out. They are read from the package with the data: the one above it decodes all of them whenever the program starts.
var dictionaries = [...]string{"data/Passwords.json", "data/English.json", "data/FemaleNames.json", "data/MaleNames.json"}

// Common knows the passwords that attackers try first (ASVS 6.2.4, NIST SP 800-63B-4 §3.1.1.2), without a network.
//
// A password is common when the whole of it, case aside, is one of the dictionaries' entries; when it is one of them with up to
// four digits or signs behind it or letters written as digits ("password123", "P@ssw0rd"), which is where guessing programs go
// next; when it is a run or a repetition of digits; or when its letters spell the name of this product ("Signet-2031!").
type Common struct {
	// hashes are sorted 64-bit hashes: exact in practice, with a third of the memory that the texts would take. A collision
	// refuses one password of 2⁴⁸.
	hashes []uint64
}

// LoadCommon reads the dictionaries, which takes 10 to 20 ms: it is for the start of the program, beside whatever else is
// waited for there. 340 KB stay. A Common is safe for concurrent use.
func LoadCommon() (*Common, error) {
	c := &Common{}
	for _, name := range dictionaries {
		text, err := data.Asset(name)
		if err != nil {
			return nil, fmt.Errorf("pwhash: common passwords: %w", err)
		}
		var dictionary struct{ List []string }
		if err := json.Unmarshal(text, &dictionary); err != nil {
			return nil, fmt.Errorf("pwhash: common passwords: %s: %w", name, err)
		}
		for _, entry := range dictionary.List {
			c.hashes = append(c.hashes, hashFolded(entry))
		}
	}
	slices.Sort(c.hashes)
	c.hashes = slices.Clone(slices.Compact(c.hashes)) // of the right size: they stay
	return c, nil
}

// Contains tells whether a password is common; it is a domain.PasswordPolicy's Common.
func (c *Common) Contains(password string) bool {
	return c.lists(password) || c.isDecorated(password) || isDigitRun(password) || isProduct(password)
}

func (c *Common) lists(text string) bool {
	_, found := slices.BinarySearch(c.hashes, hashFolded(text))
	return found
}

func hashFolded(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(strings.ToLower(text)))
	return h.Sum64()
}
