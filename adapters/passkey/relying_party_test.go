package passkey_test

import (
	"testing"

	"github.com/signet-auth/signet/adapters/passkey"
	"github.com/signet-auth/signet/ports/factor"
	"github.com/signet-auth/signet/ports/porttest"
)

var _ factor.Passkeys = (*passkey.RelyingParty)(nil)

func TestContract(t *testing.T) {
	porttest.Passkeys(t, func(t *testing.T, rpID, name string, origins ...string) factor.Passkeys {
		rp, err := passkey.New(passkey.Options{RPID: rpID, Name: name, Origins: origins})
		if err != nil {
			t.Fatal(err)
		}
		return rp
	})
}

func TestSettingsAreChecked(t *testing.T) {
	fine := func() passkey.Options {
		return passkey.Options{RPID: "example.com", Name: "Signet", Origins: []string{"https://auth.example.com"}}
	}
	for name, spoil := range map[string]func(*passkey.Options){
		"no id":                    func(o *passkey.Options) { o.RPID = "" },
		"an id that is an address": func(o *passkey.Options) { o.RPID = "192.0.2.1" },
		"an id that is an URL":     func(o *passkey.Options) { o.RPID = "https://example.com" },
		"an id with a port":        func(o *passkey.Options) { o.RPID = "example.com:443" },
		"no name":                  func(o *passkey.Options) { o.Name = "" },
		"no origin":                func(o *passkey.Options) { o.Origins = nil },
		"an origin with a slash":   func(o *passkey.Options) { o.Origins = append(o.Origins, "https://auth.example.com/") },
		"a host for an origin":     func(o *passkey.Options) { o.Origins = append(o.Origins, "auth.example.com") },
		"an origin without a host": func(o *passkey.Options) { o.Origins = append(o.Origins, "https://") },
	} {
		o := fine()
		spoil(&o)
		if rp, err := passkey.New(o); err == nil {
			t.Errorf("%s: %+v", name, rp)
		}
	}
	for _, id := range []string{"example.com", "localhost", "auth.example.com"} {
		o := fine()
		if o.RPID = id; id == "localhost" {
			o.Origins = []string{"http://localhost:8080"}
		}
		if _, err := passkey.New(o); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}
