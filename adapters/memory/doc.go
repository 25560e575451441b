// Package memory holds the in-process adapters: what a single binary uses instead of servers of its own, and the fakes of
// every other test, since they pass the same contract suites.
//
// The flow: [Cache] remembers what the store knows and forgets when the change feed says so; [Limiter] counts by GCRA, alone
// or behind an adapter that has lost its server; [Waker] loops the feed's wake-up back into the process; [Inbox] takes mails
// in development and shows them to anyone who sits before the machine. Nothing here survives the process, and nothing here may
// be the only place where a revocation, a lockout or a used secret is known.
package memory
