package domain

import "math/bits"

// Base62 reads bytes as one big-endian number. math/big could do it, at three times the cost: every refresh writes one of these
// texts and reads another. Numbers are kept as words, the lowest first, and handled ten digits at a time, as many as a word holds.
const (
	base62Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	chunkDigits  = 10
)

// base62Length is how many digits n bytes take: the least k with 62^k ≥ 256^n, exact for n < 195.
func base62Length(n int) int { return (n*8*10000 + 59541) / 59542 }

// Base62 writes bytes in letters and digits.
func Base62(b []byte) string { return encodeBase62(b) }

func encodeBase62(b []byte) string {
	number := make([]uint64, (len(b)+7)/8)
	for i, c := range b {
		place := len(b) - 1 - i
		number[place/8] |= uint64(c) << (place % 8 * 8)
	}
	text := make([]byte, base62Length(len(b)))
	divisor := power62(chunkDigits)
	for end := len(text); end > 0; end -= chunkDigits {
		var chunk uint64
		for i := len(number) - 1; i >= 0; i-- {
			number[i], chunk = bits.Div64(chunk, number[i], divisor)
		}
		for i := end - 1; i >= max(0, end-chunkDigits); i-- {
			text[i], chunk = base62Digits[chunk%62], chunk/62
		}
	}
	return string(text)
}

// decodeBase62 reads n bytes. ok is false for other characters, and for a number that n bytes don't hold.
func decodeBase62(text string, n int) (b []byte, ok bool) {
	number := make([]uint64, (n+7)/8)
	for len(text) > 0 {
		digits := min(chunkDigits, len(text))
		var chunk uint64
		for i := range digits {
			value, ok := digit62(text[i])
			if !ok {
				return nil, false
			}
			chunk = chunk*62 + value
		}
		text = text[digits:]
		factor, carry := power62(digits), chunk
		for i, word := range number {
			high, low := bits.Mul64(word, factor)
			sum, over := bits.Add64(low, carry, 0)
			number[i], carry = sum, high+over
		}
		if carry != 0 {
			return nil, false
		}
	}
	if rest := n % 8 * 8; rest != 0 && number[len(number)-1]>>rest != 0 {
		return nil, false
	}
	b = make([]byte, n)
	for i := range b {
		place := n - 1 - i
		b[i] = byte(number[place/8] >> (place % 8 * 8))
	}
	return b, true
}

func digit62(c byte) (value uint64, ok bool) {
	switch {
	case c >= '0' && c <= '9':
		return uint64(c - '0'), true
	case c >= 'A' && c <= 'Z':
		return uint64(c-'A') + 10, true
	case c >= 'a' && c <= 'z':
		return uint64(c-'a') + 36, true
	}
	return 0, false
}

func power62(n int) uint64 {
	power := uint64(1)
	for range n {
		power *= 62
	}
	return power
}
