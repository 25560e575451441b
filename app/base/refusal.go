package base

import "github.com/signet-auth/signet/domain"

// NoteRefusal puts into the audit log that a use case was refused because somebody would have risen by it, acted on somebody who may do
// more, or taken the last administrator away (domain.RefusalCode). Any other error is nothing to note. A use case ends with it: it returns
// the error. The event is the one of a success, told as a failure with the code, and gathered like failed logins.
func (b *Base) NoteRefusal(err error, e domain.Event) error {
	code := domain.RefusalCode(err)
	if code == "" {
		return err
	}
	e.Outcome = domain.Failed
	b.Audit.RecordFailure(e.With("code", code), domain.Origin{IP: e.Trace.IP}.Block(), b.System.Now())
	return err
}
