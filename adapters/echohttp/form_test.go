package echohttp_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/domain"
)

type formRequest struct {
	ID   string   `json:"-" path:"id"`
	Name string   `json:"-" formData:"name"`
	More string   `json:"-" formData:"more"`
	Many []string `json:"-" formData:"many"`
}

func TestForms(t *testing.T) {
	k := newKernel(t, nil)
	show := func(_ context.Context, _ echohttp.Caller, in formRequest) (thingResponse, error) {
		return thingResponse{ID: in.ID, Name: in.Name + "|" + in.More + strings.Join(in.Many, "+")}, nil
	}
	echohttp.Handle(k.API, "POST", "/forms/{id}", echohttp.Op{ID: "form", Tag: "test"}, show)
	echohttp.Handle(k.API, "POST", "/strict-forms/{id}", echohttp.Op{ID: "strictForm", Tag: "test", Strict: true}, show)
	post := func(path, body string, headers ...string) *http.Response {
		return k.do(request(http.MethodPost, path, strings.NewReader(body), headers...))
	}
	const form = "Content-Type: application/x-www-form-urlencoded"

	for name, row := range map[string]struct{ body, want string }{
		"fields":                       {"name=a&more=b", "a|b"},
		"a plus, an escape and a dot":  {"name=a+b%2B%26%C3%A9&more=.", "a b+&é|."},
		"what is left out":             {"more=b", "|b"},
		"an empty field":               {"name=&more=", "|"},
		"nothing":                      {"", "|"},
		"a field without an equals":    {"name", "|"},
		"an unknown one, not strictly": {"name=a&id=other&x=y", "a|"},
		"one that may be there twice":  {"many=a&many=b", "|a+b"},
	} {
		t.Run("are read: "+name, func(t *testing.T) {
			res := post("/forms/7", row.body, form)
			wantStatus(t, res, 200)
			if got := decodeBody[thingResponse](t, res); got.ID != "7" || got.Name != row.want {
				t.Errorf("got %+v, want %q of 7", got, row.want)
			}
		})
	}
	for _, kind := range []string{form, form + "; charset=UTF-8", "Content-Type: Application/X-WWW-Form-urlencoded"} {
		t.Run("are taken as "+kind, func(t *testing.T) { wantStatus(t, post("/strict-forms/7", "name=a", kind), 200) })
	}
	for name, row := range map[string]struct {
		path, body string
		headers    []string
		status     int
		code       string
	}{
		"no type":              {"/forms/7", "name=a", nil, 415, "unsupported_media_type"},
		"two types":            {"/forms/7", "name=a", []string{form, form}, 415, "unsupported_media_type"},
		"a compressed one":     {"/forms/7", "name=a", []string{form, "Content-Encoding: gzip"}, 415, "unsupported_media_type"},
		"a field twice":        {"/forms/7", "name=a&name=a", []string{form}, 400, "invalid_request"},
		"an unknown one twice": {"/forms/7", "x=a&x=a", []string{form}, 400, "invalid_request"},
		"another spelling too": {"/strict-forms/7", "name=a&Name=b", []string{form}, 400, "invalid_request"},
	} {
		t.Run("are refused: "+name, func(t *testing.T) {
			problem := wantProblem(t, post(row.path, row.body, row.headers...), row.status, row.code)
			if row.code == "unsupported_media_type" && !strings.Contains(problem.Detail, "x-www-form-urlencoded") {
				t.Errorf("it does not say what is accepted: %s", problem.Detail)
			}
		})
	}
	t.Run("are refused at start when they can't be read", func(t *testing.T) {
		type both struct {
			A string `json:"a"`
			B string `json:"-" formData:"b"`
		}
		type number struct {
			A int `json:"-" formData:"a"`
		}
		for name, mount := range map[string]func(){
			"beside JSON": func() {
				echohttp.Handle(k.API, "POST", "/both", echohttp.Op{ID: "both"}, func(context.Context, echohttp.Caller, both) (none, error) { return none{}, nil })
			},
			"a number": func() {
				echohttp.Handle(k.API, "POST", "/number", echohttp.Op{ID: "number"}, func(context.Context, echohttp.Caller, number) (none, error) { return none{}, nil })
			},
		} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%s: it was taken", name)
					}
				}()
				mount()
			}()
		}
	})
}

// FuzzParseForm holds the decoder of forms to what it promises: what it takes is text, without NUL, and says the same
// as the standard library's; what it refuses is an invalid request.
func FuzzParseForm(f *testing.F) {
	for _, seed := range []string{"", "a=b", "a=b&c=d", "a=b&a=c", "a=%zz", "a=%00", "a=%ff", "a;b", "+=+", "&&&", "=", "a=b=c", "%C3%A9=%F0%9F%98%80"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		fields, err := echohttp.ParseForm(body)
		if err != nil {
			var known *domain.Error
			if !errors.As(err, &known) || known.Kind != domain.Invalid || known.Code != "invalid_request" {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		want, err := url.ParseQuery(body)
		if err != nil {
			t.Fatalf("taken, and the standard library says %v", err)
		}
		for name, values := range fields {
			if text := name + strings.Join(values, ""); !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
				t.Fatalf("%q is %q", name, values)
			}
		}
		if !reflect.DeepEqual(fields, want) {
			t.Fatalf("got %v, want %v", fields, want)
		}
	})
}
