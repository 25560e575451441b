package run

import "net"

// listenerSettings are where the server is reached, and by whom.
type listenerSettings struct {
	Host      string
	Port      int
	AdminAddr string
	PublicURL string
	Proxies   prefixes
	Origins   list
	DevPeers  prefixes
	StopDelay duration
	StopWait  duration
}

func (l *listenerSettings) group() group {
	return group{title: "Listeners", check: l.check, settings: []setting{
		{
			name: "HOST", into: &l.Host, limit: form("an address of this machine, or a name of one"), empty: "loopback in development, every interface in production",
			text: "Interface of the API; empty: loopback in development, all in production",
		},
		{name: "PORT", into: &l.Port, preset: "5000", limit: between(0, 65535), text: "Port of the API; 0: any that is free"},
		{
			name: "ADMIN_ADDR", into: &l.AdminAddr, preset: "127.0.0.1:5001", limit: texts("host:port such as 127.0.0.1:5001, or off", isListenerOrOff),
			text: "Health details, metrics, documentation, profiles, development inbox; off for none",
		},
		{
			name: "PUBLIC_URL", into: &l.PublicURL, old: "APP_BASE_URL", empty: "in development http://localhost:PORT",
			limit: texts("an http:// or https:// address without query", isBase),
			text:  "Where clients and the links in mails reach Signet. Empty (development): http://localhost:PORT",
		},
		{
			name: "TRUSTED_PROXIES", into: &l.Proxies,
			text: "Address blocks of proxies whose X-Forwarded-For counts: 10.0.0.0/8,192.0.2.7",
		},
		{
			name: "CORS_ORIGINS", into: &l.Origins, empty: "in development pages of localhost",
			text: "Exact origins of browser front ends: https://app.example.com. Empty in development: pages of localhost",
		},
		{
			name: "DEV_PEERS", into: &l.DevPeers,
			text: "Development only: address blocks that may see the inbox and /docs as this machine may, by a loopback address: the network of a container " +
				"whose ports are published on 127.0.0.1. Everybody who can connect from there reads every mail",
		},
		{
			name: "SHUTDOWN_DELAY", into: &l.StopDelay, preset: "0s",
			text: "How long a stopping server says so in /readyz before it takes no more connections: as long as the load balancer needs to notice",
		},
		{
			name: "SHUTDOWN_TIMEOUT", into: &l.StopWait, preset: "15s",
			text: "How long a stop waits, after that, for requests under way",
		},
	}}
}

func isListenerOrOff(address string) bool {
	_, port, err := net.SplitHostPort(address)
	return address == "off" || err == nil && port != ""
}

func (l *listenerSettings) check(bad func(ok bool, format string, args ...any)) {
	for _, block := range l.Proxies {
		bad(block.Bits() > 0, "TRUSTED_PROXIES must not hold every address: anybody could choose the address they are counted by")
	}
	for _, block := range l.DevPeers {
		bad(block.Bits() > 0, "DEV_PEERS must not hold every address: mails of the inbox let anybody into accounts")
	}
	for _, origin := range l.Origins {
		bad(isOrigin(origin), "CORS_ORIGINS must be exact origins such as https://app.example.com, http or https, without path and default port; nothing else ever matches, so * is not accepted")
	}
}
