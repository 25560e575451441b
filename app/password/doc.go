// Package password is how a password is replaced: by somebody who reads the account's mail, by somebody who knows the old one, or by
// an operator. One use case a file, each a method of the Service.
//
//	Forgot ─► outbox ─► PrepareForgot ─► mail ─► Reset ─► new password; every session ends, nobody is logged in
//	login  ─► Change (the old password first)         ─► new password; other sessions end, this one gets new tokens
//	Set (an operator)                                 ─► new password; every session ends
//
// What a new password brings with it, however it came about, is replace in service.go.
package password
