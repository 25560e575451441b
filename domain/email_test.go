package domain_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/signet-auth/signet/domain"
)

func TestEmailAcceptsAndNormalises(t *testing.T) {
	local64 := strings.Repeat("l", 64)
	label63 := strings.Repeat("d", 63)
	for _, c := range []struct{ name, text, mailbox, canonical string }{
		{"a plain address", "bob@example.com", "bob@example.com", "bob@example.com"},
		{"upper case, kept for mail in the local part only", "Bob.Smith@EXAMPLE.Com", "Bob.Smith@example.com", "bob.smith@example.com"},
		{"a plus tag, which is another mailbox", "bob+tag@example.com", "bob+tag@example.com", "bob+tag@example.com"},
		{"every character of atext", "!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~@example.com"},
		{"dots inside the local part", "a.b.c@example.com", "a.b.c@example.com", "a.b.c@example.com"},
		{"a local part of one character", "a@example.com", "a@example.com", "a@example.com"},
		{"a local part of digits", "12345@example.com", "12345@example.com", "12345@example.com"},
		{"a local part of 64 bytes", local64 + "@example.com", local64 + "@example.com", local64 + "@example.com"},
		{"a label of 63 bytes", "a@" + label63 + ".com", "a@" + label63 + ".com", "a@" + label63 + ".com"},
		{"254 bytes in all", address(254), address(254), address(254)},
		{"hyphens inside a label", "a@ex-am-ple.com", "a@ex-am-ple.com", "a@ex-am-ple.com"},
		{"labels of digits below a named top level", "a@163.com", "a@163.com", "a@163.com"},
		{"many labels", "a@b.c.d.e.example.com", "a@b.c.d.e.example.com", "a@b.c.d.e.example.com"},
		{"a Unicode domain as its A-label", "a@bücher.example", "a@xn--bcher-kva.example", "a@xn--bcher-kva.example"},
		{"an upper-case Unicode domain as the same A-label", "a@BÜCHER.example", "a@xn--bcher-kva.example", "a@xn--bcher-kva.example"},
		{"a decomposed Unicode domain as the same A-label (NFC)", "a@bu\u0308cher.example", "a@xn--bcher-kva.example", "a@xn--bcher-kva.example"},
		{"an A-label in upper case", "a@XN--BCHER-KVA.example", "a@xn--bcher-kva.example", "a@xn--bcher-kva.example"},
		{"a sharp s, which is not ss (IDNA 2008)", "a@faß.example", "a@xn--fa-hia.example", "a@xn--fa-hia.example"},
		{"a full-width domain as the plain one", "a@ｅｘａｍｐｌｅ．ｃｏｍ", "a@example.com", "a@example.com"},
		{"an ideographic full stop as a dot", "a@example。com", "a@example.com", "a@example.com"},
		{"a soft hyphen, which is nothing", "a@exam\u00adple.com", "a@example.com", "a@example.com"},
		{"a compatibility letter as the plain one", "a@\u212Aelvin.example", "a@kelvin.example", "a@kelvin.example"},
		{"a Cyrillic look-alike, visibly another domain", "a@ехample.com", "a@xn--ample-ywe6i.com", "a@xn--ample-ywe6i.com"},
		{"an internationalised top level", "a@пример.рф", "a@xn--e1afmkfd.xn--p1ai", "a@xn--e1afmkfd.xn--p1ai"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, err := domain.ParseEmail(c.text)
			if err != nil {
				t.Fatal(err)
			}
			wantEqual(t, e.Mailbox(), c.mailbox)
			wantEqual(t, e.Canonical(), c.canonical)
			if e.IsZero() {
				t.Error("an address that was accepted is zero")
			}
			for _, again := range []string{e.Mailbox(), e.Canonical()} {
				wantEqual(t, email(t, again).Canonical(), c.canonical)
			}
			wantEqual(t, email(t, e.Mailbox()).Mailbox(), c.mailbox)
		})
	}
}

