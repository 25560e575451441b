// Package proof issues and redeems one-time secrets: the links and codes of mails, with which people prove that they read a mailbox.
//
//	Issue ─► flow (older ones of its purpose and subject are void) ─► Mail ─► a person
//	Find (budget of the block) ─► the door's own checks ─► Redeem ─┐
//	RedeemCode (budget of the account, tries of the flow) ─────────┴─► locks: address, account, flow ─► used up ─► the door's Use
//
// Each door has its own error text and decides what happens to the account. This package decides, in one place, which secrets a door
// accepts, what a guess costs, and in which order rows are locked. A table in package domain says what voids which purposes.
package proof
