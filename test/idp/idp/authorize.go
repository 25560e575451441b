package idp

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// authorize answers a browser that Signet sent: at once for the person who is logged in, or by a page that asks who to be. What is
// wrong with the client or its redirect_uri is said on a page: nobody is sent to an address that is not registered.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if text := p.misfit(q); text != "" {
		p.showProblem(w, text)
		return
	}
	refuse := func(code, text string) { p.send(w, r, q, p.denial(code, text)) }
	if code, text := p.unusable(q); code != "" {
		refuse(code, text)
		return
	}
	person, ok := p.chosen(r)
	if !ok {
		p.showPeople(w, q)
		return
	}
	s := p.current()
	switch {
	case r.PostForm.Get("decision") == "cancel":
		refuse("access_denied", "")
		return
	case s.Deny != "":
		refuse(s.Deny, s.DenyText)
		return
	case p.dialect.tenants && !microsoftAdmits(r.PathValue("tenant"), person.tenant()):
		p.showProblem(w, "AADSTS50020: the account does not exist in this tenant")
		return
	}
	p.send(w, r, q, p.consent(q, person))
}

// misfit is what is wrong with the client or where it wants the answer.
func (p *Provider) misfit(q url.Values) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, values := range q {
		if len(values) > 1 {
			return "invalid_request: " + name + " is repeated" // RFC 6749 §3.1
		}
	}
	switch {
	case q.Get("client_id") != p.ClientID:
		return "invalid_client: the client is not known"
	case !slices.Contains(p.redirects, q.Get("redirect_uri")):
		// Letter for letter. GitHub would take paths below a registered one, and tells the registered one of others.
		return "redirect_uri_mismatch: " + q.Get("redirect_uri") + " is not registered"
	case p.dialect.formPost && q.Get("scope") != "" && q.Get("response_mode") != "form_post":
		return "invalid_request: response_mode must be form_post when name or email is asked for"
	}
	return ""
}

// unusable is what is wrong with the rest of the request, which the client is told.
func (p *Provider) unusable(q url.Values) (code, text string) {
	method := q.Get("code_challenge_method")
	switch {
	case q.Get("response_type") != "code":
		return "unsupported_response_type", "Only code is supported."
	case q.Get("code_challenge") != "" && method != "S256", q.Get("code_challenge") == "" && method != "":
		return "invalid_request", "Only the challenge method S256 is supported."
	}
	return "", ""
}

// denial are the parameters that say no.
func (p *Provider) denial(code, text string) url.Values {
	if p.dialect.denied == nil {
		return described(code, text)
	}
	return p.dialect.denied(code, text)
}

// consent makes a code, and the parameters that bring it.
func (p *Provider) consent(q url.Values, person Person) url.Values {
	p.mu.Lock()
	defer p.mu.Unlock()
	g := &grant{
		person: person, redirectURI: q.Get("redirect_uri"), challenge: q.Get("code_challenge"), nonce: q.Get("nonce"),
		scopes: strings.Fields(strings.ReplaceAll(q.Get("scope"), ",", " ")), at: p.now(),
	}
	params := url.Values{}
	if p.dialect.extra != nil {
		params = p.dialect.extra(p, g)
	}
	params.Set("code", p.issue(g))
	subject := p.subjectOf(person)
	if p.dialect.formPost && g.may("name") && !p.consented[subject] {
		params.Set("user", encode(appleUser(person)))
	}
	p.consented[subject] = true
	return params
}

// send brings parameters to the callback: by a redirect, or a form that the browser posts.
func (p *Provider) send(w http.ResponseWriter, r *http.Request, q, params url.Values) {
	if state := q.Get("state"); state != "" {
		params.Set("state", state)
	}
	if p.dialect.promises {
		params.Set("iss", p.Issuer)
	}
	s := p.current()
	for name, value := range s.Answer {
		params.Set(name, value)
		if value == Omit {
			params.Del(name)
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	target, err := url.Parse(q.Get("redirect_uri"))
	if err != nil {
		p.showProblem(w, "redirect_uri_mismatch")
		return
	}
	if p.dialect.formPost {
		show(w, http.StatusOK, "post", map[string]any{"Action": target.String(), "Fields": params})
		return
	}
	all := target.Query()
	for name := range params {
		all.Set(name, params.Get(name))
	}
	target.RawQuery = all.Encode()
	location := target.String() + p.dialect.fragment
	if s.Twin {
		show(w, http.StatusOK, "twin", map[string]any{"First": location, "Second": p.Twin(location)})
		return
	}
	status := http.StatusFound
	if r.Method == http.MethodPost {
		status = http.StatusSeeOther
	}
	http.Redirect(w, r, location, status)
}
