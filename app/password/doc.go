// Package password replaces passwords: for a person who reads the account's mail, for a person who knows the old one, or for an operator.
// One use case a file, each a method of the Service.
//
//	Forgot ─► outbox ─► PrepareForgot ─► mail ─► Reset ─► new password; every session ends, nobody is logged in
//	login  ─► Change (the old password first)         ─► new password; other sessions end, this one gets new tokens
//	Set (an operator)                                 ─► new password; every session ends
//
// replace in service.go does what every new password requires.
package password
