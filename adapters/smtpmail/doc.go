// Package smtpmail delivers mails by SMTP (RFC 5321), as the last step of the outbox.
//
// The flow: [New] checks the settings, so that a bad sender or a password that would travel in the clear stops the start and
// not a mail; [Transport.Send] opens one connection per mail, bounded in time from the dial to the server's last word, hands
// over one message to one stored address, and sorts what went wrong into "for good" and "try again". Servers repeat addresses
// in their replies, so of a reply only its codes are told.
package smtpmail
