// Package user is what becomes of an account as a whole: it is closed by its owner, disabled, enabled and deleted by those who
// may, and erased when its time has come. Each use case is a method of the Service.
//
//	active ◄── Enable ──┬── disabled ◄── Disable
//	  │                 │
//	  └── Close ──► closed ──(grace)──┐
//	  └── Delete ─────────────────────┴──► erase.go: user, sessions, secrets, mail and traces go; the id stays taken
//
// Everything here except Close and Export takes an actor that may be an administrator or an operator at the command line, and
// authorizes first.
package user
