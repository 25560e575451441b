package echohttp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/adapters/memory"
	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/sys"
)

// orderRequest has a member of every sort.
type orderRequest struct {
	Name    string          `json:"name" validate:"required,max=10"`
	Secret  string          `json:"secret" validate:"required"`
	Count   int             `json:"count,omitempty" validate:"lte=100"`
	Express bool            `json:"express,omitempty"`
	Size    *string         `json:"size,omitempty" validate:"omitempty,oneof=small large"`
	Tags    []string        `json:"tags,omitempty" validate:"max=3"`
	Address *addressRequest `json:"address,omitempty"`
	Notes   json.RawMessage `json:"notes,omitempty"`
}

type addressRequest struct {
	Street string `json:"street" validate:"required"`
}

type orderResponse struct {
	Success bool   `json:"success"`
	Name    string `json:"name"`
	Count   int    `json:"count"`
	Street  string `json:"street,omitempty"`
}

type thingRequest struct {
	ID    string `json:"-" path:"id"`
	Limit int    `json:"-" query:"limit" validate:"gte=0,lte=200"`
	Full  bool   `json:"-" query:"full"`
	Name  string `json:"name,omitempty"`
}

type thingResponse struct {
	ID    string `json:"id"`
	Limit int    `json:"limit"`
	Full  bool   `json:"full"`
	Name  string `json:"name"`
}

type whoResponse struct {
	Session string `json:"session"`
	Bearer  string `json:"bearer"`
	IP      string `json:"ip"`
	Agent   string `json:"agent"`
	Request string `json:"request"`
}

type none struct{}

// kernel is an API with routes for tests, and its log.
type kernel struct {
	*echohttp.API
	log bytes.Buffer
}

// newMetrics are the metrics of a kernel, in a registry of their own.
func newMetrics() (echohttp.Metrics, *prometheus.Registry) {
	m := echohttp.Metrics{
		Durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "signet_http_request_duration_seconds"}, []string{"method", "route", "status"}),
		Outcomes:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "signet_operations_total"}, []string{"operation", "outcome"}),
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(m.Durations, m.Outcomes)
	return m, registry
}

func newKernel(t testing.TB, change func(*echohttp.Options)) *kernel {
	t.Helper()
	k := &kernel{}
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	var ids atomic.Int64
	options := echohttp.Options{
		System:       sys.System{NewID: func() string { return "request-" + strconv.FormatInt(ids.Add(1), 10) }},
		Log:          slog.New(slog.NewJSONHandler(&k.log, nil)),
		Authenticate: authenticate,
		Limiter:      memory.NewLimiter(func() time.Time { return noon }),
		PublicURL:    "https://auth.example.com",
		Version:      "test",
	}
	if change != nil {
		change(&options)
	}
	a, err := echohttp.New(options)
	if err != nil {
		t.Fatal(err)
	}
	k.API = a
	addTestRoutes(a)
	return k
}

// authenticate knows tokens that begin with "good", each its own session, and those that have ended.
func authenticate(_ context.Context, token domain.Secret) (domain.Actor, error) {
	switch text := token.Reveal(); {
	case strings.HasPrefix(text, "good"):
		return domain.Actor{Kind: domain.ActorUser, ID: "u", SessionID: domain.SessionID(text)}, nil
	case strings.HasPrefix(text, "ended"):
		return domain.Actor{}, domain.ErrTokenInvalid
	case text == "down":
		return domain.Actor{}, domain.ErrUnavailable.Because(errors.New("connection refused"))
	}
	return domain.Actor{}, domain.ErrTokenInvalid.Because(domain.ErrForged)
}

