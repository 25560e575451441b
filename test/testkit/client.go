package testkit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/test/testkit/contract"
)

// Client calls one server. Safe for concurrent use.
type Client struct {
	tb       testing.TB
	url      string
	contract *contract.Contract
	http     *http.Client
}

// Client makes a client of the server.
func (s *Server) Client() *Client {
	s.tb.Helper()
	return &Client{tb: s.tb, url: s.URL, contract: contractOf(s.tb, s.URL), http: httpClient()}
}

// In is the client for a subtest: what it finds wrong is reported there.
func (c *Client) In(tb testing.TB) *Client { own := *c; own.tb = tb; return &own }

// httpClient follows no redirects, so that tests see them.
func httpClient() *http.Client {
	return &http.Client{
		Timeout:       30 * time.Second,
		Transport:     &http.Transport{MaxIdleConnsPerHost: 64},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Request is a call.
type Request struct {
	Method string // GET, or POST when there is a body
	Path   string
	Body   any    // nil, a string or []byte as it is, else JSON
	Bearer string // empty: no Authorization header
	Header http.Header
	// OffContract skips the check of the answer against the document, for requests that no route takes.
	OffContract bool
}

// Response is an answer.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	Took   time.Duration

	tb testing.TB
}

// Do sends a request. Failures of the connection end the test.
func (c *Client) Do(r Request) Response {
	c.tb.Helper()
	response, err := c.Try(r)
	if err != nil {
		c.tb.Fatal(err)
	}
	return response
}

// Try sends a request and returns failures of the connection, for goroutines (which must not end the test) and for tests in
// which there are some.
func (c *Client) Try(r Request) (Response, error) {
	c.tb.Helper()
	request := c.prepare(r)
	begun := time.Now()
	answer, err := c.http.Do(request)
	if err != nil {
		return Response{}, fmt.Errorf("%s %s: %w", request.Method, r.Path, err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := readBody(answer)
	if err != nil {
		return Response{}, fmt.Errorf("%s %s: %w", request.Method, r.Path, err)
	}
	if !r.OffContract {
		if err := c.contract.Check(request, answer, body); err != nil {
			c.tb.Errorf("%s %s: the answer %d breaks the document: %v", request.Method, request.URL.Path, answer.StatusCode, err)
		}
	}
	return Response{Status: answer.StatusCode, Header: answer.Header, Body: body, Took: time.Since(begun), tb: c.tb}, nil
}

// readBody reads an answer to its end; of one that lasts, the beginning.
func readBody(answer *http.Response) ([]byte, error) {
	if answer.Header.Get("Content-Type") != "text/event-stream" {
		return io.ReadAll(answer.Body)
	}
	begin := make([]byte, 4096)
	n, err := answer.Body.Read(begin)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return begin[:n], err
}

func (c *Client) prepare(r Request) *http.Request {
	c.tb.Helper()
	var body io.Reader
	switch b := r.Body.(type) {
	case nil:
	case string:
		body = strings.NewReader(b)
	case []byte:
		body = bytes.NewReader(b)
	default:
		content, err := json.Marshal(b)
		if err != nil {
			c.tb.Fatal(err)
		}
		body = bytes.NewReader(content)
	}
	method := r.Method
	if method == "" {
		method = http.MethodGet
		if body != nil {
			method = http.MethodPost
		}
	}
	request, err := http.NewRequestWithContext(c.tb.Context(), method, c.url+r.Path, body)
	if err != nil {
		c.tb.Fatal(err)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for key, values := range r.Header {
		request.Header[http.CanonicalHeaderKey(key)] = values
	}
	if host := r.Header.Get("Host"); host != "" { // net/http sends this one from a field of its own
		request.Host = host
	}
	if r.Bearer != "" {
		request.Header.Set("Authorization", "Bearer "+r.Bearer)
	}
	return request
}

// JSON is the body as a JSON object.
func (r Response) JSON() map[string]any {
	r.tb.Helper()
	var object map[string]any
	if err := json.Unmarshal(r.Body, &object); err != nil {
		r.tb.Fatalf("the body is not a JSON object: %v\n%s", err, r.Body)
	}
	return object
}

// Text is a member of the body, by its path ("user.id"); the test ends when it is not there or no text.
func (r Response) Text(path string) string {
	r.tb.Helper()
	var value any = r.JSON()
	for name := range strings.SplitSeq(path, ".") {
		object, ok := value.(map[string]any)
		if !ok {
			r.tb.Fatalf("%s is not in %s", path, r.Body)
		}
		value = object[name]
	}
	text, ok := value.(string)
	if !ok {
		r.tb.Fatalf("%s is no text in %s", path, r.Body)
	}
	return text
}

// Outcome is the status and, of a problem, its code: "401 token_invalid".
func (r Response) Outcome() string {
	var problem struct {
		Code string `json:"code"`
	}
	if strings.Contains(r.Header.Get("Content-Type"), "json") {
		_ = json.Unmarshal(r.Body, &problem)
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", r.Status, problem.Code))
}

// Want fails the test unless the answer has the status and, when one is given, the code of the problem.
func (r Response) Want(status int, code string) Response {
	r.tb.Helper()
	got := ""
	if strings.Contains(r.Header.Get("Content-Type"), "json") && code != "" {
		got, _ = r.JSON()["code"].(string)
	}
	if r.Status != status || got != code {
		r.tb.Fatalf("answer %d %q, want %d %q\n%s", r.Status, got, status, code, r.Body)
	}
	return r
}
