// Package profile is what people change about their account: one use case a file, each a method of the Service.
//
//	Update ─► names, locale, metadata
//	ChangeEmail ─► flow + outbox ─► PrepareChangeEmail (mail to the new address, or to its owner) ─► ConfirmEmail ─► the address
//
// Package reauth asks for the proof that a change of address needs; package proof issues and redeems its secret.
package profile
