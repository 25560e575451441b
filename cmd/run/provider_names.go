package run

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/signet-auth/signet/adapters/gothoauth"
)

// genericSuffixes are the settings of a generic provider. A name counts by the longest of them that it ends in, and not at all without
// one: Kubernetes sets OIDC_ACME_SERVICE_HOST by itself where a service is called oidc-acme.
var genericSuffixes = func() []string {
	suffixes := names((&genericProvider{}).settings(), func(setting) bool { return true })
	slices.SortFunc(suffixes, func(a, b string) int { return len(b) - len(a) })
	return suffixes
}()

// genericPrefixes are OIDC_<NAME> of each CLIENT_ID.
func genericPrefixes(values map[string]string) []string {
	var prefixes []string
	for name := range values {
		if prefix, suffix := splitGeneric(name); suffix == "CLIENT_ID" {
			prefixes = append(prefixes, prefix)
		}
	}
	slices.Sort(prefixes)
	return prefixes
}

var genericName = regexp.MustCompile(`^OIDC_[A-Z0-9][A-Z0-9_]*$`)

// splitGeneric takes OIDC_ACME_CLIENT_ID apart; both are empty for what is no such setting.
func splitGeneric(name string) (prefix, suffix string) {
	for _, suffix := range genericSuffixes {
		if prefix, ok := strings.CutSuffix(name, "_"+suffix); ok && genericName.MatchString(prefix) {
			return prefix, suffix
		}
	}
	return "", ""
}

// genericFiles are the names of secrets of generic providers that are given as files.
func genericFiles(values map[string]string) []string {
	var all []string
	for name := range values {
		setting, isFile := strings.CutSuffix(name, "_FILE")
		if prefix, suffix := splitGeneric(setting); isFile && suffix == "CLIENT_SECRET" && prefix != sampleProvider {
			all = append(all, setting)
		}
	}
	slices.Sort(all)
	return all
}

// builtIn are the prefixes of the settings of the providers that need no generic ones.
var builtIn = func() []string {
	prefixes := make([]string, len(gothoauth.BuiltIn))
	for i, kind := range gothoauth.BuiltIn {
		prefixes[i] = strings.ToUpper(string(kind))
	}
	return prefixes
}()

// slips are suffixes that are likely meant for others.
var slips = map[string]string{
	"CLIENTID": "CLIENT_ID", "APP_ID": "CLIENT_ID", "APPID": "CLIENT_ID", "CLIENT_KEY": "CLIENT_ID",
	"CLIENTSECRET": "CLIENT_SECRET", "SECRET": "CLIENT_SECRET", "APP_SECRET": "CLIENT_SECRET", "CLIENT_SECRETS": "CLIENT_SECRET",
	"SCOPE": "SCOPES", "SIGN_UP": "SIGNUP", "TRUSTED_DOMAIN": "TRUSTED_DOMAINS", "TENANT_ID": "TENANT",
	"ISSUER_URL": "ISSUER", "DISCOVERY": "DISCOVERY_URL", "HOSTED_DOMAIN": "HD",
}

// providerWarnings are about settings that have no effect and were likely meant to.
func providerWarnings(values map[string]string) []string {
	var warnings []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		prefix, suffix := splitGeneric(name)
		for _, p := range builtIn {
			if rest, ok := strings.CutPrefix(name, p+"_"); ok {
				prefix, suffix = p, rest
			}
		}
		switch {
		case prefix == "" && (name == "OIDC_CLIENT_ID" || name == "OIDC_ISSUER" || name == "OIDC_CLIENT_SECRET"):
			warnings = append(warnings, fmt.Sprintf("%s is not used: the provider needs a name, as in OIDC_ACME_%s", name, strings.TrimPrefix(name, "OIDC_")))
		case prefix == "" && strings.HasPrefix(name, "OIDC_"):
			warnings = append(warnings, genericSlip(name)...)
		case slips[suffix] != "":
			warnings = append(warnings, fmt.Sprintf("%s is not used: did you mean %s_%s?", name, prefix, slips[suffix]))
		case slices.Contains([]string{"CLIENT_SECRET", "ISSUER", "PRIVATE_KEY"}, suffix) && values[prefix+"_CLIENT_ID"] == "":
			warnings = append(warnings, fmt.Sprintf("%s is not used: %s_CLIENT_ID makes the provider", name, prefix))
		}
	}
	return warnings
}

func genericSlip(name string) []string {
	for slip, meant := range slips {
		if prefix, ok := strings.CutSuffix(name, "_"+slip); ok && genericName.MatchString(prefix) {
			return []string{fmt.Sprintf("%s is not used: did you mean %s_%s?", name, prefix, meant)}
		}
	}
	return nil
}
