package mailtmpl

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	texttemplate "text/template"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
)

//go:embed templates
var builtin embed.FS

const layout = "layout.html"

// file is a template's source, and its name for errors.
type file struct{ name, text string }

// catalog is the files of one locale, by base name.
type catalog map[string]file

func (c catalog) has(kind mailer.Kind) bool {
	_, text := c[string(kind)+".txt"]
	_, html := c[string(kind)+".html"]
	return text || html
}

// gather reads the built-in files and then those of the folder.
func gather(dir string) (map[string]catalog, error) {
	found := map[string]catalog{}
	root, err := fs.Sub(builtin, "templates")
	if err != nil {
		return nil, err
	}
	if err := collect(found, root, ""); err != nil {
		return nil, err
	}
	if err := complete(found); err != nil {
		return nil, err
	}
	if dir != "" {
		if err := collect(found, os.DirFS(dir), dir); err != nil {
			return nil, fmt.Errorf("the templates in %s: %w", dir, err)
		}
	}
	layOut(found)
	return found, nil
}

// layOut gives the layout of a language to its variants, and the English one to languages without a layout.
func layOut(found map[string]catalog) {
	var own []string
	for locale, files := range found {
		if _, ok := files[layout]; ok {
			own = append(own, locale)
		}
	}
	for locale, files := range found {
		if !slices.Contains(own, locale) {
			files[layout] = found[cmp.Or(domain.LookupLanguage(locale, own), fallback)][layout]
		}
	}
}

// complete checks that each built-in language has every mail: a missing kind would be sent in another language.
func complete(found map[string]catalog) error {
	var missing []error
	for _, locale := range slices.Sorted(maps.Keys(found)) {
		for _, kind := range mailer.Kinds() {
			for _, name := range []string{string(kind) + ".txt", string(kind) + ".html"} {
				if _, ok := found[locale][name]; !ok {
					missing = append(missing, fmt.Errorf("templates/%s/%s is missing", locale, name))
				}
			}
		}
	}
	return errors.Join(missing...)
}

// collect adds <locale>/<file> of a tree. Unknown names are refused: a misspelt file would silently not be used.
func collect(found map[string]catalog, tree fs.FS, dir string) error {
	return fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if strings.HasPrefix(path.Base(name), ".") {
			return nil // leftovers of editors and file managers
		}
		locale, base, _ := strings.Cut(name, "/")
		if !known(base) || strings.ToLower(locale) != locale {
			return fmt.Errorf("%s is not <locale>/<kind>.txt, <kind>.html or %s; the kinds are %v", filepath.Join(dir, name), layout, mailer.Kinds())
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		if found[locale] == nil {
			found[locale] = catalog{}
		}
		found[locale][base] = file{filepath.Join(dir, name), string(text)}
		return nil
	})
}

func known(base string) bool {
	kind, _, _ := strings.Cut(base, ".")
	return base == layout || slices.Contains(mailer.Kinds(), mailer.Kind(kind)) && (base == kind+".txt" || base == kind+".html")
}

// parse makes a mail from its two files.
func (c catalog) parse(kind mailer.Kind, product, locale string) (mail, error) {
	txt, ok := c[string(kind)+".txt"]
	if !ok {
		return mail{}, fmt.Errorf("%s/%s.html has no %s.txt beside it", locale, kind, kind)
	}
	body, ok := c[string(kind)+".html"]
	if !ok {
		return mail{}, fmt.Errorf("%s/%s.txt has no %s.html beside it", locale, kind, kind)
	}
	functions := speaking(locale).functions()
	text, err := texttemplate.New(txt.name).Option("missingkey=error").Funcs(functions).Parse(txt.text)
	if err != nil {
		return mail{}, err
	}
	html, err := htmltemplate.New(body.name).Funcs(functions).Parse(body.text)
	if err != nil {
		return mail{}, err
	}
	if html.Lookup("content") == nil {
		return mail{}, fmt.Errorf("%s:1: it does not define \"content\"", body.name)
	}
	if _, err := html.New(layout).Parse(c[layout].text); err != nil {
		return mail{}, fmt.Errorf("%s: %w", c[layout].name, err)
	}
	subject, err := subject(text, product)
	if err != nil {
		return mail{}, err
	}
	return mail{subject, text, html}, nil
}

// subject executes the subject with no data but the product's name.
func subject(text *texttemplate.Template, product string) (string, error) {
	t := text.Lookup("subject")
	if t == nil {
		return "", fmt.Errorf("%s:1: it does not define \"subject\"", text.Name())
	}
	var out strings.Builder
	if err := t.Execute(&out, struct{ Product string }{product}); err != nil {
		return "", err
	}
	line := oneLine(out.String())
	if line == "" {
		return "", errors.New(text.Name() + ":1: the subject is empty")
	}
	return line, nil
}
