// Package auth is how people get in and out: one use case a file, each a method of the Service.
//
//	Register ─► registration (pending) ─► outbox ─► mail (verification.go) ─► VerifyEmail ─► user
//	Login ─► signin: session + refresh family ─► access token ─► Refresh … ─► Logout
//
// Package signin begins sessions, credential compares passwords, and guard limits attempts.
package auth
