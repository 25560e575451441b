package base

import "github.com/signet-auth/signet/domain"

// NoteRefusal records in the audit log that a use case was refused because the actor would have gained rights, acted on a principal with
// more rights, or removed the last administrator (domain.RefusalCode). It ignores other errors. It returns the error, so that a use case
// can end with it. The event is that of a success, but as a failure with the code, and collected like failed logins.
func (b *Base) NoteRefusal(err error, e domain.Event) error {
	code := domain.RefusalCode(err)
	if code == "" {
		return err
	}
	e.Outcome = domain.Failed
	b.Audit.RecordFailure(e.With("code", code), domain.Origin{IP: e.Trace.IP}.Block(), b.System.Now())
	return err
}
