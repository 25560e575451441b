package browser_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/signet-auth/signet/test/idp/idp"
	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/browser"
)

// frontEnd is the application of docs/log-in-through-providers.md, as printed, on another site than Signet.
type frontEnd struct {
	*testkit.Server

	providers *idp.Server
	public    string // Signet, as browsers know it
	origin    string // the application
}

const nativeApp = "com.example.app:/login"

// startFrontEnd starts Signet, the providers, which ask who to be, and the application.
func startFrontEnd(t *testing.T) *frontEnd {
	t.Helper()
	files, f := printedFiles(t), &frontEnd{}
	application := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/")
		text, media := strings.ReplaceAll(files[name], "https://auth.example.com", f.public), "text/html"
		switch name {
		case "login.js":
			media = "text/javascript"
		case "index.html":
			w.Header().Set("Cross-Origin-Opener-Policy", "same-origin-allow-popups") // as the document allows
		case "next":
			f.next(w, r)
			return
		case "cookies": // what the browser sends here, from wherever
			text = r.Header.Get("Cookie")
			http.SetCookie(w, &http.Cookie{Name: "elsewhere", Value: "1", Secure: true, SameSite: http.SameSiteNoneMode})
			w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
			w.Header().Set("Access-Control-Allow-Credentials", "true")
		}
		w.Header().Set("Content-Type", media)
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(application.Close)
	clock := &testkit.Clock{}
	f.origin, f.providers = application.URL, idp.Start(t, idp.Options{Now: clock.System().Now, Interactive: true})
	env := f.providers.Env()
	env["CORS_ORIGINS"] = f.origin + "," + f.sameSite()
	env["REDIRECT_ALLOWLIST"] = f.origin + "/done.html," + f.sameSite() + "/done.html," + nativeApp
	f.Server = testkit.Start(t, testkit.Options{Env: env, Clock: clock})
	f.public = strings.Replace(f.URL, "127.0.0.1", "localhost", 1)
	f.providers.Register(f.public)
	return f
}

// sameSite is the application on the site of Signet: browsers ignore the port.
func (f *frontEnd) sameSite() string { return strings.Replace(f.origin, "127.0.0.1", "localhost", 1) }

