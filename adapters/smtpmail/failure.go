package smtpmail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"slices"
	"strconv"

	"github.com/wneessen/go-mail"

	"github.com/signet-auth/signet/ports/mailer"
)

// Replies that ask for (better) authentication, RFC 4954 §6: an operator can fix that, so they are not permanent, although they start with
// 5.
var authReplies = []int{530, 534, 535, 538}

// explain says what went wrong, without text of the server or the message: replies repeat addresses and sometimes content. Nothing is
// wrapped but the context's errors and ErrPermanent.
func explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("smtpmail: the delivery was given up: %w", ctx.Err())
	}
	if refused, ok := errors.AsType[*mail.SendError](err); ok {
		return refusal(refused)
	}
	if reply, ok := errors.AsType[*textproto.Error](err); ok {
		return &ReplyError{Code: reply.Code}
	}
	return errors.New("smtpmail: no session with the mail server: " + cause(err))
}

// ReplyError is a server's refusal, without its text.
type ReplyError struct {
	Code     int    // RFC 5321 §4.2.3
	Enhanced string // RFC 3463, or empty
	Stage    string // MAIL, RCPT, DATA or the end of DATA; empty: before any of them
}

func (r *ReplyError) Error() string {
	if r.Stage == "" {
		return "smtpmail: no session with the mail server: it answered " + strconv.Itoa(r.Code)
	}
	reply := strconv.Itoa(r.Code)
	if r.Enhanced != "" {
		reply += " " + r.Enhanced
	}
	return "smtpmail: the server answered " + reply + " to " + r.Stage
}

// Advice says what an operator can do about an error of Send or Check; it is empty if the error itself says so.
func Advice(err error) string {
	refused, ok := errors.AsType[*ReplyError](err)
	switch {
	case !ok && errors.Is(err, context.DeadlineExceeded):
		return "the server does not answer in time: are MAIL_SERVER and MAIL_PORT right, and does a firewall let connections to it out?"
	case !ok:
		return ""
	case refused.Code == 535:
		return "the server refuses the password: check MAIL_USERNAME and MAIL_PASSWORD (some want a password made for programs)"
	case refused.Code == 530, refused.Code == 534, refused.Code == 538:
		return "the server wants a log-in, or encryption before: set MAIL_USERNAME and MAIL_PASSWORD, and MAIL_USE_TLS=on or MAIL_USE_SSL=on"
	case refused.Stage == "MAIL":
		return "the server refuses the sender: MAIL_FROM must be an address that this account may send from"
	case refused.Stage == "RCPT" && (refused.Enhanced == "5.7.1" || refused.Code == 551 || refused.Code == 554 || refused.Code == 550 && refused.Enhanced == ""):
		return "the server relays no mail of Signet's to that address: set MAIL_USERNAME and MAIL_PASSWORD, or let it accept mail from this machine"
	case refused.Stage == "RCPT" && refused.Code >= 500:
		return "the server knows no such mailbox: try another address"
	case refused.Code >= 400 && refused.Code < 500:
		return "the server says no for now (greylisting, or it is busy): try again in some minutes, as mails of Signet do by themselves"
	case refused.Code == 554:
		return "the server refuses the content, or this machine's address: its log says why"
	}
	return "the mail server's log says why"
}

// errSpeaksTLS is the error for a server, such as one on port 465, that was expected to greet first.
var errSpeaksTLS = errors.New("it says nothing in plain text and speaks TLS from the first byte on: MAIL_USE_SSL is meant, not MAIL_USE_TLS")

// stages are the moments at which a 5yz reply is about this mail.
var stages = map[mail.SendErrReason]string{
	mail.ErrSMTPMailFrom:  "MAIL",
	mail.ErrSMTPRcptTo:    "RCPT",
	mail.ErrSMTPData:      "DATA",
	mail.ErrSMTPDataClose: "the end of DATA",
}

func refusal(e *mail.SendError) error {
	code := e.ErrorCode()
	stage, aboutMail := stages[e.Reason]
	switch {
	case e.Reason == mail.ErrGetSender || e.Reason == mail.ErrGetRcpts:
		return fmt.Errorf("smtpmail: the message cannot be addressed: %w", mailer.ErrPermanent)
	case !aboutMail || code == 0:
		return errors.New("smtpmail: the connection broke during the delivery")
	}
	refused := &ReplyError{Code: code, Enhanced: e.EnhancedStatusCode(), Stage: stage}
	if code >= 500 && !slices.Contains(authReplies, code) {
		return fmt.Errorf("%w: %w", refused, mailer.ErrPermanent)
	}
	return refused
}

// cause names what kept a session from starting. It repeats errors of this machine, but only the code of replies.
func cause(err error) string {
	var (
		network     *net.OpError
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
	)
	switch {
	case errors.Is(err, errUnencrypted), errors.Is(err, errNoMechanism), errors.Is(err, errSpeaksTLS):
		return err.Error()
	case errors.As(err, &certificate):
		return "its certificate is not trusted: " + certificate.Err.Error()
	case errors.As(err, &record):
		return "it does not speak TLS on this port: MAIL_USE_TLS (STARTTLS) may be meant, not MAIL_USE_SSL"
	case errors.As(err, &network):
		return network.Op + ": " + network.Err.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "it closed the connection"
	}
	return "it does not do what was expected, such as STARTTLS or AUTH"
}
