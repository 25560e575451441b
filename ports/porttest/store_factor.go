package porttest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

func newFactor(user domain.UserID, session domain.SessionID, kind domain.FactorKind) domain.Factor {
	f := domain.Factor{ID: newID[domain.FactorID](), UserID: user, Kind: kind, Name: "Grace’s phone", SessionID: session, CreatedAt: noon}
	if kind == domain.FactorTOTP {
		f.Secret = newBytes(48)
		return f
	}
	f.Credential = domain.Credential{
		ID: newBytes(32), PublicKey: newBytes(77), RPID: "auth.example.com", SignCount: 1<<32 - 1, Transports: []string{"usb", "nfc"}, BackupEligible: true,
	}
	return f
}

func storeFactors(t *testing.T, s storeTest) {
	ofUser := func(t *testing.T, id domain.UserID) []domain.Factor {
		t.Helper()
		all, err := s.Read().Factors.ByUser(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	insert := func(t *testing.T, all ...domain.Factor) {
		t.Helper()
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			for _, f := range all {
				if err := tx.Factors.Insert(ctx, f); err != nil {
					return err
				}
			}
			return nil
		})
	}
	confirmed := func(t *testing.T, user domain.UserID) domain.Factor {
		t.Helper()
		f := newFactor(user, newID[domain.SessionID](), domain.FactorTOTP)
		insert(t, f)
		f.ConfirmedAt, f.LastUsedAt, f.LastStep, f.SessionID = noon, noon, 7, ""
		s.write(t, func(ctx context.Context, tx *store.Tx) error { _, err := tx.Factors.Confirm(ctx, f); return err })
		return f
	}
	hasFactors := func(t *testing.T, u domain.User, want bool) {
		t.Helper()
		byID, err1 := s.Read().Users.ByID(t.Context(), u.ID)
		byEmail, err2 := s.Read().Users.ByEmail(t.Context(), u.Email)
		candidate, err3 := s.Read().Users.Candidate(t.Context(), u.Email, []byte("no run"), noon)
		if err1 != nil || err2 != nil || err3 != nil || byID.HasFactors != want || byEmail.HasFactors != want || candidate.User.HasFactors != want {
			t.Errorf("the user has factors: %v, %v, %v (%v, %v, %v), want %v", byID.HasFactors, byEmail.HasFactors, candidate.User.HasFactors, err1, err2, err3, want)
		}
	}

	t.Run("are kept whole, and count when they are confirmed", func(t *testing.T) {
		u := s.user(t)
		totp := newFactor(u.ID, newID[domain.SessionID](), domain.FactorTOTP)
		key := newFactor(u.ID, newID[domain.SessionID](), domain.FactorSecurityKey)
		totp.CreatedAt = noon.Add(-time.Second)
		insert(t, key, totp)
		same(t, "all", ofUser(t, u.ID), []domain.Factor{totp, key})
		same(t, "another's", ofUser(t, s.user(t).ID), []domain.Factor(nil))
		same(t, "nobody's", ofUser(t, "nonsense"), []domain.Factor(nil))
		hasFactors(t, u, false)
		totp.ConfirmedAt, totp.LastStep = noon.Add(time.Second), 7
		won := race(t, racers, func(int) (ok bool, err error) {
			err = s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				ok, err = tx.Factors.Confirm(ctx, totp)
				return err
			})
			return ok, err
		})
		if won != 1 {
			t.Errorf("%d confirmed one factor", won)
		}
		totp.LastUsedAt, totp.SessionID = totp.ConfirmedAt, ""
		same(t, "all", ofUser(t, u.ID), []domain.Factor{totp, key})
		hasFactors(t, u, true)
		hasFactors(t, s.user(t), false)
	})
	t.Run("are what some administrators lack", func(t *testing.T) {
		with, without, plain, off, over := s.user(t), s.user(t), s.user(t), s.user(t), s.user(t)
		confirmed(t, with.ID)
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			for u, end := range map[domain.UserID]time.Time{with.ID: {}, without.ID: {}, off.ID: {}, over.ID: noon} {
				err := tx.Assignments.Put(ctx, domain.Assignment{
					ID: newID[domain.AssignmentID](), PrincipalID: u.Principal(), RoleID: domain.RolePlatformReader, ServiceID: domain.PlatformID, CreatedAt: noon, ExpiresAt: end,
				})
				if err != nil {
					return err
				}
			}
			p := off.Principal
			p.Disable("left", time.Time{}, noon)
			return tx.Principals.Update(ctx, p)
		})
		lack := ask(t, func(ctx context.Context) ([]domain.Unfactored, error) {
			return s.Read().Grants.WithoutFactor(ctx, noon, 1000)
		})
		lacks := func(u domain.User) bool {
			return slices.Contains(lack, domain.Unfactored{ID: u.ID, Email: u.Email.Canonical()})
		}
		same(t, "who lacks one", []bool{lacks(with), lacks(without), lacks(plain), lacks(off), lacks(over)}, []bool{false, true, false, false, false})
		same(t, "how many", len(ask(t, func(ctx context.Context) ([]domain.Unfactored, error) {
			return s.Read().Grants.WithoutFactor(ctx, noon, 0)
		})), 0)
	})
	t.Run("have names, and go", func(t *testing.T) {
		u, other := s.user(t), s.user(t)
		f, waiting := confirmed(t, u.ID), newFactor(u.ID, newID[domain.SessionID](), domain.FactorTOTP)
		theirs := confirmed(t, other.ID)
		waiting.CreatedAt = noon.Add(time.Second)
		insert(t, waiting)
		for _, wrong := range []domain.Factor{{UserID: u.ID, ID: theirs.ID}, {UserID: u.ID, ID: waiting.ID}, {UserID: u.ID, ID: "nonsense"}, {UserID: "nonsense", ID: f.ID}} {
			for what, change := range map[string]func(context.Context, *store.Tx) error{
				"rename": func(ctx context.Context, tx *store.Tx) error {
					return tx.Factors.Rename(ctx, wrong.UserID, wrong.ID, "mine")
				},
				"delete": func(ctx context.Context, tx *store.Tx) error { return tx.Factors.Delete(ctx, wrong.UserID, wrong.ID) },
			} {
				fails(t, what, s.WithinTx(t.Context(), change), domain.ErrNotFound)
			}
		}
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Factors.Rename(ctx, u.ID, f.ID, "the phone") })
		f.Name = "the phone"
		same(t, "renamed", ofUser(t, u.ID), []domain.Factor{f, waiting})
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			return tx.Factors.DeleteUnconfirmed(ctx, u.ID, domain.FactorPasskey)
		})
		same(t, "of another kind", ofUser(t, u.ID), []domain.Factor{f, waiting})
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			return tx.Factors.DeleteUnconfirmed(ctx, u.ID, domain.FactorTOTP)
		})
		same(t, "without what waited", ofUser(t, u.ID), []domain.Factor{f})
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Factors.Delete(ctx, u.ID, f.ID) })
		same(t, "none", ofUser(t, u.ID), []domain.Factor(nil))
		hasFactors(t, u, false)
		same(t, "the other's", ofUser(t, other.ID), []domain.Factor{theirs})
	})
	t.Run("have a credential that nobody else has", func(t *testing.T) {
		u, other := s.user(t), s.user(t)
		key := newFactor(u.ID, "", domain.FactorPasskey)
		key.ConfirmedAt = noon
		insert(t, key)
		copied := newFactor(other.ID, "", domain.FactorSecurityKey)
		copied.Credential.ID = key.Credential.ID
		fails(t, "a copy", s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.Factors.Insert(ctx, copied) }), domain.ErrCredentialTaken)
		hasFactors(t, u, true)
		hasFactors(t, other, false)
		found, err := s.Read().Factors.ByCredential(t.Context(), key.Credential.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "by its credential", found, key)
		owner, found, err := s.Read().Users.WithCredential(t.Context(), u.ID, key.Credential.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "its owner's", found, key)
		stored, err := s.Read().Users.ByID(t.Context(), u.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "its owner", owner, stored)
		for _, id := range []domain.UserID{other.ID, newID[domain.UserID](), "nonsense", ""} {
			_, _, err := s.Read().Users.WithCredential(t.Context(), id, key.Credential.ID)
			fails(t, "another owner", err, domain.ErrNotFound)
		}
		for _, id := range [][]byte{nil, {}, newBytes(32), key.Credential.ID[:31]} {
			_, err := s.Read().Factors.ByCredential(t.Context(), id)
			fails(t, "another credential", err, domain.ErrNotFound)
			_, _, err = s.Read().Users.WithCredential(t.Context(), u.ID, id)
			fails(t, "the owner of another credential", err, domain.ErrNotFound)
		}
	})
	t.Run("accept a signature whose counter grows, or that has none", func(t *testing.T) {
		u := s.user(t)
		key := newFactor(u.ID, "", domain.FactorPasskey)
		key.ConfirmedAt, key.Credential.SignCount, key.Credential.BackupEligible = noon, 0, false
		app, waiting := newFactor(u.ID, "", domain.FactorTOTP), newFactor(u.ID, newID[domain.SessionID](), domain.FactorSecurityKey)
		app.ConfirmedAt, waiting.Credential.SignCount = noon, 0
		insert(t, key, app, waiting)
		now := noon
		use := func(f domain.Factor, count uint32) (ok bool) {
			now = now.Add(time.Second)
			f.Credential.SignCount = count
			s.write(t, func(ctx context.Context, tx *store.Tx) (err error) {
				ok, err = tx.Factors.UseCredential(ctx, f, now)
				return err
			})
			return ok
		}
		suspend := func(user domain.UserID, id domain.FactorID, since time.Time) (ok bool) {
			s.write(t, func(ctx context.Context, tx *store.Tx) (err error) {
				ok, err = tx.Factors.Suspend(ctx, user, id, since, now)
				return err
			})
			return ok
		}
		stored := func() domain.Factor {
			f, err := s.Read().Factors.ByCredential(t.Context(), key.Credential.ID)
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
		for i, step := range []struct {
			count uint32
			want  bool
		}{{0, true}, {0, true}, {1, true}, {0, false}, {1, false}, {7, true}, {6, false}, {1<<32 - 1, true}} {
			if got := use(key, step.count); got != step.want {
				t.Errorf("step %d, counter %d: %v", i, step.count, got)
			}
		}
		theirs := key
		theirs.UserID = s.user(t).ID
		nonsense := key
		nonsense.ID = "nonsense"
		for what, f := range map[string]domain.Factor{"another's": theirs, "nonsense": nonsense, "an app": app, "one that waits": waiting} {
			if use(f, 9) || suspend(f.UserID, f.ID, now.Add(time.Hour)) {
				t.Errorf("%s: used", what)
			}
		}
		synced := key
		synced.Credential.BackupEligible, synced.Credential.BackedUp = true, true
		fails(t, "what is not suspended", s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.Factors.Resume(ctx, u.ID, key.ID) }), domain.ErrNotFound)
		used := stored().LastUsedAt
		if suspend(u.ID, key.ID, used) || !suspend(u.ID, key.ID, used.Add(time.Millisecond)) || suspend(u.ID, key.ID, used.Add(time.Hour)) {
			t.Error("suspended without need, or not at need")
		}
		if f := stored(); !f.SuspendedAt.Equal(now) || use(synced, 1<<32-1) {
			t.Errorf("suspended: %+v", f)
		}
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Factors.Resume(ctx, u.ID, key.ID) })
		if !use(synced, 3) || !use(key, 4) {
			t.Error("not resumed")
		}
		key.Credential.SignCount, key.Credential.BackupEligible, key.LastUsedAt = 4, true, now
		same(t, "at last", stored(), key)
		won := race(t, racers, func(int) (ok bool, err error) {
			f := key
			f.Credential.SignCount = 5
			err = s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				ok, err = tx.Factors.UseCredential(ctx, f, now)
				return err
			})
			return ok, err
		})
		if won != 1 {
			t.Errorf("%d used one counter", won)
		}
	})
	t.Run("accept a time step once, and none before it", func(t *testing.T) {
		f := confirmed(t, s.user(t).ID)
		use := func(id domain.FactorID, step int64) (ok bool) {
			s.write(t, func(ctx context.Context, tx *store.Tx) (err error) {
				ok, err = tx.Factors.UseStep(ctx, id, step, noon.Add(time.Minute))
				return err
			})
			return ok
		}
		if use(f.ID, 7) || use(f.ID, 6) || use("nonsense", 9) || use(newID[domain.FactorID](), 9) {
			t.Error("a used step, an older one or that of no factor was accepted")
		}
		won := race(t, racers, func(int) (ok bool, err error) {
			err = s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				ok, err = tx.Factors.UseStep(ctx, f.ID, 9, noon.Add(time.Minute))
				return err
			})
			return ok, err
		})
		if won != 1 || use(f.ID, 8) {
			t.Errorf("step 9 was accepted %d times, or the one before it after it", won)
		}
		f.LastStep, f.LastUsedAt = 9, noon.Add(time.Minute)
		same(t, "the factor", ofUser(t, f.UserID), []domain.Factor{f})
		waiting := newFactor(f.UserID, newID[domain.SessionID](), domain.FactorTOTP)
		insert(t, waiting)
		if use(waiting.ID, 9) {
			t.Error("an unconfirmed factor accepted a step")
		}
	})
	t.Run("have recovery codes, each of which counts once", func(t *testing.T) {
		u, other := s.user(t), s.user(t)
		codes := func(at time.Time) (all []domain.RecoveryCode) {
			for range domain.RecoveryCodeCount {
				all = append(all, domain.RecoveryCode{ID: newID[domain.RecoveryCodeID](), UserID: u.ID, Hash: newBytes(32), CreatedAt: at})
			}
			return all
		}
		left := func(want domain.RecoveryCodes) {
			t.Helper()
			got, err := s.Read().Factors.Codes(t.Context(), u.ID)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "left", got, want)
		}
		replace := func(user domain.UserID, all []domain.RecoveryCode) {
			t.Helper()
			s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Factors.ReplaceCodes(ctx, user, all) })
		}
		use := func(user domain.UserID, hash []byte) (ok bool, err error) {
			err = s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				ok, err = tx.Factors.UseCode(ctx, user, hash, noon.Add(time.Hour))
				return err
			})
			return ok, err
		}
		left(domain.RecoveryCodes{})
		first := codes(noon)
		replace(u.ID, first)
		second := codes(noon.Add(time.Minute))
		replace(u.ID, second)
		left(domain.RecoveryCodes{Left: 10, CreatedAt: noon.Add(time.Minute)})
		for what, wrong := range map[string]domain.RecoveryCode{
			"a replaced one": first[0], "another's": {UserID: other.ID, Hash: second[0].Hash}, "nobody's": {UserID: "nonsense", Hash: second[0].Hash},
		} {
			has, err := s.Read().Factors.HasCode(t.Context(), wrong.UserID, wrong.Hash)
			ok, err2 := use(wrong.UserID, wrong.Hash)
			if has || ok || err != nil || err2 != nil {
				t.Errorf("%s: %v, %v (%v, %v)", what, has, ok, err, err2)
			}
		}
		if has, err := s.Read().Factors.HasCode(t.Context(), u.ID, second[0].Hash); !has || err != nil {
			t.Errorf("a code is not there: %v", err)
		}
		if won := race(t, racers, func(int) (bool, error) { return use(u.ID, second[0].Hash) }); won != 1 {
			t.Errorf("one code was used %d times", won)
		}
		if has, err := s.Read().Factors.HasCode(t.Context(), u.ID, second[0].Hash); has || err != nil {
			t.Errorf("a used code is still there: %v", err)
		}
		left(domain.RecoveryCodes{Left: 9, CreatedAt: noon.Add(time.Minute)})
		insert(t, newFactor(u.ID, newID[domain.SessionID](), domain.FactorPasskey))
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Factors.DeleteAll(ctx, u.ID) })
		left(domain.RecoveryCodes{})
		same(t, "factors", ofUser(t, u.ID), []domain.Factor(nil))
	})
}
