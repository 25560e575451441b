package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/test/testkit"
)

// firebaseSigner is the signer key of the project in the documentation of Firebase's scrypt.
const firebaseSigner = "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA=="

// importedHashes are hashes that other programs made, with their passwords. They are cheap ones, where there is a choice: those
// that the programs make by default are in the tests of the adapter.
var importedHashes = map[string]struct{ hash, password string }{
	"bcrypt of PHP":          {"$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
	"argon2id":               {"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "password"},
	"passlib PBKDF2-SHA1":    {"$pbkdf2$1212$OB.dtnSEXZK8U5cgxU/GYQ$y5LKPOplRmok7CZp/aqVDVg8zGI", "password"},
	"passlib PBKDF2-SHA256":  {"$pbkdf2-sha256$1212$4vjV83LKPjQzk31VI4E0Vw$hsYF68OiOUPdDZ1Fg.fJPeq1h/gXXY7acBp9/6c.tmQ", "password"},
	"passlib PBKDF2-SHA512":  {"$pbkdf2-sha512$1212$RHY0Fr3IDMSVO/RSZyb5ow$eNLfBK.eVozomMr.1gYa17k9B7KIK25NOEshvhrSX.esqY3s.FvWZViXz4KoLlQI.BzY/YTNJOiKc5gBYFYGww", "password"},
	"PHC PBKDF2-SHA256":      {"$pbkdf2-sha256$i=1000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$iyestJhN+MJogaQx7sEwysMzog9Q8RlDZ9mCcWS+hgM", "Correct horse, bättery staple"},
	"Django PBKDF2-SHA256":   {"pbkdf2_sha256$1000$seasalt$JgZryXe2Ga8ysg6XbzkLpTdyPQrHqsinbL9BnnhgX4A=", "lètmein"},
	"Django PBKDF2-SHA1":     {"pbkdf2_sha1$1000$seasalt$ljleU4wBmTtz/MoG5YTwxpM0d7I=", "lètmein"},
	"Werkzeug PBKDF2-SHA256": {"pbkdf2:sha256:1000$pUq3pDukn8kaO7Gn$93ab31383374a144def8ab0d7170b79432a68404f51eac95ef667c5039454ebb", "Correct horse, bättery staple"},
	"Werkzeug scrypt":        {"scrypt:1024:8:1$BOBkhENhwJuD4oxR$b821d23e9bb053bceb18d6a5ab1434e8da9c93ba1b6ebcb1cb3b546c60c159a9ae58fdc92ef602628de9a514ad78394208804a3df68a1691da8dcf7fbd3932ab", "Correct horse, bättery staple"},
	"Django scrypt":          {"scrypt$1024$seasalt$8$1$+qO2jTkVUbPNlniTkHY96ldSJKs4U0WQif8UbWlfO3wJDNhKOg+pPtDckiT6Zw0qkEvKIQ1MdONfGxsWrpoiNg==", "lètmein"},
	"passlib and PHC scrypt": {"$scrypt$ln=8,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$lMNlIW3F+VdDcT2Q9uqO3gJ8oMaySevGOgInVJp9Z4k", "password"},
	"Firebase scrypt":        {"$firebase-scrypt$ln=14,r=8$Bw==$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==", "user1password"},
}

// TestImportedHashesAreReplaced: an account that came with a hash of another program logs in with its password, and has a hash
// under the current setting from then on.
func TestImportedHashesAreReplaced(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{
		"FIREBASE_SIGNER_KEYS": firebaseSigner, "HASH_WAIT": "30s", "BCRYPT_COST": "6",
	}})
	c, record := s.Client(), s.Record()
	for name, row := range importedHashes {
		t.Run(name, func(t *testing.T) {
			c, account := c.In(t), s.NewAccount()
			stored := func() string { return record.Text("SELECT password_hash FROM users WHERE id = ?", account.ID) }
			epoch := func() int {
				return record.Count("SELECT credential_epoch FROM principals WHERE id = ?", account.ID)
			}
			record.Exec("UPDATE users SET password_hash = ? WHERE id = ?", row.hash, account.ID)
			begin := epoch()
			for _, wrong := range []string{row.password + "x", row.hash} {
				c.Do(loggingIn(account.Email, wrong)).Want(http.StatusUnauthorized, "invalid_credentials")
			}
			if stored() != row.hash {
				t.Fatal("a wrong password changed the hash")
			}
			account.Password = row.password
			in := c.Login(account)
			s.Eventually(20*time.Second, func() bool { return strings.HasPrefix(stored(), "$2a$06$") })
			c.Do(loggingIn(account.Email, row.password+"x")).Want(http.StatusUnauthorized, "invalid_credentials")
			c.Login(account)
			c.Me(in.Access).Want(http.StatusOK, "")
			if epoch() != begin {
				t.Error("hashing the same password again counted as a change of it")
			}
		})
	}
}

// TestImportedHashesBeyondTheBounds: a stored text that asks for more than a server should give is answered like an account
// that is not there, and stays as it is.
func TestImportedHashesBeyondTheBounds(t *testing.T) {
	t.Parallel()
	s := testkit.Shared(t, testkit.Embedded)
	c, record := s.Client(), s.Record()
	account := s.NewAccount()
	for name, hash := range map[string]string{
		"PBKDF2 of 100 M rounds":    "pbkdf2:sha256:100000000$saltsalt$" + strings.Repeat("ab", 32),
		"scrypt of 8 GiB":           "scrypt:8388608:8:1$saltsalt$" + strings.Repeat("ab", 64),
		"argon2id of 4 GiB":         "$argon2id$v=19$m=4194304,t=2,p=1$YWFhYWFhYWFhYWFhYWFhYQ$YWFhYWFhYWFhYWFhYWFhYQ",
		"bcrypt 31":                 "$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
		"Firebase without a signer": importedHashes["Firebase scrypt"].hash,
	} {
		t.Run(name, func(t *testing.T) {
			record.Exec("UPDATE users SET password_hash = ? WHERE id = ?", hash, account.ID)
			answer := c.In(t).Do(loggingIn(account.Email, "user1password")).Want(http.StatusUnauthorized, "invalid_credentials")
			if answer.Took > time.Second { // what they ask for takes from ten seconds to days
				t.Errorf("it took %s", answer.Took)
			}
			if record.Text("SELECT password_hash FROM users WHERE id = ?", account.ID) != hash {
				t.Error("it was replaced")
			}
		})
	}
}

// TestFirebaseSignerKeysAreASecret: the setting takes what Firebase shows, also from a file, and a bad one is not repeated.
func TestFirebaseSignerKeysAreASecret(t *testing.T) {
	t.Parallel()
	for name, keys := range map[string]string{"short": "c2hvcnQ=", "no base64": firebaseSigner + "?", "one of two": firebaseSigner + ",x"} {
		s := testkit.Prepare(t, testkit.Options{Env: map[string]string{"FIREBASE_SIGNER_KEYS": keys}})
		err := s.TryStart()
		if err == nil || !strings.Contains(err.Error(), "FIREBASE_SIGNER_KEYS must be keys of 32 to 64 bytes in base64") || strings.Contains(err.Error(), keys) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
