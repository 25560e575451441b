package signet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

const (
	askTimeout   = 2 * time.Second
	askAtOnce    = 32
	breakerAfter = 5
	breakerFor   = 10 * time.Second
)

var (
	errBreaker  = errors.New("the last questions were not answered: nothing is asked for 10 s")
	errTooMany  = errors.New("too many questions wait for Signet")
	errAppToken = errors.New("the app token is refused (AppToken, SIGNET_APP_TOKEN)")
	errNonsense = errors.New("the answer is none of Signet's: is URL (SIGNET_URL) its address?")
)

// asker asks Signet about tokens.
type asker struct {
	client *client
	token  *appToken
	now    func() time.Time
	slots  chan struct{}

	mu       sync.Mutex
	failures int
	closedTo time.Time // no question before
}

func newAsker(c *client, token *appToken, now func() time.Time) *asker {
	return &asker{client: c, token: token, now: now, slots: make(chan struct{}, askAtOnce)}
}

// introspect asks what a token is now (RFC 7662). The answer is not older than the number.
func (a *asker) introspect(token string, after int64) (answered, error) {
	if !a.closed() {
		return answered{}, errBreaker
	}
	if err := a.enter(); err != nil {
		return answered{}, err
	}
	defer func() { <-a.slots }()
	out, err := a.introspectOnce(token, after)
	if errors.Is(err, errAppToken) && a.token.reload() {
		out, err = a.introspectOnce(token, after)
	}
	a.count(err)
	return out, err
}

func (a *asker) introspectOnce(token string, after int64) (answered, error) {
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	header := http.Header{
		"Authorization": {bearer(a.token.get())}, "Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"},
	}
	if after > 0 {
		header.Set("Signet-After", strconv.FormatInt(after, 10))
	}
	form := url.Values{"token": {token}}.Encode()
	got, err := a.client.retrying(ctx, call{method: http.MethodPost, path: "/oauth2/introspect", header: header, body: form}, 1)
	switch {
	case err != nil:
		return answered{}, err
	case got.status == http.StatusUnauthorized:
		return answered{}, errAppToken
	case got.status != http.StatusOK:
		return answered{}, fmt.Errorf("the answer is %d", got.status)
	}
	return readIntrospection(got.body)
}

// readIntrospection wants every member that it uses in its type: a proxy's page must not be an answer.
func readIntrospection(body []byte) (answered, error) {
	all, ok := decodeAnswer(body)
	active, is := all["active"].(bool)
	if !ok || !is {
		return answered{}, errNonsense
	}
	out := answered{active: active, permissions: []string{}, roles: []string{}}
	for name, target := range map[string]*[]string{"permissions": &out.permissions, "roles": &out.roles} {
		if value, there := all[name]; there {
			if *target, is = readTexts(value); !is {
				return answered{}, errNonsense
			}
		}
	}
	out.number, out.valid, ok = readAge(all)
	out.until = out.valid
	if !ok {
		return answered{}, errNonsense
	}
	return out, nil
}

// readAge reads cs and valid_until, which may be absent.
func readAge(all map[string]any) (number int64, until time.Time, ok bool) {
	if value, there := all["cs"]; there {
		written, _ := value.(json.Number)
		n, err := strconv.ParseInt(string(written), 10, 64)
		if err != nil || n < 0 {
			return 0, time.Time{}, false
		}
		number = n
	}
	if value, there := all["valid_until"]; there && value != nil {
		text, _ := value.(string)
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return 0, time.Time{}, false
		}
		until = t
	}
	return number, until, true
}

// enter takes one of the places, and waits for it as long as a question may take.
func (a *asker) enter() error {
	wait := time.NewTimer(askTimeout)
	defer wait.Stop()
	select {
	case a.slots <- struct{}{}:
		return nil
	case <-wait.C:
		return errTooMany
	}
}

// closed tells whether the breaker lets questions through.
func (a *asker) closed() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return !a.now().Before(a.closedTo)
}

func (a *asker) count(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err == nil {
		a.failures = 0
		return
	}
	if a.failures++; a.failures >= breakerAfter {
		a.closedTo = a.now().Add(breakerFor)
	}
}
