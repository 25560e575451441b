package pwhash_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/adapters/pwhash"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/porttest"
	"github.com/signet-auth/signet/ports/secure"
)

// phrase is the password of the hashes that were made for this test with the real exporters.
const phrase = "Correct horse, bättery staple"

// The example of the documentation of Firebase's scrypt: a project's signer key, and the hash of "user1password".
const (
	firebaseSigner = "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="
	firebaseText   = "$firebase-scrypt$ln=14,r=8$Bw==$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=="
)

// foreign are hashes that other programs made.
var foreign = []struct{ origin, text, password string }{
	{"passlib's own test, SHA-1", "$pbkdf2$1212$OB.dtnSEXZK8U5cgxU/GYQ$y5LKPOplRmok7CZp/aqVDVg8zGI", "password"},
	{"passlib's own test, SHA-256", "$pbkdf2-sha256$1212$4vjV83LKPjQzk31VI4E0Vw$hsYF68OiOUPdDZ1Fg.fJPeq1h/gXXY7acBp9/6c.tmQ", "password"},
	{"passlib's own test, SHA-512", "$pbkdf2-sha512$1212$RHY0Fr3IDMSVO/RSZyb5ow$eNLfBK.eVozomMr.1gYa17k9B7KIK25NOEshvhrSX.esqY3s.FvWZViXz4KoLlQI.BzY/YTNJOiKc5gBYFYGww", "password"},
	{"passlib's own test, Greek", "$pbkdf2-sha256$1212$3SABFJGDtyhrQMVt1uABPw$WyaUoqCLgvz97s523nF4iuOqZNbp5Nt8do/cuaa7AiI", "\u0399\u03c9\u03b1\u03bd\u03bd\u03b7\u03c2"},
	{"passlib's documentation, scrypt", "$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E", "password"},
	{"PHC string, SHA-1 of two blocks, hashlib", "$pbkdf2-sha1$i=1000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$Vhdvl5CzzkmrgXsj02s3KXKbtJRHz+MagkX3dVh2EBI", phrase},
	{"PHC string, SHA-256, hashlib", "$pbkdf2-sha256$i=1000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$iyestJhN+MJogaQx7sEwysMzog9Q8RlDZ9mCcWS+hgM", phrase},
	{"PHC string, SHA-512, hashlib", "$pbkdf2-sha512$i=1000,l=64$MDEyMzQ1Njc4OWFiY2RlZg$nJWqat2GvwDaZ4KbzRljkMdHn+s0orKFPzK17cQrGvhOMcIdOWluN9Iit2qVLAthEPh8NfVh8G7RrlnH/ROJ0g", phrase},
	{"Django, SHA-256, hashlib", "pbkdf2_sha256$1000$seasalt$JgZryXe2Ga8ysg6XbzkLpTdyPQrHqsinbL9BnnhgX4A=", "l\u00e8tmein"},
	{"Django, SHA-1, hashlib", "pbkdf2_sha1$1000$seasalt$ljleU4wBmTtz/MoG5YTwxpM0d7I=", "l\u00e8tmein"},
	{"Django's own test, scrypt", "scrypt$16384$seasalt$8$1$Qj3+9PPyRjSJIebHnG81TMjsqtaIGxNQG/aEB/NYafTJ7tibgfYz71m0ldQESkXFRkdVCBhhY8mx7rQwite/Pw==", "l\u00e8tmein"},
	{"Werkzeug, SHA-1", "pbkdf2:sha1:1000$qRbmK6ZXRGQU70BW$67c3eac6325937b440a398b9fd235d2a0667981d", phrase},
	{"Werkzeug, SHA-256", "pbkdf2:sha256:1000$pUq3pDukn8kaO7Gn$93ab31383374a144def8ab0d7170b79432a68404f51eac95ef667c5039454ebb", phrase},
	{"Werkzeug, SHA-512", "pbkdf2:sha512:1000$gCUxIWHIP1ur6o8Z$baca77891eb29855fba732371a9f78d5376a397e485d812e86d84477a0a3b504902295cef49453de75a5fc761f8deea90b113d3653d6cf8649cd23eae8d05b9e", phrase},
	{"Werkzeug, scrypt", "scrypt:1024:8:1$BOBkhENhwJuD4oxR$b821d23e9bb053bceb18d6a5ab1434e8da9c93ba1b6ebcb1cb3b546c60c159a9ae58fdc92ef602628de9a514ad78394208804a3df68a1691da8dcf7fbd3932ab", phrase},
	{"Firebase's documentation", firebaseText, "user1password"},
	{"Firebase, hashlib and OpenSSL", "$firebase-scrypt$ln=10,r=8$Bw==$42xEC+ixf3L2lw==$XqR4oaugmntQs2K3Alz+xr5QbwMs5tKOwNwId94WYYUTYoZjEGozhNWE/ohvDJCDXvHpQ7iQ16RorbNnNMqSfg==", phrase},
}

