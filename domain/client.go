package domain

import "time"

// Client is an application that a session's tokens are issued to (RFC 6749 §1.1). There is one, built in; relying parties
// come later as more rows.
type Client struct {
	ID        ClientID
	Key       string // client_id in tokens
	Name      string
	CreatedAt time.Time
}

// FirstParty is the built-in client, under which Signet's own login issues sessions.
func FirstParty() Client {
	return Client{ID: FirstPartyClient, Key: FirstPartyClientKey, Name: "Signet"}
}
