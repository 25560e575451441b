package porttest

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

func newAppTokenSecret(at time.Time) domain.AppTokenSecret {
	return domain.AppTokenSecret{ID: newID[domain.AppTokenSecretID](), Hash: newBytes(32), Prefix: "sgat_12345678", CreatedAt: at}
}

// appToken is a stored token of a service, after a change.
func (s storeTest) appToken(t *testing.T, service domain.ServiceID, change func(*domain.AppToken)) domain.AppToken {
	t.Helper()
	token := domain.AppToken{
		ID: newID[domain.AppTokenID](), ServiceID: service, Name: "CI", CreatedAt: noon, Secrets: []domain.AppTokenSecret{newAppTokenSecret(noon)},
	}
	if change != nil {
		change(&token)
	}
	s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.AppTokens.Insert(ctx, token) })
	return token
}

// sameToken compares tokens: scopes by what they say.
func sameToken(t *testing.T, what string, got, want domain.AppToken) {
	t.Helper()
	if got.Scopes.Narrows() != want.Scopes.Narrows() {
		t.Errorf("%s: narrows: %v", what, got.Scopes.Narrows())
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b domain.Scopes) bool { return slices.Equal(a.Texts(), b.Texts()) })); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func storeAppTokens(t *testing.T, s storeTest) {
	byID := func(t *testing.T, id domain.AppTokenID) domain.AppToken {
		t.Helper()
		token, err := s.Read().AppTokens.ByID(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	service, creator := s.service(t), s.user(t)

	t.Run("a token comes back as it went, by its id and by that of each secret", func(t *testing.T) {
		scopes, err := domain.ParseScopes([]string{"billing/invoice:read", "a/*:*"})
		if err != nil {
			t.Fatal(err)
		}
		want := s.appToken(t, service.ID, func(t *domain.AppToken) {
			t.Scopes, t.CreatedBy, t.ExpiresAt = scopes, creator.ID.Principal(), noon.Add(time.Hour)
			newer := newAppTokenSecret(noon.Add(time.Minute))
			t.Secrets[0].ExpiresAt = noon.Add(2 * time.Minute)
			t.Secrets = []domain.AppTokenSecret{newer, t.Secrets[0]}
		})
		sameToken(t, "by id", byID(t, want.ID), want)
		for _, secret := range want.Secrets {
			got, err := s.Read().AppTokens.BySecret(t.Context(), secret.ID)
			if err != nil {
				t.Fatal(err)
			}
			sameToken(t, "by secret", got, want)
		}
	})

	t.Run("scopes that permit nothing are not scopes that narrow nothing", func(t *testing.T) {
		none := s.appToken(t, service.ID, func(t *domain.AppToken) { t.Scopes = domain.RestoreScopes(nil) })
		all := s.appToken(t, service.ID, nil)
		if got := byID(t, none.ID).Scopes; !got.Narrows() || len(got.Texts()) != 0 {
			t.Errorf("[] became %v", got)
		}
		if got := byID(t, all.ID).Scopes; got.Narrows() {
			t.Errorf("null became %v", got)
		}
	})

	t.Run("unknown and impossible ids are not found", func(t *testing.T) {
		for _, id := range []string{"", "x", "nul\x00", string(newID[domain.AppTokenID]())} {
			_, err := s.Read().AppTokens.ByID(t.Context(), domain.AppTokenID(id))
			fails(t, "ByID", err, domain.ErrNotFound)
			_, err = s.Read().AppTokens.BySecret(t.Context(), domain.AppTokenSecretID(id))
			fails(t, "BySecret", err, domain.ErrNotFound)
			_, err = s.Read().AppTokens.Listed(t.Context(), domain.AppTokenID(id))
			fails(t, "Listed", err, domain.ErrNotFound)
			if n, err := s.Read().AppTokens.CountLive(t.Context(), domain.ServiceID(id), noon); n != 0 || err != nil {
				t.Errorf("CountLive = %d, %v", n, err)
			}
			if all, err := s.Read().AppTokens.List(t.Context(), domain.ServiceID(id), store.Page{Limit: 9}); len(all) != 0 || err != nil {
				t.Errorf("List = %v, %v", all, err)
			}
			s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.AppTokens.Delete(ctx, domain.AppTokenID(id)) })
		}
		err := s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			return tx.AppTokens.Update(ctx, domain.AppToken{ID: newID[domain.AppTokenID]()})
		})
		fails(t, "Update", err, domain.ErrNotFound)
	})

	t.Run("an update writes name, scopes, ends and secrets", func(t *testing.T) {
		want := s.appToken(t, service.ID, func(t *domain.AppToken) { t.Secrets = append(t.Secrets, newAppTokenSecret(noon.Add(-time.Hour))) })
		gone := want.Secrets[1]
		want.Name, want.Scopes = "Renamed", domain.RestoreScopes([]string{"a/x:read"})
		want.ExpiresAt, want.RevokedAt = noon.Add(time.Hour), noon.Add(time.Minute)
		want.Secrets[0].ExpiresAt = noon.Add(time.Minute)
		want.Secrets = []domain.AppTokenSecret{newAppTokenSecret(noon.Add(time.Minute)), want.Secrets[0]}
		changed := want
		changed.ServiceID = domain.PlatformID // which never changes
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.AppTokens.Update(ctx, changed) })
		sameToken(t, "updated", byID(t, want.ID), want)
		_, err := s.Read().AppTokens.BySecret(t.Context(), gone.ID)
		fails(t, "a secret that was dropped", err, domain.ErrNotFound)
	})

	t.Run("lists are newest first, with creator and use, and page", func(t *testing.T) {
		own := s.service(t)
		var want []domain.AppTokenID
		for i := range 5 {
			token := s.appToken(t, own.ID, func(t *domain.AppToken) {
				t.CreatedAt = noon.Add(time.Duration(i/2) * time.Minute) // of two at one time the id decides
				if i > 0 {
					t.CreatedBy = creator.ID.Principal()
				}
			})
			want = append(want, token.ID)
			s.write(t, func(ctx context.Context, tx *store.Tx) error {
				use := domain.TokenUse{Secret: token.Secrets[0].ID, Token: token.ID, Count: int64(i), LastAt: noon, LastIP: "192.0.2.1"}
				return tx.AppTokens.AddUse(ctx, []domain.TokenUse{use}, nil)
			})
		}
		s.appToken(t, service.ID, nil) // another service's
		var got []domain.AppTokenID
		var after domain.Cursor
		for {
			page, err := s.Read().AppTokens.List(t.Context(), own.ID, store.Page{After: after, Limit: 2})
			if err != nil {
				t.Fatal(err)
			}
			for _, token := range page {
				if i := slices.Index(want, token.ID); token.Used().Count != int64(i) || (token.Creator.State == domain.Active) != (i > 0) || len(token.Secrets) != 1 {
					t.Errorf("token %d: %+v", i, token)
				}
				if !after.IsZero() && (token.CreatedAt.After(after.At) || token.CreatedAt.Equal(after.At) && string(token.ID) >= after.ID) {
					t.Errorf("%s comes after %s", token.ID, after.ID)
				}
				after = token.Place()
				got = append(got, token.ID)
			}
			if len(page) < 2 {
				break
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})

	t.Run("those that live are counted", func(t *testing.T) {
		own := s.service(t)
		s.appToken(t, own.ID, nil)
		s.appToken(t, own.ID, func(t *domain.AppToken) { t.ExpiresAt = noon.Add(time.Microsecond) })
		s.appToken(t, own.ID, func(t *domain.AppToken) { t.ExpiresAt = noon })
		s.appToken(t, own.ID, func(t *domain.AppToken) { t.RevokedAt = noon })
		if n, err := s.Read().AppTokens.CountLive(t.Context(), own.ID, noon); n != 2 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	})

	t.Run("a deleted token is gone with its secrets and their use", func(t *testing.T) {
		token := s.appToken(t, service.ID, nil)
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			use := domain.TokenUse{Secret: token.Secrets[0].ID, Token: token.ID, Count: 1, LastAt: noon}
			if err := tx.AppTokens.AddUse(ctx, []domain.TokenUse{use}, nil); err != nil {
				return err
			}
			return tx.AppTokens.Delete(ctx, token.ID)
		})
		_, err := s.Read().AppTokens.BySecret(t.Context(), token.Secrets[0].ID)
		fails(t, "BySecret", err, domain.ErrNotFound)
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.AppTokens.Insert(ctx, token) })
		if got, err := s.Read().AppTokens.Listed(t.Context(), token.ID); err != nil || got.Used().Count != 0 {
			t.Errorf("its use is still there: %+v, %v", got.Use, err)
		}
	})
	t.Run("use", func(t *testing.T) { storeTokenUse(t, s, service) })
}