func unbase64(tb testing.TB, text string) []byte {
	tb.Helper()
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

// signers are two projects' keys, so that the right one is not simply the first.
func signers(tb testing.TB) [][]byte {
	tb.Helper()
	return [][]byte{slices.Repeat([]byte{7}, 64), unbase64(tb, firebaseSigner)}
}

func TestImportedHashes(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves out hashes as costly as others make them")
	}
	b := newBench(t, pwhash.Bcrypt{Cost: 4}, signers(t)...)
	for _, row := range foreign {
		t.Run(row.origin, func(t *testing.T) {
			if match, _, _ := b.verify(t, row.text, row.password); !match.OK || !match.Outdated {
				t.Errorf("%+v", match)
			}
			for _, other := range []string{"", row.password + " ", row.password + "\x00", row.password[1:], strings.ToUpper(row.password)} {
				if match, _, _ := b.verify(t, row.text, other); match.OK {
					t.Errorf("%q matches", other)
				}
			}
			altered := []byte(row.text)
			altered[len(altered)-10] ^= 1
			if match, _, _ := b.verify(t, string(altered), row.password); match.OK {
				t.Error("an altered hash matches")
			}
		})
	}
	t.Run("of Firebase match nothing without the project's signer key", func(t *testing.T) {
		for name, keys := range map[string][][]byte{"none": nil, "another": {slices.Repeat([]byte{7}, 64)}, "the first half": {signers(t)[1][:32]}} {
			if match, _, _ := newBench(t, pwhash.Bcrypt{Cost: 4}, keys...).verify(t, firebaseText, "user1password"); match.OK {
				t.Errorf("%s: it matches", name)
			}
		}
	})
}

// TestImportedPrimitives: the vectors of the RFCs that no text carries (other lengths, shorter salts).
func TestImportedPrimitives(t *testing.T) {
	for name, row := range map[string]struct {
		got  []byte
		want string
	}{
		"RFC 6070 one round":    {pwhash.PBKDF2("sha1", []byte("password"), []byte("salt"), 1, 20), "0c60c80f961f0e71f3a9b524af6012062fe037a6"},
		"RFC 6070 4096 rounds":  {pwhash.PBKDF2("sha1", []byte("password"), []byte("salt"), 4096, 20), "4b007901b765489abead49d926f721d065a429c1"},
		"RFC 6070 two blocks":   {pwhash.PBKDF2("sha1", []byte("passwordPASSWORDpassword"), []byte("saltSALTsaltSALTsaltSALTsaltSALTsalt"), 4096, 25), "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038"},
		"RFC 6070 NULs":         {pwhash.PBKDF2("sha1", []byte("pass\x00word"), []byte("sa\x00lt"), 4096, 16), "56fa6aa75548099dcc37d7f03425e0c3"},
		"hashlib, SHA-256":      {pwhash.PBKDF2("sha256", []byte("password"), []byte("salt"), 4096, 32), "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a"},
		"hashlib, SHA-512":      {pwhash.PBKDF2("sha512", []byte("password"), []byte("salt"), 4096, 64), "d197b1b33db0143e018b12f3d1d1479e6cdebdcc97c5c0f87f6902e072f457b5143f30602641b3d55cd335988cb36b84376060ecd532e039b742a239434af2d5"},
		"RFC 7914 §11, PBKDF2":  {pwhash.PBKDF2("sha256", []byte("passwd"), []byte("salt"), 1, 64), "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783"},
		"RFC 7914 §12, p = 16":  {pwhash.Scrypt([]byte("password"), []byte("NaCl"), 1024, 8, 16, 64), "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"},
		"RFC 7914 §12, N = 2¹⁴": {pwhash.Scrypt([]byte("pleaseletmein"), []byte("SodiumChloride"), 16384, 8, 1, 64), "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"},
	} {
		if got := hex.EncodeToString(row.got); got != row.want {
			t.Errorf("%s: %s, want %s", name, got, row.want)
		}
	}
}

