package idp

import (
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"testing"
)

// Answer is what the browser of a person brings back from a provider.
type Answer struct {
	URL     string     // the callback
	Form    url.Values // what the browser posts there (Apple); nil when it is sent there
	Problem string     // what the provider shows when it sends nobody back
}

// Params are the parameters of the callback, wherever they stand.
func (a Answer) Params() url.Values {
	if a.Form != nil {
		return a.Form
	}
	u, err := url.Parse(a.URL)
	if err != nil {
		return url.Values{}
	}
	return u.Query()
}

// Visit opens an authorize URL as the browser of the person does who is logged in, and returns what it brings back. Only where no page
// asks who to be.
func Visit(tb testing.TB, authorizeURL string) Answer {
	tb.Helper()
	request, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, authorizeURL, nil)
	if err != nil {
		tb.Fatal(err)
	}
	request.Header.Set("User-Agent", "Mozilla/5.0")
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		tb.Fatal(err)
	}
	if location := answer.Header.Get("Location"); location != "" {
		return Answer{URL: location}
	}
	if action := first(`<form method="post" action="([^"]*)">`, body); action != "" {
		a := Answer{URL: action, Form: url.Values{}}
		for _, field := range regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`).FindAllSubmatch(body, -1) {
			a.Form.Add(html.UnescapeString(string(field[1])), html.UnescapeString(string(field[2])))
		}
		return a
	}
	if link := first(`<a id="first" href="([^"]*)">`, body); link != "" {
		return Answer{URL: link}
	}
	if text := first(`<p id="problem">([^<]*)</p>`, body); text != "" {
		return Answer{Problem: text}
	}
	tb.Fatalf("%s answered %s: %s", authorizeURL, answer.Status, body)
	return Answer{}
}

func first(pattern string, body []byte) string {
	found := regexp.MustCompile(pattern).FindSubmatch(body)
	if found == nil {
		return ""
	}
	return html.UnescapeString(string(found[1]))
}
