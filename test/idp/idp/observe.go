package idp

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// Request is what an endpoint was asked.
type Request struct {
	Endpoint Endpoint    `json:"endpoint"`
	Method   string      `json:"method"`
	Path     string      `json:"path"`
	Query    url.Values  `json:"query"`
	Form     url.Values  `json:"form"`
	Header   http.Header `json:"header"`
}

// Requests lists what an endpoint was asked, oldest first; with an empty endpoint, what all were.
func (p *Provider) Requests(e Endpoint) []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(p.requests), func(r Request) bool { return e != "" && r.Endpoint != e })
}

// Hold makes an endpoint wait before it answers, until the function is called that is returned, or Reset, or the server stops.
func (p *Provider) Hold(e Endpoint) (release func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.release(e)
	p.held[e] = make(chan struct{})
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.release(e)
	}
}

// release ends a hold. The caller holds the lock.
func (p *Provider) release(e Endpoint) {
	if held := p.held[e]; held != nil {
		close(held)
		delete(p.held, e)
	}
}

// observed writes down what an endpoint is asked and lets faults happen before it answers.
func (p *Provider) observed(e Endpoint, answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		if err := r.ParseForm(); err != nil {
			http.Error(w, "no form", http.StatusBadRequest)
			return
		}
		p.mu.Lock()
		p.requests = append(p.requests, Request{e, r.Method, r.URL.Path, r.URL.Query(), r.PostForm, r.Header.Clone()})
		held, fault := p.held[e], p.switches.Faults[e]
		p.mu.Unlock()
		if !p.wait(r, held, time.Duration(fault.DelayMillis)*time.Millisecond) {
			return
		}
		if !fault.happens(w, r) {
			answer(w, r)
		}
		if fault.Padding > 0 {
			_, _ = w.Write(bytes.Repeat([]byte(" "), fault.Padding))
		}
	}
}

// wait reports whether somebody still waits for the answer.
func (p *Provider) wait(r *http.Request, held chan struct{}, delay time.Duration) bool {
	if held == nil {
		held = make(chan struct{})
		close(held)
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	for late := timer.C; held != nil || late != nil; {
		select {
		case <-held:
			held = nil
		case <-late:
			late = nil
		case <-r.Context().Done():
			return false
		case <-p.server.stopped:
			return false
		}
	}
	return true
}

// happens answers instead of the endpoint, when the fault is of that kind.
func (f Fault) happens(w http.ResponseWriter, r *http.Request) bool {
	status := f.Status
	switch {
	case f.Drop:
		panic(http.ErrAbortHandler) // the only way to end a connection of either version of HTTP
	case f.Location != "":
		if status == 0 {
			status = http.StatusFound
		}
		http.Redirect(w, r, f.Location, status)
		return true
	case status == 0 && f.Body == "":
		return false
	case status == 0:
		status = http.StatusOK
	}
	w.Header().Set("Content-Type", f.ContentType)
	w.WriteHeader(status)
	_, _ = w.Write([]byte(f.Body))
	return true
}
