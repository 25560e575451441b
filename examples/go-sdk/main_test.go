package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/signet-auth/signet/sdk/go/signettest"
)

// A unit test of a protected service needs no server.
func TestInvoices(t *testing.T) {
	i := signettest.New(t)
	service := routes(i.Verifier("billing"))
	status := func(method, path, token string) int {
		w, r := httptest.NewRecorder(), httptest.NewRequest(method, path, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		service.ServeHTTP(w, r)
		return w.Code
	}
	token := i.Token(signettest.User("u-1", "invoice:read"))
	for call, want := range map[string]int{"GET /": 200, "GET /me": 200, "GET /invoices": 200, "DELETE /invoices/1": 403} {
		method, path, _ := strings.Cut(call, " ")
		if got := status(method, path, token); got != want {
			t.Errorf("%s %s: %d, not %d", method, path, got, want)
		}
	}
	i.End("s-u-1")
	if got := status(http.MethodGet, "/invoices", token); got != http.StatusUnauthorized {
		t.Error("after the logout: ", got)
	}
}
