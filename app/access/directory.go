package access

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/cache"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
)

// Directory remembers sessions, principals, services and grants. It is a feed.Listener. Safe for concurrent use.
type Directory struct {
	Store  store.Store
	Feed   Feed
	System sys.System
	Caches cache.Set
	// PlatformLevel is the level from which the platform's roles count, except the one that everybody has; zero: any (MFA_PLATFORM).
	PlatformLevel domain.Level

	services atomic.Uint64 // rises with every change of a service
}

// Feed tells whether cached values may still be used, and how new they are.
type Feed interface {
	Fresh(ctx context.Context) error
	Applied() int64
}

// Applied is the number of the newest change that this replica has applied. To make a token, ask for it before reading anything that the
// token depends on.
func (d *Directory) Applied() int64 { return d.Feed.Applied() }

// Session is the session of that id, ended ones too.
func (d *Directory) Session(ctx context.Context, id domain.SessionID) (domain.Session, error) {
	if err := d.Feed.Fresh(ctx); err != nil {
		return domain.Session{}, err
	}
	return d.Caches.Sessions.Get(ctx, id, func(ctx context.Context) (domain.Session, error) {
		return d.Store.Read().Sessions.ByID(ctx, id)
	})
}

// SessionAgain is Session, read again: for a caller that knows something newer than what is cached.
func (d *Directory) SessionAgain(ctx context.Context, id domain.SessionID) (domain.Session, error) {
	d.Caches.Sessions.Drop(id)
	return d.Session(ctx, id)
}

// Principal is the principal of that id, of any kind. It returns domain.ErrNotFound for an unknown or deleted one, which is also cached,
// for a second.
func (d *Directory) Principal(ctx context.Context, id domain.PrincipalID) (domain.Principal, error) {
	if err := d.Feed.Fresh(ctx); err != nil {
		return domain.Principal{}, err
	}
	p, err := d.Caches.Principals.Get(ctx, id, func(ctx context.Context) (domain.RememberedPrincipal, error) {
		p, err := d.Store.Read().Principals.ByID(ctx, id)
		if isNotFound(err) {
			return domain.RememberedPrincipal{Until: d.System.Now().Add(domain.UnknownAge)}, nil
		}
		return domain.RememberedPrincipal{Principal: p}, err
	})
	if err == nil && p.ID == "" {
		err = domain.ErrNotFound
	}
	return p.Principal, err
}

// PrincipalsOf are the principals of the ids that exist; those that are not cached are loaded together.
func (d *Directory) PrincipalsOf(ctx context.Context, ids []domain.PrincipalID) (map[domain.PrincipalID]domain.Principal, error) {
	if err := d.Feed.Fresh(ctx); err != nil {
		return nil, err
	}
	all, err := d.Caches.Principals.GetAll(ctx, ids, func(ctx context.Context, missing []domain.PrincipalID) (map[domain.PrincipalID]domain.RememberedPrincipal, error) {
		found, err := d.Store.Read().Principals.ByIDs(ctx, missing)
		if err != nil {
			return nil, err
		}
		remembered := make(map[domain.PrincipalID]domain.RememberedPrincipal, len(missing))
		for _, id := range missing {
			remembered[id] = domain.RememberedPrincipal{Until: d.System.Now().Add(domain.UnknownAge)}
			if p, ok := found[id]; ok {
				remembered[id] = domain.RememberedPrincipal{Principal: p}
			}
		}
		return remembered, nil
	})
	if err != nil {
		return nil, err
	}
	there := make(map[domain.PrincipalID]domain.Principal, len(all))
	for id, p := range all {
		if p.ID != "" {
			there[id] = p.Principal
		}
	}
	return there, nil
}

// User is the user of that id.
func (d *Directory) User(ctx context.Context, id domain.UserID) (domain.User, error) {
	if err := d.Feed.Fresh(ctx); err != nil {
		return domain.User{}, err
	}
	return d.Caches.Users.Get(ctx, id, func(ctx context.Context) (domain.User, error) {
		return d.Store.Read().Users.ByID(ctx, id)
	})
}