// refusedEmails are addresses that some mailer, parser or registry takes and Signet does not. They also seed the fuzzer.
var refusedEmails = []struct{ name, text string }{
	{"no @", "bob.example.com"},
	{"only @", "@"},
	{"no local part", "@example.com"},
	{"no domain", "bob@"},
	{"two @ (CVE-2026-40574)", "bob@evil.test@example.com"},
	{"two @ in a row", "bob@@example.com"},
	{"a full-width second @", "bob@evil.test\uff20example.com"},
	{"a small second @", "bob@evil.test\ufe6bexample.com"},
	{"CR LF and a header (ASVS 1.3.11)", "bob@example.com\r\nBcc: eve@evil.test"},
	{"a bare LF in the local part", "bo\nb@example.com"},
	{"a bare CR in the domain", "bob@exam\rple.com"},
	{"NUL at the end", "bob@example.com\x00"},
	{"NUL in the local part", "bob\x00@example.com"},
	{"NUL in the domain", "bob@example.com\x00.evil.test"},
	{"DEL", "bo\x7fb@example.com"},
	{"a tab", "bob\t@example.com"},
	{"a space before the @", "bob @example.com"},
	{"a space after the @", "bob@ example.com"},
	{"an ideographic space inside", "bob@example\u3000.com"},
	{"a quoted local part", `"bob"@example.com`},
	{"a quoted @", `"bob@evil.test"@example.com`},
	{"a quoted space", `"b b"@example.com`},
	{"an escaped character", `bo\b@example.com`},
	{"a comment in the local part", "bob(eve)@example.com"},
	{"a comment in the domain", "bob@(eve)example.com"},
	{"a display name", "Bob <bob@example.com>"},
	{"angle brackets", "<bob@example.com>"},
	{"a list of two (GitLab CVE-2023-7028)", "bob@example.com,eve@evil.test"},
	{"a list with semicolons", "bob@example.com;eve@evil.test"},
	{"a comma in the local part", "bob,eve@example.com"},
	{"a group", "friends:bob@example.com;"},
	{"a mailto URL", "mailto:bob@example.com"},
	{"a source route", "@evil.test:bob@example.com"},
	{"a port", "bob@example.com:25"},
	{"a path", "bob@example.com/x"},
	{"a query", "bob@example.com?cc=eve"},
	{"a percent-encoded @ in the domain", "bob@evil.test%40example.com"},
	{"a leading dot", ".bob@example.com"},
	{"a trailing dot in the local part", "bob.@example.com"},
	{"two dots in the local part", "bo..b@example.com"},
	{"only a dot", ".@example.com"},
	{"a Cyrillic local part", "bоb@example.com"},
	{"a dotless i (GitHub 2016 reset bounty)", "m\u0131ke@example.com"},
	{"a Kelvin sign in the local part", "mi\u212Ae@example.com"},
	{"a long s in the local part", "\u017Fam@example.com"},
	{"a full-width local part", "ｂｏｂ@example.com"},
	{"a zero-width space in the local part", "bo\u200bb@example.com"},
	{"a combining mark in the local part", "bo\u0301b@example.com"},
	{"a direction override", "bob\u202e@example.com"},
	{"invalid UTF-8 in the local part", "bo\xffb@example.com"},
	{"invalid UTF-8 in the domain", "bob@exam\xffple.com"},
	{"an IPv4 literal", "bob@[127.0.0.1]"},
	{"an IPv6 literal", "bob@[IPv6:::1]"},
	{"an IPv4 address", "bob@127.0.0.1"},
	{"an IPv4 address in full-width digits", "bob@１２７．０．０．１"},
	{"an IPv4 address in circled digits", "bob@①.②.③.④"},
	{"a short IPv4 address", "bob@127.1"},
	{"a number", "bob@2130706433"},
	{"a hexadecimal IPv4 address", "bob@0x7f.0x1"},
	{"a numeric top level", "bob@example.123"},
	{"a single label", "bob@localhost"},
	{"a trailing dot", "bob@example.com."},
	{"a trailing ideographic full stop", "bob@example.com。"},
	{"a trailing full-width dot", "bob@example.com．"},
	{"a leading dot in the domain", "bob@.example.com"},
	{"two dots in the domain", "bob@example..com"},
	{"only dots", "bob@.."},
	{"a label that begins with a hyphen", "bob@-example.com"},
	{"a label that ends with a hyphen", "bob@example-.com"},
	{"hyphens in the third and fourth place", "bob@ab--cd.com"},
	{"an underscore in the domain", "bob@exa_mple.com"},
	{"an A-label of nothing", "bob@xn--.com"},
	{"an A-label that is no Punycode", "bob@xn--a.com"},
	{"an A-label of plain ASCII (RUSTSEC-2024-0421)", "bob@xn--example-.com"},
	{"an A-label that overflows", "bob@xn--99999999999999999999.com"},
	{"an A-label of a full-width letter", "bob@xn--mi7c.com"},
	{"an A-label of an upper-case letter", "bob@xn--dca.com"},
	{"an A-label of a decomposed letter", "bob@xn--e-xbb.com"},
	{"an A-label of the replacement character", "bob@xn--example-3e14b.com"},
	{"a replacement character", "bob@exam\ufffdple.com"},
	{"a zero-width joiner without its context (RFC 5892)", "bob@exam\u200dple.com"},
	{"a zero-width non-joiner without its context (RFC 5892)", "bob@exam\u200cple.com"},
	{"a label of two directions (RFC 5893)", "bob@abcא.com"},
	{"a leading combining mark", "bob@\u0301example.com"},
	{"a private-use character", "bob@\ue000.com"},
	{"a local part of 65 bytes", strings.Repeat("l", 65) + "@example.com"},
	{"a label of 64 bytes", "bob@" + strings.Repeat("d", 64) + ".com"},
	{"a Unicode label whose A-label has 64 bytes", "bob@" + strings.Repeat("ü", 57) + strings.Repeat("d", 3) + ".com"},
	{"255 bytes in all", address(255)},
	{"a domain of 254 bytes", "a@" + longDomain(254)},
	{"a megabyte", strings.Repeat("a", 1<<20) + "@example.com"},
	{"a megabyte of domain", "a@" + strings.Repeat("a.", 1<<19) + "com"},
}

