package useragent_test

import (
	"testing"

	"github.com/signet-auth/signet/adapters/useragent"
	"github.com/signet-auth/signet/ports/device"
	"github.com/signet-auth/signet/ports/porttest"
)

var _ device.Namer = useragent.Namer{}

func TestContract(t *testing.T) { porttest.Devices(t, useragent.Namer{}) }

func FuzzName(f *testing.F) {
	for _, seed := range []string{"", "curl/8", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "CrOS x86_64 1;(", "http://"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, userAgent string) {
		if name := (useragent.Namer{}).Name(userAgent); len(name) > 40 {
			t.Errorf("%q is called %q", userAgent, name)
		}
	})
}

func BenchmarkName(b *testing.B) {
	for b.Loop() {
		useragent.Namer{}.Name("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36")
	}
}
