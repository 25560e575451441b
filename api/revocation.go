package api

import "time"

// RevocationsRequest is GET /api/authz/revocations.
type RevocationsRequest struct {
	// Cursor is that of the answer before; left out, the answer begins with the oldest fact that may still concern a token.
	Cursor string `json:"-" query:"cursor" validate:"max=96"`
	// Limit is how many facts are answered at most.
	Limit int `json:"-" query:"limit" validate:"omitempty,gte=1,lte=1000"`
	// Wait is how many seconds to wait for the first fact.
	Wait int `json:"-" query:"wait" validate:"gte=0,lte=25"`
}

// RevocationStreamRequest is GET /api/authz/revocations/stream. The header Last-Event-ID wins over the cursor: a browser's EventSource sends
// it when it opens the same URL again.
type RevocationStreamRequest struct {
	Cursor string `json:"-" query:"cursor" validate:"max=96"`
}

// RevocationsResponse is the success of GET /api/authz/revocations.
type RevocationsResponse struct {
	Facts []RevocationFact `json:"facts"`
	// Cursor is where to continue.
	Cursor string `json:"cursor"`
	// CS is the number of the newest change up to which everything was told.
	CS int64 `json:"cs"`
	// TokenTTL is for how many seconds a fact counts: no token that it is about is accepted after that.
	TokenTTL int64 `json:"token_ttl"`
	// Heartbeat is how many seconds a quiet stream is silent at most.
	Heartbeat int64 `json:"heartbeat"`
	// More tells that other facts are waiting already.
	More bool `json:"more"`
}

// RevocationFact says what became of access tokens that were issued before it. One of sub, sid, aud, key and kid is there, as kind says.
type RevocationFact struct {
	// Kind is session (sid), subject (sub), audience (aud), key (key), signing_key (kid) or reset. Unknown kinds come from later releases:
	// take one with a sub for stale tokens of it, others for stale tokens of everybody.
	Kind string `json:"kind"`
	// Fact is ended (refuse tokens whose cs is lower) or stale (ask about them); a reset has none.
	Fact string `json:"fact,omitempty"`
	Sub  string `json:"sub,omitempty"`
	SID  string `json:"sid,omitempty"`
	// Aud is the key of the service that follows, or * for all services.
	Aud string `json:"aud,omitempty"`
	// Key is the id of an application token, which access tokens have in the claim key.
	Key string     `json:"key,omitempty"`
	KID string     `json:"kid,omitempty"`
	CS  int64      `json:"cs"`
	At  *time.Time `json:"at,omitempty"`
}

// RevocationHello begins a stream.
type RevocationHello struct {
	V         int    `json:"v"` // 1
	TokenTTL  int64  `json:"token_ttl"`
	Heartbeat int64  `json:"heartbeat"`
	Service   string `json:"service"`
	CS        int64  `json:"cs"`
}

// RevocationMark is how far a stream has come: in ready, once all older facts are sent, and in tick, when nothing was missed.
type RevocationMark struct {
	CS int64 `json:"cs"`
}

// RevocationBye ends a stream.
type RevocationBye struct {
	// Reason is shutdown, renew, slow, feed or token_invalid.
	Reason string `json:"reason"`
}
