package mailtmpl

import (
	"fmt"
	"html/template"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is the longest name that mails use in a greeting: a longer one may be a message.
const maxName = 40

// safeName is a name for the greeting, or empty if it might be more than a name: mail programs turn anything that looks like a link into
// one.
func safeName(name string) string {
	name = oneLine(name)
	if utf8.RuneCountInString(name) > maxName || strings.ContainsAny(name, "/\\:@<>[]{}()\"") {
		return ""
	}
	for before, after := range dots(name) {
		if before != ' ' && after != ' ' { // "evil.example", but not "J. R."
			return ""
		}
	}
	return name
}

// safeIP is a valid IP address or empty, since the value comes from outside.
func safeIP(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return ""
	}
	return addr.Unmap().WithZone("").String()
}

// safeMasked is a masked address or empty. An unmasked one would reveal the new address to a thief who reads the old mailbox.
func safeMasked(address string) string {
	local, domain, _ := strings.Cut(address, "@")
	if !strings.Contains(local, "*") || domain == "" || len(address) > 254 ||
		strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"'<>()[]\,;:/@`, r) && r != '@' }) {
		return ""
	}
	return address
}

// dots yields the characters before and after each dot (also full-width ones), with a space at the ends.
func dots(text string) func(yield func(before, after rune) bool) {
	return func(yield func(before, after rune) bool) {
		runes := slices.Concat([]rune{' '}, []rune(text), []rune{' '})
		for i, r := range runes {
			if (r == '.' || r == '\u3002' || r == '\uff0e' || r == '\uff61' || r == '\u2024') && !yield(runes[i-1], runes[i+1]) {
				return
			}
		}
	}
}

// safeLink checks that a link is absolute and leads to a page or an app. Signet makes the links from configured templates; the check keeps
// a mistake there from mailing a script.
func safeLink(link string) (template.URL, error) {
	if link == "" {
		return "", nil
	}
	u, err := url.Parse(link)
	if err != nil || u.Scheme == "" || strings.ContainsFunc(link, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '"' || r == '<' || r == '>' }) ||
		slices.Contains([]string{"javascript", "data", "vbscript", "file", "blob"}, strings.ToLower(u.Scheme)) {
		return "", fmt.Errorf("mailtmpl: the link is not absolute or of a scheme that mails must not carry")
	}
	return template.URL(link), nil //nolint:gosec // checked above
}

// oneLine drops what would break a line or turn the direction of the text around, and joins the rest by single spaces.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return ' '
		case unicode.Is(unicode.Cf, r), r == utf8.RuneError:
			return -1
		}
		return r
	}, text)
	return strings.Join(strings.Fields(text), " ")
}

// tidy ends a text part with one line end and removes repeated empty lines, which omitted conditions leave behind.
func tidy(text string) string {
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	for strings.Contains(text, "\n\n\n") {
		text = strings.ReplaceAll(text, "\n\n\n", "\n\n")
	}
	return text + "\n"
}

// textWidth is how wide a line of a text part is: mail programs show that much without a scroll bar, and quote it (RFC 5322 §2.1.1).
const textWidth = 76

// wrap breaks lines that became too long when values were filled in. It breaks at blanks only, so a long link stays whole, and never joins
// lines, so a template's line breaks stay. Wrapped lines keep the indentation.
func wrap(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
		if utf8.RuneCountInString(strings.TrimRight(line, "\n")) <= textWidth || len(words) < 2 {
			out.WriteString(line)
			continue
		}
		width := 0
		for _, word := range words {
			n := utf8.RuneCountInString(word)
			switch {
			case width == 0:
				out.WriteString(indent)
				width = len(indent)
			case width+1+n > textWidth:
				out.WriteString("\n" + indent)
				width = len(indent)
			default:
				out.WriteByte(' ')
				width++
			}
			out.WriteString(word)
			width += n
		}
		out.WriteByte('\n')
	}
	return out.String()
}
