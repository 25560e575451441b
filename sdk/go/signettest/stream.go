package signettest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"
)

const heartbeat = time.Second

// place is where a follower stands.
type place struct {
	epoch int
	seen  int // facts of this epoch
}

func (i *Issuer) place(cursor string) place {
	p := place{}
	if _, err := fmt.Sscanf(cursor, "sgcu_%d_%d", &p.epoch, &p.seen); err != nil {
		p = place{epoch: i.epoch}
	}
	return p
}

func (p place) cursor() string { return fmt.Sprintf("sgcu_%d_%d", p.epoch, p.seen) }

// news are the facts that a follower has not heard, with the place behind them. They need the lock.
func (i *Issuer) news(p place) ([]fact, place) {
	if p.epoch != i.epoch { // facts begin with the reset
		p = place{epoch: i.epoch}
	}
	p.seen = min(p.seen, len(i.facts))
	return slices.Clone(i.facts[p.seen:]), place{epoch: p.epoch, seen: len(i.facts)}
}

func (i *Issuer) stream(w http.ResponseWriter, r *http.Request) {
	if !credential(r) {
		answer(w, http.StatusUnauthorized, map[string]any{"code": "token_invalid", "success": false})
		return
	}
	cursor := r.URL.Query().Get("cursor")
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		cursor = last
	}
	i.mu.Lock()
	p, audience, number := i.place(cursor), i.audience, i.seq
	i.mu.Unlock()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store, no-transform")
	send := func(name, id string, data any) {
		text, _ := json.Marshal(data) // of numbers and texts
		if name != "" {
			_, _ = fmt.Fprintf(w, "event: %s\n", name)
		}
		if id != "" {
			_, _ = fmt.Fprintf(w, "id: %s\n", id)
		}
		_, _ = fmt.Fprintf(w, "data: %s\n\n", text)
		_ = http.NewResponseController(w).Flush()
	}
	send("hello", "", map[string]any{"v": 1, "token_ttl": int(tokenTTL.Seconds()), "heartbeat": int(heartbeat.Seconds()), "service": audience, "cs": number})
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for name := "ready"; ; {
		i.mu.Lock()
		facts, next := i.news(p)
		number, changed, cut := i.seq, i.changed, i.cut
		i.mu.Unlock()
		if cut {
			return
		}
		p = next
		for _, f := range facts {
			send("", p.cursor(), f)
		}
		if name != "" {
			send(name, p.cursor(), map[string]any{"cs": number})
		}
		select {
		case <-changed:
			name = ""
		case <-beat.C:
			name = "tick"
		case <-r.Context().Done():
			return
		}
	}
}

// list is the long poll. It waits for no news.
func (i *Issuer) list(w http.ResponseWriter, r *http.Request) {
	if !credential(r) {
		answer(w, http.StatusUnauthorized, map[string]any{"code": "token_invalid", "success": false})
		return
	}
	wait, _ := time.ParseDuration(r.URL.Query().Get("wait") + "s")
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		i.mu.Lock()
		facts, next := i.news(i.place(r.URL.Query().Get("cursor")))
		number, changed := i.seq, i.changed
		i.mu.Unlock()
		if len(facts) == 0 {
			select {
			case <-changed:
				continue
			case <-timer.C:
			case <-r.Context().Done():
				return
			}
		}
		answer(w, http.StatusOK, map[string]any{
			"facts": append([]fact{}, facts...), "cursor": next.cursor(), "cs": number, "token_ttl": int(tokenTTL.Seconds()), "heartbeat": int(heartbeat.Seconds()), "more": false,
		})
		return
	}
}
