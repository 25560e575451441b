package browser

import (
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// views are what pages are looked at with.
var views = []struct {
	name          string
	width, height int64
	scheme        string
}{
	{"desktop", 1280, 800, "light"},
	{"phone", 360, 740, "light"},
	{"desktop-dark", 1280, 800, "dark"},
	{"phone-dark", 360, 740, "dark"},
	{"watch", 240, 320, "dark"},
}

// Shoot keeps screenshots in the folder that SIGNET_TEST_SCREENSHOTS names, for people to look at, and checks that nothing is
// cut off at any width.
func (t *Tab) Shoot(name string) {
	t.tb.Helper()
	dir := os.Getenv("SIGNET_TEST_SCREENSHOTS")
	if dir == "" {
		dir = t.tb.TempDir()
	}
	for _, view := range views {
		t.scheme(view.scheme)
		t.Do(chromedp.EmulateViewport(view.width, view.height))
		if wide := See[int64](t, "document.documentElement.scrollWidth"); wide > view.width {
			t.tb.Errorf("%s on a %s is %d pixels wide, and the screen %d", name, view.name, wide, view.width)
		}
		picture, err := chromedp.Run(t.ctx, chromedp.CaptureScreenshot())
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name+"-"+view.name+".png"), picture, 0o600)
		}
		if err != nil {
			t.tb.Fatal(err)
		}
	}
	t.Do(chromedp.EmulateViewport(1280, 800))
}

func (t *Tab) scheme(name string) {
	t.tb.Helper()
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}}}
	if _, err := chromedp.Call(t.ctx, emulation.SetEmulatedMedia, media); err != nil {
		t.tb.Fatal(err)
	}
}

// CheckSpoken checks what a screen reader and a low vision reader need of a page: a language, a title, landmarks, a name for
// every field, contrast of 4.5 to 1 in both schemes and of 3 to 1 around fields (WCAG 2.2 §1.4.3, §1.4.11, §2.4.2, §3.1.1,
// §4.1.2), and that the page loads nothing, scripts included.
func (t *Tab) CheckSpoken(title string) {
	t.tb.Helper()
	for expression, want := range map[string]any{
		"document.documentElement.lang":                         t.language,
		"document.title":                                        title,
		"document.querySelectorAll('main').length":              1.0,
		"document.querySelectorAll('h1').length":                1.0,
		"[...document.scripts].filter(s => s.src).length":       0.0,
		"performance.getEntriesByType('resource').length":       0.0,
		"document.querySelectorAll('[style],[onclick]').length": 0.0,
		"document.referrer":                                     "",
		// A field without a name, and one whose description is not there.
		"[...document.querySelectorAll('input')].filter(i => i.labels.length !== 1 || !i.labels[0].textContent.trim()).length": 0.0,
		`[...document.querySelectorAll('[aria-describedby]')].flatMap(e => e.getAttribute('aria-describedby').split(' '))
			.filter(id => !document.getElementById(id)).length`: 0.0,
	} {
		if got := See[any](t, expression); got != want {
			t.tb.Errorf("%s: %s is %v, want %v", title, expression, got, want)
		}
	}
	for _, scheme := range []string{"light", "dark"} {
		t.scheme(scheme)
		for _, element := range []string{"h1", "p", "button", "label", ".hint", ".error", "input"} {
			if ratio := See[float64](t, contrast(element, "color")); ratio < 4.5 {
				t.tb.Errorf("%s, %s: the contrast of %s is %.1f", title, scheme, element, ratio)
			}
		}
		if ratio := See[float64](t, contrast("input:not([readonly])", "borderTopColor")); ratio < 3 {
			t.tb.Errorf("%s, %s: the contrast of the edge of fields is %.1f", title, scheme, ratio)
		}
	}
}

// contrast is an expression for the contrast of an element's color with what is behind it; 21 when there is no such element.
func contrast(selector, color string) string {
	return `(() => {
		const parse = c => c.match(/[\d.]+/g).map(Number);
		const light = ([r, g, b]) => [r, g, b].map(v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
			.reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
		const e = document.querySelector('` + selector + `');
		if (!e) return 21;
		let behind = e;
		while (behind && parse(getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement;
		const [a, b] = [light(parse(getComputedStyle(e).` + color + `)), light(parse(getComputedStyle(behind).backgroundColor))];
		return (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
	})()`
}
