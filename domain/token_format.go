package domain

import (
	"hash/crc32"
	"strings"
)

// Opaque tokens share one format: a prefix that secret scanners know, base62 fields joined by "_", and a checksum, so that a mistyped or
// foreign string is refused without a database query.
//
//	sgrt_<family id, generation, secret, tag><crc32>     refresh token
//	sgat_<public id>_<secret><crc32>                     application token
//	sgdv_<public id>_<secret><crc32>                     remembered device
//	sgcu_<time, id, tag><crc32>                          cursor of a list (no secret)
//
// Every field has a fixed length, and only the canonical spelling is accepted: one token, one text.
const (
	refreshPrefix  = "sgrt_"
	appTokenPrefix = "sgat_"
	devicePrefix   = "sgdv_"
	cursorPrefix   = "sgcu_"
	checksumLength = 6 // 62^6 > 2^32
)

func encodeOpaque(prefix string, fields ...[]byte) string {
	var b strings.Builder
	b.WriteString(prefix)
	for i, field := range fields {
		if i > 0 {
			b.WriteByte('_')
		}
		b.WriteString(encodeBase62(field))
	}
	b.WriteString(checksum(b.String()))
	return b.String()
}

// decodeOpaque reads fields of the given lengths in bytes.
func decodeOpaque(text, prefix string, lengths ...int) ([][]byte, bool) {
	size := len(prefix) + checksumLength + len(lengths) - 1
	for _, n := range lengths {
		size += base62Length(n)
	}
	if len(text) != size || !strings.HasPrefix(text, prefix) {
		return nil, false
	}
	body := text[:len(text)-checksumLength]
	if checksum(body) != text[len(body):] {
		return nil, false
	}
	body = body[len(prefix):]
	fields := make([][]byte, len(lengths))
	for i, n := range lengths {
		if i > 0 {
			if body[0] != '_' {
				return nil, false
			}
			body = body[1:]
		}
		field, ok := decodeBase62(body[:base62Length(n)], n)
		if !ok {
			return nil, false
		}
		fields[i], body = field, body[base62Length(n):]
	}
	return fields, true
}

func checksum(text string) string {
	sum := crc32.ChecksumIEEE([]byte(text))
	return encodeBase62([]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
}
