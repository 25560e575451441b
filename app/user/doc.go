// Package user is what becomes of an account as a whole: it is closed by its owner, disabled, enabled and deleted by those who
// may, and erased when its time has come.
//
//	active ◄── Enable ──┬── disabled ◄── Disable
//	  │                 │
//	  └── Close ──► closed ──(grace)──┐
//	  └── Delete ─────────────────────┴──► Eraser: user, sessions, secrets, mail and traces go; the id stays taken
//
// Everything here but Close and Export takes an actor that may be an administrator or an operator at the command line, and
// authorizes first.
package user
