package rueidis_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/signet-auth/signet/adapters/rueidis"
	"github.com/signet-auth/signet/domain"
)

func TestOpenRefuses(t *testing.T) {
	for name, options := range map[string]rueidis.Options{
		"nothing":                 {},
		"another scheme":          {URL: domain.NewSecret("http://s3cr3t@host")},
		"no host":                 {URL: domain.NewSecret("redis://")},
		"a bad database":          {URL: domain.NewSecret("redis://:s3cr3t@host/x")},
		"a bad port":              {URL: domain.NewSecret("redis://:s3cr3t@host:x")},
		"a port out of range":     {Host: "host", Port: 65536},
		"a negative database":     {Host: "host", DB: -1},
		"a switch off of TLS":     {URL: domain.NewSecret("rediss://:s3cr3t@host?skip_verify")},
		"what does not parse":     {URL: domain.NewSecret("redis://:s3cr3t@ho st\x7f")},
		"an opaque URL":           {URL: domain.NewSecret("redis:s3cr3t")},
		"a scheme-less host:port": {URL: domain.NewSecret("s3cr3t:6379")},
		"Sentinels of nothing":    {Sentinels: []string{"host"}},
		"a master without any":    {Master: "mymaster"},
		"Sentinels and a host":    {Sentinels: []string{"host"}, Master: "mymaster", Host: "host"},
		"a Sentinel by URL":       {Sentinels: []string{"redis://:s3cr3t@host:26379"}, Master: "mymaster"},
		"a Sentinel at port 0":    {Sentinels: []string{"host:0"}, Master: "mymaster"},
		"a Sentinel at two":       {Sentinels: []string{"host:26379:26380"}, Master: "mymaster"},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := rueidis.Open(options)
			if err == nil {
				client.Close()
				t.Fatal("no error")
			}
			if strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("the error tells the URL: %v", err)
			}
		})
	}
}

func TestOpenReaches(t *testing.T) {
	server := miniredis.RunT(t)
	server.RequireUserAuth("signet", "pa:ss@word")
	host, port := server.Host(), server.Server().Addr().Port

	t.Run("by URL with escapes", func(t *testing.T) {
		open(t, rueidis.Options{URL: domain.NewSecret("redis://signet:pa%3Ass%40word@" + server.Addr() + "/3")})
	})
	t.Run("by parts", func(t *testing.T) {
		client := open(t, rueidis.Options{Host: host, Port: port, DB: 3, Username: "signet", Password: domain.NewSecret("pa:ss@word")})
		client.Limiter(newFallback()).Take(t.Context(), hourly, "a")
		if !server.DB(3).Exists("signet:rl:{loss:a}") {
			t.Error("not in the database that was asked for")
		}
	})
}

func TestTLS(t *testing.T) {
	cert, roots := selfSigned(t)
	server, err := miniredis.RunTLS(&tls.Config{Certificates: []tls.Certificate{cert}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	url := domain.NewSecret("rediss://" + server.Addr())

	t.Run("a certificate that is trusted is accepted", func(t *testing.T) {
		open(t, rueidis.Options{URL: url, Roots: roots})
	})

	t.Run("another one is not", func(t *testing.T) {
		log := &journal{}
		client, err := rueidis.Open(rueidis.Options{URL: url, Log: log.logger()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(client.Close)
		eventually(t, "told", func() bool { return strings.Contains(log.String(), "certificate") })
		if client.Healthy() {
			t.Error("healthy")
		}
	})
}

func TestWay(t *testing.T) {
	sentinels := []string{"127.0.0.1"}
	for name, row := range map[string]struct {
		options          rueidis.Options
		encrypted, local bool
	}{
		"this machine":             {rueidis.Options{URL: domain.NewSecret("redis://localhost")}, false, true},
		"this machine, by address": {rueidis.Options{Host: "::1"}, false, true},
		"another":                  {rueidis.Options{Host: "redis"}, false, false},
		"another, by TLS":          {rueidis.Options{URL: domain.NewSecret("rediss://10.0.0.2")}, true, false},
		"Sentinels":                {rueidis.Options{Sentinels: sentinels, Master: "m"}, false, false}, // which name any
		"Sentinels, by TLS":        {rueidis.Options{Sentinels: sentinels, Master: "m", TLS: true}, true, false},
	} {
		if encrypted, local, err := row.options.Way(); encrypted != row.encrypted || local != row.local || err != nil {
			t.Errorf("%s: encrypted %v, local %v, %v", name, encrypted, local, err)
		}
	}
}

func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}
