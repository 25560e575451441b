package main

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

func TestClosedLoopCountsAnswers(t *testing.T) {
	var served atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if served.Add(1)%10 == 0 {
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	defer server.Close()
	op := operation{name: "test", clients: 4, want: http.StatusOK, request: func(int) []byte { return get("/", "token") }}
	o, err := closed(t.Context(), server.URL, op, 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	all := int(served.Load())
	if all == 0 || len(o.took)+o.failed != all || o.failed != all/10 || o.statuses[http.StatusTeapot] != o.failed {
		t.Errorf("%d were served; %d good, %d failed, %v", all, len(o.took), o.failed, o.statuses)
	}
}

func TestEachClientFollowsItsOwnChain(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(r.URL.Path + "x")) }))
	defer server.Close()
	paths := []string{"/a", "/b", "/c"}
	op := operation{
		name: "test", clients: len(paths), want: http.StatusOK,
		request: func(i int) []byte { return get(paths[i], "") },
		learn:   func(i int, body []byte) error { paths[i] = string(body); return nil },
	}
	o, err := open(t.Context(), server.URL, op, 30*time.Millisecond, 1000)
	if err != nil || o.failed > 0 {
		t.Fatalf("%d failed (%s), error %v", o.failed, o.why, err)
	}
	steps := 0
	for i, path := range paths {
		if path[1] != "abc"[i] {
			t.Errorf("client %d took the chain of %s", i, path)
		}
		steps += len(path) - 2
	}
	if steps != 30 || len(o.took) != 30 {
		t.Errorf("%d steps and %d answers in 30 ms at 1000/s", steps, len(o.took))
	}
}

func TestOpenLoopCountsTheWaitForAStalledServer(t *testing.T) {
	const stall = 100 * time.Millisecond
	var served atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		if served.Add(1) == 1 {
			time.Sleep(stall) // what is tested is that time passes
		}
	}))
	defer server.Close()
	op := operation{name: "test", clients: 1, want: http.StatusOK, request: func(int) []byte { return get("/", "") }}
	o, err := open(t.Context(), server.URL, op, 50*time.Millisecond, 200)
	if err != nil {
		t.Fatal(err)
	}
	if p50 := quantile(o.took, 0.5); len(o.took) != 10 || p50 < stall/2 {
		t.Errorf("%d answers, half of them within %s, though nobody was served for %s", len(o.took), p50, stall)
	}
}

func TestAServerThatIsNotThere(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	op := operation{name: "test", clients: 1, want: http.StatusOK, request: func(int) []byte { return get("/", "") }}
	o, err := open(t.Context(), server.URL, op, 10*time.Millisecond, 500)
	if err != nil || o.failed != 5 || o.why == "" {
		t.Errorf("%d failures (%s), error %v", o.failed, o.why, err)
	}
}
