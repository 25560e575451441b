// Package browser is a tab of a real, headless browser, for tests of the pages that people see: what is on them, what a
// keyboard, a screen reader and a phone make of them, and what the browser complains of.
package browser

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/signet-auth/signet/test/testkit/backend"
)

// Tab is a tab of a window of its own, which shares no cookies with others.
type Tab struct {
	tb       testing.TB
	ctx      context.Context //nolint:containedctx // the tab is in it
	language string

	mu         sync.Mutex
	complaints []string
}

// Step is something done in a tab.
type Step = chromedp.Action[chromedp.Void]

// running is the browser of the process, whose start takes longer than most tests.
var running struct {
	sync.Mutex
	ctx context.Context //nolint:containedctx // the browser is in it
}

// Open opens a window of a browser, or skips the test where there is none, and under -short. Packages that use it run their tests through
// [backend.Main], which ends the browser.
func Open(tb testing.TB) *Tab { tb.Helper(); return open(tb) }

func open(tb testing.TB, window ...chromedp.CreateBrowserContextOption) *Tab {
	tb.Helper()
	ctx, cancel := context.WithTimeout(start(tb), 2*time.Minute)
	tb.Cleanup(cancel)
	t := attach(tb, ctx, chromedp.WithNewBrowserContext(window...))
	t.Do(chromedp.Navigate("about:blank"))
	return t
}

func start(tb testing.TB) context.Context {
	tb.Helper()
	path := program(tb)
	running.Lock()
	defer running.Unlock()
	if running.ctx != nil {
		return running.ctx
	}
	dir, err := os.MkdirTemp("", "signet-browser-") // Chromium leaves its locks where its temp folder is; short, since one is a socket
	if err != nil {
		tb.Fatal(err)
	}
	backend.AtExit(func() { _ = os.RemoveAll(dir) }) // Chromium may still write: what it keeps then is the machine's
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		// Nothing of the network but our own server.
		chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("ignore-certificate-errors", true), // the certificates are the tests' own
		chromedp.WindowSize(1280, 800), chromedp.Env("TMPDIR="+dir))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	backend.AtExit(stop)
	ctx, end := chromedp.NewContext(ctx)
	backend.AtExit(end)
	if _, err := chromedp.Run(ctx, chromedp.Navigate("about:blank")); err != nil {
		tb.Fatal(err)
	}
	running.ctx = ctx
	return ctx
}

// attach is a tab of the browser that ctx belongs to.
func attach(tb testing.TB, ctx context.Context, which ...chromedp.ContextOption) *Tab { //nolint:revive // a helper of tests takes tb first
	tb.Helper()
	ctx, closeTab := chromedp.NewContext(ctx, which...)
	tb.Cleanup(closeTab)
	t := &Tab{tb: tb, ctx: ctx, language: "en"}
	t.listen()
	// Without a screen no window is in front, and nothing in it would show that it has the focus.
	if _, err := chromedp.Call(t.ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}); err != nil {
		tb.Fatal(err)
	}
	return t
}

// Beside opens another tab of the same browser, with the same cookies.
func (t *Tab) Beside() *Tab { t.tb.Helper(); return attach(t.tb, t.ctx) }

// Popup is the window that doing something in the tab opens. What is to be done again is, until a window opens: a key goes nowhere while
// the focus is on its way into a frame of another process.
func (t *Tab) Popup(open func(), again ...func()) *Tab {
	t.tb.Helper()
	opened := chromedp.WaitNewTarget(t.ctx, func(*target.Info) bool { return true })
	open()
	for range 10 {
		for _, do := range again {
			do()
		}
		select {
		case id := <-opened:
			return attach(t.tb, t.ctx, chromedp.WithTargetID(id))
		case <-time.After(2 * time.Second):
		}
	}
	t.tb.Fatal("no window opened")
	return nil
}

func program(tb testing.TB) string {
	tb.Helper()
	if testing.Short() {
		tb.Skip("-short leaves out what needs a browser")
	}
	for _, name := range []string{os.Getenv("SIGNET_TEST_BROWSER"), "chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); name != "" && err == nil {
			return found
		}
	}
	const reason = "no Chromium is installed (SIGNET_TEST_BROWSER names one)"
	if os.Getenv("SIGNET_TEST_BACKENDS") == "required" {
		tb.Fatal(reason)
	}
	tb.Skip(reason)
	return ""
}

// Context is the tab's, for calls of the browser's protocol.
func (t *Tab) Context() context.Context { return t.ctx }

// expected are complaints that no page is to blame for.
var expected = []string{
	"status of 400",         // a page that says no: the browser notes that of any
	"Failed to launch",      // an app: it is not installed here
	"Not allowed to launch", // an app, since nobody tapped: what the button is for
}

