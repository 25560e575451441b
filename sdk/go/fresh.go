package signet

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// levels are what acr says, in their order: any login, one with a second factor, one that resists phishing.
var levels = []string{"aal1", "aal2", "phr"}

// StaleLogin says that a valid token is of a login that is too weak, or too long ago. The answer to it is 401 with what would be enough
// (RFC 9470): the front end asks for a step-up at Signet, and repeats the call with the token of its answer. A refresh does not help.
type StaleLogin struct { //nolint:errname // likewise
	ACR    string
	MaxAge time.Duration // zero: its age doesn't matter
}

// Error says what is needed.
func (s *StaleLogin) Error() string {
	return "signet: a login at " + s.ACR + " is needed" + s.age(" of at most ", " s ago")
}

func (s *StaleLogin) age(before, behind string) string {
	if s.MaxAge == 0 {
		return ""
	}
	return before + strconv.Itoa(int(s.MaxAge/time.Second)) + behind
}

// Fresh is nil if the person has logged in at a level, aal1, aal2 or phr, or a higher one, not longer ago than a time; zero: whenever. Else it
// is a *StaleLogin. Look at it after the permission: those who may not do it must not be asked for a code. A service has no level, and is
// not fresh: decide about it by Kind before. Another level, or a negative time, is an error of the program.
func (p *Principal) Fresh(acr string, maxAge time.Duration) error {
	if err := checkDemand(acr, maxAge); err != nil {
		return err
	}
	word, _ := p.Claims["acr"].(string)
	written, _ := p.Claims["auth_time"].(json.Number)
	at, err := strconv.ParseInt(string(written), 10, 64)
	old := err != nil || maxAge > 0 && p.verifier.now().Sub(time.Unix(at, 0)) > maxAge
	if old || max(slices.Index(levels, word), 0) < slices.Index(levels, acr) {
		return &StaleLogin{ACR: acr, MaxAge: maxAge}
	}
	return nil
}

// checkDemand refuses what no login can be compared with.
func checkDemand(acr string, maxAge time.Duration) error {
	if !slices.Contains(levels, acr) {
		return fmt.Errorf("signet: %q is no level: say aal1, aal2 or phr", acr)
	}
	if maxAge < 0 {
		return fmt.Errorf("signet: a login can't be at most %v old", maxAge)
	}
	return nil
}

// RequireFresh lets requests through that are Fresh. It stands behind Require. It panics for a level that does not exist and for a negative
// time, because that is a mistake in the program.
func (v *Verifier) RequireFresh(acr string, maxAge time.Duration) func(http.Handler) http.Handler {
	if err := checkDemand(acr, maxAge); err != nil {
		panic(err)
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			p, there := From(r.Context())
			if !there {
				v.Refuse(w, r, ErrMissing)
				return
			}
			if err := p.Fresh(acr, maxAge); err != nil {
				v.Refuse(w, r, err)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}
