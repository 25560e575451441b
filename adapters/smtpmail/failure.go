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

// Replies that ask for (better) authentication, RFC 4954 §6: an operator's to mend, though they start with 5.
var authReplies = []int{530, 534, 535, 538}

// explain says what went wrong without a word of the server's or of the message: replies repeat addresses and sometimes
// content. Nothing is wrapped but the context's errors and ErrPermanent.
func explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("smtpmail: the delivery was given up: %w", ctx.Err())
	}
	if refused, ok := errors.AsType[*mail.SendError](err); ok {
		return refusal(refused)
	}
	return errors.New("smtpmail: no session with the mail server: " + cause(err))
}

// errSpeaksTLS is a server on port 465, say, that was expected to greet first.
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
	reply := strconv.Itoa(code)
	if enhanced := e.EnhancedStatusCode(); enhanced != "" {
		reply += " " + enhanced
	}
	if code >= 500 && !slices.Contains(authReplies, code) {
		return fmt.Errorf("smtpmail: the server answered %s to %s: %w", reply, stage, mailer.ErrPermanent)
	}
	return fmt.Errorf("smtpmail: the server answered %s to %s", reply, stage)
}

// cause names what kept a session from starting. Errors of this machine are told as they are, replies by their code.
func cause(err error) string {
	var (
		reply       *textproto.Error
		network     *net.OpError
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
	)
	switch {
	case errors.Is(err, errUnencrypted), errors.Is(err, errNoMechanism), errors.Is(err, errSpeaksTLS):
		return err.Error()
	case errors.As(err, &reply):
		return "it answered " + strconv.Itoa(reply.Code)
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
