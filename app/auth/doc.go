// Package auth is how people get in and out: one use case a file.
//
//	Register ─► registration (pending) ─► mail ─► VerifyEmail ─► user
//	Login ─► session + refresh family ─► access token ─► Refresh … ─► Logout
//
// What guards the doors is in guard.go, the mails that prove a mailbox in verification.go.
package auth
