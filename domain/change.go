package domain

import "time"

// ChangeKind says what a change of the feed is about.
type ChangeKind string

// The kinds of changes. Everything that ends or changes a right is one of them.
const (
	ChangeSession    ChangeKind = "session"
	ChangePrincipal  ChangeKind = "principal"
	ChangeService    ChangeKind = "service"
	ChangeAppToken   ChangeKind = "app_token"
	ChangeSigningKey ChangeKind = "signing_key"
)

// Fact says what a change means to the access tokens of its subject that were issued before it. Services that verify tokens by
// themselves follow facts.
type Fact string

// The facts, the weakest first. Within one commit the strongest of a subject counts.
const (
	TokensUnaffected Fact = "unaffected" // they say what is still true
	TokensUnknown    Fact = ""           // written by a release that knew no facts: as TokensStale
	TokensStale      Fact = "stale"      // they may say too much or too little: to be asked about
	TokensEnded      Fact = "ended"      // they must not be accepted any more
)

// Stronger is the one of two facts that counts when both hold.
func (f Fact) Stronger(other Fact) Fact {
	for _, fact := range []Fact{TokensEnded, TokensStale, TokensUnknown} {
		if f == fact || other == fact {
			return fact
		}
	}
	return TokensUnaffected
}

// Change tells every replica that its cached data about the subject is out of date. It carries no data: followers read again.
type Change struct {
	Seq     int64 // assigned in commit order
	Kind    ChangeKind
	Subject string
	Tokens  Fact
	At      time.Time // when it was written, by the clock of the replica that wrote it
}

// FeedPlace is a place in the feed: a number, and the epoch that it belongs to.
type FeedPlace struct {
	Epoch string
	// Begun is when the epoch began: zero for the first, before which there was nothing.
	Begun time.Time
	Seq   int64
}
