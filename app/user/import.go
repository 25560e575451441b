package user

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// MaxImported is how many users one batch of an import has at most: few enough that a batch fits the deadlines of a transaction.
const MaxImported = 1000

// ImportedUser is an account as another system, or another Signet, had it.
type ImportedUser struct {
	ID            string // a UUID, which is kept; or
	ExternalID    string // any text, from which an id is derived together with the source; without either, the id is derived from the address
	Email         string
	EmailVerified bool // the operator vouches for it (RG-8); the audit log says so
	PasswordHash  string
	FirstName     string
	LastName      string
	Locale        string
	Metadata      string // JSON whose syntax was checked
	Disabled      bool
	Reason        string    // of the disablement
	Until         time.Time // its end; zero: none
	CreatedAt     time.Time // zero: now
	Identities    []ImportedIdentity
}

// ImportedIdentity is a way in through a provider.
type ImportedIdentity struct{ Issuer, Subject, Provider, Email string }

// ImportInput says how to import.
type ImportInput struct {
	Actor  domain.Actor
	Source string // where the users come from: for the audit log, and for derived ids
	DryRun bool   // write nothing, and return what would happen to each
	Strict bool   // one invalid user stops its whole batch
	// WithoutHash imports users with an unreadable hash without that hash: they have to ask for a new password.
	WithoutHash bool
}

// ImportResult is the result for a user.
type ImportResult string

// The results.
const (
	Imported      ImportResult = "imported"
	ImportPresent ImportResult = "present" // an earlier run imported them: they stay as they are now
	ImportRefused ImportResult = "refused"
)

// ImportOutcome is the result for one user, and the reason.
type ImportOutcome struct {
	ID     domain.UserID
	Result ImportResult
	Why    string // of a refusal, or of what was left out of one that was imported; without personal data
}

// Import is a run that imports users, a batch at a time. It does not change existing accounts, so an interrupted run can be started again
// from the beginning with the same result. It is for one goroutine.
type Import struct {
	*Service

	in   ImportInput
	seen map[string]bool // ids and addresses of this run, which a dry run does not store
}

// Import begins an import. Pending registrations of the users' addresses stay: proving one finds the address taken.
func (s *Service) Import(in ImportInput) (*Import, error) {
	if in.Actor.Kind != domain.ActorSystem {
		return nil, domain.ErrForbidden
	}
	if err := domain.CheckLine("source", in.Source, 100); err != nil {
		return nil, err
	}
	return &Import{Service: s, in: in, seen: map[string]bool{}}, nil
}

// candidate is an imported user that may become one here.
type candidate struct {
	user       domain.User
	identities []domain.Identity
	outcome    ImportOutcome
}

func (c *candidate) refuse(why string) { c.outcome.Result, c.outcome.Why = ImportRefused, why }

// Add imports up to MaxImported users in one transaction, and returns the result for each.
func (i *Import) Add(ctx context.Context, users []ImportedUser) ([]ImportOutcome, error) {
	if len(users) > MaxImported {
		return nil, domain.ErrInternal.Because(errors.New("the batch of an import is too large"))
	}
	now := i.System.Now()
	all := make([]candidate, len(users))
	for n, u := range users {
		all[n] = i.candidate(u, now)
	}
	i.findTwins(all)
	var judged []candidate
	decide := func(ctx context.Context, users store.UserReader, identities store.IdentityReader) error {
		judged = slices.Clone(all)
		return judge(ctx, users, identities, judged)
	}
	if i.in.DryRun {
		err := i.Persist(ctx, func() error { return decide(ctx, i.Store.Read().Users, i.Store.Read().Identities) })
		return outcomes(judged), err
	}
	var lost []candidate // when it is unknown whether the first try was written
	write := func() error {
		err := i.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
			if err := decide(ctx, tx.Users, tx.Identities); err != nil {
				return err
			}
			refused := slices.ContainsFunc(judged, func(c candidate) bool { return c.outcome.Result == ImportRefused })
			if refused && i.in.Strict {
				return nil
			}
			return i.write(ctx, tx, judged, now)
		})
		if errors.Is(err, store.ErrUnknownOutcome) && lost == nil {
			lost = judged
		}
		return err
	}
	err := i.retryTaken(func() error { return i.Persist(ctx, write) })
	for n := range lost {
		if lost[n].outcome.Result == Imported && judged[n].outcome.Result == ImportPresent {
			judged[n].outcome = lost[n].outcome
		}
	}
	return outcomes(judged), err
}

// retryTaken judges again if an address or id was taken between the check and the write.
func (i *Import) retryTaken(do func() error) error {
	for n := 0; ; n++ {
		err := do()
		var e *domain.Error
		if !errors.As(err, &e) || e.Kind != domain.Conflict || n == 3 {
			return err
		}
	}
}