// listen keeps what the browser complains of: errors of the console, exceptions, and what the policy of a page blocked.
func (t *Tab) listen() {
	messages := chromedp.Console(t.ctx)
	go func() {
		for m, err := range messages {
			if err != nil || slices.ContainsFunc(expected, func(text string) bool { return strings.Contains(m.Text, text) }) {
				continue
			}
			t.mu.Lock()
			t.complaints = append(t.complaints, m.String())
			t.mu.Unlock()
		}
	}()
}

// Complaints are what the browser has complained of so far.
func (t *Tab) Complaints() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.complaints)
}

// Quiet fails the test when the browser complained of anything, and then makes sure that it would have said so: a style is
// injected, which the policy of every page of ours must block.
func (t *Tab) Quiet() {
	t.tb.Helper()
	if heard := t.Complaints(); len(heard) > 0 {
		t.tb.Errorf("the browser complains: %q", heard)
	}
	See[any](t, `document.body.insertAdjacentHTML("beforeend", "<p style='color:red'>x</p>")`)
	t.until("an injected style to be blocked and complained of", func() bool {
		return strings.Contains(strings.Join(t.Complaints(), "\n"), "Content Security Policy")
	})
}

// Do takes steps, and ends the test when one fails.
func (t *Tab) Do(steps ...Step) {
	t.tb.Helper()
	if err := chromedp.Do(t.ctx, steps...); err != nil {
		t.tb.Fatal(err)
	}
}

// Go opens an address.
func (t *Tab) Go(address string) { t.tb.Helper(); t.Do(chromedp.Navigate(address)) }

// Press presses keys where the focus is.
func (t *Tab) Press(keys string) { t.tb.Helper(); t.Do(chromedp.KeyEvent(keys)) }

// Insert puts text in where the focus is, all at once, as pasting and password managers do.
func (t *Tab) Insert(text string) {
	t.tb.Helper()
	if _, err := chromedp.Call(t.ctx, input.InsertText, input.InsertTextParams{Text: text}); err != nil {
		t.tb.Fatal(err)
	}
}

// Visible waits for an element of a CSS selector.
func (t *Tab) Visible(selector string) {
	t.tb.Helper()
	t.Do(chromedp.WaitVisible(chromedp.CSS(selector)))
}

// Click clicks on the first element of a CSS selector.
func (t *Tab) Click(selector string) { t.tb.Helper(); t.Do(chromedp.Click(chromedp.CSS(selector))) }

// See is the value of an expression in the page.
func See[T any](t *Tab, expression string) T {
	t.tb.Helper()
	value, err := chromedp.Run(t.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.tb.Fatalf("%s: %v", expression, err)
	}
	return value
}

// Await is what a promise of the page comes to.
func Await[T any](t *Tab, promise string) T {
	t.tb.Helper()
	value, err := chromedp.Run(t.ctx, chromedp.Evaluate[T](promise, chromedp.EvalAwaitPromise))
	if err != nil {
		t.tb.Fatalf("%s: %v", promise, err)
	}
	return value
}

// Becomes waits for an expression to be true, also on a page that is still to come.
func (t *Tab) Becomes(expression string) {
	t.tb.Helper()
	t.until(expression, func() bool {
		value, err := chromedp.Run(t.ctx, chromedp.Evaluate[bool](expression))
		return err == nil && value
	})
}

// Heading waits for a page with that heading.
func (t *Tab) Heading(want string) {
	t.tb.Helper()
	t.Becomes(fmt.Sprintf("document.querySelector('h1')?.innerText === %q", want))
}

// Speak makes the browser ask for pages in a language, which CheckSpoken wants them to be in.
func (t *Tab) Speak(language string) {
	t.tb.Helper()
	agent := See[string](t, "navigator.userAgent")
	override := emulation.SetUserAgentOverrideParams{UserAgent: agent, AcceptLanguage: language}
	Call(t, emulation.SetUserAgentOverride, override)
	t.language = language
}

// WithoutScript switches the scripts of all pages off, or on again.
func (t *Tab) WithoutScript(off bool) {
	t.tb.Helper()
	Call(t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: off})
}

// Call runs a command of the DevTools protocol, for what no other method has.
func Call[P, R any](t *Tab, c cdp.Command[P, R], params P) R {
	t.tb.Helper()
	result, err := chromedp.Call(t.ctx, c, params)
	if err != nil {
		t.tb.Fatal(err)
	}
	return result
}

// until waits for another program's work, which is seen from outside only.
func (t *Tab) until(what string, holds func() bool) {
	t.tb.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			t.tb.Fatalf("waited in vain for %s; the page says: %s", what, See[string](t, `document.body?.innerText ?? ""`))
		}
		time.Sleep(20 * time.Millisecond)
	}
}
