package apptoken

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// maxLive is how many tokens of a service may live at a time.
const maxLive = 100

// ErrLimitReached refuses one more.
var ErrLimitReached = domain.ErrLimitReached.Saying(fmt.Sprintf("A service may have at most %d live tokens", maxLive)).Noting(domain.FactLimit, maxLive)

var (
	errNoService = domain.ErrNotFound.Saying("Service not found")
	errNoToken   = domain.ErrNotFound.Saying("Token not found")
)

// Service is the use cases. Safe for concurrent use.
type Service struct {
	*base.Base

	directory *access.Directory
	cursors   domain.CursorKeys
}

// New makes the service.
func New(b *base.Base, directory *access.Directory, cursors domain.CursorKeys) *Service {
	return &Service{Base: b, directory: directory, cursors: cursors}
}

// Target names a token.
type Target struct {
	Actor domain.Actor
	From  domain.Origin
	ID    string
}

// Shown is a token as clients see it, with facts about it.
type Shown struct {
	domain.ListedAppToken

	// LiveSecrets are the usable secrets, if the token itself is usable, newest first.
	LiveSecrets []domain.AppTokenSecret

	Active bool          // it may be used now; the service's state counts, too
	Text   domain.Secret // of its newest secret, if that has just been drawn
	Unheld []string      // scopes that permit nothing, because the service's account holds nothing that they name
	Capped bool          // it ends together with its maker's right
	// PreviousEnds is when the secret before the newest one ends; zero: no other secret is live.
	PreviousEnds time.Time
}

// loadService finds a service, for an actor with a right over its tokens.
func (s *Service) loadService(ctx context.Context, a domain.Actor, right domain.Right, ref string) (domain.Service, error) {
	service, err := s.directory.LoadService(ctx, a, right, ref)
	if errors.Is(err, domain.ErrNotFound) {
		err = errNoService
	}
	return service, err
}

// load finds a token and its service, for an actor with a right over its tokens. The service of the row decides, never the client's claim.
func (s *Service) load(ctx context.Context, a domain.Actor, right domain.Right, ref string) (domain.ListedAppToken, domain.Service, error) {
	id, ok := domain.ParseID[domain.AppTokenID](ref)
	if !ok {
		return domain.ListedAppToken{}, domain.Service{}, errNoToken
	}
	token, err := s.Store.Read().AppTokens.Listed(ctx, id)
	var service domain.Service
	if err == nil {
		service, err = s.directory.LoadService(ctx, a, right, string(token.ServiceID))
	}
	if errors.Is(err, domain.ErrNotFound) {
		err = errNoToken
	}
	return token, service, err
}

// change is a change of a service's tokens, under the locks of a transaction.
type change struct {
	tx       *store.Tx
	by       domain.Actor
	from     domain.Origin
	service  domain.Service
	standing access.Standing
	now      time.Time

	directory *access.Directory
}

// begin locks the service and its account, so that changes of its tokens run one after the other.
func (s *Service) begin(ctx context.Context, tx *store.Tx, a domain.Actor, from domain.Origin, right domain.Right, id domain.ServiceID, now time.Time) (change, error) {
	c := change{tx: tx, by: a, from: from, now: now, directory: s.directory}
	var err error
	if c.service, err = tx.Services.Lock(ctx, id, store.Shared); err != nil {
		return change{}, err
	}
	c.standing, _, err = s.directory.Enter(ctx, tx, a, right, c.service, now, id.Principal())
	return c, err
}

// checkRank checks whether the actor may have a secret of the service's account, and until when.
func (c change) checkRank(ctx context.Context) (until time.Time, err error) {
	rank, err := c.directory.RequireRank(ctx, c.tx, c.by, c.service.ID.Principal(), c.now)
	if err != nil {
		return time.Time{}, err
	}
	right, err := c.standing.Right(domain.WriteTokens)
	return domain.EarlierEnd(rank, right), err
}

// checkScopes keeps a narrowed credential from making a wider one.
func (c change) checkScopes(scopes domain.Scopes) error {
	if !scopes.Within(c.by.Scopes) {
		return domain.ErrForbidden.Saying("The scopes go beyond those of the credential that you use").Because(domain.ErrNotCovered)
	}
	return nil
}

// token reads a token once more, under the locks.
func (c change) token(ctx context.Context, id domain.AppTokenID) (domain.AppToken, error) {
	t, err := c.tx.AppTokens.ByID(ctx, id)
	if errors.Is(err, domain.ErrNotFound) {
		err = errNoToken
	}
	return t, err
}

