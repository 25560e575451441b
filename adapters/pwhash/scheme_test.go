package pwhash_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/signet-auth/signet/adapters/pwhash"
)

// Hashes made elsewhere.
const (
	// crypt_blowfish's own test vector: password "U*U".
	foreignBcrypt = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
	// The reference implementation (argon2 -id -t 2 -m 8 -p 1, 8 bytes of salt): password "password", salt "somesalt".
	foreignArgon2id = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
)

func TestForeignHashes(t *testing.T) {
	b := newBench(t, pwhash.Bcrypt{Cost: 5})
	t.Run("bcrypt of every spelling verifies, and is not outdated for its letter", func(t *testing.T) {
		for _, letter := range []string{"$2a$", "$2b$", "$2y$"} {
			match, _, _ := b.verify(t, letter+foreignBcrypt[4:], "U*U")
			if !match.OK || match.Outdated {
				t.Errorf("%s: %+v", letter, match)
			}
		}
	})
	t.Run("argon2id of the reference implementation verifies", func(t *testing.T) {
		if match, _, _ := b.verify(t, foreignArgon2id, "password"); !match.OK || !match.Outdated {
			t.Errorf("%+v", match)
		}
	})
}

func TestRead(t *testing.T) {
	const salt, tag = "c29tZXNhbHRzb21lc2FsdA", "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	argon := func(parameters string) string { return "$argon2id$v=19$" + parameters + "$" + salt + "$" + tag }
	for text, want := range map[string]bool{
		foreignBcrypt:                                        true,
		"$2x$" + foreignBcrypt[4:]:                           false,
		"$2$" + foreignBcrypt[4:]:                            false,
		"$2a$03" + foreignBcrypt[6:]:                         false,
		"$2a$15" + foreignBcrypt[6:]:                         true,
		"$2a$16" + foreignBcrypt[6:]:                         false,
		"$2a$+5" + foreignBcrypt[6:]:                         false,
		foreignBcrypt + "a":                                  false,
		foreignBcrypt[:59]:                                   false,
		foreignBcrypt[:59] + "$":                             false,
		foreignBcrypt[:30] + "\n" + foreignBcrypt[31:]:       false,
		argon("m=19456,t=2,p=1"):                             true,
		argon("m=65536,t=10,p=16"):                           true,
		argon("m=102400,t=2,p=8"):                            true, // argon2-cffi, passlib, Django
		argon("m=131072,t=5,p=1"):                            true,
		argon("m=131072,t=6,p=1"):                            false,
		argon("m=131073,t=1,p=1"):                            false,
		argon("m=19456,t=33,p=1"):                            true,
		argon("m=19456,t=34,p=1"):                            false,
		argon("m=4194304,t=4294967295,p=1"):                  false,
		argon("m=19456,t=2,p=17"):                            false,
		argon("m=19456,t=2,p=257"):                           false,
		argon("m=19456,t=0,p=1"):                             false,
		argon("m=19456,t=2,p=0"):                             false,
		argon("m=7,t=2,p=1"):                                 false,
		argon("m=4294967296,t=2,p=1"):                        false,
		argon("m=-1,t=2,p=1"):                                false,
		argon("m=+19456,t=2,p=1"):                            false,
		argon("m=019456,t=2,p=1"):                            false,
		argon("t=2,m=19456,p=1"):                             false,
		argon("m=19456,t=2,p=1,keyid=x"):                     false,
		argon("m=19456,t=2"):                                 false,
		argon(""):                                            false,
		"$argon2id$v=16$m=19456,t=2,p=1$" + salt + "$" + tag: false,
		"$argon2id$m=19456,t=2,p=1$" + salt + "$" + tag:      false,
		"$argon2i$v=19$m=19456,t=2,p=1$" + salt + "$" + tag:  false,
		argon("m=19456,t=2,p=1") + "=":                       false,
		argon("m=19456,t=2,p=1") + "$":                       false,
		argon("m=19456,t=2,p=1") + "\n":                      false,
		"$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$" + tag:       false, // 4 bytes of salt
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$bmY":    false, // 2 bytes of tag: guessed in 65 536
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$":       false,
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + strings.Repeat("A", 300): false,
		"": false, "$": false, "$argon2id$": false, "$2a$": false,
	} {
		if got, _ := pwhash.Read(text, pwhash.Bcrypt{Cost: 5}); got != want {
			t.Errorf("%.100q: readable %v, want %v", text, got, want)
		}
	}
	t.Run("a hash with a shorter salt or tag than ours is outdated", func(t *testing.T) {
		current := pwhash.Argon2id{Memory: 256, Passes: 2, Lanes: 1}
		if _, same := pwhash.Read(foreignArgon2id, current); same {
			t.Error("8 bytes of salt")
		}
		if _, same := pwhash.Read(argon("m=256,t=2,p=1"), current); !same {
			t.Error("16 bytes of salt")
		}
	})
}

