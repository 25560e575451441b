// Package profile is what people change about their account: one use case a file.
//
//	Update ─► names, locale, metadata
//	ChangeEmail ─► flow + outbox ─► EmailChange (mail to the new address, or to its owner) ─► ConfirmEmail ─► the address
//
// The password that a change of address needs is auth.Confirm's affair, and what guards these doors auth.Guard's.
package profile
