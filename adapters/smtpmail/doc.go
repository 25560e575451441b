// Package smtpmail delivers mails by SMTP (RFC 5321), as the last step of the outbox.
//
// The flow: [New] checks the settings, so that a bad sender or a password that would travel in the clear stops the start and not a mail;
// [Transport.Send] opens one connection per mail, bounded in time from the dial to the server's last word, hands over one message to one
// stored address, and classifies errors as "for good" or "try again". Servers repeat addresses in their replies, so errors contain only the
// codes of a reply.
package smtpmail
