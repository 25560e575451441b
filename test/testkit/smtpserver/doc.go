// Package smtpserver gives tests a real SMTP server that keeps what it accepts and can misbehave the ways real ones do.
//
// The flow: [Start] listens on a port of 127.0.0.1 until the test ends; [Server.Messages] lists what arrived, taken apart as
// a reader's program would; [Server.Reject], [Server.Hang], [Server.Drop] and [Server.Delay] change what happens at one
// [Stage] from the next command on, until [Server.Accept].
package smtpserver
