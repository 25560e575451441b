package domain_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/signet-auth/signet/domain"
)

const uuid = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"

func TestParseID(t *testing.T) {
	t.Run("accepts the 36 character form in either case and answers in lower case", func(t *testing.T) {
		for _, text := range []string{uuid, strings.ToUpper(uuid), "0A1b2C3d-4e5F-6071-8293-A4b5c6D7e8f9"} {
			id, ok := domain.ParseID[domain.UserID](text)
			wantEqual(t, ok, true)
			wantEqual(t, id, domain.UserID(uuid))
		}
		for _, text := range []string{string(domain.PlatformID), string(domain.FirstPartyClient), "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"} {
			id, ok := domain.ParseID[domain.ServiceID](text)
			wantEqual(t, ok, true)
			wantEqual(t, id, domain.ServiceID(text))
		}
	})
	for name, text := range map[string]string{
		"nothing":                       "",
		"one character less":            uuid[:35],
		"one character more":            uuid + "0",
		"a space before":                " " + uuid[:35],
		"a newline after":               uuid[:35] + "\n",
		"NUL after (IN-2)":              uuid[:35] + "\x00",
		"braces":                        "{" + uuid + "}",
		"a URN":                         "urn:uuid:" + uuid,
		"no hyphens":                    strings.ReplaceAll(uuid, "-", ""),
		"36 digits":                     strings.Repeat("0", 36),
		"36 hyphens":                    strings.Repeat("-", 36),
		"hyphens one place to the left": "0a1b2c3-d4e5f-6071-8293-a4b5c6d7e8f9",
		"an underscore for a hyphen":    strings.Replace(uuid, "-", "_", 1),
		"a letter beyond f":             "g" + uuid[1:],
		"a letter beyond F":             "G" + uuid[1:],
		"the character before 0":        "/" + uuid[1:],
		"the character after 9":         ":" + uuid[1:],
		"the character before a":        "`" + uuid[1:],
		"the character before A":        "@" + uuid[1:],
		"a full-width digit":            "\uff10" + uuid[3:],
		"SQL":                           "' OR 1=1 --" + uuid[11:],
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			id, ok := domain.ParseID[domain.UserID](text)
			if ok || id != "" {
				t.Errorf("%q was read as %q", text, id)
			}
			if _, ok := domain.UUIDBytes(domain.UserID(text)); ok {
				t.Errorf("%q has bytes", text)
			}
		})
	}
}

func TestUUIDBytesAndTextAreInverse(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		var b [16]byte
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		text := domain.UUIDText[domain.FamilyID](b)
		id, ok := domain.ParseID[domain.FamilyID](string(text))
		if !ok || id != text {
			t.Fatalf("%x is written %q, which reads as %q", b, text, id)
		}
		for _, form := range []domain.FamilyID{text, domain.FamilyID(strings.ToUpper(string(text)))} {
			if back, ok := domain.UUIDBytes(form); !ok || back != b {
				t.Fatalf("%x is written %q, whose bytes are %x", b, form, back)
			}
		}
	}
	wantEqual(t, domain.UUIDText[string]([16]byte{0x0a, 0x1b, 0x2c, 0x3d, 0x4e, 0x5f, 0x60, 0x71, 0x82, 0x93, 0xa4, 0xb5, 0xc6, 0xd7, 0xe8, 0xf9}), uuid)
}

func TestUsersAndServicesShareOneIDSpace(t *testing.T) {
	wantEqual(t, domain.UserID(uuid).Principal(), domain.PrincipalID(uuid))
	wantEqual(t, domain.ServiceID(uuid).Principal(), domain.PrincipalID(uuid))
}

func FuzzParseID(f *testing.F) {
	f.Add(uuid)
	f.Add(strings.ToUpper(uuid))
	f.Add(strings.Repeat("-", 36))
	f.Fuzz(func(t *testing.T, text string) {
		id, ok := domain.ParseID[domain.UserID](text)
		if !ok {
			return
		}
		b, ok := domain.UUIDBytes(id)
		if !ok || !strings.EqualFold(text, string(id)) || domain.UUIDText[domain.UserID](b) != id {
			t.Fatalf("%q is read as %q with bytes %x", text, id, b)
		}
	})
}
