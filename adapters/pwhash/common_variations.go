package pwhash

import "strings"

// Beyond these lengths the added characters are the secret, and not the word.
const (
	maxDecorated  = 16
	maxDecoration = 4
)

// unspell reads letters that were written as digits and signs.
var unspell = strings.NewReplacer("@", "a", "4", "a", "3", "e", "1", "i", "!", "i", "0", "o", "5", "s", "$", "s", "7", "t")

// isDecorated tells whether a password is a variation of a listed word of four letters or more.
func isDecorated(password string) bool {
	if len(password) > maxDecorated {
		return false
	}
	folded := strings.ToLower(password)
	word := strings.TrimRightFunc(folded, func(r rune) bool { return r < 'a' || r > 'z' })
	for _, candidate := range []string{word, unspell.Replace(folded), unspell.Replace(word)} {
		if len(candidate) >= 4 && len(folded)-len(candidate) <= maxDecoration && isListed(candidate) {
			return true
		}
	}
	return false
}

// isDigitRun tells whether a password is digits that follow or repeat each other, with at most two letters on a side:
// "111111111", "0987654321", "aa123456".
func isDigitRun(password string) bool {
	digits := strings.Trim(password, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
	if len(digits) < 5 || len(password)-len(digits) > 4 {
		return false
	}
	breaks := 0
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return false
		}
		if i == 0 {
			continue
		}
		switch (digits[i] + 10 - digits[i-1]) % 10 {
		case 0, 1, 9: // the same again, up, or down
		default:
			breaks++
		}
	}
	return breaks <= 1
}

func isProduct(password string) bool {
	if len(password) > maxDecorated {
		return false
	}
	letters := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, strings.ToLower(password))
	switch letters {
	case "signet", "signetauth", "authsignet", "signetadmin", "adminsignet", "signetsignet", "signetpassword", "mysignet":
		return true
	}
	return false
}