func addTestRoutes(a *echohttp.API) {
	order := func(_ context.Context, _ echohttp.Caller, in orderRequest) (orderResponse, error) {
		out := orderResponse{Success: true, Name: in.Name, Count: in.Count}
		if in.Address != nil {
			out.Street = in.Address.Street
		}
		return out, nil
	}
	echohttp.Handle(a, "POST", "/orders", echohttp.Op{ID: "order", Tag: "test", Summary: "Order", Status: 201, Errors: []*domain.Error{domain.ErrEmailTaken}}, order)
	echohttp.Handle(a, "POST", "/strict-orders", echohttp.Op{ID: "strictOrder", Tag: "test", Summary: "Order", Strict: true}, order)
	echohttp.Handle(a, "GET", "/things/{id}", echohttp.Op{ID: "thing", Tag: "test", Summary: "One"}, thing)
	echohttp.Handle(a, "PUT", "/things/{id}", echohttp.Op{ID: "putThing", Tag: "test", Summary: "Put one"}, thing)
	for path, op := range map[string]echohttp.Op{
		"/me":       {ID: "me", Tag: "test", Auth: echohttp.BearerAuth},
		"/validate": {ID: "validate", Tag: "test", Auth: echohttp.BearerAuth, Unmetered: true},
		"/optional": {ID: "optional", Tag: "test", Auth: echohttp.OptionalAuth},
		"/anybody":  {ID: "anybody", Tag: "test"},
		"/free":     {ID: "free", Tag: "test", Unmetered: true},
		"/raw":      {ID: "raw", Tag: "test", Auth: echohttp.UnverifiedAuth},
	} {
		echohttp.Handle(a, "GET", path, op, who)
	}
	echohttp.Handle(a, "POST", "/refresh", echohttp.Op{ID: "refresh", Tag: "test", Auth: echohttp.UnverifiedAuth},
		func(ctx context.Context, c echohttp.Caller, _ api.RefreshRequest) (none, error) {
			_, err := authenticate(ctx, c.Bearer)
			return none{}, err
		})
	echohttp.Handle(a, "POST", "/cookie", echohttp.Op{ID: "cookie", Tag: "test"},
		func(_ context.Context, c echohttp.Caller, _ none) (echohttp.Answer[whoResponse], error) {
			sent, err := c.RefreshCookie()
			if err != nil {
				return echohttp.Answer[whoResponse]{}, err
			}
			_, set := c.DeliverRefreshToken(domain.Session{Cookie: true}, domain.NewSecret("next"), time.Date(2026, 1, 16, 3, 4, 5, 0, time.UTC))
			return echohttp.Answer[whoResponse]{
				Body: whoResponse{Session: sent.Reveal()}, Status: 202, Header: http.Header{"X-Extra": {"1"}}, Cookies: set,
			}, nil
		})
	echohttp.HandleRaw(a, "GET", "/page", echohttp.Op{ID: "page", Tag: "test", Produces: []echohttp.Content{{Type: "text/html"}}},
		func(_ context.Context, c echohttp.Caller, _ none) (echohttp.Raw, error) {
			body := "<p>" + c.Accept
			if c.Head {
				body = ""
			}
			return echohttp.Raw{Type: "text/html; charset=utf-8", Body: []byte(body), Header: http.Header{"content-security-policy": {"default-src 'self'"}}}, nil
		})
	echohttp.HandleRaw(a, "GET", "/elsewhere", echohttp.Op{ID: "elsewhere", Tag: "test", Produces: []echohttp.Content{{Status: 303}}},
		func(context.Context, echohttp.Caller, none) (echohttp.Raw, error) {
			return echohttp.Redirect("https://app.example.com/"), nil
		})
	echohttp.Handle(a, "GET", "/slow-refusal", echohttp.Op{ID: "slowRefusal", Tag: "test"},
		func(ctx context.Context, _ echohttp.Caller, _ none) (none, error) {
			<-ctx.Done() // net/http has seen the client's half of the connection end
			return none{}, domain.ErrForbidden
		})
	addFailures(a)
}

func thing(_ context.Context, _ echohttp.Caller, in thingRequest) (thingResponse, error) {
	return thingResponse(in), nil
}

