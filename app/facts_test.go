package app_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// facts are what each change means to access tokens that were issued before it. Services that verify tokens by themselves rely on it, so a
// new change needs a row here: without one they would accept, or ask about, the wrong tokens.
var facts = []string{
	"apptoken/create.go Create: ChangeAppToken TokensUnaffected",
	"apptoken/revoke.go Delete: ChangeAppToken TokensEnded",
	"apptoken/service.go write: ChangeAppToken tokens",
	"assignment/assign.go give: ChangePrincipal TokensStale",
	"assignment/remove.go Remove: ChangePrincipal TokensStale",
	"auth/verify_email.go verifyUser: ChangePrincipal TokensStale",
	"base/base.go InsertUser: ChangePrincipal TokensUnaffected",
	"base/sessions.go noteEnded: ChangeSession e.Reason.Tokens()",
	"factor/service.go renew: ChangeSession fact",
	"factor/service.go replaceCredentials: ChangePrincipal TokensUnaffected",
	"federation/link.go Unlink: ChangePrincipal TokensUnaffected",
	"federation/settle.go judge: ChangePrincipal TokensUnaffected",
	"federation/settle.go link: ChangePrincipal TokensUnaffected",
	"keys/keeper.go write: ChangeSigningKey step.tokens",
	"oauth/revoke.go end: ChangeAppToken TokensEnded",
	"password/service.go replace: ChangePrincipal TokensUnaffected",
	"permission/service.go commit: ChangeService TokensStale",
	"profile/update.go Update: ChangePrincipal TokensUnaffected",
	"proof/address.go ReplaceAddress: ChangePrincipal TokensStale",
	"role/service.go commit: ChangeService tokens",
	"service/create.go insert: ChangePrincipal TokensUnaffected",
	"service/create.go insert: ChangeService TokensUnaffected",
	"service/delete.go Delete: ChangePrincipal TokensEnded",
	"service/delete.go Delete: ChangeService TokensEnded",
	"service/update.go toggleAccount: ChangePrincipal tokens",
	"service/update.go update: ChangeService service.TokensAfter(changed)",
	"user/disable.go Enable: ChangePrincipal TokensStale",
	"user/erase.go eraseAccount: ChangePrincipal TokensEnded",
	"user/factors.go ResetFactors: ChangePrincipal TokensUnaffected",
	"user/service.go suspend: ChangePrincipal TokensEnded",
	"user/unlink.go Unlink: ChangePrincipal TokensUnaffected",
	"user/update.go Update: ChangePrincipal TokensUnaffected",
	"user/verify.go Verify: ChangePrincipal TokensStale",
}

func TestEveryChangeSaysWhatItMeansToTokens(t *testing.T) {
	var found []string
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		source := func(n ast.Node) string {
			return strings.ReplaceAll(string(text[set.Position(n.Pos()).Offset:set.Position(n.End()).Offset]), "domain.", "")
		}
		for _, declared := range file.Decls {
			function, ok := declared.(*ast.FuncDecl)
			if !ok {
				continue
			}
			ast.Inspect(function, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok || len(call.Args) != 3 {
					return true
				}
				if called, ok := call.Fun.(*ast.SelectorExpr); ok && called.Sel.Name == "Changed" {
					found = append(found, path.Clean(name)+" "+function.Name.Name+": "+source(call.Args[0])+" "+source(call.Args[2]))
				}
				return true
			})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	if diff := cmp.Diff(facts, found); diff != "" {
		t.Errorf("(-facts +calls of Changed)\n%s", diff)
	}
}
