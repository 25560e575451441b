package outbox

import "github.com/signet-auth/signet/domain"

// Asker is where the request came from that a mail is about. It travels in sealed payloads, because mails that are looked up
// behind the outbox say it too.
type Asker struct{ IP, UserAgent string }

// By is the asker of a request.
func By(from domain.Origin) Asker {
	return Asker{IP: from.IP, UserAgent: domain.Clip(from.UserAgent, 300)}
}

// AskedBy makes the letter say from where. The user agent gets its name at delivery.
func (l Letter) AskedBy(a Asker) Letter {
	l.Data.IP, l.UserAgent = a.IP, a.UserAgent
	return l
}
