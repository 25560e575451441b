package rest

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"sync/atomic"

	"github.com/signet-auth/signet/adapters/echohttp"
)

// WellKnown is the routes of /.well-known.
type WellKnown struct {
	// JWKS is the key set document; equal content is the same slice.
	JWKS func(context.Context) ([]byte, error)

	tag atomic.Pointer[taggedKeys]
}

type taggedKeys struct {
	body []byte
	etag string
}

// jwksControl lets verifiers keep the keys for five minutes. The next key is published a day before it signs, so a copy of that
// age has every key that signs.
const jwksControl = "public, max-age=300"

// Mount adds the routes.
func (r *WellKnown) Mount(a *echohttp.API) {
	echohttp.HandleRaw(a, http.MethodGet, "/.well-known/jwks.json", echohttp.Op{
		ID: "jwks", Tag: "Keys", Summary: "The public keys that verify access tokens (RFC 7517)", Unmetered: true,
		Produces: []echohttp.Content{
			{Description: "The keys", Type: echohttp.MediaJSON, Body: map[string]any{}},
			{Status: http.StatusNotModified, Description: "They are what If-None-Match names."},
		},
	}, r.jwks)
}

func (r *WellKnown) jwks(ctx context.Context, caller echohttp.Caller, _ struct{}) (echohttp.Raw, error) {
	body, err := r.JWKS(ctx)
	if err != nil {
		return echohttp.Raw{}, err
	}
	keys := r.tagged(body)
	return echohttp.Cacheable(caller, echohttp.MediaJSON, keys.body, keys.etag, jwksControl), nil
}

// tagged hashes the keys once per change of them, not per request.
func (r *WellKnown) tagged(body []byte) *taggedKeys {
	if known := r.tag.Load(); known != nil && len(known.body) == len(body) && &known.body[0] == &body[0] {
		return known
	}
	sum := sha256.Sum256(body)
	keys := &taggedKeys{body, strconv.Quote(base64.RawURLEncoding.EncodeToString(sum[:12]))}
	r.tag.Store(keys)
	return keys
}
