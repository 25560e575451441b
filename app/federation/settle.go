package federation

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/app/signin"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/store"
)

// settled is the outcome of an assertion.
type settled struct {
	user    domain.User // the user who logs in; zero: nobody
	created bool
	refusal error // why nobody logs in; nil without a user: an identity is to be linked
}

// settle decides the outcome of an assertion and writes it, in one transaction: of any number of callbacks of a state one succeeds. It
// returns domain.ErrFlowExists when another one was first.
func (c *callback) settle(ctx context.Context, a domain.Assertion) (CallbackOutput, error) {
	now, asOf := c.System.Now(), c.directory.Applied()
	var done settled
	var secret domain.Secret
	err := c.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
		if err := tx.Identities.Lock(ctx, a.Issuer, a.Subject); err != nil {
			return err
		}
		done = settled{}
		if c.attempt.User == "" { // otherwise nothing is revealed about its owner before the person confirms
			if done, err = c.judge(ctx, tx, a, now); err != nil {
				return err
			}
		}
		if done.refusal != nil && (!domain.MayGoOn(done.refusal) || c.attempt.Challenge == "") {
			return done.refusal // a failure leaves no row
		}
		secret, err = c.keepOutcome(ctx, tx, a, done, now)
		return err
	})
	switch {
	case err != nil:
		return CallbackOutput{}, err
	case done.user.ID == "":
		out, _, err := c.goOn(continued{Reason: codeOf(done.refusal), User: c.attempt.User}, secret)
		return out, err
	case !c.back.To.IsZero():
		return CallbackOutput{Back: c.back, Code: secret}, nil
	}
	return c.logIn(ctx, done, asOf, now)
}

// logIn begins the session for a browser that has no application to go back to.
func (c *callback) logIn(ctx context.Context, done settled, asOf int64, now time.Time) (CallbackOutput, error) {
	audience, err := c.directory.Service(ctx, c.attempt.Service)
	if err != nil {
		return CallbackOutput{}, err
	}
	proof, err := c.proofOf(ctx, done.user, c.attempt.Provider, asOf, now)
	if err != nil {
		return CallbackOutput{}, err
	}
	tokens, err := c.signin.Begin(ctx, proof, signin.Request{
		Client: domain.FirstParty(), Audience: audience, From: c.in.From, Device: c.in.Device,
	}, now)
	if errors.Is(err, domain.ErrInvalidCredentials) { // disabled, or its credentials replaced, since
		err = domain.ErrInvalidState
	}
	return CallbackOutput{Back: c.back, Tokens: tokens, Created: done.created}, err
}

// proofOf is the proof that a session begins with. A login through a provider is possible during a lock from password guesses, and ends it:
// the lock protects secrets, and this is the owner's other way to log in (TH-4).
func (s *Service) proofOf(ctx context.Context, user domain.User, provider string, asOf int64, at time.Time) (signin.Proof, error) {
	run, err := s.Store.Read().Lockouts.ByKey(ctx, s.guard.RunKey(user.Email))
	return signin.Proof{User: user, Methods: []string{domain.MethodFederated}, At: at, Run: run, Provider: provider, AsOf: asOf}, err
}

// judge locks in the same order as all code that decides about these: the identity, which the caller has locked, the address, the
// principal.
func (c *callback) judge(ctx context.Context, tx *store.Tx, a domain.Assertion, now time.Time) (settled, error) {
	facts, identity, err := c.facts(ctx, tx, a)
	if err != nil {
		return settled{}, err
	}
	outcome, refusal := a.Judge(facts, c.policy(), now)
	switch outcome {
	case domain.AssertionLogin:
		tx.Changed(domain.ChangePrincipal, string(facts.Linked.ID), domain.TokensUnaffected) // the displayed data of the identity
		return settled{user: *facts.Linked}, tx.Identities.Update(ctx, identity.Seen(a, now))
	case domain.AssertionCreate:
		user, err := c.create(ctx, tx, a, c.in.From, now)
		return settled{user: user, created: true}, err
	case domain.AssertionTakeOver:
		user, err := c.takeOver(ctx, tx, *facts.Owner, a, linkedByProvider, c.in.From, now)
		return settled{user: user}, err
	case domain.AssertionLink:
		l := linking{how: linkedByProvider, by: domain.Anonymous(), from: c.in.From}
		_, err := c.link(ctx, tx, *facts.Owner, a, l, now)
		return settled{user: *facts.Owner}, err
	case domain.AssertionRefused:
	}
	return settled{refusal: refusal}, nil
}