func storeTokenUse(t *testing.T, s storeTest, service domain.Service) {
	t.Run("adds up, and the last of it is the latest", func(t *testing.T) {
		token := s.appToken(t, service.ID, nil)
		hour := domain.HourOf(noon)
		add := func(count int64, at time.Time, ip string) {
			t.Helper()
			s.write(t, func(ctx context.Context, tx *store.Tx) error {
				return tx.AppTokens.AddUse(ctx,
					[]domain.TokenUse{{Secret: token.Secrets[0].ID, Token: token.ID, Count: count, LastAt: at, LastIP: ip}},
					[]domain.UsedHour{{Token: token.ID, Hour: domain.HourOf(at), Count: count, LastAt: at}})
			})
		}
		add(3, noon.Add(time.Minute), "192.0.2.1")
		add(4, noon, "192.0.2.2") // a replica that is late
		add(5, noon.Add(time.Hour), "192.0.2.3")
		got, err := s.Read().AppTokens.Listed(t.Context(), token.ID)
		if err != nil {
			t.Fatal(err)
		}
		want := domain.TokenUse{Secret: token.Secrets[0].ID, Token: token.ID, Count: 12, LastAt: noon.Add(time.Hour), LastIP: "192.0.2.3"}
		same(t, "use", got.Use[token.Secrets[0].ID], want)
		read := func(since, until time.Time) []domain.UsedHour {
			hours, err := s.Read().AppTokens.UsedHours(t.Context(), []domain.AppTokenID{token.ID, "no id"}, since, until)
			if err != nil {
				t.Fatal(err)
			}
			return hours
		}
		first := domain.UsedHour{Token: token.ID, Hour: hour, Count: 7, LastAt: noon.Add(time.Minute)}
		second := domain.UsedHour{Token: token.ID, Hour: hour.Add(time.Hour), Count: 5, LastAt: noon.Add(time.Hour)}
		same(t, "both hours", read(hour, hour.Add(2*time.Hour)), []domain.UsedHour{first, second})
		same(t, "the first", read(hour, hour.Add(time.Hour)), []domain.UsedHour{first})
		same(t, "none", read(hour.Add(2*time.Hour), hour.Add(3*time.Hour)), []domain.UsedHour(nil))
	})

	t.Run("of purged secrets voids nothing", func(t *testing.T) {
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			gone := newID[domain.AppTokenID]()
			return tx.AppTokens.AddUse(ctx, []domain.TokenUse{{Secret: newID[domain.AppTokenSecretID](), Token: gone, Count: 1, LastAt: noon}},
				[]domain.UsedHour{{Token: gone, Hour: domain.HourOf(noon), Count: 1, LastAt: noon}})
		})
	})

	t.Run("that many replicas add at once is all there, and nobody waits for ever", func(t *testing.T) {
		var uses []domain.TokenUse
		var hours []domain.UsedHour
		for range 20 {
			token := s.appToken(t, service.ID, nil)
			uses = append(uses, domain.TokenUse{Secret: token.Secrets[0].ID, Token: token.ID, Count: 1, LastAt: noon})
			hours = append(hours, domain.UsedHour{Token: token.ID, Hour: domain.HourOf(noon), Count: 1, LastAt: noon})
		}
		slices.SortFunc(uses, func(a, b domain.TokenUse) int { return strings.Compare(string(a.Secret), string(b.Secret)) })
		slices.SortFunc(hours, func(a, b domain.UsedHour) int { return strings.Compare(string(a.Token), string(b.Token)) })
		const replicas = 8
		var done sync.WaitGroup
		errs := make([]error, replicas)
		for i := range replicas {
			done.Go(func() {
				errs[i] = s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.AppTokens.AddUse(ctx, uses, hours) })
			})
		}
		done.Wait()
		for _, err := range errs {
			if err != nil {
				t.Error(err)
			}
		}
		for _, u := range uses {
			if got, err := s.Read().AppTokens.Listed(t.Context(), u.Token); err != nil || got.Used().Count != replicas {
				t.Errorf("%d uses, %v", got.Used().Count, err)
			}
		}
	})
}
