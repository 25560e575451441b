// Package password is how a password is replaced: by whoever reads the account's mail, or by whoever knows the old one.
//
//	Forgot ─► outbox ─► Recovery ─► mail ─► Reset ─► new password; every session ends, nobody is logged in
//	login  ─► Change (the old password first)     ─► new password; other sessions end, this one gets new tokens
//
// What a new password brings with it, however it came about, is in replacement.go.
package password
