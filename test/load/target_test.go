package main

import (
	"bufio"
	"io"
	"strings"
	"testing"
)

func TestOnlyThisMachineIsPutUnderLoad(t *testing.T) {
	for url, want := range map[string]bool{
		"http://127.0.0.1:5000": true, "http://[::1]:5000": true, "http://localhost:1": true, "postgresql://u:p@127.0.0.1/db": true,
		"http://192.0.2.1": false, "http://example.com": false, "http://localhost.example.com": false, "http://0.0.0.0:1": false, "": false, "%": false,
	} {
		if isLoopback(url) != want {
			t.Errorf("%q: loopback is %v", url, !want)
		}
	}
	for _, args := range [][]string{{"-postgres", "postgresql://db.example.com/x"}, {"-redis", "redis://10.0.0.1"}} {
		if _, err := parse(args, io.Discard); err == nil {
			t.Errorf("%v was accepted", args)
		}
	}
}

func TestARunningServer(t *testing.T) {
	var got target
	if err := got.attach("http://127.0.0.1:1,http://127.0.0.1:2,77"); err != nil || got.url != "http://127.0.0.1:1" || got.admin != "http://127.0.0.1:2" || got.pid != 77 {
		t.Errorf("%+v, error %v", got, err)
	}
	for _, bad := range []string{"http://127.0.0.1:1", "http://127.0.0.1:1,http://192.0.2.1", "http://127.0.0.1:1,http://127.0.0.1:2,x", "http://localhost,http://localhost,1,2"} {
		if err := new(target).attach(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestWelcome(t *testing.T) {
	var got target
	const said = "Signet dev (development)\nAPI            http://127.0.0.1:1\nDocumentation  http://127.0.0.1:2/docs\nMetrics        http://127.0.0.1:2/metrics\n"
	if err := got.readWelcome(bufio.NewScanner(strings.NewReader(said))); err != nil || got.url != "http://127.0.0.1:1" || got.admin != "http://127.0.0.1:2" {
		t.Errorf("%+v, error %v", got, err)
	}
	if err := got.readWelcome(bufio.NewScanner(strings.NewReader("Signet dev\n"))); err == nil {
		t.Error("a server that did not start was taken for one that did")
	}
}

func TestForgedTokens(t *testing.T) {
	const header, claims, signature = "eyJhbGciOiJFUzI1NiIsImtpZCI6IkJCIn0", "e30", "AAAA"
	bad, unknown, err := forge(header + "." + claims + "." + signature)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(bad, header+"."+claims+".") || strings.HasSuffix(bad, "."+signature) || len(bad) != len(header+"."+claims+"."+signature) {
		t.Errorf("bad signature: %s", bad)
	}
	if strings.HasPrefix(unknown, header) || !strings.HasSuffix(unknown, "."+claims+"."+signature) || len(unknown) != len(bad) {
		t.Errorf("unknown kid: %s", unknown)
	}
	if _, _, err := forge("a.b"); err == nil {
		t.Error("no JWT was forged")
	}
}
