// Package user changes accounts as a whole: owners close them, administrators disable, enable and delete them, and the janitor erases them
// when they are due. Each use case is a method of the Service.
//
//	active ◄── Enable ──┬── disabled ◄── Disable
//	  │                 │
//	  └── Close ──► closed ──(grace)──┐
//	  └── Delete ─────────────────────┴──► erase.go: deletes user, sessions, secrets, mail and traces; the id stays taken
//
// Everything here except Close and Export takes an actor that may be an administrator or an operator at the command line, and
// authorizes first.
package user
