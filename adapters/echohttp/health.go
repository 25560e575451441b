package echohttp

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
)

// health reports that the process is alive (always) and whether it should get traffic.
type health struct {
	ready    func(context.Context) (bool, map[string]string)
	draining atomic.Bool

	mu      sync.Mutex
	at      time.Time
	ok      bool
	details map[string]string
}

// healthMemory is how long an answer is reused, so that anonymous calls can't turn the checks into load.
const (
	healthMemory  = 250 * time.Millisecond
	healthTimeout = 2 * time.Second
)

// check asks the parts. It does not use one caller's context, because all callers share the answer.
func (h *health) check() (bool, map[string]string) {
	if h.draining.Load() {
		return false, map[string]string{"process": "stopping"}
	}
	if h.ready == nil {
		return true, nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.at.IsZero() || time.Since(h.at) > healthMemory {
		ctx, cancel := context.WithTimeout(context.Background(), healthTimeout)
		defer cancel()
		h.ok, h.details = h.ready(ctx)
		h.at = time.Now()
	}
	return h.ok, h.details
}

// drain makes readyz answer 503 from now on, so that load balancers stop sending requests before the listener closes.
func (a *API) drain() {
	a.health.draining.Store(true)
	if a.onDrain != nil {
		a.onDrain()
	}
}

func (a *API) addHealth() {
	live := Op{ID: "livez", Tag: "Health", Summary: "Is the process alive?"}
	a.document.add(http.MethodGet, "/livez", live, nil, nil, Content{Description: "It is."})
	route(a.echo, http.MethodGet, "/livez", func(ex *exchange, _ echo.Context) error {
		ex.answer(http.StatusOK, nil)
		return nil
	})
	ready := Op{ID: "readyz", Tag: "Health", Summary: "Can the process serve?"}
	a.document.add(http.MethodGet, "/readyz", ready, nil, nil,
		Content{Description: "It can."}, Content{Status: http.StatusServiceUnavailable, Description: "It can't, or is about to stop."})
	route(a.echo, http.MethodGet, "/readyz", func(ex *exchange, c echo.Context) error {
		ok, _ := a.health.check()
		a.showSeen(ex, c.Request())
		ex.answer(readyStatus(ok), nil)
		return nil
	})
}

// The headers by which an operator's tool asks which address its request seems to come from. (They are not in the document: nobody else
// gets an answer.)
const (
	ProbeHeader = "Signet-Probe"
	SeenHeader  = "Signet-Seen"
)

// showSeen tells a caller with a probe what address its request counts for, from which peer it came, and by how many hops. Strangers get
// nothing, because they must not learn what is in front of Signet. It is on the public listener,
// because only the path of real requests shows the address; the admin listener is not on that path.
func (a *API) showSeen(ex *exchange, r *http.Request) {
	probe := r.Header.Get(ProbeHeader)
	if probe == "" || a.probed == nil || !a.probed(probe) {
		return
	}
	hops := 0
	for _, line := range r.Header["X-Forwarded-For"] {
		hops += strings.Count(line, ",") + 1
	}
	peer := peerAddr(r.RemoteAddr)
	setHeader(ex.Header(), SeenHeader, fmt.Sprintf("client=%s; peer=%s; trusted=%t; hops=%d", ex.client, peer, contains(a.edge.trusted, peer), hops))
}

func readyStatus(ok bool) int {
	if ok {
		return http.StatusOK
	}
	return http.StatusServiceUnavailable
}
