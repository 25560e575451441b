package domain_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
)

const (
	firstSecret  = domain.AppTokenSecretID("a0000000-0000-4000-8000-00000000000a")
	secondSecret = domain.AppTokenSecretID("b0000000-0000-4000-8000-00000000000b")
	thirdSecret  = domain.AppTokenSecretID("c0000000-0000-4000-8000-00000000000c")
)

func drawn(t testing.TB, id domain.AppTokenSecretID, seed byte, at time.Time) (domain.AppTokenSecret, domain.Secret) {
	t.Helper()
	secret, text, err := domain.NewAppTokenSecret(id, seeded(seed), at)
	if err != nil {
		t.Fatal(err)
	}
	return secret, text
}

// newAppToken is a token without an end, and its text.
func newAppToken(t testing.TB) (domain.AppToken, domain.Secret) {
	t.Helper()
	secret, text := drawn(t, firstSecret, 1, epoch)
	token, err := domain.NewAppToken("t", "s", "CI", domain.Scopes{}, "p", time.Time{}, secret, epoch)
	if err != nil {
		t.Fatal(err)
	}
	return token, text
}

func presented(t testing.TB, text domain.Secret) domain.PresentedAppToken {
	t.Helper()
	p, ok := domain.ParseAppToken(text)
	if !ok {
		t.Fatal("a token of ours does not parse")
	}
	return p
}

func TestAppTokenText(t *testing.T) {
	secret, text := drawn(t, firstSecret, 1, epoch)
	p := presented(t, text)
	wantEqual(t, p.Secret, firstSecret)
	wantEqual(t, secret.Prefix, text.Reveal()[:13])
	wantEqual(t, len(text.Reveal()), len("sgat_")+22+1+43+6)
	for name, other := range map[string]string{
		"nothing": "", "the prefix": "sgat_", "another kind": "sgrt_" + text.Reveal()[5:], "a digit more": text.Reveal() + "0",
		"a mistyped digit": strings.Replace(text.Reveal(), "_", "-", 1), "upper case": strings.ToUpper(text.Reveal()), "a space": text.Reveal() + " ",
	} {
		if _, ok := domain.ParseAppToken(domain.NewSecret(other)); ok {
			t.Errorf("%s is taken for a token", name)
		}
	}
}

func FuzzParseAppToken(f *testing.F) {
	_, text := drawn(f, firstSecret, 1, epoch)
	for _, seed := range []string{text.Reveal(), "", "sgat_", "sgat_" + strings.Repeat("z", 72), text.Reveal()[:40]} {
		f.Add(seed)
	}
	token, _ := newAppToken(f)
	f.Fuzz(func(t *testing.T, other string) {
		p, ok := domain.ParseAppToken(domain.NewSecret(other))
		if ok && other != text.Reveal() && token.Judge(p, epoch) == nil {
			t.Errorf("%q opens what another text does", other)
		}
	})
}