func (c *callback) policy() domain.SignUpPolicy {
	policy := c.settings.SignUp
	policy.Closed = policy.Closed || !c.provider.Info().SignUp
	return policy
}

// facts reads what the assertion is judged on, under the locks of it.
func (s *Service) facts(ctx context.Context, tx *store.Tx, a domain.Assertion) (f domain.AssertionFacts, known domain.Identity, err error) {
	known, err = tx.Identities.BySubject(ctx, a.Issuer, a.Subject)
	switch {
	case err == nil:
		f.Linked, err = lockUser(ctx, tx, known.UserID)
		return f, known, err
	case !errors.Is(err, domain.ErrNotFound) || a.Email.IsZero():
		return f, known, found(err)
	}
	f.Owner, err = s.lockOwner(ctx, tx, a.Email)
	if err != nil || f.Owner == nil {
		return f, known, err
	}
	identities, err := tx.Identities.ByUser(ctx, f.Owner.ID)
	if err != nil {
		return f, known, err
	}
	for _, i := range identities {
		f.OwnerAtIss = f.OwnerAtIss || i.Issuer == a.Issuer
	}
	f.OwnerHolds, err = holdsMore(ctx, tx, f.Owner.ID)
	return f, known, err
}

// lockOwner locks an address and the account that has it; nil when there is none.
func (s *Service) lockOwner(ctx context.Context, tx *store.Tx, email domain.Email) (*domain.User, error) {
	if err := tx.Registrations.LockAddress(ctx, email); err != nil {
		return nil, err
	}
	owner, err := tx.Users.ByEmail(ctx, email)
	if err != nil {
		return nil, found(err)
	}
	user, err := lockUser(ctx, tx, owner.ID)
	if user != nil && user.Email.Canonical() != email.Canonical() {
		return nil, err // it moved to another address, under that address's lock, before we locked its principal
	}
	return user, err
}

// lockUser locks a user's principal and then reads the user; nil when deleted.
func lockUser(ctx context.Context, tx *store.Tx, id domain.UserID) (*domain.User, error) {
	if _, err := tx.Principals.Lock(ctx, id.Principal()); err != nil {
		return nil, found(err)
	}
	user, err := tx.Users.ByID(ctx, id)
	if err != nil {
		return nil, found(err)
	}
	return &user, nil
}

// found turns "not found" into false.
func found(err error) error {
	if errors.Is(err, domain.ErrNotFound) {
		return nil
	}
	return err
}

// holdsMore tells whether a user holds anything that not every user gets: an account with such rights and an unproved mailbox is not handed
// over on the word of a provider that does not run the mailbox.
func holdsMore(ctx context.Context, tx *store.Tx, user domain.UserID) (bool, error) {
	defaults, err := tx.Roles.Defaults(ctx, domain.PlatformID)
	if err != nil {
		return false, err
	}
	held, err := tx.Grants.Assigned(ctx, user.Principal(), len(defaults)+1)
	if err != nil {
		return false, err
	}
	for _, assignment := range held {
		isDefault := false
		for _, role := range defaults {
			isDefault = isDefault || role == assignment.RoleID
		}
		if !isDefault {
			return true, nil
		}
	}
	return false, nil
}

// create makes the account for a proved address. It voids registrations that wait for their proof, since the owner is here.
func (s *Service) create(ctx context.Context, tx *store.Tx, a domain.Assertion, from domain.Origin, now time.Time) (domain.User, error) {
	user := domain.NewUser(domain.UserID(s.System.NewID()), a.Email, "", a.Name, now)
	user.VerifyEmail(now)
	if err := s.InsertUser(ctx, tx, user, base.NewAccount{By: domain.Anonymous(), From: from, Provider: a.Provider}, now); err != nil {
		return user, err
	}
	if err := tx.Registrations.DeleteByEmail(ctx, a.Email); err != nil {
		return user, err
	}
	if err := tx.Identities.Insert(ctx, a.Identity(domain.IdentityID(s.System.NewOrderedID()), user.ID, now)); err != nil {
		return user, err
	}
	return user, s.tell(ctx, tx, user, mailer.AccountCreated, a.Provider, from, now)
}

