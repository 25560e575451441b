package porttest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// Store runs the contract of store.Store. open returns a store with all migrations applied and nothing else in it. The store must also have
// a method OnCommit(func(store.Commit)), with which the suite sets the function that is called after commits.
func Store(t *testing.T, open func(t *testing.T) store.Store) {
	shared := storeTest{open(t)}
	for _, group := range []struct {
		name  string
		alone bool // reads everything, so it needs its own store
		run   func(*testing.T, storeTest)
	}{
		{name: "transactions", run: storeTransactions},
		{name: "commits are heard of", run: storeCommits, alone: true},
		{name: "principals", run: storePrincipals},
		{name: "users", run: storeUsers},
		{name: "users from elsewhere", run: storeImportedUsers},
		{name: "candidates of a login", run: storeCandidates},
		{name: "registrations", run: storeRegistrations},
		{name: "lockouts", run: storeLockouts},
		{name: "services", run: storeServices},
		{name: "roles and grants", run: storeRoles, alone: true},
		{name: "lists of services", run: storeServiceLists, alone: true},
		{name: "lists of roles", run: storeRoleLists},
		{name: "permissions", run: storePermissions},
		{name: "assignments", run: storeAssignments},
		{name: "expired grants", run: storeExpiredGrants, alone: true},
		{name: "locks of principals", run: storePrincipalLocks, alone: true},
		{name: "application tokens", run: storeAppTokens},
		{name: "devices", run: storeDevices},
		{name: "sessions", run: storeSessions},
		{name: "refresh families", run: storeFamilies},
		{name: "rotation", run: storeRotation},
		{name: "renewed sessions", run: storeRenewals},
		{name: "lists of sessions", run: storeSessionLists},
		{name: "flows", run: storeFlows},
		{name: "identities", run: storeIdentities},
		{name: "factors", run: storeFactors},
		{name: "remembered devices", run: storeTrustedDevices},
		{name: "signing keys", run: storeKeys, alone: true},
		{name: "audit", run: storeAudit, alone: true},
		{name: "change feed", run: storeFeed, alone: true},
		{name: "outbox", run: storeOutbox, alone: true},
		{name: "meta", run: storeMeta},
		{name: "expired rows", run: storeExpiredRows, alone: true},
		{name: "sealed payloads", run: storePayloads, alone: true},
		{name: "what a backup brought back", run: storeRestoration, alone: true},
		{name: "erasure", run: storeErasure},
		{name: "lists of users", run: storeUserList, alone: true},
		{name: "the last administrator", run: storeLastAdmin, alone: true},
		{name: "text that no database should hold", run: storeText},
	} {
		t.Run(group.name, func(t *testing.T) {
			s := shared
			if group.alone {
				s = storeTest{open(t)}
			}
			group.run(t, s)
		})
	}
}

// storeTest is a store and what tests do to it.
type storeTest struct{ store.Store }

// noon is a time with all the digits that a store keeps.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 123456000, time.UTC)

// racers is how many goroutines a race has.
const racers = 50

// write runs a transaction that must succeed.
func (s storeTest) write(t *testing.T, fn func(ctx context.Context, tx *store.Tx) error) {
	t.Helper()
	if err := s.WithinTx(t.Context(), fn); err != nil {
		t.Fatalf("transaction: %v", err)
	}
}

// user is a stored user of a fresh address.
func (s storeTest) user(t *testing.T) domain.User {
	t.Helper()
	u := newUser(t, newAddress(t))
	s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Users.Insert(ctx, u) })
	return u
}

// session is a stored session of that user, with its family.
func (s storeTest) session(t *testing.T, user domain.UserID, at time.Time) (domain.Session, domain.Family) {
	t.Helper()
	session, family := newSession(user, at)
	s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Sessions.Insert(ctx, session, family) })
	return session, family
}

func newID[T ~string]() T {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return domain.UUIDText[T](b)
}

func newBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

// newAddress has capitals in its local part, which are kept but ignored in comparisons.
func newAddress(t *testing.T) domain.Email {
	t.Helper()
	return address(t, "Ada."+rand.Text()+"@example.com")
}

func address(t *testing.T, text string) domain.Email {
	t.Helper()
	email, err := domain.ParseEmail(text)
	if err != nil {
		t.Fatal(err)
	}
	return email
}

func newUser(t *testing.T, email domain.Email) domain.User {
	t.Helper()
	u := domain.NewUser(newID[domain.UserID](), email, "$2a$04$hash", domain.PersonName{First: "Ada", Last: "O'Brien ☃", Locale: "pt-BR"}, noon)
	u.Metadata = `{"a": 1}` // spaced as jsonb prints it
	return u
}

func newSession(user domain.UserID, at time.Time) (domain.Session, domain.Family) {
	session := domain.NewSession(newID[domain.SessionID](), user, []string{"pwd"},
		domain.Origin{IP: "192.0.2.1", UserAgent: "agent"}, "phone", policy, at)
	return session, newFamily(session.ID, at)
}

func newFamily(session domain.SessionID, at time.Time) domain.Family {
	return domain.Family{
		ID: newID[domain.FamilyID](), SessionID: session, ClientID: domain.FirstPartyClient, Hash: newBytes(32), Salt: []byte{},
		CreatedAt: at, AdvancedAt: at, RotatedAt: at,
	}
}

var policy = domain.SessionPolicy{Idle: 14 * 24 * time.Hour, Absolute: 30 * 24 * time.Hour}

// same fails the test when two values differ. Nil and empty slices are the same: no store can tell them apart.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	options := cmp.Options{
		cmp.Comparer(func(a, b domain.Email) bool { return a.Canonical() == b.Canonical() && a.Mailbox() == b.Mailbox() }),
		cmp.Comparer(func(a, b []byte) bool { return string(a) == string(b) }),
		// Not Equal: the zone and the precision are part of the contract.
		cmp.Comparer(func(a, b time.Time) bool { return a.String() == b.String() }),
	}
	if diff := cmp.Diff(want, got, options); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// fails demands an error of a kind and code.
func fails(t *testing.T, what string, err error, want *domain.Error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %s", what, err, want.Code)
	}
}

// conflicts demands a conflict with a code.
func conflicts(t *testing.T, what string, err error, code string) {
	t.Helper()
	fails(t, what, err, &domain.Error{Kind: domain.Conflict, Code: code})
}

// race runs fn in many goroutines that begin together, and counts those that return true. Errors fail the test.
func race(t *testing.T, n int, fn func(i int) (bool, error)) int {
	t.Helper()
	var (
		wg    sync.WaitGroup
		start = make(chan struct{})
		won   = make(chan bool, n)
		errs  = make(chan error, n)
	)
	for i := range n {
		wg.Go(func() {
			<-start
			ok, err := fn(i)
			won <- ok
			errs <- err
		})
	}
	close(start)
	wg.Wait()
	close(won)
	close(errs)
	for err := range errs {
		if err != nil {
			t.Errorf("a racer failed: %v", err)
		}
	}
	count := 0
	for ok := range won {
		if ok {
			count++
		}
	}
	return count
}

// leaks tells whether an error's text repeats a value.
func leaks(err error, values ...string) error {
	for _, v := range values {
		if err != nil && strings.Contains(err.Error(), v) {
			return fmt.Errorf("the error repeats %q: %w", v, err)
		}
	}
	return nil
}
