package idp

import (
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strings"
)

// Env are the settings of a Signet that logs people in through these providers; without names, through all.
func (s *Server) Env(names ...string) map[string]string {
	env := map[string]string{"OAUTH_TEST_PROVIDER": s.URL}
	for _, p := range s.Providers() {
		if len(names) == 0 || slices.Contains(names, p.Name) {
			p.settings(env)
		}
	}
	return env
}

func (p *Provider) settings(env map[string]string) {
	prefix := strings.ToUpper(string(p.speaks))
	if p.speaks == Generic {
		prefix = "OIDC_" + strings.ToUpper(strings.ReplaceAll(p.Name, "-", "_"))
		env[prefix+"_ISSUER"] = p.Issuer
	} else if p.URL != "" {
		env[prefix+"_URL"] = p.URL // GitLab, GitHub Enterprise
	}
	env[prefix+"_CLIENT_ID"] = p.ClientID
	if secret := p.Secret(); secret != "" {
		env[prefix+"_CLIENT_SECRET"] = secret
	}
	if p.appleKey != nil {
		env[prefix+"_TEAM_ID"], env[prefix+"_KEY_ID"], env[prefix+"_PRIVATE_KEY"] = AppleTeamID, AppleKeyID, p.ApplePEM()
	}
}

// ApplePEM is the key with which Apple's client signs its secrets, as Apple gives it out: PKCS #8. Empty at others.
func (p *Provider) ApplePEM() string {
	if p.appleKey == nil {
		return ""
	}
	der, err := x509.MarshalPKCS8PrivateKey(p.appleKey)
	if err != nil {
		return ""
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}
