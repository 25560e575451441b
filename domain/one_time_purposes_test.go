package domain_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"testing"

	"github.com/signet-auth/signet/domain"
)

// A purpose that is missing from the table would survive a new password, or be redeemed under the wrong lock.
func TestEveryPurposeSaysWhatItIsAboutAndWhatVoidsIt(t *testing.T) {
	occasions := []domain.Occasion{domain.PasswordReplaced, domain.AddressReplaced, domain.AddressProved, domain.AccountSuspended, domain.AccountTakenOver}
	for _, purpose := range domain.Purposes() {
		voided := slices.ContainsFunc(occasions, func(o domain.Occasion) bool { return slices.Contains(domain.VoidedBy(o), purpose) })
		switch purpose.Subject() {
		case domain.SubjectRegistration:
			if voided {
				t.Errorf("%s goes with its registration, and is voided besides", purpose)
			}
		case domain.SubjectUser:
			for _, o := range []domain.Occasion{domain.AddressReplaced, domain.AccountSuspended, domain.AccountTakenOver} {
				if !slices.Contains(domain.VoidedBy(o), purpose) {
					t.Errorf("%s outlives occasion %d", purpose, o)
				}
			}
		case domain.SubjectAddress:
			if !voided {
				t.Errorf("nothing voids %s", purpose)
			}
		case domain.SubjectAssertion: // nothing hangs on an account yet
			if voided {
				t.Errorf("%s is about no account, and is voided by what happens to one", purpose)
			}
		case domain.SubjectSigned: // used up from the first
			if voided {
				t.Errorf("%s opens nothing, and is voided", purpose)
			}
		default:
			t.Errorf("%s is missing from the table", purpose)
		}
	}
	file, err := parser.ParseFile(token.NewFileSet(), "one_time_purposes.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	constants := 0
	for node := range ast.Preorder(file) {
		if spec, ok := node.(*ast.ValueSpec); ok {
			if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Purpose" {
				constants++
			}
		}
	}
	if n := len(domain.Purposes()); n != constants {
		t.Errorf("Purposes lists %d, and there are %d", n, constants)
	}
}
