package mailtmpl_test

import (
	"testing"

	"github.com/signet-auth/signet/adapters/mailtmpl"
	"github.com/signet-auth/signet/ports/mailer"
)

// Every start pays for reading and trying all templates.
func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := mailtmpl.New(mailtmpl.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCompose(b *testing.B) {
	c, err := mailtmpl.New(mailtmpl.Options{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := c.Compose(mailer.Verify, "de-AT", full); err != nil {
			b.Fatal(err)
		}
	}
}