func outcomes(all []candidate) []ImportOutcome {
	out := make([]ImportOutcome, len(all))
	for i, c := range all {
		out[i] = c.outcome
	}
	return out
}

// findTwins refuses duplicates within this run: ids that are given twice, and addresses that are equal after normalisation.
func (i *Import) findTwins(all []candidate) {
	for n := range all {
		c := &all[n]
		if c.outcome.Result == ImportRefused {
			continue
		}
		id, email := "id "+string(c.user.ID), "email "+c.user.Email.Canonical()
		switch {
		case i.seen[id]:
			c.refuse("its id is that of an earlier one")
		case i.seen[email]:
			c.refuse("its address is that of an earlier one, but for case or spelling")
		default:
			i.seen[id], i.seen[email] = true, true
			c.identities = slices.DeleteFunc(c.identities, func(d domain.Identity) bool {
				key := "identity " + d.Issuer + "\x00" + d.Subject
				twin := i.seen[key]
				if twin {
					c.outcome.Why = whyIdentity
				}
				i.seen[key] = true
				return twin
			})
		}
	}
}

const whyIdentity = "without a way in through a provider that is somebody else's"

// judge compares with existing users.
func judge(ctx context.Context, users store.UserReader, identities store.IdentityReader, all []candidate) error {
	var ids []domain.UserID
	var emails []domain.Email
	for _, c := range all {
		if c.outcome.Result != ImportRefused {
			ids, emails = append(ids, c.user.ID), append(emails, c.user.Email)
		}
	}
	taken, err := users.Occupied(ctx, ids, emails)
	if err != nil {
		return err
	}
	for n := range all {
		c := &all[n]
		if c.outcome.Result == ImportRefused {
			continue
		}
		there, known := taken.IDs[c.user.ID.Principal()]
		owner, hasOwner := taken.Emails[c.user.Email.Canonical()]
		switch {
		case known && there.Kind != domain.KindUser:
			c.refuse("its id is that of something else")
		case known && there.State == domain.Deleted:
			c.refuse("the account was erased here")
		case known:
			c.outcome.Result, c.outcome.Why = ImportPresent, ""
		case hasOwner:
			c.refuse(fmt.Sprintf("its address is that of the account %s", owner))
		default:
			if err := c.judgeIdentities(ctx, identities); err != nil {
				return err
			}
		}
	}
	return nil
}

// judgeIdentities leaves out identities of other accounts.
func (c *candidate) judgeIdentities(ctx context.Context, read store.IdentityReader) error {
	free := make([]domain.Identity, 0, len(c.identities))
	for _, identity := range c.identities {
		_, err := read.BySubject(ctx, identity.Issuer, identity.Subject)
		switch {
		case errors.Is(err, domain.ErrNotFound):
			free = append(free, identity)
		case err != nil:
			return err
		default:
			c.outcome.Why = whyIdentity
		}
	}
	c.identities = free
	return nil
}

// write stores the users to import. No replica can have cached them, except as unknown for domain.UnknownAge, so it writes nothing to the
// change feed.
func (i *Import) write(ctx context.Context, tx *store.Tx, all []candidate, now time.Time) error {
	all = slices.DeleteFunc(slices.Clone(all), func(c candidate) bool { return c.outcome.Result != Imported })
	if len(all) == 0 {
		return nil
	}
	roles, err := tx.Roles.Defaults(ctx, domain.PlatformID)
	if err != nil {
		return err
	}
	users := make([]domain.User, len(all))
	var grants []domain.Assignment
	var events []domain.Event
	for n, c := range all {
		users[n] = c.user
		for _, role := range roles {
			grants = append(grants, domain.Assignment{
				ID: domain.AssignmentID(i.System.NewOrderedID()), PrincipalID: c.user.ID.Principal(), RoleID: role, ServiceID: domain.PlatformID, CreatedAt: now,
			})
		}
		events = append(events, domain.UserEvent(domain.EventUserRegistered, i.in.Actor, domain.Origin{}, c.user.ID).With("import", i.in.Source))
		if c.user.IsEmailVerified() {
			events = append(events, domain.UserEvent(domain.EventUserVerified, i.in.Actor, domain.Origin{}, c.user.ID).With("import", i.in.Source))
		}
	}
	if err := tx.Users.InsertAll(ctx, users); err != nil {
		return err
	}
	if err := tx.Assignments.Put(ctx, grants...); err != nil {
		return err
	}
	for _, c := range all {
		for _, identity := range c.identities {
			if err := tx.Identities.Insert(ctx, identity); err != nil {
				return err
			}
		}
	}
	return i.Audit.Record(ctx, tx, now, events...)
}
