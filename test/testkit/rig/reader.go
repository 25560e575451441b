package rig

import (
	"context"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// The watched readers: what each embeds answers, and the Store hears of it.
type (
	users struct {
		store.UserReader
		s *Store
	}
	principals struct {
		store.PrincipalReader
		s *Store
	}
	registrations struct {
		store.RegistrationReader
		s *Store
	}
	services struct {
		store.ServiceReader
		s *Store
	}
	grants struct {
		store.GrantReader
		s *Store
	}
	sessions struct {
		store.SessionReader
		s *Store
	}
	appTokens struct {
		store.AppTokenReader
		s *Store
	}
	flows struct {
		store.FlowReader
		s *Store
	}
	lockouts struct {
		store.LockoutReader
		s *Store
	}
	signingKeys struct {
		store.KeyReader
		s *Store
	}
	changes struct {
		store.ChangeReader
		s *Store
	}
	facts struct {
		store.FactReader
		s *Store
	}
	meta struct {
		store.MetaReader
		s *Store
	}
)

func (r principals) ByIDs(ctx context.Context, ids []domain.PrincipalID) (map[domain.PrincipalID]domain.Principal, error) {
	return ask(r.s, "Principals.ByIDs", func() (map[domain.PrincipalID]domain.Principal, error) { return r.PrincipalReader.ByIDs(ctx, ids) })
}

func (r users) ByID(ctx context.Context, id domain.UserID) (domain.User, error) {
	return ask(r.s, "Users.ByID", func() (domain.User, error) { return r.UserReader.ByID(ctx, id) })
}

func (r users) ByEmail(ctx context.Context, email domain.Email) (domain.User, error) {
	return ask(r.s, "Users.ByEmail", func() (domain.User, error) { return r.UserReader.ByEmail(ctx, email) })
}

func (r users) Candidate(ctx context.Context, email domain.Email, runKey []byte, now time.Time) (domain.Candidate, error) {
	return ask(r.s, "Users.Candidate", func() (domain.Candidate, error) { return r.UserReader.Candidate(ctx, email, runKey, now) })
}

func (r registrations) LiveByEmail(ctx context.Context, email domain.Email, now time.Time) ([]domain.Registration, error) {
	return ask(r.s, "Registrations.LiveByEmail", func() ([]domain.Registration, error) {
		return r.RegistrationReader.LiveByEmail(ctx, email, now)
	})
}

func (r services) Find(ctx context.Context, ref string) (domain.Service, error) {
	return ask(r.s, "Services.Find", func() (domain.Service, error) { return r.ServiceReader.Find(ctx, ref) })
}

func (r grants) Held(ctx context.Context, p domain.PrincipalID, s domain.ServiceID) ([]domain.HeldRole, error) {
	return ask(r.s, "Grants.Held", func() ([]domain.HeldRole, error) { return r.GrantReader.Held(ctx, p, s) })
}

func (r grants) HeldBy(ctx context.Context, ps []domain.PrincipalID, s domain.ServiceID) (map[domain.PrincipalID][]domain.HeldRole, error) {
	return ask(r.s, "Grants.HeldBy", func() (map[domain.PrincipalID][]domain.HeldRole, error) { return r.GrantReader.HeldBy(ctx, ps, s) })
}

func (r sessions) PageByUser(ctx context.Context, user domain.UserID, policy domain.SessionPolicy, now time.Time, after domain.Cursor, limit int) ([]domain.Session, error) {
	return ask(r.s, "Sessions.PageByUser", func() ([]domain.Session, error) {
		return r.SessionReader.PageByUser(ctx, user, policy, now, after, limit)
	})
}

func (r sessions) CountLive(ctx context.Context, policy domain.SessionPolicy, now time.Time) (domain.SessionCount, error) {
	return ask(r.s, "Sessions.CountLive", func() (domain.SessionCount, error) { return r.SessionReader.CountLive(ctx, policy, now) })
}

func (r sessions) ByID(ctx context.Context, id domain.SessionID) (domain.Session, error) {
	return ask(r.s, "Sessions.ByID", func() (domain.Session, error) { return r.SessionReader.ByID(ctx, id) })
}

func (r sessions) Family(ctx context.Context, id domain.FamilyID) (domain.Family, domain.Session, error) {
	var session domain.Session
	family, err := ask(r.s, "Sessions.Family", func() (family domain.Family, err error) {
		family, session, err = r.SessionReader.Family(ctx, id)
		return family, err
	})
	return family, session, err
}

func (r appTokens) ByID(ctx context.Context, id domain.AppTokenID) (domain.AppToken, error) {
	return ask(r.s, "AppTokens.ByID", func() (domain.AppToken, error) { return r.AppTokenReader.ByID(ctx, id) })
}

func (r appTokens) BySecret(ctx context.Context, id domain.AppTokenSecretID) (domain.AppToken, error) {
	return ask(r.s, "AppTokens.BySecret", func() (domain.AppToken, error) { return r.AppTokenReader.BySecret(ctx, id) })
}

func (r flows) BySecret(ctx context.Context, hash []byte) (domain.Flow, error) {
	return ask(r.s, "Flows.BySecret", func() (domain.Flow, error) { return r.FlowReader.BySecret(ctx, hash) })
}

func (r lockouts) ByKey(ctx context.Context, key []byte) (domain.Lockout, error) {
	return ask(r.s, "Lockouts.ByKey", func() (domain.Lockout, error) { return r.LockoutReader.ByKey(ctx, key) })
}

func (r signingKeys) All(ctx context.Context) ([]domain.SigningKey, error) {
	return ask(r.s, "Keys.All", func() ([]domain.SigningKey, error) { return r.KeyReader.All(ctx) })
}

func (r changes) After(ctx context.Context, seq int64, limit int) (store.Feed, error) {
	return ask(r.s, "Changes.After", func() (store.Feed, error) { return r.ChangeReader.After(ctx, seq, limit) })
}

func (r facts) Between(ctx context.Context, after, upTo int64, limit int) ([]domain.Change, error) {
	return ask(r.s, "Facts.Between", func() ([]domain.Change, error) { return r.FactReader.Between(ctx, after, upTo, limit) })
}

func (r meta) Get(ctx context.Context, key string) (string, error) {
	return ask(r.s, "Meta.Get", func() (string, error) { return r.MetaReader.Get(ctx, key) })
}
