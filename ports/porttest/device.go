package porttest

import (
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/signet-auth/signet/ports/device"
)

// User agents of browsers, each also in an older version.
const (
	firefoxLinux    = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	firefoxLinuxOld = "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0"
	chromeWindows   = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
	safariPhone     = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
	chromeAndroid   = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36"
	edgeWindows     = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0"
	safariMac       = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15"
)

// Devices runs the contract of device.Namer.
func Devices(t *testing.T, namer device.Namer) {
	for userAgent, want := range map[string]string{
		firefoxLinux: "Firefox on Linux", firefoxLinuxOld: "Firefox on Linux", chromeWindows: "Chrome on Windows", safariPhone: "Safari on iOS",
		chromeAndroid: "Chrome on Android", edgeWindows: "Edge on Windows", safariMac: "Safari on macOS", "curl/8.14.1": "curl",
		"python-requests/2.32.4": "Python", "okhttp/4.12.0": "okhttp", "": "",
	} {
		t.Run("the name of "+userAgent, func(t *testing.T) {
			if got := namer.Name(userAgent); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}

	// Text that a stranger puts into a user agent must not reach a mail.
	shape := regexp.MustCompile(`^[A-Za-z0-9.]+(?: [A-Za-z0-9.]+)*$`)
	for name, hostile := range map[string]string{
		"a message":               "Call +1 555 0100 now, your account is EVIL",
		"a link":                  "evil/1.0 (+https://EVIL.example/login)",
		"a name of its own":       "EVIL/1.0",
		"a name among others":     "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36 EVIL.example/1.0",
		"an Android of its own":   "Mozilla/5.0 (Linux; Android 15; EVIL.example) AppleWebKit/537.36 Version/4.0",
		"headers":                 "x\r\nBcc: EVIL@example.com\r\n\r\nEVIL",
		"markup":                  "<script>EVIL</script>/1.0 (<b>Linux</b>)",
		"a template":              "{{.EVIL}}/1.0",
		"direction marks":         "\u202eEVIL\u2066/1.0 (Windows NT 10.0)",
		"encoded words":           "=?utf-8?B?RVZJTA==?=/1.0",
		"NUL":                     "\x00EVIL\x00/\x00",
		"bytes that are no UTF-8": string([]byte{0xff, 0xfe, '/', 0x80}),
		"brackets":                strings.Repeat("(", 5000) + "EVIL" + strings.Repeat("[;/:", 5000),
		"kilobytes":               strings.Repeat("EVIL/1 ", 100_000),
		"half a token":            "CrOS x86_64",
		"only a slash":            "/",
	} {
		t.Run("of the user agent nothing gets through: "+name, func(t *testing.T) {
			got := namer.Name(hostile)
			if got != "" && !shape.MatchString(got) || len(got) > 40 || strings.Contains(strings.ToUpper(got), "EVIL") {
				t.Errorf("%q", got)
			}
			if again := namer.Name(hostile); again != got {
				t.Errorf("%q the first time and %q the second", got, again)
			}
		})
	}

	t.Run("it may be asked in parallel", func(t *testing.T) {
		var callers sync.WaitGroup
		for range 20 {
			callers.Go(func() {
				if got := namer.Name(firefoxLinux); got != "Firefox on Linux" {
					t.Errorf("%q", got)
				}
			})
		}
		callers.Wait()
	})
}
