package pages_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/adapters/echohttp/pages"
)

// Different words for the same thing on a page and in the mail that led there look like two things.
func TestPagesUseTheWordsOfTheMails(t *testing.T) {
	for language, foreign := range map[string]*regexp.Regexp{
		"en": regexp.MustCompile(`(?i)\b(log|logged|logging) (in|out)\b|\blog-?in\b|\bconfirm|\bsign(ed)? up\b`), "de": regexp.MustCompile(`(?i)einlog|eingelog|auslog|ausgelog|\blogin\b|verifizier`),
	} {
		entries, err := os.ReadDir("templates/" + language)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			text, err := os.ReadFile("templates/" + language + "/" + e.Name())
			if err != nil {
				t.Fatal(err)
			}
			if found := foreign.Find(text); found != nil {
				t.Errorf("%s/%s says %q", language, e.Name(), found)
			}
		}
	}
}

func FuzzParseLogo(f *testing.F) {
	f.Add([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Add([]byte("<!DOCTYPE svg [<!ENTITY a 'b'>]><svg>&a;</svg>"))
	f.Add([]byte("<svg xmlns='http://www.w3.org/2000/svg'/>"))
	f.Fuzz(func(t *testing.T, content []byte) {
		if _, err := pages.ParseLogo(content); err != nil && len(err.Error()) > 200 {
			t.Errorf("the error repeats the file: %v", err)
		}
	})
}

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