// Profile is the user as shown to clients, with the last login. While the database is down, the last known login is shown: a cached user
// must stay usable as long as the feed is fresh.
func (d *Directory) Profile(ctx context.Context, id domain.UserID) (domain.User, error) {
	user, err := d.User(ctx, id)
	if err != nil {
		return domain.User{}, err
	}
	user.LastLoginAt, err = d.Caches.LastLogins.Get(ctx, id, func(ctx context.Context) (time.Time, error) {
		now, err := d.Store.Read().Users.ByID(ctx, id)
		if err != nil {
			return user.LastLoginAt, nil //nolint:nilerr // cached like any other, so that not every request waits for the database
		}
		return now.LastLoginAt, nil
	})
	user.Principal = user.AsOf(d.System.Now())
	return user, err
}

// Identities are a user's identities at providers, oldest first. The caller must not change them.
func (d *Directory) Identities(ctx context.Context, id domain.UserID) ([]domain.Identity, error) {
	if err := d.Feed.Fresh(ctx); err != nil {
		return nil, err
	}
	return d.Caches.Identities.Get(ctx, id, func(ctx context.Context) ([]domain.Identity, error) {
		return d.Store.Read().Identities.ByUser(ctx, id)
	})
}

// Service is the active service of that key, id or name; the platform when ref is empty. domain.ErrUnknownService otherwise.
func (d *Directory) Service(ctx context.Context, ref string) (domain.Service, error) {
	if ref == "" {
		ref = domain.PlatformKey
	}
	if err := d.Feed.Fresh(ctx); err != nil {
		return domain.Service{}, err
	}
	s, err := d.find(ctx, ref)
	if isNotFound(err) || err == nil && !s.IsActive() {
		return domain.Service{}, domain.ErrUnknownService
	}
	return s, err
}

// find resolves a reference to an id, and the id to the service: a change of a service drops only its id, whatever its names are. If a name
// has moved to another service meanwhile, the reference is resolved again.
func (d *Directory) find(ctx context.Context, ref string) (domain.Service, error) {
	for range 2 {
		r, err := d.Caches.ServiceRefs.Get(ctx, ref, func(ctx context.Context) (domain.RememberedRef, error) {
			era := d.services.Load()
			s, err := d.Store.Read().Services.Find(ctx, ref)
			if isNotFound(err) {
				return domain.RememberedRef{Era: era, Until: d.System.Now().Add(domain.UnknownAge)}, nil
			}
			return domain.RememberedRef{ID: s.ID}, err
		})
		if err != nil {
			return domain.Service{}, err
		}
		if r.ID == "" && r.Era == d.services.Load() {
			return domain.Service{}, domain.ErrNotFound
		}
		if r.ID != "" {
			s, err := d.serviceByID(ctx, r.ID)
			if err == nil && s.IsCalled(ref) || err != nil && !isNotFound(err) {
				return s, err
			}
		}
		d.Caches.ServiceRefs.Drop(ref)
	}
	return domain.Service{}, domain.ErrNotFound
}

// ServiceByID is the service of that id, inactive ones too. domain.ErrNotFound otherwise.
func (d *Directory) ServiceByID(ctx context.Context, id domain.ServiceID) (domain.Service, error) {
	if err := d.Feed.Fresh(ctx); err != nil {
		return domain.Service{}, err
	}
	return d.serviceByID(ctx, id)
}

func (d *Directory) serviceByID(ctx context.Context, id domain.ServiceID) (domain.Service, error) {
	return d.Caches.Services.Get(ctx, id, func(ctx context.Context) (domain.Service, error) {
		return d.Store.Read().Services.ByID(ctx, id)
	})
}

// AppToken is the application token of that id, ended ones too. domain.ErrNotFound otherwise, which is also cached, for a second.
func (d *Directory) AppToken(ctx context.Context, id domain.AppTokenID) (domain.AppToken, error) {
	if err := d.Feed.Fresh(ctx); err != nil {
		return domain.AppToken{}, err
	}
	t, err := d.Caches.AppTokens.Get(ctx, id, func(ctx context.Context) (domain.RememberedAppToken, error) {
		t, err := d.Store.Read().AppTokens.ByID(ctx, id)
		if isNotFound(err) {
			return domain.RememberedAppToken{Until: d.System.Now().Add(domain.UnknownAge)}, nil
		}
		return domain.RememberedAppToken{AppToken: t}, err
	})
	if err == nil && t.ID == "" {
		err = domain.ErrNotFound
	}
	return t.AppToken, err
}

