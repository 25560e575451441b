package rest

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/api"
)

// WellKnown is the routes of /.well-known.
type WellKnown struct {
	// JWKS is the key set document; equal content is the same slice.
	JWKS func(context.Context) ([]byte, error)
	// Issuer is the issuer of tokens, PublicURL where clients reach us, and Algorithm how tokens are signed.
	Issuer, PublicURL, Algorithm string
	// RelatedOrigins are pages of other sites that may use passkeys of this server's domain.
	RelatedOrigins []string

	tag atomic.Pointer[tagged]
}

type tagged struct {
	body []byte
	etag string
}

// jwksControl lets verifiers keep the keys for five minutes. The next key is published a day before it signs, so a copy of that
// age has every key that signs.
const jwksControl = "public, max-age=300"

// Mount adds the routes.
func (r *WellKnown) Mount(a *echohttp.API) {
	echohttp.HandleRaw(a, http.MethodGet, "/.well-known/jwks.json", echohttp.Op{
		ID: "jwks", Tag: echohttp.TagKeys, Summary: "The public keys that verify access tokens (RFC 7517)", Unmetered: true,
		Produces: []echohttp.Content{
			{Description: "The keys", Type: echohttp.MediaJSON, Body: map[string]any{}},
			{Status: http.StatusNotModified, Description: "They are what If-None-Match names."},
		},
	}, r.jwks)
	metadata := r.metadata()
	r.document(a, "/.well-known/oauth-authorization-server", "oauthMetadata", "Where the OAuth endpoints are, and what they take (RFC 8414)", metadata)
	if issuer, err := url.Parse(r.Issuer); err == nil && strings.Trim(issuer.Path, "/") != "" { // RFC 8414 §3.1
		r.document(a, "/.well-known/oauth-authorization-server/"+strings.Trim(issuer.Path, "/"), "", "", metadata)
	}
	metadata.IDTokenAlgorithms = []string{r.Algorithm}
	r.document(a, "/.well-known/openid-configuration", "openidConfiguration", "The same, for verifiers that look only here; there is no OpenID provider yet", metadata)
	r.document(a, "/.well-known/webauthn", "relatedOrigins", "The pages of other sites that may use passkeys of this domain (WebAuthn Level 3 §5.11)",
		api.RelatedOrigins{Origins: append([]string{}, r.RelatedOrigins...)})
}

func (r *WellKnown) metadata() api.ServerMetadata {
	basicOrForm := []string{"client_secret_basic", "client_secret_post"}
	return api.ServerMetadata{
		Issuer: r.Issuer, TokenEndpoint: r.PublicURL + "/oauth2/token", IntrospectionEndpoint: r.PublicURL + "/oauth2/introspect",
		RevocationEndpoint: r.PublicURL + "/oauth2/revoke", JWKSURI: r.PublicURL + "/.well-known/jwks.json",
		GrantTypes: []string{"client_credentials"}, ResponseTypes: []string{},
		TokenAuthMethods: basicOrForm, IntrospectionAuthMethods: basicOrForm, RevocationAuthMethods: basicOrForm,
	}
}

// document serves a document that does not change while the process runs. Without an id it is not in the OpenAPI document, which must not
// depend on the deployment.
func (r *WellKnown) document(a *echohttp.API, path, id, summary string, content any) {
	raw, err := echohttp.JSON(http.StatusOK, content)
	if err != nil {
		panic("rest: " + path + " can't be written") // texts and lists of texts
	}
	op := echohttp.Op{
		ID: id, Tag: echohttp.TagKeys, Summary: summary, Unmetered: true, Hidden: id == "",
		Produces: []echohttp.Content{
			{Description: "The document", Type: echohttp.MediaJSON, Body: content},
			{Status: http.StatusNotModified, Description: "It is what If-None-Match names."},
		},
	}
	document := tag(raw.Body)
	echohttp.HandleRaw(a, http.MethodGet, path, op, func(_ context.Context, caller echohttp.Caller, _ struct{}) (echohttp.Raw, error) {
		return echohttp.Cacheable(caller, echohttp.MediaJSON, document.body, document.etag, jwksControl), nil
	})
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
func (r *WellKnown) tagged(body []byte) *tagged {
	if known := r.tag.Load(); known != nil && len(known.body) == len(body) && &known.body[0] == &body[0] {
		return known
	}
	keys := tag(body)
	r.tag.Store(keys)
	return keys
}

func tag(body []byte) *tagged {
	sum := sha256.Sum256(body)
	return &tagged{body, strconv.Quote(base64.RawURLEncoding.EncodeToString(sum[:12]))}
}
