package domain

// Candidate is what a password at an address is judged on.
type Candidate struct {
	User         User         // the account, with a zero ID where there is none
	Registration Registration // where there is no account the newest that can still be proved, else with a zero ID
	Run          Lockout      // the run of failures; it has its key where nothing failed, too
}
