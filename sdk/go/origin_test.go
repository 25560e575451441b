package signet_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	signet "github.com/signet-auth/signet/sdk/go"
)

const (
	issuer   = "https://auth.example.com"
	appToken = signet.Secret("sgat_of_a_test")
)

// origin is a transport in the place of Signet, with a key and counted calls.
type origin struct {
	kid     string
	private *ecdsa.PrivateKey
	jwks    string

	calls  sync.Map // path → *atomic.Int64
	answer func(*http.Request) *http.Response
}

func newOrigin(t testing.TB) *origin {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := private.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	o := &origin{kid: "k-1", private: private}
	o.jwks = fmt.Sprintf(`{"keys":[{"kty":"EC","crv":"P-256","alg":"ES256","use":"sig","kid":"k-1","x":"%s","y":"%s"}]}`,
		base64.RawURLEncoding.EncodeToString(point[1:33]), base64.RawURLEncoding.EncodeToString(point[33:]))
	return o
}

func (o *origin) count(path string) int64 {
	n, _ := o.calls.LoadOrStore(path, new(atomic.Int64))
	return n.(*atomic.Int64).Load()
}

// RoundTrip answers with the keys, else as answer says, else not at all.
func (o *origin) RoundTrip(r *http.Request) (*http.Response, error) {
	n, _ := o.calls.LoadOrStore(r.URL.Path, new(atomic.Int64))
	n.(*atomic.Int64).Add(1)
	if o.answer != nil {
		if response := o.answer(r); response != nil {
			return response, nil
		}
	}
	if r.URL.Path == "/.well-known/jwks.json" {
		return respond(http.StatusOK, o.jwks), nil
	}
	return nil, errors.New("connection refused")
}

func respond(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
}

// token is one of subject u-1, with other claims and kid.
func (o *origin) token(t testing.TB, kid string, changes map[string]any) string {
	t.Helper()
	now := time.Now().Unix()
	claims := jwt.MapClaims{
		"iss": issuer, "sub": "u-1", "aud": "billing", "exp": now + 900, "iat": now, "nbf": now, "jti": rand.Text(), "client_id": "signet", "sid": "s-1",
		"permissions": []string{"invoice:read"}, "roles": []string{"clerk"}, "cs": 10,
	}
	maps.Copy(claims, changes)
	token := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	token.Header["typ"], token.Header["kid"] = "at+jwt", kid
	text, err := token.SignedString(crypto.Signer(o.private))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// verifier is one that has the keys, hears nothing by itself, and waits for nothing.
func (o *origin) verifier(t testing.TB, change func(*signet.Config)) *signet.Verifier {
	t.Helper()
	c := signet.Config{Issuer: issuer, Audience: "billing", AppToken: appToken, Transport: o, Logger: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&c)
	}
	v, err := signet.Build(c, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	v.NoPatience()
	v.Refetch()
	return v
}

// logs is a logger that keeps what is written.
type logs struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logs) logger() *slog.Logger { return slog.New(slog.NewJSONHandler(l, nil)) }

func wireForm(t testing.TB, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// eventually waits up to 5 s.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not within 5 s: ", what)
		}
	}
}
