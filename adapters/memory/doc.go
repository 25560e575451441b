// Package memory holds the in-process adapters: a single binary uses them in place of servers, and other tests use them as fakes, since
// they pass the same contract suites.
//
// The flow: [Cache] keeps what the store returned and drops it when the change feed says so; [Limiter] counts by GCRA, alone or behind an
// adapter that has lost its server; [Waker] loops the feed's wake-up back into the process; [Inbox] takes mails in development and shows
// them on this machine. Nothing here survives the process, and nothing here may be the only place where a revocation, a lockout or a used
// secret is known.
package memory
