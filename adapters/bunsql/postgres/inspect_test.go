package postgres_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/test/testkit/backend"
)

func TestInspectSeesWhatStandsBetween(t *testing.T) {
	direct := backend.Postgres(t)
	if err := migrate(direct); err != nil {
		t.Fatal(err)
	}
	const session = "pool_mode = session"
	for address, want := range map[string]bunsql.Pooler{
		direct: bunsql.NoPooler, backend.Pooler(t, direct, 10): bunsql.TransactionPooler,
		backend.Pooler(t, direct, 10, session): bunsql.SessionPooler, backend.Pooler(t, direct, 1, session): bunsql.SessionPooler,
	} {
		found, err := open(t, address).Inspect(t.Context())
		if err != nil || found.Pooler != want {
			t.Errorf("%q, %v, want %q", found.Pooler, err, want)
		}
	}
}

// A pooler ends the encryption, as it does before servers that have none.
func TestInspectSeesHowTheConnectionIsEncrypted(t *testing.T) {
	certificate, key := certified(t)
	direct := backend.Postgres(t)
	pooled := backend.Pooler(t, direct, 10, "client_tls_sslmode = allow", "client_tls_cert_file = "+certificate, "client_tls_key_file = "+key)
	for mode, want := range map[string]bunsql.Inspection{
		"disable":                                {},
		"prefer":                                 {Encryption: "TLS 1.3"},
		"require":                                {Encryption: "TLS 1.3"},
		"verify-ca&sslrootcert=" + certificate:   {Encryption: "TLS 1.3", Verified: true},
		"verify-full&sslrootcert=" + certificate: {Encryption: "TLS 1.3", Verified: true},
	} {
		found, err := open(t, strings.Replace(pooled, "sslmode=disable", "sslmode="+mode, 1)).Inspect(t.Context())
		if err != nil || found.Encryption != want.Encryption || found.Verified != want.Verified || !found.Local {
			t.Errorf("sslmode=%s: %+v, %v", mode, found, err)
		}
	}
}

// certified are the files of a certificate for this machine and of its key.
func certified(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "signet-certificate-") // not the test's own folder, which the pooler's account can't get into
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	certificate, key = filepath.Join(dir, "certificate.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{certificate: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := errors.Join(os.WriteFile(path, pem.EncodeToMemory(block), 0o644), os.Chmod(dir, 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	return certificate, key
}

func TestInspectFindsTheRightsThatARoleLacks(t *testing.T) {
	owner := backend.Postgres(t)
	if err := migrate(owner); err != nil {
		t.Fatal(err)
	}
	role := "reader_" + strings.ToLower(rand.Text()) // roles are the whole server's, which other tests have, too
	execute(t, owner, `CREATE ROLE "`+role+`" LOGIN PASSWORD 'reader'`)
	t.Cleanup(func() { execute(t, owner, `DROP OWNED BY "`+role+`"; DROP ROLE "`+role+`"`) })
	execute(t, owner, `GRANT SELECT ON ALL TABLES IN SCHEMA public TO "`+role+`"; GRANT INSERT, UPDATE, DELETE ON users TO "`+role+`"`)
	u, err := url.Parse(owner)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(role, "reader")
	found, err := open(t, u.String()).Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !found.AppendOnly || !slices.Contains(found.Lacks, "INSERT on sessions") || slices.Contains(found.Lacks, "SELECT on sessions") || slices.Contains(found.Lacks, "DELETE on users") ||
		slices.Contains(found.Lacks, "INSERT on migrations") || found.Superuser || found.OwnsSchema || found.Role != role {
		t.Errorf("%+v", found)
	}
	execute(t, owner, `GRANT DELETE ON audit_events_default TO "`+role+`"`) // around the table that it is a part of
	if found, err := open(t, u.String()).Inspect(t.Context()); err != nil || found.AppendOnly {
		t.Errorf("%+v, %v", found, err)
	}
}

func execute(t *testing.T, url, script string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background()) //nolint:errcheck // a test
	if _, err := conn.Exec(context.Background(), script); err != nil {
		t.Fatal(err)
	}
}
