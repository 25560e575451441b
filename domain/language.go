package domain

import (
	"slices"
	"strings"
)

// maxLanguageRanges is how many items of an Accept-Language header are read. Browsers send a handful.
const maxLanguageRanges = 16

// PreferredLanguage picks one of the available language tags (lower case) for an Accept-Language header (RFC 9110 §12.5.4), by lookup (RFC
// 4647 §3.4). asked is what the header calls it: "de-AT" for "de". Both are empty when it names nothing that is available; malformed parts
// are ignored.
func PreferredLanguage(header string, available []string) (tag, asked string) {
	best := 0
	read := 0
	for item := range strings.SplitSeq(header, ",") {
		if read++; read > maxLanguageRanges {
			break
		}
		name, params, weighted := strings.Cut(item, ";")
		name = strings.Trim(name, " \t")
		weight := 1000
		if weighted {
			weight = parseWeight(params)
		}
		if name == "" || weight <= best || checkLocale(name) != nil { // the first of equals wins
			continue
		}
		if found := LookupLanguage(name, available); found != "" {
			tag, asked, best = found, name, weight
		}
	}
	return tag, asked
}

// LookupLanguage finds the tag for a language: the language itself, else what is left after dropping subtags from its end. It is empty when
// there is none.
func LookupLanguage(language string, available []string) string {
	for tag := strings.ToLower(language); tag != ""; {
		if slices.Contains(available, tag) {
			return tag
		}
		tag = tag[:max(0, strings.LastIndexByte(tag, '-'))]
		if n := len(tag); n > 2 && tag[n-2] == '-' { // a single letter only introduces what was dropped
			tag = tag[:n-2]
		}
	}
	return ""
}

// parseWeight reads "q=0.7" in thousandths (RFC 9110 §12.4.2); 0 for what is none.
func parseWeight(text string) int {
	name, value, _ := strings.Cut(strings.Trim(text, " \t"), "=")
	whole, fraction, _ := strings.Cut(value, ".")
	if name != "q" && name != "Q" || whole != "0" && whole != "1" || len(fraction) > 3 {
		return 0
	}
	weight := 0
	for i := range 3 {
		digit := byte('0')
		if i < len(fraction) {
			digit = fraction[i]
		}
		if digit < '0' || digit > '9' {
			return 0
		}
		weight = weight*10 + int(digit-'0')
	}
	switch {
	case whole == "0":
		return weight
	case weight > 0: // 1.5
		return 0
	}
	return 1000
}