// takeOver gives an account with an unproved mailbox to the owner of the mailbox. It first removes everything that its maker could use to
// come back: password, sessions, identities, devices, sent secrets, names and metadata (pre-hijacking, USENIX Security 2022). It returns
// the changed account, with the new epoch for sessions.
func (s *Service) takeOver(ctx context.Context, tx *store.Tx, user domain.User, a domain.Assertion, how string, from domain.Origin, now time.Time) (domain.User, error) {
	user.PasswordHash, user.Metadata = "", "{}"
	user.FirstName, user.LastName, user.Locale = a.Name.First, a.Name.Last, a.Name.Locale
	user.UpdatedAt = now
	user.VerifyEmail(now)
	user.ReplaceCredentials(now)
	ending := base.Ending{By: domain.Anonymous(), From: from, Reason: domain.EndedByTakeover}
	for _, step := range []func() error{
		func() error { return tx.Users.Update(ctx, user) },
		func() error { return tx.Users.SetPassword(ctx, user.ID, "", now) },
		func() error { return tx.Principals.Update(ctx, user.Principal) },
		func() error { return tx.Identities.DeleteByUser(ctx, user.ID) },
		func() error { return tx.Devices.DeleteByUser(ctx, user.ID) },
		func() error { return s.proofs.Void(ctx, tx, domain.AccountTakenOver, user, now) },
		func() error { return tx.Registrations.DeleteByEmail(ctx, user.Email) },
		func() error { return tx.Lockouts.Clear(ctx, s.guard.RunKey(user.Email)) },
		func() error { _, err := s.EndAllSessions(ctx, tx, user.ID, ending, now); return err },
		func() error {
			return s.Audit.Record(ctx, tx, now, domain.UserEvent(domain.EventUserVerified, domain.Anonymous(), from, user.ID).With("provider", a.Provider))
		},
		func() error {
			_, err := s.link(ctx, tx, user, a, linking{how: how, by: domain.Anonymous(), from: from}, now)
			return err
		},
	} {
		if err := step(); err != nil {
			return user, err
		}
	}
	return user, nil
}

// How an identity came to its account, for the audit log.
const (
	linkedByProvider = "authoritative" // the provider runs the mailbox
	linkedByOwner    = "confirmed"     // by somebody logged in
	linkedByMail     = "mailed"        // a code went to the mailbox
)

// linking is how an identity comes to an account.
type linking struct {
	how  string
	by   domain.Actor
	from domain.Origin
}

// link adds an identity to a user whose principal is locked. Linking the same one again changes nothing.
func (s *Service) link(ctx context.Context, tx *store.Tx, user domain.User, a domain.Assertion, l linking, now time.Time) (domain.Identity, error) {
	all, err := tx.Identities.ByUser(ctx, user.ID)
	if err != nil {
		return domain.Identity{}, err
	}
	for _, i := range all {
		if i.Issuer == a.Issuer && i.Subject == a.Subject {
			return i, nil
		}
	}
	if len(all) >= domain.MaxIdentities {
		return domain.Identity{}, domain.ErrLimitReached.Noting(domain.FactLimit, domain.MaxIdentities)
	}
	identity := a.Identity(domain.IdentityID(s.System.NewOrderedID()), user.ID, now)
	if err := tx.Identities.Insert(ctx, identity); err != nil {
		return domain.Identity{}, err
	}
	tx.Changed(domain.ChangePrincipal, string(user.ID), domain.TokensUnaffected)
	event := domain.UserEvent(domain.EventIdentityLinked, l.by, l.from, user.ID).With("provider", a.Provider).With("how", l.how)
	if err := s.Audit.Record(ctx, tx, now, event); err != nil {
		return domain.Identity{}, err
	}
	return identity, s.tell(ctx, tx, user, mailer.IdentityLinked, a.Provider, l.from, now)
}

func (s *Service) tell(ctx context.Context, tx *store.Tx, user domain.User, kind mailer.Kind, provider string, from domain.Origin, now time.Time) error {
	return s.Mail.Notice(ctx, tx, outbox.MailTo(user, kind, from, mailer.Data{AskedAt: now, Provider: s.DisplayName(provider)}), now)
}
