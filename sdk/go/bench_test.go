package signet_test

import (
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	signet "github.com/signet-auth/signet/sdk/go"
)

func BenchmarkRemembered(b *testing.B) {
	o := newOrigin(b)
	v := o.verifier(b, nil)
	v.Learn("session", "ended", "s-9", 50)
	token := o.token(b, o.kid, nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(b.Context(), token); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRememberedWhileFactsCome(b *testing.B) {
	o := newOrigin(b)
	v := o.verifier(b, nil)
	token := o.token(b, o.kid, nil)
	for n := int64(0); b.Loop(); n++ {
		v.Learn("session", "ended", "s-9", n)
		if _, err := v.Verify(b.Context(), token); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFirstES256(b *testing.B) {
	o := newOrigin(b)
	v := o.verifier(b, nil)
	token := o.token(b, o.kid, nil)
	b.ReportAllocs()
	for b.Loop() {
		v.Forget()
		if _, err := v.Verify(b.Context(), token); err != nil {
			b.Fatal(err)
		}
	}
}

func Test45000FactsAre8MB(t *testing.T) {
	v := newOrigin(t).verifier(t, nil)
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for i := range 45_000 {
		v.Learn("session", "ended", fmt.Sprintf("0b6f5c1e-3b7a-4b6e-9f53-%012d", i), int64(i))
	}
	if used := heap() - before; used > 8<<20 || v.State().Facts != 45_000 {
		t.Errorf("%d facts, %d KB", v.State().Facts, used>>10)
	} else {
		t.Logf("%d KB", used>>10)
	}
}

// A program that uses this package gets one library with it.
func TestImports(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.FieldsSeq(string(out)) {
		if !strings.HasPrefix(name, "github.com/signet-auth/signet/sdk/go") && name != "github.com/golang-jwt/jwt/v5" {
			t.Error(name)
		}
	}
}

func FuzzVerify(f *testing.F) {
	o := newOrigin(f)
	v := o.verifier(f, nil)
	good := o.token(f, o.kid, nil)
	for _, seed := range []string{good, good[:len(good)-1], "", "..", "a.b.c", strings.Repeat(".", 100), "eyJhbGciOiJub25lIn0.e30."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		p, err := v.Verify(t.Context(), token)
		if (p == nil) == (err == nil) || err == nil && token != good {
			t.Errorf("%+v, %v", p, err)
		}
	})
}

func FuzzEvents(f *testing.F) {
	for _, seed := range []string{hello + ready, "data: a\r\n\r\n", ":\n\n", "data", "event: x\rdata:1\r\r", "id: \x00\n\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		n, size, err := signet.ReadEvents(stream)
		if err == nil || n > len(stream)/6+1 || size > 64<<10 {
			t.Error(n, size, err)
		}
	})
}
