package echohttp_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/signet-auth/signet/adapters/echohttp"
)

var proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}

func TestClientAddr(t *testing.T) {
	for _, tt := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"is the peer without the header", "10.0.0.1", nil, "10.0.0.1"},
		{"is the peer that is no proxy of ours (hanko 27d8fdd5)", "192.0.2.9", []string{"198.51.100.1"}, "192.0.2.9"},
		{"is what our proxy saw", "10.0.0.1", []string{"198.51.100.1"}, "198.51.100.1"},
		{"is the right-most hop that is not ours (CVE-2024-47070)", "10.0.0.1", []string{"203.0.113.66, 198.51.100.1"}, "198.51.100.1"},
		{"skips proxies of ours", "10.0.0.1", []string{"203.0.113.66, 198.51.100.1, 10.0.0.3, 10.0.0.2"}, "198.51.100.1"},
		{"is the first of proxies all the way", "10.0.0.1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"reads several lines as one list", "10.0.0.1", []string{"203.0.113.66", "198.51.100.1, 10.0.0.3", "10.0.0.2"}, "198.51.100.1"},
		{"is the peer when a hop is garbage", "10.0.0.1", []string{"203.0.113.66, unknown"}, "10.0.0.1"},
		{"is the peer when a hop before ours is garbage", "10.0.0.1", []string{"_hidden, 10.0.0.2"}, "10.0.0.1"},
		{"is not disturbed by garbage that a client wrote", "10.0.0.1", []string{"garbage, 198.51.100.1"}, "198.51.100.1"},
		{"is the peer when a hop is empty", "10.0.0.1", []string{"198.51.100.1,"}, "10.0.0.1"},
		{"is the peer when the header is empty", "10.0.0.1", []string{""}, "10.0.0.1"},
		{"is IPv4 when mapped", "::ffff:192.0.2.9", nil, "192.0.2.9"},
		{"takes a mapped proxy for ours", "::ffff:10.0.0.1", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		{"is IPv6", "fd00::1", []string{"2001:db8::7"}, "2001:db8::7"},
		{"leaves a port out", "10.0.0.1", []string{"198.51.100.1:4711"}, "198.51.100.1"},
		{"leaves an IPv6 port out", "10.0.0.1", []string{"[2001:db8::7]:443"}, "2001:db8::7"},
		{"leaves brackets out", "10.0.0.1", []string{"[2001:db8::7]"}, "2001:db8::7"},
		{"is the peer for half a bracket", "10.0.0.1", []string{"[2001:db8::7"}, "10.0.0.1"},
		{"is the peer for a zone", "10.0.0.1", []string{"fe80::1%eth0"}, "10.0.0.1"},
		{"is the peer for octal", "10.0.0.1", []string{"0198.51.100.1"}, "10.0.0.1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := echohttp.ClientAddr(netip.MustParseAddr(tt.peer), tt.forwarded, proxies)
			if got.String() != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// FuzzClientAddr holds: an untrusted peer is itself whatever it writes; and what a client wrote in front of the hop that our
// proxy appended changes nothing.
func FuzzClientAddr(f *testing.F) {
	f.Add("203.0.113.66", "198.51.100.1")
	f.Add("a,b,,", "2001:db8::1")
	f.Add("10.0.0.9, 10.0.0.8", "::ffff:192.0.2.1")
	f.Add("", "[::1]:80")
	f.Fuzz(func(t *testing.T, written, seen string) {
		outsider := netip.MustParseAddr("192.0.2.9")
		if got := echohttp.ClientAddr(outsider, []string{written}, proxies); got != outsider {
			t.Fatalf("an untrusted peer became %s", got)
		}
		hop, err := netip.ParseAddr(seen)
		if err != nil || hop.Zone() != "" {
			return
		}
		hop = hop.Unmap()
		for _, proxy := range proxies {
			if proxy.Contains(hop) {
				return
			}
		}
		ours := netip.MustParseAddr("10.0.0.1")
		for _, forwarded := range [][]string{{written + "," + seen}, {written, seen}, append(strings.Split(written, ","), seen)} {
			if got := echohttp.ClientAddr(ours, forwarded, proxies); got != hop {
				t.Fatalf("%q gave %s, want %s", forwarded, got, hop)
			}
		}
	})
}

func TestOrigin(t *testing.T) {
	k := newKernel(t, func(o *echohttp.Options) { o.TrustedProxies = proxies })
	ask := func(peer string, headers ...string) whoResponse {
		r := request("GET", "/anybody", nil, headers...)
		r.RemoteAddr = peer
		return decodeBody[whoResponse](t, k.do(r))
	}
	t.Run("ignores headers that claim an identity (AZ-11, GHSA-5wcc, CVE-2026-20896)", func(t *testing.T) {
		got := ask("192.0.2.9:5", "X-Forwarded-For: 1.1.1.1", "X-Real-IP: 1.1.1.2", "Forwarded: for=1.1.1.3", "True-Client-IP: 1.1.1.4",
			"X-User-Id: admin", "X-Forwarded-User: admin", "X-Original-URI: /me", "X-HTTP-Method-Override: DELETE")
		if got.IP != "192.0.2.9" || got.Session != "" {
			t.Errorf("got %+v", got)
		}
		if got := ask("10.0.0.1:5", "X-Real-IP: 1.1.1.2", "Forwarded: for=1.1.1.3").IP; got != "10.0.0.1" {
			t.Errorf("behind a proxy: %s", got)
		}
	})
	t.Run("keeps a bounded, printable user agent", func(t *testing.T) {
		got := ask("192.0.2.9:5", "User-Agent: a\tb"+strings.Repeat("x", 1000)).Agent
		if len(got) != 300 || !strings.HasPrefix(got, "abx") {
			t.Errorf("got %d bytes %.10q", len(got), got)
		}
	})
}
