package arch_test

import (
	"testing"

	"github.com/signet-auth/signet/test/arch"
)

const root = "../.."

func TestTheTreeKeepsTheArrows(t *testing.T) {
	pkgs, err := arch.Load(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	if len(pkgs) == 0 {
		t.Fatal("go list found no packages: the test would prove nothing")
	}
	for _, v := range arch.Imports(pkgs) {
		t.Error(v)
	}
	found, err := arch.Source(pkgs)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range found {
		t.Error(v)
	}
}