// FuzzRead looks for a text that panics, or is readable beyond the bounds and the one spelling.
func FuzzRead(f *testing.F) {
	f.Add(foreignBcrypt)
	f.Add(foreignArgon2id)
	f.Add("$argon2id$v=19$m=65536,t=10,p=16$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4")
	f.Add("")
	for _, row := range foreign {
		f.Add(row.text)
	}
	const (
		rounds  = `(?:[1-9][0-9]{0,5}|1[0-9]{6}|2000000)`
		dotted  = `[./A-Za-z0-9]`
		base64  = `[+/A-Za-z0-9]`
		printed = "[!-#%-~]{4,64}"
		power   = `(?:[248]|16|32|64|128|256|512|1024|2048|4096|8192|16384|32768|65536|131072|262144|524288)`
		block   = `(?:[1-9]|[12][0-9]|3[0-2])`
		lanes   = `(?:[1-9]|1[0-6])`
	)
	spelling := regexp.MustCompile(`^(?:` + strings.Join([]string{
		`\$2[aby]\$(?:0[4-9]|1[0-5])\$[./A-Za-z0-9]{53}`,
		`\$argon2id\$v=19\$m=[1-9][0-9]{0,4},t=(?:[1-9]|10),p=` + lanes + `\$` + base64 + `{11,86}\$` + base64 + `{22,86}`,
		`\$pbkdf2\$` + rounds + `\$` + dotted + `{6,86}\$` + dotted + `{27}`,
		`\$pbkdf2-sha256\$` + rounds + `\$` + dotted + `{6,86}\$` + dotted + `{43}`,
		`\$pbkdf2-sha512\$` + rounds + `\$` + dotted + `{6,86}\$` + dotted + `{86}`,
		`\$pbkdf2-(?:sha1|sha256|sha512)\$i=` + rounds + `,l=[1-6][0-9]\$` + base64 + `{6,86}\$` + base64 + `{22,86}`,
		`pbkdf2_sha1\$` + rounds + `\$` + printed + `\$` + base64 + `{27}=`,
		`pbkdf2_sha256\$` + rounds + `\$` + printed + `\$` + base64 + `{43}=`,
		`pbkdf2:sha1:` + rounds + `\$` + printed + `\$[0-9a-f]{40}`,
		`pbkdf2:sha256:` + rounds + `\$` + printed + `\$[0-9a-f]{64}`,
		`pbkdf2:sha512:` + rounds + `\$` + printed + `\$[0-9a-f]{128}`,
		`\$scrypt\$ln=(?:[1-9]|1[0-9]),r=` + block + `,p=` + lanes + `\$` + base64 + `{6,86}\$` + base64 + `{22,86}`,
		`scrypt:` + power + `:` + block + `:` + lanes + `\$` + printed + `\$[0-9a-f]{128}`,
		`scrypt\$` + power + `\$` + printed + `\$` + block + `\$` + lanes + `\$` + base64 + `{86}==`,
		`\$firebase-scrypt\$ln=(?:[1-9]|1[0-9]),r=` + block + `\$[+/A-Za-z0-9=]{0,24}\$[+/A-Za-z0-9=]{8,88}\$[+/A-Za-z0-9=]{44,88}`,
	}, "|") + `)$`)
	f.Fuzz(func(t *testing.T, text string) {
		if readable, _ := pwhash.Read(text, pwhash.Bcrypt{Cost: 5}); readable && !spelling.MatchString(text) {
			t.Errorf("readable: %q", text)
		}
	})
}
