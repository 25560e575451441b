package rest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/app/stream"
	"github.com/signet-auth/signet/domain"
)

// Revocations is the routes by which services follow what becomes of access tokens.
type Revocations struct{ Hub *stream.Hub }

const (
	aboutFollowing = "For a service that verifies access tokens itself, with its application token or its own access token of the platform. " +
		"Facts are about its own audience and what all services share, and about the sessions, subjects and keys of everybody. docs/revocation-stream.md says how to follow."
	defaultFacts = 1000
)

// Mount adds the routes.
func (r *Revocations) Mount(a *echohttp.API) {
	echohttp.HandleEvents(a, "/api/authz/revocations/stream", echohttp.Op{
		ID: "streamRevocations", Tag: echohttp.TagQuestions, Summary: "What becomes of access tokens, as server-sent events", Auth: echohttp.BearerAuth,
		AppTokenHeader: true, ServicesOnly: true, Description: aboutFollowing,
		Produces: []echohttp.Content{{Description: "The events hello, message (a fact), ready, tick and bye", Type: echohttp.MediaEvents}},
		Errors:   []*domain.Error{domain.ErrForbidden, domain.ErrWrongAudience, domain.ErrInvalidCursor, domain.ErrBusy},
	}, r.stream)
	echohttp.Handle(a, http.MethodGet, "/api/authz/revocations", echohttp.Op{
		ID: "listRevocations", Tag: echohttp.TagQuestions, Summary: "What became of access tokens since a cursor; waits for it if asked to", Auth: echohttp.BearerAuth,
		AppTokenHeader: true, ServicesOnly: true, Timeout: stream.MaxWait + 5*time.Second, Description: aboutFollowing,
		Errors: []*domain.Error{domain.ErrForbidden, domain.ErrWrongAudience, domain.ErrInvalidCursor, domain.ErrBusy},
	}, r.list)
}

func (r *Revocations) list(ctx context.Context, caller echohttp.Caller, in api.RevocationsRequest) (api.RevocationsResponse, error) {
	out, err := r.Hub.Poll(ctx, stream.PollInput{
		OpenInput: stream.OpenInput{Actor: caller.Actor, Cursor: in.Cursor}, Limit: cmp.Or(in.Limit, defaultFacts), Wait: time.Duration(in.Wait) * time.Second,
	})
	return api.RevocationsResponse{
		Facts: append([]api.RevocationFact{}, each(out.Facts, factBody)...), Cursor: out.Cursor, CS: out.CS, More: out.More,
		TokenTTL: int64(r.Hub.TokenTTL() / time.Second), Heartbeat: int64(r.Hub.Settings.Heartbeat / time.Second),
	}, err
}

func (r *Revocations) stream(ctx context.Context, caller echohttp.Caller, in api.RevocationStreamRequest) (echohttp.Events, error) {
	s, err := r.Hub.Open(ctx, stream.OpenInput{Actor: caller.Actor, Cursor: cmp.Or(caller.LastEventID(), in.Cursor)})
	if err != nil {
		return echohttp.Events{}, err
	}
	return echohttp.Events{Close: s.Close, Run: func(ctx context.Context, write func([]byte) error) {
		s.Follow(ctx, func(m stream.Message) error { return write(r.encode(s, m)) })
	}}, nil
}

// encode writes a message in the format of server-sent events (HTML standard §9.2). The last fact of a piece, ready and tick carry the
// cursor: a follower that continues there has missed nothing, and hears some facts twice at most.
func (r *Revocations) encode(s *stream.Stream, m stream.Message) []byte {
	var b bytes.Buffer
	event := func(name, id string, data any) {
		if name != "" {
			b.WriteString("event: " + name + "\n")
		}
		if id != "" {
			b.WriteString("id: " + id + "\n")
		}
		b.WriteString("data: ")
		text, _ := json.Marshal(data) // of types that always have a JSON form
		b.Write(text)
		b.WriteString("\n\n")
	}
	switch {
	case m.Hello:
		event("hello", "", api.RevocationHello{
			V: 1, TokenTTL: int64(r.Hub.TokenTTL() / time.Second), Heartbeat: int64(r.Hub.Settings.Heartbeat / time.Second), Service: s.Service(), CS: s.At(),
		})
	case m.Ready:
		event("ready", s.Cursor(), api.RevocationMark{CS: s.At()})
	case m.Tick:
		event("tick", s.Cursor(), api.RevocationMark{CS: s.At()})
	case m.Bye != "":
		event("bye", "", api.RevocationBye{Reason: m.Bye})
	}
	for i, f := range m.Facts {
		id := ""
		if i == len(m.Facts)-1 {
			id = s.Cursor()
		}
		event("", id, factBody(f))
	}
	return b.Bytes()
}

func factBody(f stream.Fact) api.RevocationFact {
	body := api.RevocationFact{Kind: f.Kind, Fact: string(f.Tokens), CS: f.Seq, At: when(f.At)}
	switch f.Kind {
	case stream.KindSession:
		body.SID = f.Subject
	case stream.KindSubject:
		body.Sub = f.Subject
	case stream.KindAudience:
		body.Aud = f.Subject
	case stream.KindKey:
		body.Key = f.Subject
	case stream.KindSigningKey:
		body.KID = f.Subject
	}
	return body
}
