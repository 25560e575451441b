package e2e_test

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/signet-auth/signet/test/testkit"
)

// browser is a tab of a real, headless browser.
type browser struct {
	t   *testing.T
	ctx context.Context //nolint:containedctx // the tab is in it

	mu         sync.Mutex
	complaints []string
}

// openBrowser starts a browser, or skips the test where there is none.
func openBrowser(t *testing.T) *browser {
	t.Helper()
	path := ""
	for _, name := range []string{os.Getenv("SIGNET_TEST_BROWSER"), "chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); name != "" && err == nil {
			path = found
			break
		}
	}
	if path == "" {
		const reason = "no Chromium is installed (SIGNET_TEST_BROWSER names one)"
		if os.Getenv("SIGNET_TEST_BACKENDS") == "required" {
			t.Fatal(reason)
		}
		t.Skip(reason)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		// Nothing of the network but our own server.
		chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.WindowSize(1280, 800))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(ctx)
	t.Cleanup(closeTab)
	b := &browser{t: t, ctx: ctx}
	b.listen()
	b.do(chromedp.Navigate("about:blank"))
	return b
}

// listen keeps what the browser complains of: errors of the console, exceptions, and what the policy of a page blocked.
func (b *browser) listen() {
	messages := chromedp.Console(b.ctx)
	go func() {
		for m, err := range messages {
			// The page of a dead link is a 400: the browser notes that of any.
			if err != nil || strings.Contains(m.Text, "status of 400") {
				continue
			}
			b.mu.Lock()
			b.complaints = append(b.complaints, m.String())
			b.mu.Unlock()
		}
	}()
}

func (b *browser) heard() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.complaints)
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// see is the value of an expression in the page.
func see[T any](b *browser, expression string) T {
	b.t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// heading waits for a page with that heading.
func (b *browser) heading(want string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(chromedp.CSS("h1")))
	deadline := time.Now().Add(20 * time.Second)
	for {
		got, err := chromedp.Run(b.ctx, chromedp.Text(chromedp.CSS("h1")))
		if err == nil && got == want {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("the heading is %q, want %q (%v)", got, want, err)
		}
		time.Sleep(20 * time.Millisecond) // another program's page, seen from outside
	}
}

// shoot keeps screenshots in the folder that SIGNET_TEST_SCREENSHOTS names, for people to look at, and checks that nothing is
// cut off at any width.
func (b *browser) shoot(name string) {
	b.t.Helper()
	dir := os.Getenv("SIGNET_TEST_SCREENSHOTS")
	if dir == "" {
		dir = b.t.TempDir()
	}
	for _, view := range []struct {
		name          string
		width, height int64
		scheme        string
	}{{"desktop", 1280, 800, "light"}, {"phone", 360, 740, "light"}, {"dark", 1280, 800, "dark"}, {"watch", 240, 320, "dark"}} {
		media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: view.scheme}}}
		if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, media); err != nil {
			b.t.Fatal(err)
		}
		b.do(chromedp.EmulateViewport(view.width, view.height))
		if wide := see[int64](b, "document.documentElement.scrollWidth"); wide > view.width {
			b.t.Errorf("%s on a %s is %d pixels wide, and the screen %d", name, view.name, wide, view.width)
		}
		picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name+"-"+view.name+".png"), picture, 0o600)
		}
		if err != nil {
			b.t.Fatal(err)
		}
	}
	b.do(chromedp.EmulateViewport(1280, 800))
}

func TestAPersonFollowsTheLinkInABrowser(t *testing.T) {
	b := openBrowser(t)
	s := testkit.Start(t, testkit.Options{})
	email, mail := applicant(t, s)

	b.do(chromedp.Navigate(mail.Links[0]))
	b.heading("Verify your email address")
	b.shoot("confirm")
	s.Client().Do(loggingIn(email, testkit.Password)).Want(http.StatusForbidden, "email_not_verified") // looking proves nothing

	// By keyboard: the button is the first stop, but not before it was gone to; it shows that it is, and Enter presses it.
	if focused := see[string](b, "document.activeElement.tagName"); focused != "BODY" {
		t.Errorf("%s has the focus at once: a key pressed too early would press it", focused)
	}
	b.do(chromedp.KeyEvent(kb.Tab))
	if focused := see[string](b, "document.activeElement.tagName + ' ' + document.activeElement.textContent"); focused != "BUTTON Verify address" {
		t.Errorf("Tab leads to %q", focused)
	}
	if outline := see[string](b, "getComputedStyle(document.activeElement).outlineStyle"); outline == "none" {
		t.Error("the button does not show that it has the focus")
	}
	b.shoot("focus")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.heading("Your address is verified")
	b.shoot("verified")
	s.Client().Do(loggingIn(email, testkit.Password)).Want(http.StatusOK, "")

	// A second visit shows the button, for looking tells nothing, and the button that it is too late.
	b.do(chromedp.Navigate(mail.Links[0]))
	b.heading("Verify your email address")
	b.do(chromedp.Click(chromedp.CSS("button")))
	b.heading("This link no longer works")
	b.shoot("invalid")

	if heard := b.heard(); len(heard) > 0 {
		t.Errorf("the browser complains: %q", heard)
	}
	// It would have said so: the policy lets nothing in, and what it blocks is heard.
	see[any](b, `document.body.insertAdjacentHTML("beforeend", "<p style='color:red'>x</p>")`)
	deadline := time.Now().Add(20 * time.Second)
	for !strings.Contains(strings.Join(b.heard(), "\n"), "Content Security Policy") {
		if time.Now().After(deadline) {
			t.Fatal("an injected style was applied, or the complaint was not heard")
		}
		time.Sleep(20 * time.Millisecond) // the browser's work, seen from outside
	}
}

