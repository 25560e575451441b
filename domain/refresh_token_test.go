package domain_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/signet-auth/signet/domain"
)

const (
	familyID  = domain.FamilyID("f0000000-0000-4000-8000-00000000000f")
	sessionID = domain.SessionID("50000000-0000-4000-8000-000000000005")
)

func keys(names ...string) (k domain.RefreshKeys) {
	for _, name := range names {
		sum := sha256.Sum256([]byte(name))
		k = append(k, sum[:])
	}
	return k
}

func newFamily(t testing.TB, k domain.RefreshKeys, seed byte) (domain.Family, domain.RefreshToken) {
	t.Helper()
	f, token, err := domain.NewFamily(familyID, sessionID, domain.FirstPartyClient, k, seeded(seed), epoch)
	if err != nil {
		t.Fatal(err)
	}
	return f, token
}

// rawToken is the bytes of a refresh token as behaviours.md names them: family id, generation, secret, tag.
type rawToken []byte

func rawOf(t testing.TB, token domain.RefreshToken) rawToken {
	t.Helper()
	fields, ok := domain.DecodeOpaque(token.Text().Reveal(), "sgrt_", 72)
	if !ok {
		t.Fatal("a token of ours does not decode")
	}
	return fields[0]
}

// sign is the raw token with the tag that a holder of the key would put.
func (r rawToken) sign(key []byte) rawToken {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("tag"))
	mac.Write(r[:56])
	return append(bytes.Clone(r[:56]), mac.Sum(nil)[:16]...)
}

func (r rawToken) with(at int, b ...byte) rawToken {
	r = bytes.Clone(r)
	copy(r[at:], b)
	return r
}

func (r rawToken) generation(g int64) rawToken {
	return r.with(16, binary.BigEndian.AppendUint64(nil, uint64(g))...)
}

func (r rawToken) text() domain.Secret { return domain.NewSecret(opaque("sgrt_", r)) }

func (r rawToken) token(t testing.TB) domain.RefreshToken {
	t.Helper()
	token, ok := domain.ParseRefreshToken(r.text())
	if !ok {
		t.Fatalf("%x does not parse", []byte(r))
	}
	return token
}

func TestRefreshTokenFormat(t *testing.T) {
	k := keys("k")
	f, token := newFamily(t, k, 1)
	raw := rawOf(t, token)

	t.Run("is sgrt_, 97 digits and a checksum of 6", func(t *testing.T) {
		text := token.Text().Reveal()
		wantEqual(t, len(text), 5+97+6)
		wantEqual(t, text, opaque("sgrt_", raw))
	})
	t.Run("is family id, generation, secret and tag", func(t *testing.T) {
		id, _ := domain.UUIDBytes(f.ID)
		secret := make([]byte, 32)
		if _, err := seeded(1).Read(secret); err != nil {
			t.Fatal(err)
		}
		wantEqual(t, raw[:16], rawToken(id[:]))
		wantEqual(t, raw[16:24], rawToken(make([]byte, 8)))
		wantEqual(t, raw[24:56], rawToken(secret))
		wantEqual(t, raw, raw.sign(k[0]))
		sum := sha256.Sum256(secret)
		wantEqual(t, token.Hash(), sum[:])
	})
	t.Run("does not change between releases: stored hashes and tokens outlive them", func(t *testing.T) {
		next, live, err := f.Advance(token, domain.Rotate, k, seeded(2), epoch)
		if err != nil {
			t.Fatal(err)
		}
		mac := hmac.New(sha256.New, k[0])
		mac.Write([]byte("next"))
		mac.Write(raw[24:56])
		mac.Write(raw.generation(1)[:24])
		mac.Write(next.Salt)
		sum := sha256.Sum256(mac.Sum(nil))
		wantEqual(t, next.Hash, sum[:])
		wantEqual(t, live.Hash(), sum[:])
		wantEqual(t, token.Text().Reveal(), goldenFirst)
		wantEqual(t, hex.EncodeToString(next.Hash), goldenNextHash)
	})
	t.Run("parses to what was written", func(t *testing.T) {
		back, ok := domain.ParseRefreshToken(token.Text())
		wantEqual(t, ok, true)
		wantEqual(t, back == token, true)
		wantEqual(t, back.Family, f.ID)
		wantEqual(t, back.Generation, int64(0))
		wantEqual(t, back.Genuine(k), true)
		r := rand.New(rand.NewPCG(7, 8))
		for range 500 {
			raw := rawToken(randomBytes(r, 72)).generation(r.Int64())
			wantEqual(t, raw.token(t).Text().Reveal(), raw.text().Reveal())
		}
	})
	t.Run("takes every generation that is not negative", func(t *testing.T) {
		for _, g := range []int64{0, 1, 255, 256, 1<<32 + 1, 1<<63 - 1} {
			wantEqual(t, raw.generation(g).token(t).Generation, g)
		}
		for _, g := range []int64{-1, -1 << 63} {
			if _, ok := domain.ParseRefreshToken(raw.generation(g).sign(k[0]).text()); ok {
				t.Errorf("generation %d was accepted", g)
			}
		}
	})
	t.Run("fails when entropy does", func(t *testing.T) {
		for n := range 32 {
			if _, _, err := domain.NewFamily(familyID, sessionID, domain.FirstPartyClient, k, dry(n), epoch); err == nil {
				t.Fatalf("a token was made of %d random bytes", n)
			}
			if _, _, err := f.Advance(token, domain.Rotate, k, dry(n), epoch); err == nil {
				t.Fatalf("a salt was made of %d random bytes", n)
			}
		}
	})
}