const badEmailText = "email must be a valid email address such as name@example.com"

func TestEmailRefuses(t *testing.T) {
	for _, c := range refusedEmails {
		t.Run(c.name, func(t *testing.T) {
			e, err := domain.ParseEmail(c.text)
			if err == nil {
				t.Fatalf("%q was accepted as %q", c.text, e.Canonical())
			}
			wantField(t, err, "email", "invalid")
			wantEqual(t, err.Error(), "invalid_request: "+badEmailText)
			if !e.IsZero() || e.Mailbox() != "" {
				t.Error("a refused address is not zero")
			}
		})
	}
	t.Run("an empty one as missing", func(t *testing.T) {
		_, err := domain.ParseEmail("")
		wantField(t, err, "email", "required")
	})
	t.Run("and names the member that it was asked to name", func(t *testing.T) {
		_, err := domain.ParseEmailField("new_email", "eve at evil.test")
		wantField(t, err, "new_email", "invalid", "eve", "evil")
		_, err = domain.ParseEmailField("new_email", "")
		wantField(t, err, "new_email", "required")
	})
}

func TestEmailPrintsMasked(t *testing.T) {
	e := email(t, "Bob.Smith@Example.com")
	for _, verb := range []string{"%s", "%v", "%+v", "%#v", "%q", "%x"} {
		for _, value := range []any{e, &e, domain.User{Email: e}, []domain.Email{e}, map[string]domain.Email{"e": e}} {
			text := fmt.Sprintf(verb, value)
			if strings.Contains(strings.ToLower(text), "bob.smith") || strings.Contains(text, fmt.Sprintf("%x", "ob.")) {
				t.Errorf("%s of %T shows the address: %s", verb, value, text)
			}
		}
	}
	wantEqual(t, e.String(), "b***@example.com")
	wantEqual(t, email(t, "b@example.com").String(), "b***@example.com")
	wantEqual(t, domain.Email{}.String(), "")
	wantEqual(t, domain.RestoreEmail("", "@").String(), "")
}

