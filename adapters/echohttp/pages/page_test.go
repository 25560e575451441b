package pages_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A page that a language lacks stops the program; one that only a language other than English has is a leftover.
func TestEveryLanguageHasEveryPage(t *testing.T) {
	const root = "templates"
	folders := func(path string) (names []string) {
		entries, err := os.ReadDir(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.IsDir() || path != root {
				names = append(names, e.Name())
			}
		}
		return names
	}
	languages := folders(root)
	if len(languages) < 2 {
		t.Fatalf("only %v", languages)
	}
	for _, language := range languages {
		if diff := cmp.Diff(folders(root+"/en"), folders(root+"/"+language)); diff != "" {
			t.Errorf("%s has other pages than en:\n%s", language, diff)
		}
	}
}