// AppTokenOf is the application token that a secret belongs to, by the secret's public id; the token itself checks the secret. A secret
// never moves to another token, so this relation is cached separately from what changes.
func (d *Directory) AppTokenOf(ctx context.Context, id domain.AppTokenSecretID) (domain.AppToken, error) {
	if err := d.Feed.Fresh(ctx); err != nil {
		return domain.AppToken{}, err
	}
	r, err := d.Caches.AppTokenRefs.Get(ctx, id, func(ctx context.Context) (domain.RememberedAppTokenRef, error) {
		t, err := d.Store.Read().AppTokens.BySecret(ctx, id)
		if isNotFound(err) {
			return domain.RememberedAppTokenRef{Until: d.System.Now().Add(domain.UnknownAge)}, nil
		}
		return domain.RememberedAppTokenRef{ID: t.ID}, err
	})
	if err != nil {
		return domain.AppToken{}, err
	}
	if r.ID == "" {
		return domain.AppToken{}, domain.ErrNotFound
	}
	return d.AppToken(ctx, r.ID)
}

// PV is the version of what a principal holds at a service: it rises with every change of either, or of the platform.
func (d *Directory) PV(ctx context.Context, p domain.Principal, s domain.Service) (int64, error) {
	key, err := d.grantsKey(ctx, p, s, domain.NoLevel)
	return key.PV[0] + key.PV[1] + key.PV[2], err
}

// Grants is what a principal who has proved a level may do at a service now; domain.NoLevel is for all that they could.
func (d *Directory) Grants(ctx context.Context, p domain.Principal, s domain.Service, level domain.Level) (domain.Grants, error) {
	key, err := d.grantsKey(ctx, p, s, level)
	if err != nil {
		return domain.Grants{}, err
	}
	return d.Caches.Grants.Get(ctx, key, func(ctx context.Context) (domain.Grants, error) {
		vocabulary, err := d.vocabulary(ctx, key.Vocabulary())
		if err != nil {
			return domain.Grants{}, err
		}
		held, err := d.Store.Read().Grants.Held(ctx, key.Principal, key.Service)
		return domain.EvaluateGrants(d.levelled(held, key.Service), vocabulary, key.Level, d.System.Now()), err
	})
}

// levelled is the roles that somebody holds at a service, from the levels on that settings ask for, too.
func (d *Directory) levelled(held []domain.HeldRole, service domain.ServiceID) []domain.HeldRole {
	if service != domain.PlatformID || d.PlatformLevel <= domain.AAL1 {
		return held
	}
	return domain.WithFloor(held, d.PlatformLevel)
}

// LevelOf is the level from which a role of a service counts where it is assigned.
func (d *Directory) LevelOf(r domain.Role, s domain.Service) domain.Level {
	held := []domain.HeldRole{{ID: r.ID, Level: max(r.MinLevel, s.MinLevel, domain.AAL1)}}
	return d.levelled(held, s.ID)[0].Level
}

// GrantsAt is Grants for several principals; grants that are not cached are loaded together.
func (d *Directory) GrantsAt(ctx context.Context, principals []domain.Principal, s domain.Service, level domain.Level) (map[domain.PrincipalID]domain.Grants, error) {
	shared, err := d.grantsKey(ctx, domain.Principal{}, s, level)
	if err != nil {
		return nil, err
	}
	keys := make([]domain.GrantsKey, len(principals))
	for i, p := range principals {
		keys[i] = shared
		keys[i].Principal, keys[i].PV[0] = p.ID, p.PV
	}
	all, err := d.Caches.Grants.GetAll(ctx, keys, func(ctx context.Context, missing []domain.GrantsKey) (map[domain.GrantsKey]domain.Grants, error) {
		vocabulary, err := d.vocabulary(ctx, shared.Vocabulary())
		if err != nil {
			return nil, err
		}
		ids := make([]domain.PrincipalID, len(missing))
		for i, key := range missing {
			ids[i] = key.Principal
		}
		held, err := d.Store.Read().Grants.HeldBy(ctx, ids, s.ID)
		if err != nil {
			return nil, err
		}
		evaluated := make(map[domain.GrantsKey]domain.Grants, len(missing))
		for _, key := range missing {
			evaluated[key] = domain.EvaluateGrants(d.levelled(held[key.Principal], s.ID), vocabulary, level, d.System.Now())
		}
		return evaluated, nil
	})
	grants := make(map[domain.PrincipalID]domain.Grants, len(all))
	for key, g := range all {
		grants[key.Principal] = g
	}
	return grants, err
}

