// Billing is a service that Signet protects. guard.go is the part to copy; the routes are yours.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"log"
	"net/http"
	"os"
	"time"
)

func main() {
	issuer := cmp.Or(os.Getenv("SIGNET_ISSUER"), "http://localhost:5000")
	g, err := newGuard(context.Background(), issuer, "billing") // the service's key at Signet
	if err != nil {
		log.Fatal("Signet can't be asked for its keys: ", err)
	}

	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]any{"service": "billing"})
	})
	mux.HandleFunc("GET /me", g.loggedIn(func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusOK, map[string]any{"sub": caller(r).Subject, "permissions": caller(r).Permissions})
	}))
	mux.HandleFunc("GET /invoices", g.may("invoice:read", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]any{"invoices": []string{"2026-001", "2026-002"}})
	}))
	mux.HandleFunc("DELETE /invoices/{id}", g.mayNow("invoice:delete", func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusOK, map[string]any{"deleted": r.PathValue("id")})
	}))
	mux.HandleFunc("DELETE /invoices", g.mayNow("invoice:delete", g.fresh("aal2", 10*time.Minute, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]any{"deleted": "all"})
	})))

	address := "127.0.0.1:" + cmp.Or(os.Getenv("PORT"), "8000")
	log.Print("billing is at http://", address)
	pages := os.Getenv("FRONT_END") // the origin of a front end that calls from a browser, such as http://localhost:3000
	server := http.Server{Addr: address, Handler: allow(pages, mux), ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}

func answer(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		log.Print(err)
	}
}