func TestThePagesSpeakToEverybody(t *testing.T) {
	b := openBrowser(t)
	s := testkit.Start(t, testkit.Options{})
	_, mail := applicant(t, s)
	for name, visit := range map[string]func(){
		"Verify your email address": func() { b.do(chromedp.Navigate(mail.Links[0])) },
		"This link no longer works": func() {
			b.do(chromedp.Navigate(s.URL+"/api/auth/verify-email/abc"), chromedp.Click(chromedp.CSS("button")))
		},
		"Your address is verified": func() { b.do(chromedp.Navigate(mail.Links[0]), chromedp.Click(chromedp.CSS("button"))) },
	} {
		if name == "Your address is verified" {
			defer func() { visit(); b.heading(name); checkSpoken(t, b, name) }() // last: it uses the link up
			continue
		}
		visit()
		b.heading(name)
		checkSpoken(t, b, name)
	}
}

// checkSpoken checks what a screen reader and a low vision reader need: a language, a title, landmarks, contrast of 4.5 to 1
// in both schemes (WCAG 2.2 §1.4.3, §2.4.2, §3.1.1), and that no page runs a script or loads a thing.
func checkSpoken(t *testing.T, b *browser, title string) {
	t.Helper()
	for expression, want := range map[string]string{
		"document.documentElement.lang":                                 "en",
		"document.title":                                                title,
		"String(document.querySelectorAll('main').length)":              "1",
		"String(document.querySelectorAll('h1').length)":                "1",
		"String(document.scripts.length)":                               "0",
		"String(performance.getEntriesByType('resource').length)":       "0",
		"String(document.querySelectorAll('[style],[onclick]').length)": "0",
		"document.referrer === '' || document.referrer":                 "true",
	} {
		if got := see[any](b, expression); want != "true" && got != want || want == "true" && got != true {
			t.Errorf("%s: %s is %v, want %s", title, expression, got, want)
		}
	}
	for _, scheme := range []string{"light", "dark"} {
		media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
		if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, media); err != nil {
			t.Fatal(err)
		}
		for _, element := range []string{"h1", "p", "button"} {
			if ratio := see[float64](b, contrast(element)); ratio < 4.5 {
				t.Errorf("%s, %s: the contrast of %s is %.1f", title, scheme, element, ratio)
			}
		}
	}
}

// contrast is an expression for the contrast of an element's text with what is behind it; 21 when there is no such element.
func contrast(selector string) string {
	return `(() => {
		const parse = c => c.match(/[\d.]+/g).map(Number);
		const light = ([r, g, b]) => [r, g, b].map(v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
			.reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
		const e = document.querySelector('` + selector + `');
		if (!e) return 21;
		let behind = e;
		while (behind && parse(getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement;
		const [a, b] = [light(parse(getComputedStyle(e).color)), light(parse(getComputedStyle(behind).backgroundColor))];
		return (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
	})()`
}

// TestThePageIsNotShownInAFrame: a page that lets people do something must not be shown inside another's (clickjacking).
func TestThePageIsNotShownInAFrame(t *testing.T) {
	b := openBrowser(t)
	s := testkit.Start(t, testkit.Options{})
	_, mail := applicant(t, s)
	tree, err := chromedp.Call(b.ctx, page.GetFrameTree, cdp.Empty{})
	if err != nil {
		t.Fatal(err)
	}
	html := `<iframe src="` + mail.Links[0] + `"></iframe>`
	if _, err := chromedp.Call(b.ctx, page.SetDocumentContent, page.SetDocumentContentParams{FrameID: tree.FrameTree.Frame.ID, HTML: html}); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		tree, err := chromedp.Call(b.ctx, page.GetFrameTree, cdp.Empty{})
		if err != nil {
			t.Fatal(err)
		}
		shown := ""
		if len(tree.FrameTree.ChildFrames) == 1 {
			shown = tree.FrameTree.ChildFrames[0].Frame.URL
		}
		if strings.HasPrefix(shown, "chrome-error://") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the frame shows %q", shown)
		}
		time.Sleep(20 * time.Millisecond) // the browser's work, seen from outside
	}
}
