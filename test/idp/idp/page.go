package idp

import (
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
)

//go:embed pages.html
var pages embed.FS

var templates = template.Must(template.ParseFS(pages, "pages.html"))

func show(w http.ResponseWriter, status int, name string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = templates.ExecuteTemplate(w, name, data)
}

func (p *Provider) showProblem(w http.ResponseWriter, text string) {
	show(w, http.StatusBadRequest, "problem", map[string]any{"Title": p.dialect.title, "Text": text})
}

// showPeople asks who to be. The form goes back to the same address, so that nothing has to be kept.
func (p *Provider) showPeople(w http.ResponseWriter, q url.Values) {
	show(w, http.StatusOK, "people", map[string]any{
		"Title": p.dialect.title, "People": p.People(), "Hint": q.Get("login_hint"), "Faults": faultNames(), "Says": Faults(),
		"Google": p.dialect.title == "Google", "Microsoft": p.dialect.tenants,
	})
}

// chosen is who logs in: who is logged in already, or what the page was answered.
func (p *Provider) chosen(r *http.Request) (Person, bool) {
	if !p.server.options.Interactive {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.person, true
	}
	if r.Method != http.MethodPost {
		return Person{}, false
	}
	form := r.PostForm
	if _, known := faults()[form.Get("misbehave")]; known {
		p.Misbehave(form.Get("misbehave"))
	} else {
		p.Set(Switches{})
	}
	people := p.People()
	if n, err := strconv.Atoi(form.Get("decision")); err == nil && n >= 0 && n < len(people) {
		return people[n], true
	}
	person := Person{
		Subject: form.Get("subject"), Email: form.Get("email"), Verified: form.Get("verified") != "",
		GivenName: form.Get("given_name"), FamilyName: form.Get("family_name"),
		HostedDomain: form.Get("hd"), Tenant: form.Get("tenant"),
	}
	if person.Subject == "" && person.Email == "" {
		person.Subject = p.dialect.subject("nobody")
	}
	return person, true
}