// exporters write the hash of a password as other programs do, at the least cost.
var exporters = map[string]func(password string) string{
	"passlib PBKDF2-SHA1":   pbkdf2Text("sha1", "$pbkdf2$2$%s$%s", dotted),
	"passlib PBKDF2-SHA256": pbkdf2Text("sha256", "$pbkdf2-sha256$2$%s$%s", dotted),
	"passlib PBKDF2-SHA512": pbkdf2Text("sha512", "$pbkdf2-sha512$2$%s$%s", dotted),
	"PHC PBKDF2-SHA512":     pbkdf2Text("sha512", "$pbkdf2-sha512$i=2,l=64$%s$%s", phc),
	"Django PBKDF2-SHA256": func(password string) string {
		return "pbkdf2_sha256$2$" + salt + "$" + base64.StdEncoding.EncodeToString(pwhash.PBKDF2("sha256", []byte(password), []byte(salt), 2, 32))
	},
	"Werkzeug PBKDF2-SHA512": func(password string) string {
		return "pbkdf2:sha512:2$" + salt + "$" + hex.EncodeToString(pwhash.PBKDF2("sha512", []byte(password), []byte(salt), 2, 64))
	},
	"PHC scrypt": func(password string) string {
		return "$scrypt$ln=2,r=1,p=1$" + phc([]byte(salt)) + "$" + phc(pwhash.Scrypt([]byte(password), []byte(salt), 4, 1, 1, 32))
	},
	"Werkzeug scrypt": func(password string) string {
		return "scrypt:4:1:1$" + salt + "$" + hex.EncodeToString(pwhash.Scrypt([]byte(password), []byte(salt), 4, 1, 1, 64))
	},
	"Django scrypt": func(password string) string {
		return "scrypt$4$" + salt + "$1$1$" + base64.StdEncoding.EncodeToString(pwhash.Scrypt([]byte(password), []byte(salt), 4, 1, 1, 64))
	},
}

const salt = "0123456789abcdef"

func pbkdf2Text(digest, format string, encode func([]byte) string) func(string) string {
	size := map[string]int{"sha1": 20, "sha256": 32, "sha512": 64}[digest]
	return func(password string) string {
		return fmt.Sprintf(format, encode([]byte(salt)), encode(pwhash.PBKDF2(digest, []byte(password), []byte(salt), 2, size)))
	}
}

func phc(raw []byte) string    { return base64.RawStdEncoding.EncodeToString(raw) }
func dotted(raw []byte) string { return strings.ReplaceAll(phc(raw), "+", ".") }

// TestContractOfImportedHashes runs the contract of comparing on every kind.
func TestContractOfImportedHashes(t *testing.T) {
	for name, export := range exporters {
		t.Run(name, func(t *testing.T) {
			porttest.ImportedPasswords(t, func(t *testing.T, o porttest.PasswordOptions) secure.PasswordHasher {
				h, err := pwhash.New(pwhash.Options{
					Setting: pwhash.Bcrypt{Cost: 4}, Workers: o.Places, Wait: o.Wait, Now: o.System.Now, Sleep: o.System.Sleep,
				})
				if err != nil {
					t.Fatal(err)
				}
				return h
			}, export)
		})
	}
}

// TestImportedHashesTakeTheUsualTime_PW8: the work of another kind can't be topped up exactly, so the answer waits.
func TestImportedHashesTakeTheUsualTime_PW8(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(exporters)) {
		for typed, right := range map[string]bool{password: true, "wrong": false, "": false, "a\x00b": false, strings.Repeat("x", 64<<10): false} {
			b := newBench(t, pwhash.Bcrypt{Cost: 7})
			begin := b.clock
			b.verify(t, "", password)
			usual := b.clock.Sub(begin)
			text := exporters[name](password)
			begin = b.clock
			match, rounds, blocks := b.verify(t, text, typed)
			if match.OK != right || !match.Outdated || match.Settle == nil || rounds != 0 || blocks != 0 {
				t.Fatalf("%s, %.10q: %+v, %d rounds, %d blocks", name, typed, match, rounds, blocks)
			}
			match.Settle(t.Context())
			if took := b.clock.Sub(begin); took != usual || b.slept == 0 {
				t.Errorf("%s, %.10q: %v in all, %v of it asleep; usually %v", name, typed, took, b.slept, usual)
			}
		}
	}
}