// Narrowed is Grants with a credential of those scopes.
func (d *Directory) Narrowed(ctx context.Context, p domain.Principal, s domain.Service, scopes domain.Scopes, level domain.Level) (domain.Grants, error) {
	if !scopes.Narrows() {
		return d.Grants(ctx, p, s, level)
	}
	key, err := d.grantsKey(ctx, p, s, level)
	if err != nil {
		return domain.Grants{}, err
	}
	key.Scopes = scopes.Key()
	return d.Caches.Grants.Get(ctx, key, func(ctx context.Context) (domain.Grants, error) {
		all, err := d.Grants(ctx, p, s, level)
		return all.Narrow(scopes.At(s.Key)), err
	})
}

// LevelFor is the lowest level above that of grants at which their principal may do at the service what they are asked for; zero: at none.
// It asks for more only where a level would add a role.
func (d *Directory) LevelFor(ctx context.Context, p domain.Principal, s domain.Service, at domain.Grants, enough func(domain.Grants) bool) (domain.Level, error) {
	for next := at.NextLevel; next != 0; next = at.NextLevel {
		var err error
		if at, err = d.Grants(ctx, p, s, next); err != nil {
			return 0, err
		}
		if enough(at) {
			return next, nil
		}
	}
	return 0, nil
}

// vocabulary is shared by all principals that hold something at the service.
func (d *Directory) vocabulary(ctx context.Context, key domain.VocabularyKey) (*domain.Vocabulary, error) {
	return d.Caches.Vocabularies.Get(ctx, key, func(ctx context.Context) (*domain.Vocabulary, error) {
		names, err := d.Store.Read().Grants.Known(ctx, key.Service)
		return domain.NewVocabulary(names), err
	})
}

func (d *Directory) grantsKey(ctx context.Context, p domain.Principal, s domain.Service, level domain.Level) (domain.GrantsKey, error) {
	platform := s
	if !s.IsPlatform() {
		var err error
		if platform, err = d.Service(ctx, ""); err != nil {
			return domain.GrantsKey{}, err
		}
	}
	return domain.GrantsKey{Principal: p.ID, Service: s.ID, Level: level, PV: [3]int64{p.PV, s.PV, platform.PV}}, nil
}

// Changed forgets one subject. Grants need no drop: their keys contain the permission versions, which rise with each change
// (domain.GrantsKey).
func (d *Directory) Changed(change domain.Change) {
	subject := change.Subject
	switch change.Kind {
	case domain.ChangeSession:
		d.Caches.Sessions.Drop(domain.SessionID(subject))
	case domain.ChangePrincipal:
		d.Caches.Users.Drop(domain.UserID(subject))
		d.Caches.Identities.Drop(domain.UserID(subject))
		d.Caches.Principals.Drop(domain.PrincipalID(subject))
	case domain.ChangeService:
		d.services.Add(1) // an unknown reference may exist now
		d.Caches.Services.Drop(domain.ServiceID(subject))
	case domain.ChangeAppToken:
		d.Caches.AppTokens.Drop(domain.AppTokenID(subject))
	}
}

// Flush forgets everything.
func (d *Directory) Flush(domain.FeedPlace) {
	d.Caches.Sessions.Flush()
	d.Caches.Users.Flush()
	d.Caches.Identities.Flush()
	d.Caches.LastLogins.Flush()
	d.Caches.Principals.Flush()
	d.Caches.ServiceRefs.Flush()
	d.Caches.Services.Flush()
	d.Caches.Vocabularies.Flush()
	d.Caches.Grants.Flush()
	d.Caches.Assigned.Flush()
	d.Caches.AppTokens.Flush()
	d.Caches.AppTokenRefs.Flush()
}
