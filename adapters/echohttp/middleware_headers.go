package echohttp

import "net/http"

// header is a constant header. All answers share its value, so they may replace it but never modify it.
type header struct {
	key    string
	values []string
}

// securityHeaders are on every answer (ASVS 5.0 §3.4; OWASP HTTP Headers): an API has nothing to run, embed or frame, and its answers are
// for the caller alone. Pages and public documents replace some of them.
func securityHeaders(https bool) []header {
	headers := []header{
		{"Content-Security-Policy", []string{"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}},
		{"X-Content-Type-Options", []string{"nosniff"}},
		{"Referrer-Policy", []string{"no-referrer"}},
		{"Cross-Origin-Opener-Policy", []string{"same-origin"}},
		{"Cross-Origin-Resource-Policy", []string{"same-origin"}},
		{"Permissions-Policy", []string{"camera=(), geolocation=(), microphone=(), payment=(), usb=()"}},
		{"Cache-Control", []string{"no-store"}},
	}
	if https {
		headers = append(headers, header{"Strict-Transport-Security", []string{"max-age=31536000; includeSubDomains"}})
	}
	return headers
}

// navigationHeaders replace them for routes that browsers are sent to. With same-origin the window of a login would lose its opener.
var navigationHeaders = []header{{"Cross-Origin-Opener-Policy", []string{"unsafe-none"}}}

func setHeaders(h http.Header, headers []header) {
	for _, one := range headers {
		h[one.key] = one.values
	}
}