// The first token of the family that newFamily makes of keys("k") and seed 1, and the hash of its successor with a salt of seed 2.
const (
	goldenFirst    = "sgrt_JkitZlR9pu8HYCgAkG87G1Sod4N5d0oeDilMW3NuFZ9JrYFcBNbSk7CdS7dSp1byQ7nNnxn4MC9gXTQHDwzY9sRvRj9GPzq8W0yhH9p"
	goldenNextHash = "a7cd9f49f2774b2d7d3dc7e8f81ab6a75dd2f41daa0740d258df3696ff2abaf4"
)

func TestRefreshTokenRefusesForgeries(t *testing.T) {
	k := keys("k")
	f, token := newFamily(t, k, 1)
	text := token.Text().Reveal()
	raw := rawOf(t, token)

	t.Run("any change of one character does not parse (RT-7)", func(t *testing.T) {
		for i := range text {
			for c := range 256 {
				changed := text[:i] + string([]byte{byte(c)}) + text[i+1:]
				if _, ok := domain.ParseRefreshToken(domain.NewSecret(changed)); ok != (changed == text) {
					t.Fatalf("%q at %d: ok is %v", rune(c), i, ok)
				}
			}
		}
	})
	t.Run("any change of one bit, with the checksum put right, is another token and not genuine", func(t *testing.T) {
		for bit := range 8 * len(raw) {
			forged, ok := domain.ParseRefreshToken(raw.with(bit/8, raw[bit/8]^1<<(bit%8)).text())
			if bit/8 == 16 && bit%8 == 7 {
				wantEqual(t, ok, false) // a negative generation
				continue
			}
			if !ok || forged == token || forged.Genuine(k) {
				t.Fatalf("bit %d: ok %v, genuine %v", bit, ok, forged.Genuine(k))
			}
			if inSecret := bit/8 >= 24 && bit/8 < 56; inSecret == bytes.Equal(forged.Hash(), f.Hash) {
				t.Fatalf("bit %d: the hash covers the secret and nothing else", bit)
			}
		}
	})
	for name, changed := range map[string]string{
		"nothing":                  "",
		"the prefix alone":         "sgrt_",
		"a leading space":          " " + text,
		"a trailing newline":       text + "\n",
		"a bearer scheme":          "Bearer " + text,
		"an extra leading zero":    withChecksum("sgrt_0" + text[5:102]),
		"a digit less":             withChecksum("sgrt_" + text[6:102]),
		"more than 72 bytes hold":  withChecksum("sgrt_" + strings.Repeat("z", 97)),
		"the value plus 256^72":    withChecksum("sgrt_" + plus256to72(raw)),
		"an application token's":   withChecksum("sgat_" + text[5:102]),
		"a token twice":            text + text,
		"a JWT":                    "eyJhbGciOiJub25lIn0.e30.",
		"a megabyte":               strings.Repeat("A", 1<<20),
		"a megabyte of one prefix": "sgrt_" + strings.Repeat("0", 1<<20),
		"base64 padding":           text[:len(text)-1] + "=",
		"NUL":                      text[:107] + "\x00",
	} {
		t.Run(name+" does not parse", func(t *testing.T) {
			if got, ok := domain.ParseRefreshToken(domain.NewSecret(changed)); ok {
				t.Errorf("was read as one of family %s", got.Family)
			}
		})
	}
}

// plus256to72 is the overlong spelling of the same bytes, when 97 digits have room for it.
func plus256to72(raw rawToken) string {
	text := inBase62(append([]byte{1}, raw...))
	return text[len(text)-97:]
}

func FuzzParseRefreshToken(f *testing.F) {
	k := keys("k")
	family, token := newFamily(f, k, 1)
	f.Add(token.Text().Reveal())
	f.Add("sgrt_" + strings.Repeat("z", 103))
	f.Add("sgrt_" + strings.Repeat("0", 97))
	f.Fuzz(func(t *testing.T, text string) {
		for _, candidate := range []string{text, withChecksum(text)} {
			got, ok := domain.ParseRefreshToken(domain.NewSecret(candidate))
			if !ok {
				continue
			}
			if got.Text().Reveal() != candidate {
				t.Fatalf("%q is a second spelling of %q", candidate, got.Text().Reveal())
			}
			if verdict, _ := family.Present(got, k, policy, epoch); verdict != domain.Refuse && !bytes.Equal(got.Hash(), family.Hash) {
				t.Fatalf("the forged %q gets verdict %d", candidate, verdict)
			}
		}
	})
}

// BenchmarkRefreshToken is what a refresh does about texts: one is read, one is written.
func BenchmarkRefreshToken(b *testing.B) {
	_, token, err := domain.NewFamily("018f6f7e-0000-7000-8000-000000000001", "018f6f7e-0000-7000-8000-000000000002", domain.FirstPartyClient,
		domain.RefreshKeys{make([]byte, 32)}, strings.NewReader(strings.Repeat("s", 32)), noon)
	if err != nil {
		b.Fatal(err)
	}
	text := token.Text()
	b.ReportAllocs()
	for b.Loop() {
		parsed, ok := domain.ParseRefreshToken(text)
		if !ok || parsed.Text().Reveal() != text.Reveal() {
			b.Fatal("the token is not what it was")
		}
	}
}
