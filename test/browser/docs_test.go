package browser_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/browser"
)

// try presses "Try it out" and "Execute" of an operation as it stands there, and returns the status of the answer.
func try(b *browser.Tab, group, id string) string {
	operation := fmt.Sprintf("#operations-%s-%s", group, id)
	b.Click(operation + " .opblock-summary-control")
	b.Click(operation + " .try-out__btn")
	b.Click(operation + " .execute")
	b.Visible(operation + " .live-responses-table tbody .response-col_status")
	return browser.See[string](b, fmt.Sprintf("document.querySelector(%q).firstChild.textContent.trim()", operation+" .live-responses-table tbody .response-col_status"))
}

// The session of the README, by the buttons of the documentation: the bodies are its examples, and the token of the login is taken over.
func TestTheDocumentationCanBeTried(t *testing.T) {
	b := browser.Open(t)
	s := testkit.Start(t, testkit.Options{})
	public := strings.Replace(s.URL, "127.0.0.1", "localhost", 1) // PUBLIC_URL, since none is set
	b.Go(public + "/docs")
	b.Visible("#operations-Registration-register")
	if status := try(b, "Registration", "register"); status != "201" {
		t.Errorf("register: %s", status)
	}
	s.Client().Do(testkit.Request{Path: "/api/auth/verify-email", Body: testkit.Object{"token": s.Mail("ada@example.com", 1).Token()}}).Want(http.StatusOK, "")
	if status := try(b, "Account", "me"); status != "401" {
		t.Errorf("me before the login: %s", status)
	}
	if status := try(b, "Login", "login"); status != "200" {
		t.Errorf("login: %s", status)
	}
	b.Click("#operations-Account-me .execute")
	b.Becomes(`document.querySelector("#operations-Account-me .live-responses-table")?.textContent.includes("ada@example.com")`)
	b.Shoot("docs-tried")

	b.Go(strings.Replace(public, "localhost", "127.0.0.1", 1) + "/docs/")
	b.Visible("#operations-Registration-register")
	if note := browser.See[string](b, "document.querySelector('.note')?.textContent"); note != "Calls can be tried at "+public+"/docs." {
		t.Errorf("at another name: %q", note)
	}
	b.Go(s.AdminURL + "/docs")
	b.Visible("#operations-Registration-register")
	b.Click("#operations-Registration-register .opblock-summary-control")
	b.Visible("#operations-Registration-register .opblock-body")
	if n := browser.See[int](b, "document.querySelectorAll('.try-out__btn').length"); n != 0 {
		t.Error("the administration's listener offers calls that can't work")
	}
	if heard := strings.Join(b.Complaints(), "\n"); strings.Contains(heard, "Content Security Policy") {
		t.Errorf("the browser complains: %s", heard)
	}
}