func TestReadImported(t *testing.T) {
	const b64, hex32, hex64 = "MDEyMzQ1Njc4OWFiY2RlZg", "93ab31383374a144def8ab0d7170b79432a68404f51eac95ef667c5039454ebb", "93ab31383374a144def8ab0d7170b79432a68404f51eac95ef667c5039454ebb93ab31383374a144def8ab0d7170b79432a68404f51eac95ef667c5039454ebb"
	tag32, tag64 := strings.Repeat("A", 43), strings.Repeat("A", 86)
	for text, want := range map[string]bool{
		"$pbkdf2-sha256$2000000$" + b64 + "$" + tag32:                                    true,
		"$pbkdf2-sha256$2000001$" + b64 + "$" + tag32:                                    false,
		"$pbkdf2-sha256$01000$" + b64 + "$" + tag32:                                      false,
		"$pbkdf2-sha256$+1000$" + b64 + "$" + tag32:                                      false,
		"$pbkdf2-sha256$0$" + b64 + "$" + tag32:                                          false,
		"$pbkdf2-sha256$$" + b64 + "$" + tag32:                                           false,
		"$pbkdf2-sha256$99999999999999999999$" + b64 + "$" + tag32:                       false,
		"$pbkdf2-sha256$1000$" + b64 + "$" + tag32 + "=":                                 false,
		"$pbkdf2-sha256$1000$" + b64 + "$" + tag32 + "\n":                                false,
		"$pbkdf2-sha256$1000$" + b64 + "$" + tag32 + "$":                                 false,
		"$pbkdf2-sha256$1000$" + b64 + "$" + strings.Repeat("A", 42):                     false, // not base64
		"$pbkdf2-sha256$1000$" + b64 + "$" + tag32[:42] + "B":                            false, // bits behind the end
		"$pbkdf2-sha256$1000$" + b64 + "$" + tag64:                                       false, // passlib's tags have the digest's size
		"$pbkdf2-sha256$1000$" + b64 + "$" + "+" + tag32[1:]:                             false, // passlib writes a dot
		"$pbkdf2-sha256$1000$" + b64 + "$" + "." + tag32[1:]:                             true,
		"$pbkdf2-sha256$1000$$" + tag32:                                                  false, // no salt
		"$pbkdf2-sha256$i=1000,l=32$" + b64 + "$" + tag32:                                true,
		"$pbkdf2-sha256$i=1000,l=32$" + b64 + "$" + "+" + tag32[1:]:                      true,
		"$pbkdf2-sha256$i=1000,l=32$" + b64 + "$" + "." + tag32[1:]:                      false,
		"$pbkdf2-sha256$i=1000,l=31$" + b64 + "$" + tag32:                                false,
		"$pbkdf2-sha256$i=1000$" + b64 + "$" + tag32:                                     false,
		"$pbkdf2-sha256$l=32,i=1000$" + b64 + "$" + tag32:                                false,
		"$pbkdf2-sha256$i=1000001,l=64$" + b64 + "$" + tag64:                             false, // two blocks
		"$pbkdf2-sha256$i=1000000,l=64$" + b64 + "$" + tag64:                             true,
		"$pbkdf2-md5$1000$" + b64 + "$" + tag32:                                          false,
		"$pbkdf2-sha384$1000$" + b64 + "$" + tag32:                                       false,
		"pbkdf2_sha256$1000$seasalt$" + tag32 + "=":                                      true,
		"pbkdf2_sha256$1000$seasalt$" + tag32:                                            false, // Django pads
		"pbkdf2_sha256$1000$sea salt$" + tag32 + "=":                                     false,
		"pbkdf2_sha256$1000$sea$" + tag32 + "=":                                          false,
		"pbkdf2_sha256$1000$s\u00e9asalt$" + tag32 + "=":                                 false,
		"pbkdf2_sha256$2000001$seasalt$" + tag32 + "=":                                   false,
		"pbkdf2:sha256:1000$saltsalt$" + hex32:                                           true,
		"pbkdf2:sha256:1000$saltsalt$" + strings.ToUpper(hex32):                          false,
		"pbkdf2:sha256:1000$saltsalt$" + hex32[2:]:                                       false,
		"pbkdf2:sha256:1000$saltsalt$" + hex64:                                           false,
		"pbkdf2:sha256$saltsalt$" + hex32:                                                false, // how many rounds?
		"pbkdf2:sha256:1000:1$saltsalt$" + hex32:                                         false,
		"pbkdf2:md5:1000$saltsalt$" + hex32:                                              false,
		"sha256$saltsalt$" + hex32:                                                       false,
		"$scrypt$ln=16,r=8,p=4$" + b64 + "$" + tag32:                                     true,
		"$scrypt$ln=16,r=8,p=5$" + b64 + "$" + tag32:                                     false,
		"$scrypt$ln=17,r=4,p=1$" + b64 + "$" + tag32:                                     true,
		"$scrypt$ln=17,r=8,p=1$" + b64 + "$" + tag32:                                     true,
		"$scrypt$ln=18,r=8,p=1$" + b64 + "$" + tag32:                                     false,
		"$scrypt$ln=16384,r=8,p=1$" + b64 + "$" + tag32:                                  false,
		"$scrypt$ln=64,r=8,p=1$" + b64 + "$" + tag32:                                     false,
		"$scrypt$ln=0,r=8,p=1$" + b64 + "$" + tag32:                                      false,
		"$scrypt$ln=4,r=33,p=1$" + b64 + "$" + tag32:                                     false,
		"$scrypt$ln=4,r=8,p=17$" + b64 + "$" + tag32:                                     false,
		"$scrypt$ln=4,r=8$" + b64 + "$" + tag32:                                          false,
		"$scrypt$r=8,ln=4,p=1$" + b64 + "$" + tag32:                                      false,
		"$scrypt$ln=4,r=8,p=1$" + b64 + "$" + "AAAA":                                     false,
		"scrypt:65536:8:1$saltsalt$" + hex64:                                             true,
		"scrypt:131072:8:1$saltsalt$" + hex64:                                            true,
		"scrypt:262144:8:1$saltsalt$" + hex64:                                            false,
		"scrypt:1000:8:1$saltsalt$" + hex64:                                              false, // no power of two
		"scrypt:1:8:1$saltsalt$" + hex64:                                                 false,
		"scrypt:1024:8$saltsalt$" + hex64:                                                false,
		"scrypt:1024:8:1$saltsalt$" + hex32:                                              false,
		"scrypt$16384$seasalt$8$5$" + tag64 + "==":                                       true,
		"scrypt$16384$seasalt$8$5$" + tag64:                                              false,
		"scrypt$16384$seasalt$8$0$" + tag64 + "==":                                       false,
		"scrypt$saltsalt$" + hex64:                                                       false,
		"$firebase-scrypt$ln=14,r=8$Bw==$" + b64 + "==$" + tag64 + "==":                  true,
		"$firebase-scrypt$ln=14,r=8$$" + b64 + "==$" + tag64 + "==":                      true, // a project without separator
		"$firebase-scrypt$ln=14,r=8$Bw$" + b64 + "==$" + tag64 + "==":                    false,
		"$firebase-scrypt$ln=14,r=8,p=1$Bw==$" + b64 + "==$" + tag64 + "==":              false,
		"$firebase-scrypt$ln=18,r=8$Bw==$" + b64 + "==$" + tag64 + "==":                  false,
		"$firebase-scrypt$ln=14,r=8$Bw==$" + b64 + "==$":                                 false,
		"$firescrypt$ln=14,r=8,p=1$" + b64 + "==$" + tag64 + "==$Bw==$" + firebaseSigner: false, // the signer key has no place in a row
		"$pbkdf2-sha256$": false, "scrypt:": false, "scrypt$": false, "$scrypt$": false, "pbkdf2:sha256:": false, "$firebase-scrypt$": false,
	} {
		if got, current := pwhash.Read(text, pwhash.Bcrypt{Cost: 5}); got != want || current {
			t.Errorf("%.100q: readable %v, want %v; current %v", text, got, want, current)
		}
	}
}

