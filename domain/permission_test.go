package domain_test

import (
	"strings"
	"testing"

	"github.com/signet-auth/signet/domain"
)

func TestNewPermission(t *testing.T) {
	for _, name := range []string{
		"invoice:read", "a:b", "invoice:item:read", "a:b:c:d:e", "in.voice:re_ad", "in-voice:read-all", "2fa:reset", "signet:read", "signetx:read",
		"invoice:signet.read", "invoice:signet.role:read", strings.Repeat("r", 195) + ":read",
	} {
		t.Run("accepts "+name[:min(len(name), 40)], func(t *testing.T) {
			p, err := domain.NewPermission("p", "s", name, "what it is", epoch)
			if err != nil {
				t.Fatal(err)
			}
			wantEqual(t, p, domain.Permission{ID: "p", ServiceID: "s", Name: name, Description: "what it is", CreatedAt: epoch})
		})
	}
	for what, name := range map[string]string{
		"nothing": "", "one segment": "invoice", "a colon": ":", "no action": "invoice:", "no resource": ":read", "an empty segment": "invoice::read",
		"a leading colon": ":invoice:read", "upper case": "Invoice:read", "a space": "invoice: read", "a newline": "invoice:read\n", "NUL": "invoice:re\x00ad",
		"a comma": "invoice:read,user:write", "a slash, which ends a service's key": "billing/invoice:read", "a wildcard action": "invoice:*",
		"a wildcard resource": "*:read", "both wildcards": "*:*", "a wildcard inside": "inv*:read", "a segment that begins with a dot": ".invoice:read",
		"a segment that begins with a hyphen": "invoice:-read", "an underscore first": "_invoice:read", "Unicode": "invоice:read", "a percent sign": "invoice:%",
		"201 bytes": strings.Repeat("r", 196) + ":read", "a quote": "invoice:'read",
	} {
		t.Run("refuses "+what, func(t *testing.T) {
			_, err := domain.NewPermission("p", "s", name, "", epoch)
			wantField(t, err, "name", "invalid", name)
		})
	}
	for _, name := range []string{"signet.role:read", "signet.token:write", "signet.new:thing", "signet.:read", "signet.role:deep:read"} {
		t.Run("refuses the reserved "+name+" (AZ-3)", func(t *testing.T) {
			_, err := domain.NewPermission("p", "s", name, "", epoch)
			wantField(t, err, "name", "reserved", name)
		})
	}
	t.Run("refuses a description with control characters, and names every bad member", func(t *testing.T) {
		_, err := domain.NewPermission("p", "s", "invoice:read", "a\nb", epoch)
		wantField(t, err, "description", "invalid")
		_, err = domain.NewPermission("p", "s", "invoice", strings.Repeat("d", 501), epoch)
		wantCodes(t, err, "validation_failed", "name invalid", "description too_long")
	})
}

func TestParsePattern(t *testing.T) {
	for _, text := range []string{
		"invoice:read", "invoice:*", "*:read", "*:*", "invoice:item:*", "invoice:item:read", "signet.*:*", "signet.*:read", "signet.role:*", "signet.role:read", "any:any",
	} {
		t.Run("accepts "+text, func(t *testing.T) {
			p, err := domain.ParsePattern(text)
			if err != nil {
				t.Fatal(err)
			}
			wantEqual(t, p, domain.Pattern(text))
		})
	}
	for _, text := range []string{
		"", "*", ":", "*:", ":*", "**:*", "*:**", "*:*:*", "invoice:*:read", "*:item:read", "inv*:read", "*voice:read", "invoice:re*", "signet*:read",
		"signet.ro*:read", "signet.*.x:read", "x.*:read", "signet.*:item:read", "invoice.*:read", "INVOICE:*", " invoice:*", "invoice:* ", "invoice:*\n",
		"invoice", "billing/invoice:read", "invoice:read,*:*", "?:read", "[a-z]:read", "invoice:\x00",
	} {
		t.Run("refuses "+text, func(t *testing.T) {
			p, err := domain.ParsePattern(text)
			wantField(t, err, "permissions", "invalid")
			wantEqual(t, p, "")
		})
	}
}

