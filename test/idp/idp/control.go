package idp

import (
	"encoding/json"
	"net/http"
	"slices"
)

// control serves the switches to other programs: a laptop's curl, a test in another language. Only PUT and DELETE change anything, which
// pages of other sites can't send.
//
//	GET    /control                 the providers and the names of faults
//	GET    /control/{provider}      one of them, with what it was asked
//	PUT    /control/{provider}      {"person": {…}, "faults": ["alg_none"], "switches": {…}, "redirect_uris": […], "rotate": "ES256"}
//	DELETE /control/{provider}      as at the beginning
func (s *Server) control() {
	s.mux.HandleFunc("GET /control", func(w http.ResponseWriter, _ *http.Request) {
		all := []Object{}
		for _, p := range s.Providers() {
			all = append(all, p.state(false))
		}
		writeJSON(w, http.StatusOK, Object{"providers": all, "faults": Faults()})
	})
	s.mux.HandleFunc("GET /control/{provider}", s.named(func(w http.ResponseWriter, _ *http.Request, p *Provider) {
		writeJSON(w, http.StatusOK, p.state(true))
	}))
	s.mux.HandleFunc("PUT /control/{provider}", s.named(func(w http.ResponseWriter, r *http.Request, p *Provider) {
		if problem := p.apply(r); problem != "" {
			writeJSON(w, http.StatusBadRequest, Object{"error": problem})
			return
		}
		writeJSON(w, http.StatusOK, p.state(false))
	}))
	s.mux.HandleFunc("DELETE /control/{provider}", s.named(func(w http.ResponseWriter, _ *http.Request, p *Provider) {
		p.Reset()
		writeJSON(w, http.StatusOK, p.state(false))
	}))
}

// named finds the provider of a path.
func (s *Server) named(answer func(http.ResponseWriter, *http.Request, *Provider)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for _, p := range s.Providers() {
			if p.Name == r.PathValue("provider") {
				answer(w, r, p)
				return
			}
		}
		writeJSON(w, http.StatusNotFound, Object{"error": "no such provider"})
	}
}

func (p *Provider) state(requests bool) Object {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := Object{
		"name": p.Name, "url": p.URL, "issuer": p.Issuer, "client_id": p.ClientID, "redirect_uris": p.redirects, "person": p.person,
		"switches": p.switches,
	}
	if requests {
		o["requests"] = slices.Clone(p.requests)
	}
	return o
}

// apply does what the body of a PUT says, and tells what is wrong with it.
func (p *Provider) apply(r *http.Request) (problem string) {
	var order struct {
		Person       *Person   `json:"person"`
		Faults       []string  `json:"faults"`
		Switches     *Switches `json:"switches"`
		RedirectURIs []string  `json:"redirect_uris"`
		Rotate       *string   `json:"rotate"`
	}
	decoder := json.NewDecoder(http.MaxBytesReader(nil, r.Body, 1<<20))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&order); err != nil {
		return err.Error()
	}
	for _, name := range order.Faults {
		if _, known := faults()[name]; !known {
			return "there is no fault " + name
		}
	}
	if order.Person != nil {
		p.Login(*order.Person)
	}
	if order.Switches != nil {
		p.Set(*order.Switches)
	}
	if order.Faults != nil {
		p.Misbehave(order.Faults...)
	}
	if order.Rotate != nil {
		p.Rotate(*order.Rotate)
	}
	p.Register(order.RedirectURIs...)
	return ""
}