// printedFiles are the files of the document: its pages by the name in their first line, and all its JavaScript in one.
func printedFiles(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../docs/log-in-through-providers.md")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, block := range regexp.MustCompile("(?s)```(js|html)\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		if block[1] == "js" {
			files["login.js"] += block[2]
			continue
		}
		first, rest, _ := strings.Cut(block[2], "\n")
		files[strings.Trim(first, "<!-> ")] = rest
	}
	if len(files) != 3 || files["index.html"] == "" || files["done.html"] == "" {
		t.Fatalf("the document has %d files", len(files))
	}
	return files
}

// somebody is a person whom no other test logs in.
func somebody(verified bool) idp.Person {
	return idp.Person{Email: testkit.NewAddress(), Verified: verified}
}

// front opens the application's first page, which asks Signet what providers there are.
func (f *frontEnd) front(b *browser.Tab) {
	b.Go(f.origin + "/index.html")
	b.Becomes("provider.value === 'google'")
}

// choose is what a person does at a provider, whose page asks who to be.
func choose(b *browser.Tab, who idp.Person) {
	b.Becomes(fmt.Sprintf(`(form => {
		if (!form?.email) return false
		form.email.value = %q
		form.verified.checked = %t
		setTimeout(() => form.querySelector("fieldset button").click())
		return true
	})(document.forms[0])`, who.Email, who.Verified))
}

// shows waits for what the application shows, which has to name all of these.
func shows(b *browser.Tab, words ...string) {
	var tests []string
	for _, word := range words {
		tests = append(tests, fmt.Sprintf("document.querySelector('pre')?.textContent.includes(%q)", word))
	}
	b.Becomes("location.href.startsWith('http://127.0.0.1') && " + strings.Join(tests, " && ") + " || false")
}

func shownMe(who idp.Person) []string {
	return []string{`"email": "` + who.Email + `"`, `"provider": `}
}

// cookies are the names of Signet's that begin so.
func (f *frontEnd) cookies(t *testing.T, b *browser.Tab, prefix string) (names []string) {
	t.Helper()
	for _, cookie := range jar(t, b, f.public+"/api/auth/refresh") {
		if strings.HasPrefix(cookie.Name, prefix) {
			names = append(names, cookie.Name)
		}
	}
	return names
}

// blockThirdPartyCookies does so, if the browser does not by itself, and makes sure of it: a cookie of SameSite=None is sent to its
// site from the site's own page, and from the application's it is not.
func (f *frontEnd) blockThirdPartyCookies(t *testing.T, b *browser.Tab) {
	t.Helper()
	control := network.SetCookieControlsParams{EnableThirdPartyCookieRestriction: true}
	if _, err := chromedp.Call(b.Context(), network.SetCookieControls, control); err != nil {
		t.Fatal(err)
	}
	elsewhere := f.sameSite() + "/cookies"
	b.Go(elsewhere)
	for origin, want := range map[string]string{elsewhere: "elsewhere=1", f.origin + "/index.html": ""} {
		b.Go(origin)
		if got := browser.Await[string](b, fmt.Sprintf("fetch(%q, {credentials: 'include'}).then(r => r.text())", elsewhere)); got != want {
			t.Fatalf("from %s, %q is sent", origin, got)
		}
	}
}

// TestLoginThroughProviders is in one browser, since a browser takes seconds to start.
func TestLoginThroughProviders(t *testing.T) {
	b, f := browser.Open(t), startFrontEnd(t)
	f.blockThirdPartyCookies(t, b)
	t.Run("the front end of the document logs people in", func(t *testing.T) { f.logsPeopleIn(t, b) })
	t.Run("the pages", func(t *testing.T) { f.showsPages(t, b) })
	t.Run("the front end of the document goes on", func(t *testing.T) { f.goesOn(t, b) })
}

func (f *frontEnd) logsPeopleIn(t *testing.T, b *browser.Tab) {
	t.Helper()
	ada := somebody(true)

	t.Run("in two tabs at once, ended in the other order", func(t *testing.T) {
		first, second, eve := b, b.Beside(), somebody(true)
		for _, tab := range []*browser.Tab{first, second} {
			f.front(tab)
			tab.Click("#here")
			tab.Visible("[name=email]")
		}
		if names := f.cookies(t, b, "signet_oauth_"); len(names) != 2 {
			t.Errorf("attempts: %v", names)
		}
		choose(second, eve)
		shows(second, shownMe(eve)...)
		choose(first, ada)
		shows(first, shownMe(ada)...)
		if address := browser.See[string](first, "location.href"); address != f.origin+"/done.html" {
			t.Errorf("the address is %s", address)
		}
	})
	t.Run("in a popup, which posts to the page that opened it", func(t *testing.T) {
		f.front(b)
		choose(b.Popup(func() { b.Click("#popup") }), ada)
		shows(b, shownMe(ada)...)
		if address := browser.See[string](b, "location.href"); address != f.origin+"/index.html" {
			t.Errorf("the address is %s", address)
		}
	})
	t.Run("in a popup that the person closes", func(t *testing.T) {
		f.front(b)
		popup := b.Popup(func() { b.Click("#popup") })
		popup.Visible("[name=email]")
		if _, err := chromedp.Call(popup.Context(), page.Close, cdp.Empty{}); err != nil {
			t.Fatal(err)
		}
		shows(b, `"error": "closed"`)
	})
	t.Run("not by an answer to a login that began elsewhere (login CSRF, RFC 9700 §4.7)", func(t *testing.T) {
		b.Go(f.origin + "/done.html?code=of-the-attacker&state=of-the-attacker")
		shows(b, `"error": "invalid_state"`) // and not what the exchange would say
	})
	t.Run("not when they cancel", func(t *testing.T) {
		f.front(b)
		b.Click("#here")
		b.Click("[value=cancel]")
		shows(b, `"error": "access_denied"`, `"provider": "google"`)
	})
	t.Run("by Apple's POST from another site, with the page between", func(t *testing.T) {
		tim := somebody(true)
		f.front(b)
		browser.See[any](b, `provider.value = "apple", 0`)
		b.Click("#here")
		choose(b, tim)
		shows(b, shownMe(tim)...)
		browser.See[any](b, "history.back(), 0")
		b.Visible("[name=email]") // neither the POST nor the page between stands in the history
	})
	t.Run("once, however often they click and go back", func(t *testing.T) {
		joan := somebody(true)
		f.front(b)
		b.Do(chromedp.DoubleClick(chromedp.CSS("#here")))
		b.Visible("[name=email]")
		browser.See[any](b, `document.forms[0].onsubmit = () => { document.forms[0].onsubmit = null; setTimeout(() => document.querySelector("fieldset button").click()) }, 0`)
		choose(b, joan)
		shows(b, shownMe(joan)...)
		browser.See[any](b, "history.back(), 0")
		choose(b, joan)
		shows(b, `"error": "invalid_state"`)
		if n := f.Record().Count("SELECT count(*) FROM sessions s JOIN users u ON u.id = s.user_id WHERE u.email = ?", joan.Email); n != 1 {
			t.Errorf("%d sessions", n)
		}
	})
}

// goesOn is what an application does without a code: with a continuation, and to link.
func (f *frontEnd) goesOn(t *testing.T, b *browser.Tab) {
	t.Helper()
	popup := func(run string, who idp.Person) {
		b.Go(f.origin + "/index.html")
		choose(b.Popup(func() { browser.See[any](b, "("+run+`).then(r => { result = r }), 0`) }), who)
		b.Becomes("'result' in window")
	}
	try := func(what string) map[string]any { return browser.Await[map[string]any](b, what) }
	const login = `inPopup(() => loginAddress("google"))`

	t.Run("by the owner's word, where the address has an account", func(t *testing.T) {
		account := f.NewAccount()
		popup(login, idp.Person{Email: account.Email, Verified: true})
		if told := try(`complete(result, {})`); told["reason"] != "link_required" || told["email"] != account.Email {
			t.Fatalf("%+v", told)
		}
		tokens := f.Client().Login(account)
		if linked := try(fmt.Sprintf("confirmLink(result, %q)", tokens.Access)); linked["identity"] == nil {
			t.Fatalf("%+v", linked)
		}
		popup(login, idp.Person{Email: account.Email, Verified: true})
		if id := browser.See[string](b, "result.user.id"); id != account.ID {
			t.Errorf("in as %s", id)
		}
	})
	t.Run("by a code of a mail, where no address is proved", func(t *testing.T) {
		who := somebody(false)
		popup(login, who)
		if sent := try(fmt.Sprintf("sendCode(result, %q)", who.Email)); sent["success"] != true {
			t.Fatalf("%+v", sent)
		}
		in := try(fmt.Sprintf("enterCode(result, %q)", f.Mail(who.Email, 1).Code))
		if in["created"] != true {
			t.Fatalf("%+v", in)
		}
	})
	t.Run("to link, from a page that somebody is logged in on", func(t *testing.T) {
		account := f.NewAccount()
		token := f.Client().Login(account).Access
		popup(fmt.Sprintf(`link("discord", %q)`, token), somebody(false))
		if provider := browser.See[string](b, "result.identity.provider"); provider != "discord" {
			t.Errorf("%s is linked", provider)
		}
		f.Move(11 * time.Minute)
		if code := browser.Await[string](b, fmt.Sprintf(`link("github", %q).catch(e => e.code)`, token)); code != "reauth_required" {
			t.Errorf("later: %s", code)
		}
	})
	for want, origin := range []string{f.origin, f.sameSite()} { // want: how many cookies are kept
		t.Run("with a cookie from the same site alone: "+origin, func(t *testing.T) {
			b.Go(origin + "/index.html")
			// finish, but for the transport
			browser.See[any](b, `finish = search => (answer => fetch(signet + "/api/oauth/exchange", {
				method: "POST", credentials: "include", headers: {"Content-Type": "application/json"}, body: JSON.stringify({
					code: answer.get("code"), code_verifier: sessionStorage.getItem("login " + answer.get("state")), transport: "cookie",
				}),
			}).then(r => r.json()))(new URLSearchParams(search)), 0`)
			choose(b.Popup(func() { browser.See[any](b, "("+login+`).then(r => { result = r }), 0`) }), somebody(true))
			b.Becomes("'result' in window")
			if told := browser.See[[]bool](b, "['access_token', 'refresh_token'].map(name => name in result)"); !told[0] || told[1] {
				t.Errorf("access and refresh token in the body: %v", told)
			}
			if kept := f.cookies(t, b, "signet_rt"); len(kept) != want {
				t.Errorf("cookies: %v", kept)
			}
		})
	}
}
