// Package proof issues and redeems one-time secrets: the links and codes of mails, by which somebody proves that they read a mailbox.
//
//	Issue ─► flow (older ones of its purpose and subject are void) ─► Mail ─► a person
//	Find (budget of the block) ─► the door's own checks ─► Redeem ─┐
//	RedeemCode (budget of the account, tries of the flow) ─────────┴─► locks: address, account, flow ─► used up ─► the door's Use
//
// Each door keeps its text and says what becomes of the account; what may be presented there, what it costs to guess, and in which
// order rows are locked is decided here, once. What voids which purposes is a table of the domain.
package proof