func TestFirebaseSigners(t *testing.T) {
	sleep := func(context.Context, time.Duration) error { return nil }
	for _, size := range []int{0, 31, 65} {
		_, err := pwhash.New(pwhash.Options{Setting: cheap, Now: time.Now, Sleep: sleep, FirebaseSigners: [][]byte{make([]byte, size)}})
		if err == nil {
			t.Errorf("a key of %d bytes is accepted", size)
		}
	}
}

// BenchmarkDearest is the most that a stored text can make a login cost, to be compared with BenchmarkVerify.
func BenchmarkDearest(b *testing.B) {
	h, err := pwhash.New(pwhash.Options{
		Setting: pwhash.Bcrypt{Cost: 4}, Now: time.Now, Sleep: func(context.Context, time.Duration) error { return nil },
	})
	if err != nil {
		b.Fatal(err)
	}
	for name, text := range map[string]string{
		"PBKDF2-SHA1":   "pbkdf2:sha1:2000000$saltsalt$" + strings.Repeat("ab", 20),
		"PBKDF2-SHA256": "pbkdf2:sha256:2000000$saltsalt$" + strings.Repeat("ab", 32),
		"PBKDF2-SHA512": "pbkdf2:sha512:2000000$saltsalt$" + strings.Repeat("ab", 64),
		"scrypt":        "scrypt:65536:8:4$saltsalt$" + strings.Repeat("ab", 64),
		"argon2id":      "$argon2id$v=19$m=65536,t=10,p=1$MDEyMzQ1Njc4OWFiY2RlZg$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"bcrypt":        "$2b$15$" + foreignBcrypt[7:],
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				slot, err := h.Reserve(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				slot.Verify(text, domain.NewSecret("a wrong password"))
				slot.Release()
			}
		})
	}
}
