package api

// ProxiedClient is whom a back end acts for. It counts with the application token of the back end in X-App-Token, and is ignored without.
type ProxiedClient struct {
	// ClientIP and ClientUserAgent are the person's: limits, sessions and the audit log then have them and not the back end's.
	ClientIP        string `json:"client_ip,omitempty"`
	ClientUserAgent string `json:"client_user_agent,omitempty"` // at most 512 characters
}

// ProxiedFor is the address and the user agent.
func (p ProxiedClient) ProxiedFor() (ip, userAgent string) { return p.ClientIP, p.ClientUserAgent }
