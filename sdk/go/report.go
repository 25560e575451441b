package signet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// report writes a line when something begins and when it ends, and none in between: a log that repeats itself is not read.
type report struct {
	log *slog.Logger
	set *settings

	mu    sync.Mutex
	open  map[string]string // what is wrong, by what it is about
	told  map[Reason]time.Time
	cuts  int64
	fails error // the last of keys, stream and questions
}

func newReport(set *settings) *report {
	return &report{log: set.Logger, set: set, open: map[string]string{}, told: map[Reason]time.Time{}}
}

// change writes a line if what is wrong about a thing is not what it was. Empty is nothing.
func (r *report) change(about, wrong, begun, over string, attributes ...slog.Attr) {
	r.mu.Lock()
	before := r.open[about]
	r.open[about] = wrong
	r.mu.Unlock()
	switch {
	case wrong != "" && before == "":
		r.log.LogAttrs(context.Background(), slog.LevelError, begun, append(attributes, slog.String("cause", wrong))...) //nolint:sloglint // the callers' are literals
	case wrong == "" && before != "":
		r.log.LogAttrs(context.Background(), slog.LevelInfo, over, attributes...) //nolint:sloglint // likewise
	}
}

func words(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func (r *report) keys(err error) {
	r.change("keys", words(err), "signet: the keys can't be fetched: is URL (SIGNET_URL), or else Issuer (SIGNET_ISSUER), Signet's address? The keys that are known serve 24 h",
		"signet: the keys are fetched again", slog.String("url", r.set.url))
}

func (r *report) question(err error) {
	r.change("question", words(err), "signet: questions about tokens fail", "signet: questions about tokens are answered again", slog.String("url", r.set.url))
}

// stream is told of every end. Short ones are everyday: a deploy, a rebalance.
func (r *report) stream(end ending) {
	switch {
	case end.status == 401:
		r.change("app_token", "401", "signet: the app token is refused (AppToken, SIGNET_APP_TOKEN, SIGNET_APP_TOKEN_FILE): revoked, expired or another Signet's. "+
			"Revocations are not heard until there is another", "", slog.String("url", r.set.url))
	case end.status == 403 && !errors.Is(end.err, errForeign):
		r.change("app_token", "403", "signet: this credential may not follow revocations: AppToken has to be an application token of this service", "", slog.String("url", r.set.url))
	case end.status == 404:
		r.change("app_token", "404", "signet: there is no revocation stream here: is URL (SIGNET_URL) Signet's address, and its release new enough?", "", slog.String("url", r.set.url))
	case end.buffers:
		r.log.LogAttrs(context.Background(), slog.LevelWarn, "signet: something between this service and Signet keeps events back (proxy buffering): revocations are polled for 10 min",
			slog.String("url", r.set.url))
	}
	r.mu.Lock()
	r.fails = end.err
	r.mu.Unlock()
}

func (r *report) service(service string) {
	r.change("app_token", "another service", "signet: the app token is another service's: either AppToken or Audience (SIGNET_AUDIENCE) is wrong", "",
		slog.String("audience", r.set.Audience), slog.String("app_token_of", service))
}

// cut is looked at from time to time.
func (r *report) cut(blind bool) {
	wrong := ""
	if blind {
		r.mu.Lock()
		if wrong = "the stream is not ready"; r.fails != nil {
			wrong = r.fails.Error()
		}
		if r.open["cut"] == "" {
			r.cuts++
		}
		r.mu.Unlock()
	} else {
		r.change("app_token", "", "", "signet: the app token is taken again")
	}
	what := "tokens are accepted until they expire, whatever is revoked (OnCut allow)"
	if r.set.OnCut == Deny {
		what = "every request is answered with 503 (OnCut deny)"
	}
	r.change("cut", wrong, "signet: revocations are not heard: "+what, "signet: revocations are heard again", slog.String("url", r.set.url))
}

// mistaken tells once a minute of refusals that a wrong setting would cause.
func (r *report) mistaken(reason Reason, seen any, now time.Time) {
	setting, expected := "Issuer (SIGNET_ISSUER)", r.set.Issuer
	if reason == ReasonAudience {
		setting, expected = "Audience (SIGNET_AUDIENCE)", r.set.Audience
	}
	r.mu.Lock()
	last, there := r.told[reason]
	if there && now.Sub(last) < time.Minute {
		r.mu.Unlock()
		return
	}
	r.told[reason] = now
	r.mu.Unlock()
	r.log.LogAttrs(context.Background(), slog.LevelWarn, "signet: genuine tokens are refused because a setting is another than they say",
		slog.String("setting", setting), slog.String("expected", expected), slog.String("seen", clip(fmt.Sprint(seen))))
}

// clip keeps what a token says short and on one line.
func clip(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s[:min(len(s), 200)])
}