func TestPatternMatches(t *testing.T) {
	for _, c := range []struct {
		pattern   domain.Pattern
		yes, no   []string
		nobodyHas bool
	}{
		{pattern: "invoice:read", yes: []string{"invoice:read"}, no: []string{"invoice:write", "invoice", "invoice:", "invoices:read", "invoice:read:x", "invoice:item:read", "x:invoice:read", "Invoice:read", "invoice:READ", "invoice:read ", ""}},
		{pattern: "invoice:*", yes: []string{"invoice:read", "invoice:write"}, no: []string{"invoice:item:read", "invoices:read", "user:read", "signet.invoice:read"}},
		{pattern: "invoice:item:*", yes: []string{"invoice:item:read"}, no: []string{"invoice:read", "invoice:item"}},
		{pattern: "*:read", yes: []string{"invoice:read", "invoice:item:read", "signet:read", "signetx:read"}, no: []string{"invoice:write", "signet.role:read", "signet.audit:read"}},
		{pattern: "*:*", yes: []string{"invoice:read", "invoice:item:write", "signet:x"}, no: []string{"signet.role:read", "signet.login:proxy", "signet.:x", "invoice", ""}},
		{pattern: "signet.*:*", yes: []string{"signet.role:read", "signet.login:proxy", "signet.role:deep:read"}, no: []string{"invoice:read", "signet:read", "signetx:read", "x:signet.role:read"}},
		{pattern: "signet.*:read", yes: []string{"signet.role:read", "signet.audit:read"}, no: []string{"signet.role:write", "invoice:read"}},
		{pattern: "signet.role:*", yes: []string{"signet.role:read", "signet.role:write"}, no: []string{"signet.token:read", "signet.roles:read"}},
		{pattern: "", no: []string{"", ":", "invoice:read", "*:*"}},
		{pattern: "*", no: []string{"*", "invoice:read"}},
	} {
		t.Run(string(c.pattern), func(t *testing.T) {
			for _, name := range c.yes {
				wantEqual(t, c.pattern.Matches(name), true)
			}
			for _, name := range c.no {
				if c.pattern.Matches(name) {
					t.Errorf("matches %q", name)
				}
			}
		})
	}
}

// The names for the properties below: names that patterns mention, and others, as services may add later.
var (
	resources = []string{"invoice", "invoice:item", "user", "signet", "signetx", "signet.role", "signet.token", "x:signet.role"}
	actions   = []string{"read", "write", "signet.read"}
)

func patterns() (all []domain.Pattern) {
	for _, resource := range append([]string{"*", "signet.*"}, resources...) {
		for _, action := range append([]string{"*"}, actions...) {
			all = append(all, domain.Pattern(resource+":"+action))
		}
	}
	return all
}

func names() (all []string) {
	for _, resource := range append([]string{"tomorrow", "tomorrow:item", "signet.tomorrow"}, resources...) {
		for _, action := range append([]string{"today"}, actions...) {
			all = append(all, resource+":"+action)
		}
	}
	return all
}

func TestPatternProperties(t *testing.T) {
	universe, all := names(), patterns()
	t.Run("every pattern of the universe parses", func(t *testing.T) {
		for _, p := range all {
			if _, err := domain.ParsePattern(string(p)); err != nil {
				t.Errorf("%s: %v", p, err)
			}
		}
	})
	t.Run("Matches means what behaviours.md says", func(t *testing.T) {
		for _, p := range all {
			resource, action := cut(string(p))
			for _, name := range universe {
				r, a := cut(name)
				own := strings.HasPrefix(r, "signet.")
				want := (action == "*" || action == a) && (resource == r || resource == "*" && !own || resource == "signet.*" && own)
				if p.Matches(name) != want {
					t.Errorf("%s matches %s: %v", p, name, !want)
				}
			}
		}
	})
	t.Run("Covers is antisymmetric", func(t *testing.T) {
		for _, p := range all {
			for _, q := range all {
				if p != q && p.Covers(q) && q.Covers(p) {
					t.Errorf("%s and %s cover each other", p, q)
				}
			}
		}
	})
	t.Run("Covers is exactly: whatever q grants, p grants, tomorrow's permissions included (AZ-3)", func(t *testing.T) {
		for _, p := range all {
			for _, q := range all {
				want := true
				for _, name := range universe {
					want = want && (!q.Matches(name) || p.Matches(name))
				}
				if p.Covers(q) != want {
					t.Errorf("%s covers %s: %v", p, q, !want)
				}
			}
		}
	})
}

func cut(text string) (resource, action string) {
	i := strings.LastIndexByte(text, ':')
	return text[:i], text[i+1:]
}

func FuzzParsePattern(f *testing.F) {
	for _, p := range patterns() {
		f.Add(string(p), "invoice:read")
	}
	f.Add("*:*", "signet.role:read")
	f.Fuzz(func(t *testing.T, text, name string) {
		p, err := domain.ParsePattern(text)
		if err != nil {
			return
		}
		if string(p) != text || !p.Covers(p) || strings.ContainsAny(text, " /,\n\x00") || text != strings.ToLower(text) || strings.Count(text, "*") > 2 {
			t.Fatalf("%q was accepted", text)
		}
		if domain.Pattern("*:*").Covers(p) == domain.Pattern("signet.*:*").Covers(p) {
			t.Fatalf("%q is under both of an administrator's patterns or under none", text)
		}
		if _, err := domain.NewPermission("p", "s", name, "", epoch); err == nil && domain.IsReserved(text) && p.Matches(name) {
			t.Fatalf("%q grants %q, which a service may make", text, name)
		}
	})
}
