package echohttp_test

import (
	"encoding/base64"
	"errors"
	"net/url"
	"testing"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/domain"
)

// FuzzBasicCredentials holds the decoder of clients' credentials to what it promises: both parts or none, as a client encoded them by
// RFC 6749 §2.3.1 meant them, and a refusal of a client otherwise.
func FuzzBasicCredentials(f *testing.F) {
	encode := func(text string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)) }
	for _, seed := range []string{"", "Basic", "Basic ", "Bearer x", encode("shop:secret"), encode("a%3Ab:c+d"), encode("%zz:x"), encode(":x"), encode("x:"), encode("a:b:c"), "basic " + encode("a:b")[6:], "Basic !"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		id, secret, err := echohttp.BasicCredentials(header)
		switch {
		case err != nil && !errors.Is(err, domain.ErrInvalidClient):
			t.Fatalf("refused with %v", err)
		case err != nil && id+secret != "", (id == "") != (secret == ""):
			t.Fatalf("%q, %q, %v", id, secret, err)
		case id != "":
			again, same, err := echohttp.BasicCredentials(encode(url.QueryEscape(id) + ":" + url.QueryEscape(secret)))
			if err != nil || again != id || same != secret {
				t.Fatalf("%q and %q became %q and %q, %v", id, secret, again, same, err)
			}
		}
	})
}
