package domain

// Candidate is the data by which a password for an address is judged.
type Candidate struct {
	User         User         // the account, with a zero ID where there is none
	Registration Registration // without an account: the newest one that can still be proved; else with a zero ID
	Run          Lockout      // the failed logins; it has its key even without failures
}

// HasUser tells whether the address has an account.
func (c Candidate) HasUser() bool { return c.User.ID != "" }

// IsPending tells whether the address only has a registration that waits for its proof.
func (c Candidate) IsPending() bool { return !c.HasUser() && c.Registration.ID != "" }

// PasswordHash is the one hash that a login is compared with: the account's, else that of the newest registration, else none,
// which stands for the decoy.
func (c Candidate) PasswordHash() string {
	if c.HasUser() {
		return c.User.PasswordHash
	}
	return c.Registration.PasswordHash
}
