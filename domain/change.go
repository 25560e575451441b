package domain

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

// Change tells every replica that its cached data about the subject is out of date. It carries no data: followers read again.
type Change struct {
	Seq     int64 // assigned in commit order
	Kind    ChangeKind
	Subject string
}
