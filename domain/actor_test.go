package domain_test

import (
	"testing"

	"github.com/signet-auth/signet/domain"
)

func TestOriginBlock(t *testing.T) {
	for ip, want := range map[string]string{
		"192.0.2.1":                     "192.0.2.1",
		"0.0.0.0":                       "0.0.0.0",
		"::ffff:192.0.2.1":              "192.0.2.1", // v4-mapped is v4 (RL-2)
		"::FFFF:c000:201":               "192.0.2.1",
		"::ffff:192.0.2.1%eth0":         "192.0.2.1",
		"2001:db8:1:2:3:4:5:6":          "2001:db8:1:2::/64",
		"2001:db8:1:2:ffff:ffff:ffff:1": "2001:db8:1:2::/64",
		"2001:DB8:0001:0002::":          "2001:db8:1:2::/64",
		"2001:db8:1:3::1":               "2001:db8:1:3::/64",
		"::1":                           "::/64",
		"fe80::1%eth0":                  "fe80::/64",
		"fe80::1%eth1":                  "fe80::/64", // a zone that a peer chooses makes no new block
		"64:ff9b::192.0.2.1":            "64:ff9b::/64",
		"":                              "unknown",
		"unknown":                       "unknown",
		"localhost":                     "unknown",
		"192.0.2":                       "unknown",
		"192.0.2.1.5":                   "unknown",
		"192.0.2.256":                   "unknown",
		"192.0.2.01":                    "unknown", // octal elsewhere (CVE-2021-29923)
		"0xc0.0.2.1":                    "unknown",
		"3221225985":                    "unknown",
		"192.0.2.1:443":                 "unknown",
		"[2001:db8::1]":                 "unknown",
		"[2001:db8::1]:443":             "unknown",
		"2001:db8::1/64":                "unknown",
		" 192.0.2.1":                    "unknown",
		"192.0.2.1\n":                   "unknown",
		"192.0.2.1, 198.51.100.7":       "unknown",
		"192.0.2.1\x00":                 "unknown",
		"１９２.0.2.1":                     "unknown",
		"2001:db8:1:2:3:4:5:6:7":        "unknown",
		"fe80::1%":                      "unknown",
		"@/var/run/socket":              "unknown",
	} {
		t.Run(ip, func(t *testing.T) { wantEqual(t, domain.Origin{IP: ip}.Block(), want) })
	}
}