func who(_ context.Context, c echohttp.Caller, _ none) (whoResponse, error) {
	return whoResponse{
		Session: string(c.Actor.SessionID), Bearer: c.Bearer.Reveal(), IP: c.Origin.IP, Agent: c.Origin.UserAgent, Request: c.Origin.RequestID,
	}, nil
}

// errSecret has a text that must not leave the process but for the log.
var errSecret = errors.New("dial tcp 10.0.0.7: refused")

func addFailures(a *echohttp.API) {
	failures := map[string]error{
		"unknown":  errSecret,
		"internal": domain.ErrInternal.Because(errSecret),
		"invalid":  domain.ErrInvalidToken.Because(errSecret),
		"limited":  domain.ErrRateLimited.After(1500 * time.Millisecond),
		"busy":     domain.ErrBusy,
		"deadline": context.DeadlineExceeded,
	}
	for name, err := range failures {
		echohttp.Handle(a, "GET", "/fail/"+name, echohttp.Op{ID: "fail-" + name, Tag: "test"},
			func(context.Context, echohttp.Caller, none) (none, error) { return none{}, err })
	}
	echohttp.Handle(a, "GET", "/panic", echohttp.Op{ID: "panic", Tag: "test"},
		func(context.Context, echohttp.Caller, none) (none, error) { panic(errSecret) })
	echohttp.Handle(a, "GET", "/slow", echohttp.Op{ID: "slow", Tag: "test", Timeout: time.Millisecond},
		func(ctx context.Context, _ echohttp.Caller, _ none) (none, error) {
			<-ctx.Done()
			return none{}, ctx.Err()
		})
	echohttp.Handle(a, "GET", "/wait", echohttp.Op{ID: "wait", Tag: "test"},
		func(ctx context.Context, _ echohttp.Caller, _ none) (none, error) {
			<-ctx.Done()
			return none{}, ctx.Err()
		})
}

// request is a call with headers given as "Name: value".
func request(method, target string, body io.Reader, headers ...string) *http.Request {
	r := httptest.NewRequest(method, target, body)
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	return r
}

func (k *kernel) do(r *http.Request) *http.Response { return serve(k.API, r) }

func serve(h http.Handler, r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func (k *kernel) get(target string, headers ...string) *http.Response {
	return k.do(request(http.MethodGet, target, nil, headers...))
}

func (k *kernel) post(target, body string, headers ...string) *http.Response {
	headers = append(headers, "Content-Type: application/json")
	return k.do(request(http.MethodPost, target, strings.NewReader(body), headers...))
}

func decodeBody[T any](t *testing.T, res *http.Response) T {
	t.Helper()
	var out T
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, &out); err != nil {
		t.Fatalf("%v in %q", err, body)
	}
	return out
}

// wantProblem checks everything that every problem has, and returns it.
func wantProblem(t *testing.T, res *http.Response, status int, code string) api.Problem {
	t.Helper()
	if got := res.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type is %q", got)
	}
	p := decodeBody[api.Problem](t, res)
	if res.StatusCode != status || p.Status != status || p.Code != code {
		t.Fatalf("got %d (in the body %d) %s %q, want %d %s", res.StatusCode, p.Status, p.Code, p.Detail, status, code)
	}
	if p.Success || p.Type != "urn:signet:problem:"+code || p.Title == "" || p.Detail == "" || p.Message != p.Detail {
		t.Errorf("incomplete: %+v", p)
	}
	if p.RequestID == "" || p.RequestID != res.Header.Get("X-Request-Id") {
		t.Errorf("request id is %q, in the header %q", p.RequestID, res.Header.Get("X-Request-Id"))
	}
	return p
}

func wantStatus(t *testing.T, res *http.Response, status int) {
	t.Helper()
	if res.StatusCode != status {
		body, _ := io.ReadAll(res.Body)
		t.Fatalf("got %d %s, want %d", res.StatusCode, body, status)
	}
}
