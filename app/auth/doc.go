// Package auth is how people get in and out: one use case a file, each a method of the Service.
//
//	Register ─► registration (pending) ─► outbox ─► mail (verification.go) ─► VerifyEmail ─► user
//	Login ─► signin: session + refresh family ─► access token ─► Refresh … ─► Logout
//
// What a session's beginning takes is in signin, what a password is compared with in credential, what guards the doors in guard.
package auth
