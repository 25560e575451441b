package echohttp

import (
	"net/http"
	"net/netip"
	"net/url"
	"reflect"
)

// ClientAddr is the resolution of the client's address without its request, for the fuzz target.
func ClientAddr(peer netip.Addr, forwarded []string, trusted []netip.Prefix) netip.Addr {
	return clientAddr(peer, forwarded, trusted)
}

// ParseForm is the decoder of forms without its request, for the fuzz target.
func ParseForm(body string) (url.Values, error) { return parseForm(body) }

// Unmarshal is the decoder of bodies without its request, for the fuzz target.
func Unmarshal(body []byte, strict bool, target any) error {
	return unmarshal(body, shapeOf(reflect.TypeOf(target)), strict, target)
}

// BasicCredentials is the decoder of HTTP Basic, for the fuzz target.
func BasicCredentials(header string) (id, secret string, err error) {
	sent, err := basicCredentials(http.Header{"Authorization": {header}})
	return sent.id, sent.secret.Reveal(), err
}
