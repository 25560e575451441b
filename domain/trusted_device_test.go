package domain_test

import (
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
)

const (
	firstDevice  = domain.TrustedDeviceID("a0000000-0000-4000-8000-00000000000a")
	secondDevice = domain.TrustedDeviceID("b0000000-0000-4000-8000-00000000000b")
)

func remembered(t testing.TB, id domain.TrustedDeviceID, seed byte) (domain.TrustedDevice, domain.Secret) {
	t.Helper()
	d, text, err := domain.NewTrustedDevice(id, domain.Principal{ID: "p", CredentialEpoch: 3}, "Firefox on Linux", time.Hour, seeded(seed), epoch)
	if err != nil {
		t.Fatal(err)
	}
	return d, text
}

func TestTheTokenOfARememberedDevice(t *testing.T) {
	d, text := remembered(t, firstDevice, 1)
	wantEqual(t, len(text.Reveal()), len("sgdv_")+22+1+43+6)
	p, ok := domain.ParseDeviceToken(text)
	if !ok || !p.Matches(d) {
		t.Error("a token of ours is not that of its device")
	}
	forged, _ := remembered(t, firstDevice, 2)
	other, _ := remembered(t, secondDevice, 1)
	if p.Matches(forged) || p.Matches(other) || p.Matches(domain.TrustedDevice{ID: firstDevice}) {
		t.Error("it is the token of another device, too")
	}
	for name, other := range map[string]string{
		"nothing": "", "the prefix": "sgdv_", "an application token": "sgat_" + text.Reveal()[5:], "a digit more": text.Reveal() + "0",
		"upper case": strings.ToUpper(text.Reveal()), "a space": text.Reveal() + " ",
	} {
		if _, ok := domain.ParseDeviceToken(domain.NewSecret(other)); ok {
			t.Errorf("%s is taken for a token", name)
		}
	}
	for _, n := range []int{0, 31} {
		if _, _, err := domain.NewTrustedDevice(firstDevice, domain.Principal{}, "", time.Hour, dry(n), epoch); err == nil {
			t.Errorf("%d random bytes are enough", n)
		}
	}
	if _, _, err := domain.NewTrustedDevice("nonsense", domain.Principal{}, "", time.Hour, seeded(1), epoch); err == nil {
		t.Error("any text is an id")
	}
}

func FuzzParseDeviceToken(f *testing.F) {
	d, text := remembered(f, firstDevice, 1)
	for _, seed := range []string{text.Reveal(), "", "sgdv_", "sgdv_" + strings.Repeat("z", 72), text.Reveal()[:40]} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, other string) {
		if p, ok := domain.ParseDeviceToken(domain.NewSecret(other)); ok && other != text.Reveal() && p.Matches(d) {
			t.Errorf("%q opens what another text does", other)
		}
	})
}

func TestADeviceIsRememberedForItsTimeAndByItsAccountAsItWas(t *testing.T) {
	d, _ := remembered(t, firstDevice, 1)
	for name, row := range map[string]struct {
		p    domain.Principal
		at   time.Time
		want bool
	}{
		"at once":              {domain.Principal{ID: "p", CredentialEpoch: 3}, epoch, true},
		"at last":              {domain.Principal{ID: "p", CredentialEpoch: 3}, epoch.Add(time.Hour - 1), true},
		"at its end":           {domain.Principal{ID: "p", CredentialEpoch: 3}, epoch.Add(time.Hour), false},
		"by another":           {domain.Principal{ID: "q", CredentialEpoch: 3}, epoch, false},
		"with new credentials": {domain.Principal{ID: "p", CredentialEpoch: 4}, epoch, false},
		"after a restore":      {domain.Principal{ID: "p", CredentialEpoch: 2}, epoch, false},
	} {
		if d.IsLive(row.p, row.at) != row.want {
			t.Errorf("%s: it is live, or is not", name)
		}
	}
	if !d.IsUseNews(epoch) {
		t.Error("its first use is not written")
	}
	d.LastUsedAt = epoch
	if d.IsUseNews(epoch.Add(domain.DeviceDay-1)) || !d.IsUseNews(epoch.Add(domain.DeviceDay)) {
		t.Error("its use is not written once a day")
	}
}
