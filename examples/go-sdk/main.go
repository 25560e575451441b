// Billing is a service that Signet protects by its Go SDK. examples/go is the same with a foreign library alone, for comparison: it hears of a
// logout when the token expires, and asks Signet before each call that must respect one at once.
//
// Until the SDK is released its version cannot be in go.mod. In this tree the two find each other by a workspace:
//
//	eval "$(tools/sdk.sh env)"
//	cd examples/go-sdk && SIGNET_ISSUER=http://localhost:5000 SIGNET_APP_TOKEN=sgat_… go run .
package main

import (
	"cmp"
	"encoding/json"
	"log"
	"net/http"
	"os"
	"time"

	signet "github.com/signet-auth/signet/sdk/go"
)

func main() {
	v, err := signet.New(signet.Config{
		Issuer:   cmp.Or(os.Getenv("SIGNET_ISSUER"), "http://localhost:5000"),
		Audience: "billing", // the service's key at Signet
		AppToken: signet.Secret(os.Getenv("SIGNET_APP_TOKEN")),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer v.Close()

	address := "127.0.0.1:" + cmp.Or(os.Getenv("PORT"), "8000")
	log.Print("billing is at http://", address) //nolint:gosec // PORT is ours
	server := http.Server{Addr: address, Handler: routes(v), ReadHeaderTimeout: 5 * time.Second}
	log.Print(server.ListenAndServe())
}

func routes(v *signet.Verifier) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"service": "billing"})
	})
	mux.Handle("GET /me", v.Require()(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, _ := signet.From(r.Context())
		answer(w, map[string]any{"sub": who.Subject, "permissions": who.Permissions})
	})))
	mux.Handle("GET /invoices", v.Require("invoice:read")(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"invoices": []string{"2026-001", "2026-002"}})
	})))
	mux.Handle("DELETE /invoices/{id}", v.Require("invoice:delete")(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer(w, map[string]any{"deleted": r.PathValue("id")})
	})))
	return mux
}

func answer(w http.ResponseWriter, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(body); err != nil {
		log.Print(err)
	}
}