// write stores a changed token, and tells all replicas what that means to the access tokens that were issued for it.
func (c change) write(ctx context.Context, t domain.AppToken, tokens domain.Fact) error {
	c.tx.Changed(domain.ChangeAppToken, string(t.ID), tokens)
	return c.tx.AppTokens.Update(ctx, t)
}

func (c change) event(kind domain.EventType, t domain.AppToken) domain.Event {
	return t.Event(kind, c.by, c.from)
}

// End is the requested end of a token: exactly one of a time, days or seconds.
type End struct {
	At      *time.Time // the zero time: no end
	Days    *int64
	Seconds *int64
}

const maxDays = 3650

// at is the end. given is false where the client said nothing.
func (e End) at(now time.Time) (at time.Time, given bool, err error) {
	ways := 0
	field := "expires_at"
	if e.At != nil {
		ways, at = ways+1, *e.At
	}
	if e.Days != nil {
		ways, field = ways+1, "expires_in_days"
		at = now.AddDate(0, 0, int(min(max(*e.Days, 0), maxDays+1)))
		if *e.Days < 1 || *e.Days > maxDays {
			return at, true, invalid(field, fmt.Sprintf("expires_in_days must be between 1 and %d", maxDays))
		}
	}
	if e.Seconds != nil {
		const most = maxDays * 24 * 60 * 60
		ways, field = ways+1, "expires_in"
		at = now.Add(time.Duration(min(max(*e.Seconds, 0), most)) * time.Second)
		if *e.Seconds < 1 || *e.Seconds > most {
			return at, true, invalid(field, fmt.Sprintf("expires_in must be between 1 and %d seconds", most))
		}
	}
	if ways > 1 {
		return at, true, invalid(field, "Say one of expires_at, expires_in_days and expires_in")
	}
	at, err = domain.CheckEnd(field, at, now)
	return at, ways == 1, err
}

func invalid(field, text string) error {
	return domain.ErrInvalidFields(domain.FieldError{Field: field, Code: "invalid", Text: text})
}

// capped limits the end of a token to the end of its maker's right, which is also the default.
func capped(at time.Time, given bool, until time.Time) (time.Time, bool, error) {
	if until.IsZero() || !at.IsZero() && !at.After(until) {
		return at, false, nil
	}
	if given {
		return at, false, domain.ErrForbidden.Saying("You may do this until " + until.Format(time.RFC3339Nano) + ": the token can't live longer").
			Because(domain.ErrNotCovered)
	}
	return until, true, nil
}

// Scoping is the scopes of a token as a client sends them.
type Scoping struct {
	Given bool
	Texts []string // nil: all that the account holds
}

func (c Scoping) scopes() (domain.Scopes, error) {
	if c.Texts == nil {
		return domain.Scopes{}, nil
	}
	return domain.ParseScopes(c.Texts)
}

// find checks that each scope names an existing service and permission, and returns the scopes that permit nothing to an account.
func (s *Service) find(ctx context.Context, c Scoping, account domain.PrincipalID) (unheld []string, err error) {
	if len(c.Texts) == 0 {
		return nil, nil
	}
	principal, err := s.Store.Read().Principals.ByID(ctx, account)
	if err != nil {
		return nil, err
	}
	held := map[string]domain.Grants{}
	for i, text := range c.Texts {
		key, name, _ := strings.Cut(text, "/")
		grants, known := held[key]
		if !known {
			service, err := s.Store.Read().Services.ByRef(ctx, key)
			if errors.Is(err, domain.ErrNotFound) {
				return nil, errUnknownScope(i, "service")
			}
			if err != nil {
				return nil, err
			}
			if grants, err = s.directory.Grants(ctx, principal, service, domain.NoLevel); err != nil {
				return nil, err
			}
			held[key] = grants
		}
		pattern := domain.Pattern(name)
		if !pattern.IsWildcard() && !grants.Exists(name) {
			return nil, errUnknownScope(i, "permission")
		}
		if len(grants.Narrow([]domain.Pattern{pattern}).Permissions()) == 0 && !slices.Contains(unheld, text) {
			unheld = append(unheld, text)
		}
	}
	return unheld, nil
}

func errUnknownScope(i int, what string) error {
	field := fmt.Sprintf("scopes[%d]", i)
	text := fmt.Sprintf("%s names a %s that does not exist", field, what)
	return domain.ErrNotFound.Saying(text).In(field, domain.ErrNotFound.Code, text)
}
