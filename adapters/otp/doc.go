// Package otp makes and judges one-time passwords with github.com/pquerna/otp: its codes and its QR images.
//
// The URI is made here, since the library doesn't escape everything in it, and so is the comparison, since the library doesn't tell which
// step a code is of.
package otp
