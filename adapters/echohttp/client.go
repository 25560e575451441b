package echohttp

import (
	"net/netip"
	"slices"
	"strings"
)

// clientAddr is the address of the client behind trusted proxies: the peer, unless the peer is trusted; then the right-most hop of
// X-Forwarded-For that is not. Every trusted proxy appended the address that it saw, so everything to the right of the first untrusted hop
// is true, and anybody could have written what is left of it. If a hop can't be read, the peer counts: otherwise an attacker could escape
// its limit by making the address unreadable.
//
// forwarded are the lines of the header, which count as one list (RFC 9110 §5.3). IPv4-mapped addresses are their IPv4 ones.
// X-Real-IP, Forwarded and the like are never read. The answer is invalid only if peer is.
func clientAddr(peer netip.Addr, forwarded []string, trusted []netip.Prefix) netip.Addr {
	peer = peer.Unmap().WithZone("")
	if len(forwarded) == 0 || !contains(trusted, peer) {
		return peer
	}
	hop := peer
	for _, f := range slices.Backward(forwarded) {
		for line, more := f, true; more; {
			var item string
			line, item, more = cutLast(line)
			addr, ok := parseHop(strings.Trim(item, " \t"))
			if !ok {
				return peer
			}
			if hop = addr; !contains(trusted, hop) {
				return hop
			}
		}
	}
	return hop // only proxies: the first of them is the client
}

// cutLast splits the last item off a comma-separated list.
func cutLast(list string) (rest, item string, more bool) {
	i := strings.LastIndexByte(list, ',')
	if i < 0 {
		return "", list, false
	}
	return list[:i], list[i+1:], true
}

// parseHop reads an address, with a port or without: some proxies write 192.0.2.1:443 and [2001:db8::1]:443.
func parseHop(text string) (netip.Addr, bool) {
	plain := text
	if strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") {
		plain = text[1 : len(text)-1]
	}
	addr, err := netip.ParseAddr(plain)
	if err != nil {
		withPort, err := netip.ParseAddrPort(text)
		if err != nil {
			return netip.Addr{}, false
		}
		addr = withPort.Addr()
	}
	if addr.Zone() != "" {
		return netip.Addr{}, false
	}
	return addr.Unmap(), true
}

func contains(prefixes []netip.Prefix, addr netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// peerAddr is the address of the other end of the connection.
func peerAddr(remote string) netip.Addr {
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.IPv4Unspecified()
	}
	return ap.Addr().Unmap().WithZone("")
}
