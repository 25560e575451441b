package e2e_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

// TestDevicesAtOnce: however many are remembered at the same moment, ten are; and a login comes before its device is removed, or after.
func TestDevicesAtOnce(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s, at := replicated(t, b, map[string]string{
			"TRUSTED_PROXIES": "127.0.0.1/32", "MAX_SESSIONS_PER_USER": "0", "PUBLIC_URL": "http://localhost:5000",
		})
		c, record := at[0], s.Record()
		t.Run("are ten", func(t *testing.T) {
			account := s.NewAccount()
			key, _ := s.EnrolKey(c.Login(account), passkey)
			from := func(i int, r testkit.Request) testkit.Request { // of a block each, so that no challenge ends another
				r.Header = http.Header{"X-Forwarded-For": {fmt.Sprintf("198.51.100.%d", 1+i)}}
				return r
			}
			var proofs []body
			for i := range 24 {
				challenge := c.Do(from(i, login(credentials(account)))).Want(http.StatusUnauthorized, "mfa_required").Text("challenge")
				proofs = append(proofs, with(key.Sign(c.AskAtChallenge(challenge)), body{"challenge": challenge, "remember_device": true}))
			}
			answers := atOnce(t, at, len(proofs), func(i int) testkit.Request { return from(i, post("/api/auth/mfa/verify", "", proofs[i])) })
			counts := testkit.Tally(answers)
			if counts["200"]+counts["503 unavailable"] != len(answers) || counts["200"] <= domain.MaxTrustedDevices {
				t.Fatalf("answers: %v", counts)
			}
			trusted, removed := len(record.Events(domain.EventDeviceTrusted, account.ID)), len(record.Events(domain.EventDeviceRemoved, account.ID))
			if n := record.Count("SELECT count(*) FROM device_tokens WHERE user_id = ?", account.ID); n != domain.MaxTrustedDevices || trusted-removed != n {
				t.Errorf("%d devices, %d events of new ones, %d of removed ones", n, trusted, removed)
			}
			live := 0
			for _, answer := range answers {
				if answer.Status == http.StatusOK && c.Do(on(answer.Text("device_token"), account)).Status == http.StatusOK {
					live++
				}
			}
			if live != domain.MaxTrustedDevices {
				t.Errorf("%d spare the factor", live)
			}
		})
		t.Run("are removed before a login, or after it", func(t *testing.T) {
			account := s.NewAccount()
			app, in := s.Enrol(c.Login(account))
			for round := range 3 {
				device := remember(c, account, app)
				id := devices(c, in.Access)[0]["id"].(string)
				answers := atOnce(t, at, 8, func(i int) testkit.Request {
					if i == 2*round {
						return del("/api/auth/devices/"+id, in.Access)
					}
					return on(device, account)
				})
				answers[2*round].Want(http.StatusOK, "")
				if counts := testkit.Tally(answers); counts["200"]+counts["401 mfa_required"] != len(answers) {
					t.Errorf("answers: %v", counts)
				}
				c.Do(on(device, account)).Want(http.StatusUnauthorized, "mfa_required")
			}
		})
		t.Run("spare no login that outlives a change of the password", func(t *testing.T) {
			for round := range 3 {
				account := s.NewAccount()
				app, in := s.Enrol(c.Login(account))
				device := remember(c, account, app)
				answers := atOnce(t, at, 7, func(i int) testkit.Request {
					if i == 2*round {
						return changing(in.Access, account.Password, newPassword)
					}
					return on(device, account)
				})
				wantNothingOutlived(t, c, s, account, answers, 2*round, 1)
			}
		})
	})
}
