package echohttp

import "net/http"

// header is a constant one. Its value is shared by all answers, which may replace it and never change it.
type header struct {
	key    string
	values []string
}

// securityHeaders are on every answer (ASVS 5.0 §3.4; OWASP HTTP Headers): an API has nothing to run, embed or frame, and
// what it says is for its caller alone. Pages and public documents replace what they must.
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

// navigationHeaders replace those of answers to a browser that was sent here. With same-origin the window of a login would lose the page
// that opened it.
var navigationHeaders = []header{{"Cross-Origin-Opener-Policy", []string{"unsafe-none"}}}

func setHeaders(h http.Header, headers []header) {
	for _, one := range headers {
		h[one.key] = one.values
	}
}
