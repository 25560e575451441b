package e2e_test

import (
	"slices"
	"testing"
	"time"

	"github.com/signet-auth/signet/test/testkit"
)

// BenchmarkKnownAgainstUnknown reports the median times of the calls that must not tell whether an address has an account,
// asked in turn about one that has and one that has not, and by how much the medians differ. It asserts nothing: a machine
// that does something else meanwhile would decide.
//
//	go test ./test/e2e -run '^$' -bench KnownAgainstUnknown -benchtime 200x
func BenchmarkKnownAgainstUnknown(b *testing.B) {
	for _, backends := range []testkit.Backends{testkit.Embedded, testkit.Production} {
		b.Run(backends.Name, func(b *testing.B) {
			s := testkit.Start(b, testkit.Options{Backends: backends, Env: map[string]string{
				"BCRYPT_COST": "8", "LOG_REQUESTS": "off", "LOG_LEVEL": "error",
			}})
			c := s.Client()
			known := make([]string, 32) // in turn, as the unknown ones are: two requests for one address wait for each other
			for i := range known {
				known[i] = s.NewAccount().Email
			}
			access := c.Login(s.NewAccount()).Access
			for name, ask := range map[string]func(email string) testkit.Request{
				"change-email": func(email string) testkit.Request { return moving(access, email, testkit.Password) },
				"register":     func(email string) testkit.Request { return registering(email) },
				"login":        func(email string) testkit.Request { return loggingIn(email, "not the right one") },
				"resend":       resending,
				"forgot":       forgetting,
			} {
				b.Run(name, func(b *testing.B) {
					var took [2][]time.Duration
					for i := range 2 * b.N {
						// Known, unknown, unknown, known: what the outbox still does for the one before is met by both alike.
						email, which := known[i%len(known)], (i+1)/2%2
						if which == 1 {
							email = testkit.NewAddress()
						}
						answer, err := c.Try(ask(email))
						if err != nil {
							b.Fatal(err)
						}
						took[which] = append(took[which], answer.Took)
					}
					with, without := median(took[0]), median(took[1])
					b.ReportMetric(0, "ns/op") // of two calls together: says nothing
					b.ReportMetric(float64(with.Microseconds()), "known-µs")
					b.ReportMetric(float64(without.Microseconds()), "unknown-µs")
					b.ReportMetric(100*(float64(with)/float64(without)-1), "%-apart")
				})
			}
		})
	}
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}
