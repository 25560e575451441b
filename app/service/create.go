package service

import (
	"cmp"
	"context"
	"fmt"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// CreateInput is a new service.
type CreateInput struct {
	Actor       domain.Actor
	From        domain.Origin
	Name        string
	Key         string // empty: made from the name
	Description string
	TokenType   domain.TokenType // empty: at+jwt
	MinLevel    domain.Level     // from which its roles count; zero: any
	ID          domain.ServiceID // the id to keep in an import; empty: a new one
}

// Create makes a service with its account, its reserved permissions and its roles. Its creator gets no role in it.
//
// domain.ErrNameTaken names the member that is in use: a name must differ from every other service's name and key, and so must a key.
// domain.ErrLimitReached above 10 000 services.
func (s *Service) Create(ctx context.Context, in CreateInput) (domain.Service, error) {
	if err := s.directory.Require(ctx, in.Actor, domain.ServiceWrite); err != nil {
		return domain.Service{}, err
	}
	now, id := s.System.Now(), cmp.Or(in.ID, domain.ServiceID(s.System.NewID()))
	name, key := domain.Line(in.Name), in.Key
	if key == "" {
		key = domain.KeyFor(name, "service-"+string(id[:8]))
	}
	service, err := domain.NewService(id, key, name, domain.Line(in.Description), now)
	if err != nil {
		return domain.Service{}, err
	}
	if in.TokenType != "" {
		service.TokenType = in.TokenType
	}
	service.MinLevel = in.MinLevel
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.Services.LockNames(ctx); err != nil {
			return err
		}
		if _, _, err := s.directory.Enter(ctx, tx, in.Actor, domain.SwitchServices, domain.PlatformService(), now); err != nil {
			return err
		}
		n, err := tx.Services.Count(ctx)
		if err != nil {
			return err
		}
		if n >= maxServices {
			return domain.ErrLimitReached.Saying(fmt.Sprintf("There may be at most %d services", maxServices)).Noting(domain.FactLimit, maxServices)
		}
		if service.Key, err = freeKey(ctx, tx, service, key, in.Key == ""); err != nil {
			return err
		}
		return s.insert(ctx, tx, service, in)
	})
	if err != nil {
		return domain.Service{}, err
	}
	return service, nil
}

// freeKey is the service's key or, if the key was derived and belonged to a deleted service, the first free one with a number.
func freeKey(ctx context.Context, tx *store.Tx, service domain.Service, key string, derived bool) (string, error) {
	service.Key = key
	for n := 2; ; n++ {
		taken, err := tx.Services.Taken(ctx, service)
		if err != nil || taken == "" {
			return service.Key, err
		}
		gone, err := tx.Services.KeyOfDeleted(ctx, service.Key)
		if err != nil {
			return "", err
		}
		switch {
		case taken != "key" || !derived || n > maxNumber:
			return "", nameTaken(taken, gone)
		case service.Key == key && !gone:
			return "", keyTaken(key)
		}
		service.Key = domain.Numbered(key, n)
	}
}

// keyTaken is the error for a derived key: the name may be free although the key made from it is taken.
func keyTaken(key string) error {
	text := "name makes the key " + key + ", which is in use by another service: send a key"
	return domain.ErrNameTaken.Saying(text).In("name", domain.ErrNameTaken.Code, text)
}

func nameTaken(field string, deleted bool) error {
	text := field + " is in use by another service"
	if deleted {
		text = field + " was a deleted service's: its tokens must never fit another one"
	}
	return domain.ErrNameTaken.Saying(text).In(field, domain.ErrNameTaken.Code, text)
}

func (s *Service) insert(ctx context.Context, tx *store.Tx, service domain.Service, in CreateInput) error {
	var reserved []domain.Permission
	for _, name := range domain.ReservedPermissions() {
		reserved = append(reserved, domain.Permission{
			ID: domain.PermissionID(s.System.NewID()), ServiceID: service.ID, Name: name, CreatedAt: service.CreatedAt,
		})
	}
	if err := tx.Services.Insert(ctx, service, reserved); err != nil {
		return err
	}
	newID := func() domain.RoleID { return domain.RoleID(s.System.NewID()) }
	if err := tx.Roles.Insert(ctx, domain.DefaultRoles(service.ID, newID, service.CreatedAt)...); err != nil {
		return err
	}
	tx.Changed(domain.ChangeService, string(service.ID), domain.TokensUnaffected)
	tx.Changed(domain.ChangePrincipal, string(service.ID), domain.TokensUnaffected)
	return s.Audit.Record(ctx, tx, service.CreatedAt, s.event(domain.EventServiceCreated, in.Actor, in.From, service))
}

func (s *Service) event(kind domain.EventType, by domain.Actor, from domain.Origin, service domain.Service) domain.Event {
	return domain.NewEvent(kind, by, from, "service", string(service.ID)).In(service.ID).With("key", service.Key).With("name", service.Name)
}
