package domain_test

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/signet-auth/signet/domain"
)

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// digitsFor is the least k with 62^k ≥ 256^n, counted instead of computed.
func digitsFor(n int) int {
	k, room, want := 0, big.NewInt(1), new(big.Int).Lsh(big.NewInt(1), uint(8*n))
	for ; room.Cmp(want) < 0; k++ {
		room.Mul(room, big.NewInt(62))
	}
	return k
}

// inBase62 writes bytes by long division, as a second opinion.
func inBase62(b []byte) string {
	v, rest := new(big.Int).SetBytes(b), new(big.Int)
	text := make([]byte, digitsFor(len(b)))
	for i := len(text) - 1; i >= 0; i-- {
		v.DivMod(v, big.NewInt(62), rest)
		text[i] = base62[rest.Int64()]
	}
	return string(text)
}

// opaque writes a token of the documented format.
func opaque(prefix string, fields ...[]byte) string {
	parts := make([]string, len(fields))
	for i, field := range fields {
		parts[i] = inBase62(field)
	}
	return withChecksum(prefix + strings.Join(parts, "_"))
}

func withChecksum(body string) string {
	sum := crc32.ChecksumIEEE([]byte(body))
	return body + inBase62([]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
}

func randomBytes(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func TestBase62(t *testing.T) {
	t.Run("takes as many digits as its bytes need", func(t *testing.T) {
		for n, want := range map[int]int{4: 6, 16: 22, 32: 43, 72: 97} {
			wantEqual(t, domain.Base62Length(n), want)
		}
		for n := range 195 {
			wantEqual(t, domain.Base62Length(n), digitsFor(n))
		}
	})
	t.Run("counts 0-9, A-Z, a-z", func(t *testing.T) {
		for v := range 62 {
			wantEqual(t, domain.EncodeBase62([]byte{byte(v)}), "0"+base62[v:v+1])
		}
	})
	t.Run("gives back the bytes, leading zeros included", func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for _, n := range []int{1, 4, 16, 32, 72} {
			values := [][]byte{make([]byte, n), bytes.Repeat([]byte{0xff}, n), append(make([]byte, n-1), 1)}
			for range 200 {
				values = append(values, randomBytes(r, n))
			}
			for _, value := range values {
				text := domain.EncodeBase62(value)
				wantEqual(t, text, inBase62(value))
				back, ok := domain.DecodeBase62(text, n)
				if !ok || !bytes.Equal(back, value) {
					t.Fatalf("%x is written %s and read %x", value, text, back)
				}
			}
		}
	})
	t.Run("refuses what is more than its bytes hold", func(t *testing.T) {
		for _, n := range []int{4, 16, 32, 72} {
			most, ok := domain.DecodeBase62(inBase62(bytes.Repeat([]byte{0xff}, n)), n)
			wantEqual(t, ok, true)
			wantEqual(t, most, bytes.Repeat([]byte{0xff}, n))
			above := inBase62(append([]byte{1}, make([]byte, n)...)) // 256^n
			for _, text := range []string{above[len(above)-domain.Base62Length(n):], strings.Repeat("z", domain.Base62Length(n))} {
				if b, ok := domain.DecodeBase62(text, n); ok {
					t.Errorf("%s was read as %x", text, b)
				}
			}
		}
	})
	t.Run("refuses other characters, those that big numbers take included", func(t *testing.T) {
		for _, text := range []string{"+00001", "-00001", "0_0001", "0x0001", " 00001", "00001 ", "0000.1", "00000\x00", "0000é", "00000/", "00000:", "00000@", "00000[", "00000`", "00000{"} {
			if b, ok := domain.DecodeBase62(text, 4); ok && text != "0x0001" {
				t.Errorf("%q was read as %x", text, b)
			}
		}
		if b, ok := domain.DecodeBase62("0x0001", 4); !ok || domain.EncodeBase62(b) != "0x0001" { // x is a digit, not a radix
			t.Errorf("0x0001 was read as %x", b)
		}
	})
}

func TestOpaqueToken(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	public, secret := randomBytes(r, 16), randomBytes(r, 32)
	genuine := domain.EncodeOpaque("sgat_", public, secret)

	t.Run("has the documented format", func(t *testing.T) {
		wantEqual(t, genuine, opaque("sgat_", public, secret))
		wantEqual(t, len(genuine), 5+22+1+43+6)
	})
	t.Run("gives back its fields", func(t *testing.T) {
		fields, ok := domain.DecodeOpaque(genuine, "sgat_", 16, 32)
		wantEqual(t, ok, true)
		wantEqual(t, fields, [][]byte{public, secret})
		zero, ok := domain.DecodeOpaque(domain.EncodeOpaque("sgat_", make([]byte, 16), make([]byte, 32)), "sgat_", 16, 32)
		wantEqual(t, ok, true)
		wantEqual(t, zero, [][]byte{make([]byte, 16), make([]byte, 32)})
	})
	t.Run("is refused after any change of one character (AT-1)", func(t *testing.T) {
		for i := range genuine {
			for c := range 256 {
				if byte(c) == genuine[i] {
					continue
				}
				if _, ok := domain.DecodeOpaque(genuine[:i]+string([]byte{byte(c)})+genuine[i+1:], "sgat_", 16, 32); ok {
					t.Fatalf("%q at %d was accepted", rune(c), i)
				}
			}
		}
	})
	t.Run("is refused after a swap of neighbours", func(t *testing.T) {
		for i := range len(genuine) - 1 {
			swapped := []byte(genuine)
			swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
			if _, ok := domain.DecodeOpaque(string(swapped), "sgat_", 16, 32); ok && string(swapped) != genuine {
				t.Fatalf("the swap at %d was accepted", i)
			}
		}
	})
	body := genuine[:len(genuine)-6]
	for name, text := range map[string]string{
		"nothing":                        "",
		"the prefix alone":               "sgat_",
		"a character less":               genuine[:len(genuine)-1],
		"a character more":               genuine + "0",
		"a leading space":                " " + genuine,
		"a trailing newline":             genuine + "\n",
		"another kind's prefix":          withChecksum("sgrt_" + body[5:]),
		"the prefix in upper case":       withChecksum("SGAT_" + body[5:]),
		"no checksum":                    body,
		"a checksum of zeros":            body + "000000",
		"an extra leading zero":          withChecksum("sgat_0" + body[5:]),
		"a digit moved over the border":  withChecksum("sgat_" + body[5:26] + "_" + body[26:27] + body[28:]),
		"another separator":              withChecksum(body[:27] + "0" + body[28:]),
		"a field beyond its bytes":       withChecksum("sgat_" + strings.Repeat("z", 22) + body[27:]),
		"a second field beyond its own":  withChecksum(body[:28] + strings.Repeat("z", 43)),
		"an underscore inside a field":   withChecksum(body[:10] + "_" + body[11:]),
		"a sign inside a field":          withChecksum("sgat_+" + body[6:]),
		"other lengths":                  domain.EncodeOpaque("sgat_", secret, public),
		"one field":                      domain.EncodeOpaque("sgat_", append(slices.Clone(public), secret...)),
		"the other alphabet's case":      withChecksum("sgat_" + swapCase(body[5:]) + "!"),
		"a checksum over the rest alone": body + withChecksum(body[5:])[len(body)-5:],
	} {
		t.Run("is refused with "+name, func(t *testing.T) {
			if fields, ok := domain.DecodeOpaque(text, "sgat_", 16, 32); ok {
				t.Errorf("%q was read as %x", text, fields)
			}
		})
	}
}

func swapCase(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 32
		case r >= 'A' && r <= 'Z':
			return r + 32
		}
		return r
	}, s)
}

func FuzzDecodeOpaque(f *testing.F) {
	f.Add(domain.EncodeOpaque("sgat_", make([]byte, 16), make([]byte, 32)))
	f.Add(strings.Repeat("z", 77))
	f.Fuzz(func(t *testing.T, text string) {
		for _, candidate := range []string{text, withChecksum(text)} { // a fuzzer finds no CRC by itself
			fields, ok := domain.DecodeOpaque(candidate, "sgat_", 16, 32)
			if ok && domain.EncodeOpaque("sgat_", fields...) != candidate {
				t.Fatalf("%q is a second spelling of %s", candidate, fmt.Sprintf("%x", fields))
			}
		}
	})
}
