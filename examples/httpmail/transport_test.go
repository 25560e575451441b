package httpmail_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/examples/httpmail"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/porttest"
)

var _ mailer.Transport = (*httpmail.Transport)(nil)

// call is what the service was sent.
type call struct {
	Key, ID string
	From    string            `json:"from"`
	To      []string          `json:"to"`
	ReplyTo string            `json:"reply_to"`
	Subject string            `json:"subject"`
	Text    string            `json:"text"`
	HTML    string            `json:"html"`
	Headers map[string]string `json:"headers"`
}

// service plays the HTTP API. It answers as it is told, and repeats in its answer what it was sent, as real ones do.
type service struct {
	*httptest.Server

	mu     sync.Mutex
	status int
	calls  []call
}

func start(t *testing.T) *service {
	t.Helper()
	s := &service{status: http.StatusOK}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		one := call{Key: r.Header.Get("Authorization"), ID: r.Header.Get("Idempotency-Key")}
		err := json.NewDecoder(r.Body).Decode(&one)
		if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s with %v: %v", r.Method, r.Header, err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(s.status)
		_ = json.NewEncoder(w).Encode(one)
		s.calls = append(s.calls, one)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *service) seen() []call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

func (s *service) options() httpmail.Options {
	return httpmail.Options{URL: s.URL + "/emails", Key: domain.NewSecret("k3y"), From: "Signet <no-reply@id.example.com>"}
}

func transport(t *testing.T, o httpmail.Options) *httpmail.Transport {
	t.Helper()
	transport, err := httpmail.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return transport
}

func message(t *testing.T) mailer.Message {
	t.Helper()
	to, err := domain.ParseEmail("Ada@example.com")
	if err != nil {
		t.Fatal(err)
	}
	return mailer.Message{
		ID: "7d444840", To: to, Subject: "Confirm", Text: "Open https://id.example.com/s3cr3t\n", HTML: "<p>Open it</p>\n", Language: "de",
	}
}

// TestContract is the proof that the adapter does what Signet counts on.
func TestContract(t *testing.T) {
	porttest.Transport(t, func(t *testing.T) porttest.TransportRig {
		s := start(t)
		return porttest.TransportRig{
			Transport: transport(t, s.options()),
			Delivered: func() (all []porttest.Delivery) {
				for _, c := range s.seen() {
					all = append(all, porttest.Delivery{ID: c.ID, To: c.To, Subject: c.Subject, Text: c.Text, HTML: c.HTML})
				}
				return all
			},
			Refuse: func(permanent bool) {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.status = http.StatusServiceUnavailable
				if permanent {
					s.status = http.StatusUnprocessableEntity
				}
			},
		}
	})
}

func TestTheCall(t *testing.T) {
	s := start(t)
	o := s.options()
	o.ReplyTo = "Support <support@example.com>"
	if err := transport(t, o).Send(t.Context(), message(t)); err != nil {
		t.Fatal(err)
	}
	want := []call{{
		Key: "Bearer k3y", ID: "7d444840", From: o.From, To: []string{"Ada@example.com"}, ReplyTo: o.ReplyTo, Subject: "Confirm",
		Text: "Open https://id.example.com/s3cr3t\n", HTML: "<p>Open it</p>\n",
		Headers: map[string]string{"Auto-Submitted": "auto-generated", "Content-Language": "de"},
	}}
	if diff := cmp.Diff(want, s.seen()); diff != "" {
		t.Error(diff)
	}
}

func TestStatuses(t *testing.T) {
	for status, permanent := range map[int]bool{
		http.StatusBadRequest: true, http.StatusRequestEntityTooLarge: true, http.StatusUnprocessableEntity: true,
		http.StatusUnauthorized: false, http.StatusForbidden: false, http.StatusNotFound: false, http.StatusConflict: false,
		http.StatusTooManyRequests: false, http.StatusInternalServerError: false,
		http.StatusTemporaryRedirect: false, // and nobody is asked there
	} {
		s := start(t)
		s.status = status
		err := transport(t, s.options()).Send(t.Context(), message(t))
		if err == nil || errors.Is(err, mailer.ErrPermanent) != permanent || len(s.seen()) != 1 {
			t.Errorf("%d: %v after %d calls", status, err, len(s.seen()))
		}
	}
}

func TestAServiceThatIsAwayIsTriedAgain(t *testing.T) {
	s := start(t)
	o := s.options()
	s.Close()
	err := transport(t, o).Send(t.Context(), message(t))
	if err == nil || errors.Is(err, mailer.ErrPermanent) || strings.Contains(err.Error(), "k3y") || strings.Contains(err.Error(), "/emails") {
		t.Error(err)
	}
}

func TestAServiceThatHangsIsGivenUp(t *testing.T) {
	release := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(hanging.Close)
	t.Cleanup(func() { close(release) }) // first, or Close waits for it
	o := (&service{Server: hanging}).options()
	o.Timeout = 50 * time.Millisecond
	if err := transport(t, o).Send(t.Context(), message(t)); err == nil || errors.Is(err, mailer.ErrPermanent) {
		t.Error(err)
	}
}

func TestNewRefuses(t *testing.T) {
	good := httpmail.Options{URL: "https://api.example.com/emails", Key: domain.NewSecret("k3y"), From: "no-reply@example.com"}
	if _, err := httpmail.New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*httpmail.Options){
		"http":                      func(o *httpmail.Options) { o.URL = "http://api.example.com/emails" },
		"an address of another web": func(o *httpmail.Options) { o.URL = "ftp://localhost/emails" },
		"no address":                func(o *httpmail.Options) { o.URL = "" },
		"no key":                    func(o *httpmail.Options) { o.Key = domain.Secret{} },
		"no sender":                 func(o *httpmail.Options) { o.From = "" },
		"an answer to nobody":       func(o *httpmail.Options) { o.ReplyTo = "nobody" },
	} {
		o := good
		change(&o)
		if _, err := httpmail.New(o); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