func TestEmailSurvivesStorage(t *testing.T) {
	e := email(t, "Bob@Bücher.example")
	wantEqual(t, domain.RestoreEmail(e.Mailbox(), e.Canonical()) == e, true)
}

func FuzzParseEmail(f *testing.F) {
	for _, c := range refusedEmails {
		if len(c.text) < 1000 {
			f.Add(c.text)
		}
	}
	for _, text := range []string{"Bob+x@Example.com", "a@bücher.example", "a@ｅｘａｍｐｌｅ．ｃｏｍ", "a@xn--bcher-kva.example", address(254)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := domain.ParseEmail(text)
		if err != nil {
			if strings.TrimSpace(text) != "" && err.Error() != "invalid_request: "+badEmailText {
				t.Fatalf("ParseEmail(%q) says %q: the text of a refusal is constant", text, err)
			}
			return
		}
		for _, form := range []string{e.Mailbox(), e.Canonical()} {
			if len(form) > 254 || strings.Count(form, "@") != 1 || strings.ContainsAny(form, " ,;:<>()[]\"\\") {
				t.Fatalf("ParseEmail(%q) makes %q", text, form)
			}
			for i := range len(form) {
				if form[i] <= ' ' || form[i] >= 0x7f {
					t.Fatalf("ParseEmail(%q) makes %q, which is not printable ASCII", text, form)
				}
			}
			again, err := domain.ParseEmail(form)
			if err != nil || again.Canonical() != e.Canonical() || again.Mailbox() != form {
				t.Fatalf("ParseEmail(%q) makes %q, which reads as %q, %q, %v", text, form, again.Mailbox(), again.Canonical(), err)
			}
		}
		if e.Canonical() != strings.ToLower(e.Mailbox()) {
			t.Fatalf("ParseEmail(%q): canonical %q is more than the lower case of %q", text, e.Canonical(), e.Mailbox())
		}
	})
}

// address has n bytes, 64 of them the local part.
func address(n int) string { return strings.Repeat("l", 64) + "@" + longDomain(n-65) }

// longDomain has n bytes in labels of at most 50.
func longDomain(n int) string {
	text := []byte(strings.Repeat("d", n))
	for i := n - 4; i > 0; i -= 51 {
		text[i] = '.'
	}
	return string(text)
}

func TestLongAddressesAreAsLongAsTheySay(t *testing.T) {
	wantEqual(t, []int{len(address(254)), len(address(255)), len(longDomain(254))}, []int{254, 255, 254})
	for label := range strings.SplitSeq(strings.Split(address(255), "@")[1]+"."+longDomain(254), ".") {
		if label == "" || len(label) > 63 {
			t.Errorf("label %q is refused for its own length", label)
		}
	}
}

// Keyboards of phones add a blank when they complete an address, and people paste with one.
func TestWhiteSpaceAroundAnAddressIsTakenOff(t *testing.T) {
	for _, typed := range []string{"ann@example.com ", " ann@example.com", "Ann@Example.com  ", "\tann@example.com\r\n", "\u00a0ann@example.com\u3000"} {
		if email, err := domain.ParseEmail(typed); err != nil || email.Canonical() != "ann@example.com" || strings.TrimSpace(email.Mailbox()) != email.Mailbox() {
			t.Errorf("%q is %q, %v", typed, email.Mailbox(), err)
		}
	}
}
