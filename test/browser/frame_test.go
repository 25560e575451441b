package browser_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/browser"
)

// TestThePagesAreNotShownInAFrame: a page that lets people do something must not be shown inside another's (clickjacking).
func TestThePagesAreNotShownInAFrame(t *testing.T) {
	b := browser.Open(t)
	s := testkit.Start(t, testkit.Options{})
	for _, path := range []string{"/api/auth/verify-email/abc", "/api/password/reset/abc"} {
		frameGetsNothing(t, b, s.URL+path)
	}
}

func frameGetsNothing(t *testing.T, b *browser.Tab, address string) {
	t.Helper()
	b.Go("about:blank")
	tree, err := chromedp.Call(b.Context(), page.GetFrameTree, cdp.Empty{})
	if err != nil {
		t.Fatal(err)
	}
	html := `<iframe src="` + address + `"></iframe>`
	if _, err := chromedp.Call(b.Context(), page.SetDocumentContent, page.SetDocumentContentParams{FrameID: tree.FrameTree.Frame.ID, HTML: html}); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		tree, err := chromedp.Call(b.Context(), page.GetFrameTree, cdp.Empty{})
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
