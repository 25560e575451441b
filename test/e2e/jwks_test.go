package e2e_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

func jwks() testkit.Request { return get("/.well-known/jwks.json", "") }

// published are the kids of the key set, in its order.
func published(c *testkit.Client) []string {
	var kids []string
	keys, _ := c.Do(jwks()).JSON()["keys"].([]any)
	for _, key := range keys {
		kid, _ := key.(testkit.Object)["kid"].(string)
		kids = append(kids, kid)
	}
	return kids
}

func TestJWKS(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	c, record := s.Client(), s.Record()

	t.Run("publishes the key in use and the next one, public members only", func(t *testing.T) {
		answer := c.Do(jwks()).Want(http.StatusOK, "")
		keys, _ := answer.JSON()["keys"].([]any)
		if len(keys) != 2 {
			t.Fatalf("%d keys: %s", len(keys), answer.Body)
		}
		for _, entry := range keys {
			key := entry.(testkit.Object)
			if diff := cmp.Diff([]string{"alg", "crv", "kid", "kty", "use", "x", "y"}, slices.Sorted(maps.Keys(key))); diff != "" {
				t.Errorf("members (-want +got):\n%s", diff)
			}
			if key["kty"] != "EC" || key["alg"] != "ES256" || key["crv"] != "P-256" || key["use"] != "sig" {
				t.Errorf("key %v", key)
			}
		}
		stored := record.Texts("SELECT kid FROM signing_keys ORDER BY kid")
		if diff := cmp.Diff(stored, slices.Sorted(slices.Values(published(c)))); diff != "" {
			t.Errorf("kids (-stored +published):\n%s", diff)
		}
		header, _ := testkit.ReadToken(t, c.Login(s.NewAccount()).Access)
		if active := record.Text("SELECT kid FROM signing_keys WHERE state = 'active'"); header["kid"] != active {
			t.Errorf("kid %v, the active key is %s", header["kid"], active)
		}
	})
	t.Run("may be kept for five minutes, and asked again for nothing", func(t *testing.T) {
		answer := c.Do(jwks()).Want(http.StatusOK, "")
		etag := answer.Header.Get("ETag")
		if etag == "" || answer.Header.Get("Cache-Control") != "public, max-age=300" {
			t.Errorf("ETag %q, Cache-Control %q", etag, answer.Header.Get("Cache-Control"))
		}
		r := jwks()
		r.Header = http.Header{"If-None-Match": {etag}}
		if again := c.Do(r).Want(http.StatusNotModified, ""); len(again.Body) != 0 {
			t.Errorf("%s", again.Body)
		}
		r.Header = http.Header{"If-None-Match": {`"other"`}}
		c.Do(r).Want(http.StatusOK, "")
	})
	t.Run("stores private keys sealed", func(t *testing.T) {
		for _, private := range record.Texts("SELECT private FROM signing_keys") {
			if strings.Contains(private, "PRIVATE") || strings.HasPrefix(private, "\x30") || len(private) < 64 {
				t.Error("a private key lies open")
			}
		}
	})
	t.Run("of other algorithms", func(t *testing.T) {
		for alg, kty := range map[string]string{"RS256": "RSA", "EdDSA": "OKP"} {
			s := testkit.Start(t, testkit.Options{Env: map[string]string{"JWT_ALG": alg}})
			c := s.Client()
			in := c.Login(s.NewAccount())
			header, _ := testkit.ReadToken(t, in.Access)
			key := c.Do(jwks()).Want(http.StatusOK, "").JSON()["keys"].([]any)[0].(testkit.Object)
			if header["alg"] != alg || key["alg"] != alg || key["kty"] != kty {
				t.Errorf("header %v, key %v", header, key)
			}
			for _, secret := range []string{"d", "p", "q", "dp", "dq", "qi"} {
				if _, there := key[secret]; there {
					t.Errorf("%s: %s is published", alg, secret)
				}
			}
			c.Me(in.Access).Want(http.StatusOK, "")
		}
	})
}

func TestSigningKeys(t *testing.T) {
	t.Parallel()
	t.Run("outlive a restart", func(t *testing.T) {
		s := testkit.Start(t, testkit.Options{})
		in, kids := s.Client().Login(s.NewAccount()), published(s.Client())
		s.Restart()
		if diff := cmp.Diff(kids, published(s.Client())); diff != "" {
			t.Errorf("kids (-before +after):\n%s", diff)
		}
		s.Client().Me(in.Access).Want(http.StatusOK, "")
	})
	t.Run("of the former algorithm verify on after JWT_ALG changed", func(t *testing.T) {
		s := testkit.Start(t, testkit.Options{})
		account := s.NewAccount()
		in := s.Client().Login(account)
		s.Stop()
		s.Env["JWT_ALG"] = "EdDSA"
		s.Restart()
		c := s.Client()
		c.Me(in.Access).Want(http.StatusOK, "")
		next := c.Refresh(in.Refresh).Want(http.StatusOK, "").Text("access_token")
		if header, _ := testkit.ReadToken(t, next); header["alg"] != "EdDSA" {
			t.Errorf("header %v", header)
		}
		c.Me(next).Want(http.StatusOK, "")
	})
	t.Run("that are revoked take their tokens with them within a second", func(t *testing.T) {
		s := testkit.Start(t, testkit.Options{})
		c, record := s.Client(), s.Record()
		in := c.Login(s.NewAccount())
		c.Me(in.Access).Want(http.StatusOK, "") // remembered
		revoked := revokeActiveKey(record)
		s.Eventually(time.Second, func() bool { return c.Me(in.Access).Outcome() == "401 token_invalid" })
		if slices.Contains(published(c), revoked) {
			t.Error("the revoked key is published")
		}
		next := c.Refresh(in.Refresh).Want(http.StatusOK, "").Text("access_token")
		if header, _ := testkit.ReadToken(t, next); header["kid"] == revoked {
			t.Error("the revoked key signs")
		}
		c.Me(next).Want(http.StatusOK, "")
	})
}

// revokeActiveKey is what an operator does after a key got out: the next one signs from now on.
func revokeActiveKey(record *testkit.Record) (revoked string) {
	revoked = record.Text("SELECT kid FROM signing_keys WHERE state = 'active'")
	record.Exec("UPDATE signing_keys SET state = 'revoked' WHERE kid = ?", revoked)
	record.Exec("UPDATE signing_keys SET state = 'active' WHERE state = 'next'")
	record.Changed(domain.ChangeSigningKey, revoked)
	return revoked
}
