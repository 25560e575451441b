package signet_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	signet "github.com/signet-auth/signet/sdk/go"
	"github.com/signet-auth/signet/sdk/go/signettest"
)

func invoices(w http.ResponseWriter, r *http.Request) {
	who, _ := signet.From(r.Context())
	_, _ = fmt.Fprint(w, "invoices of ", who.Subject)
}

// The lines of README.md: a service of five lines, and its unit test.
func TestTheReadme(t *testing.T) {
	i := signettest.New(t)
	v := i.Verifier("billing")
	mux := http.NewServeMux()
	mux.Handle("GET /invoices", v.Require("invoice:read")(http.HandlerFunc(invoices)))

	token := i.Token(signettest.User("u-1", "invoice:read"))
	status := func() int {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/invoices", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		mux.ServeHTTP(w, r)
		return w.Code
	}
	if got := status(); got != http.StatusOK {
		t.Error(got)
	}
	i.Grant("u-1")
	if got := status(); got != http.StatusForbidden {
		t.Error(got)
	}
	i.End("s-u-1")
	if got := status(); got != http.StatusUnauthorized {
		t.Error(got)
	}
}
