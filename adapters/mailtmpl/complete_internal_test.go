package mailtmpl

import (
	"strings"
	"testing"

	"github.com/signet-auth/signet/ports/mailer"
)

func TestAKindThatALanguageLacksIsNamed(t *testing.T) {
	found, err := gather("")
	if err != nil || len(found) < 2 {
		t.Fatalf("%d languages, %v", len(found), err)
	}
	for locale := range found {
		for _, kind := range mailer.Kinds() {
			for _, end := range []string{".txt", ".html"} {
				name := string(kind) + end
				kept := found[locale][name]
				delete(found[locale], name)
				if err := complete(found); err == nil || !strings.Contains(err.Error(), "templates/"+locale+"/"+name) {
					t.Errorf("without %s/%s: %v", locale, name, err)
				}
				found[locale][name] = kept
			}
		}
	}
	if err := complete(found); err != nil {
		t.Error(err)
	}
}
