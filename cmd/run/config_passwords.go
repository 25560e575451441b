package run

// passwordSettings are about passwords and the work of hashing them.
type passwordSettings struct {
	PasswordHash    string
	BcryptCost      int
	PasswordMin     int
	PasswordMax     int
	HashWorkers     int
	HashWait        duration
	FirebaseSigners base64Keys
}

func (p *passwordSettings) group() group {
	return group{title: "Passwords", settings: []setting{
		{
			name: "PASSWORD_HASH", into: &p.PasswordHash, preset: "bcrypt", words: []string{"bcrypt", "argon2id"},
			text: "How passwords are hashed: bcrypt or argon2id (19 MiB, t=2, p=1)",
		},
		{name: "BCRYPT_COST", into: &p.BcryptCost, preset: "12", text: "What a hash costs, twice as much each: 10 to 15; from 4 in development"},
		{name: "PASSWORD_MIN_LENGTH", into: &p.PasswordMin, preset: "8", limit: between(8, 64), text: "How many characters a password must have"},
		{name: "PASSWORD_MAX_LENGTH", into: &p.PasswordMax, preset: "256", limit: between(64, 1024), text: "How many characters a password may have"},
		{
			name: "HASH_WORKERS", into: &p.HashWorkers, preset: "0", limit: orZero("by the number of cores"),
			text: "Passwords hashed at once; 0: one per core, less one when there are more than two",
		},
		{name: "HASH_WAIT", into: &p.HashWait, preset: "2s", text: "How long a login waits for its turn before 503"},
		{
			name: "FIREBASE_SIGNER_KEYS", into: &p.FirebaseSigners, secret: true,
			text: "base64_signer_key of the Firebase projects that accounts were imported from, separated by commas (docs/password-hashes.md)",
		},
	}}
}