func TestJudgingAnAppToken(t *testing.T) {
	token, text := newAppToken(t)
	_, forged := drawn(t, firstSecret, 2, epoch)
	_, unknown := drawn(t, secondSecret, 1, epoch)
	ended, revoked, over := token, token, token
	ended.ExpiresAt, revoked.RevokedAt = epoch, epoch.Add(time.Hour)
	over.Secrets = []domain.AppTokenSecret{token.Secrets[0]}
	over.Secrets[0].ExpiresAt = epoch
	for _, c := range []struct {
		name            string
		token           domain.AppToken
		text            domain.Secret
		refused, forged bool
	}{
		{"its own", token, text, false, false},
		{"the id with another secret", token, forged, true, true},
		{"another id with the secret", token, unknown, true, true},
		{"at its end", ended, text, true, false},
		{"revoked, by a clock ahead (AT-6)", revoked, text, true, false},
		{"a secret at its end", over, text, true, false},
		{"forged, at its end", ended, forged, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.token.Judge(presented(t, c.text), epoch)
			if errors.Is(err, domain.ErrTokenInvalid) != c.refused || errors.Is(err, domain.ErrForged) != c.forged {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestRotation(t *testing.T) {
	hour := time.Hour
	none := time.Duration(0)
	at := epoch.Add(24 * time.Hour)
	rotate := func(t *testing.T, token domain.AppToken, r domain.Rotation, id domain.AppTokenSecretID, now time.Time) (domain.AppToken, time.Time, error) {
		t.Helper()
		secret, _ := drawn(t, id, 3, now)
		ends, err := token.Rotate(r, secret, now)
		return token, ends, err
	}
	one, _ := newAppToken(t)
	two, ends, err := rotate(t, one, domain.Rotation{Overlap: &hour}, secondSecret, at)
	if err != nil || !ends.Equal(at.Add(hour)) || len(one.Secrets) != 1 || !one.Secrets[0].ExpiresAt.IsZero() {
		t.Fatalf("ends %v, %v; the token before: %+v", ends, err, one)
	}
	live := func(token domain.AppToken, now time.Time) (ids []domain.AppTokenSecretID) {
		for _, s := range token.LiveSecrets(now) {
			ids = append(ids, s.ID)
		}
		return ids
	}
	wantEqual(t, live(two, at), []domain.AppTokenSecretID{secondSecret, firstSecret})
	wantEqual(t, live(two, at.Add(hour)), []domain.AppTokenSecretID{secondSecret})

	short := one
	short.ExpiresAt = at.Add(time.Minute)
	revoked := one
	revoked.Revoke(epoch)
	for _, c := range []struct {
		name     string
		token    domain.AppToken
		rotation domain.Rotation
		want     error
		live     []domain.AppTokenSecretID
		ends     time.Time
	}{
		{"a day unless said", one, domain.Rotation{}, nil, []domain.AppTokenSecretID{thirdSecret, firstSecret}, at.Add(24 * hour)},
		{"no longer than the token", short, domain.Rotation{}, nil, []domain.AppTokenSecretID{thirdSecret, firstSecret}, short.ExpiresAt},
		{"no overlap", one, domain.Rotation{Overlap: &none}, nil, []domain.AppTokenSecretID{thirdSecret}, time.Time{}},
		{"the only one leaked", one, domain.Rotation{Supersede: domain.SupersedeLatest}, nil, []domain.AppTokenSecretID{thirdSecret}, time.Time{}},
		{"while two live", two, domain.Rotation{}, domain.ErrRotationPending, nil, time.Time{}},
		{"while two live, without overlap", two, domain.Rotation{Overlap: &none}, domain.ErrRotationPending, nil, time.Time{}},
		{"the older one ends", two, domain.Rotation{Supersede: domain.SupersedePrevious}, nil, []domain.AppTokenSecretID{thirdSecret, secondSecret}, at.Add(24 * hour)},
		{"the newer one ends, and the older keeps its time", two, domain.Rotation{Supersede: domain.SupersedeLatest}, nil, []domain.AppTokenSecretID{thirdSecret, firstSecret}, at.Add(hour)},
		{"a token that is over", revoked, domain.Rotation{}, domain.ErrTokenEnded, nil, time.Time{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ends, err := rotate(t, c.token, c.rotation, thirdSecret, at)
			if !errors.Is(err, c.want) || c.want == nil && err != nil {
				t.Fatalf("%v, want %v", err, c.want)
			}
			if err == nil {
				wantEqual(t, live(got, at), c.live)
				wantEqual(t, ends, c.ends)
			}
		})
	}

	t.Run("remembers the last ten", func(t *testing.T) {
		token := one
		for i := range 30 {
			var err error
			if token, _, err = rotate(t, token, domain.Rotation{Overlap: &none, Supersede: domain.SupersedePrevious}, thirdSecret, at.Add(time.Duration(i)*hour)); err != nil {
				t.Fatal(err)
			}
		}
		wantEqual(t, len(token.Secrets), 10)
	})
}
