package detect

import (
	"net/netip"
	"strings"
)

// addrs reads IP addresses without allocating: dotted quads directly, IPv6
// texts by way of a bounded memory of the ones met before.
type addrs struct{ seen map[string]seenAddr }

type seenAddr struct {
	addr netip.Addr
	ok   bool
}

const (
	maxAddrText  = 64
	maxSeenAddrs = 4096
)

// parse equals ParseAddr.
func (a *addrs) parse(s []byte) (netip.Addr, bool) {
	if len(s) < 2 || len(s) > maxAddrText || !addrChars(s) {
		return netip.Addr{}, false
	}
	if quad, ok := parseQuad(s); ok {
		return netip.AddrFrom4(quad), true
	}
	if x, ok := a.seen[string(s)]; ok {
		return x.addr, x.ok
	}
	var x seenAddr
	x.addr, x.ok = ParseAddr(string(s))
	if a.seen == nil || len(a.seen) >= maxSeenAddrs {
		a.seen = map[string]seenAddr{}
	}
	a.seen[string(s)] = x
	return x.addr, x.ok
}

func addrChars(s []byte) bool {
	colon, dot := false, false
	for _, c := range s {
		switch {
		case c == ':':
			colon = true
		case c == '.':
			dot = true
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f', 'A' <= c && c <= 'F':
		default:
			return false
		}
	}
	return colon != dot
}

// parseQuad reads a dotted IPv4 address without leading zeros.
func parseQuad(s []byte) (quad [4]byte, ok bool) {
	part, digits, n := 0, 0, 0
	for _, c := range s {
		if c == '.' {
			if digits == 0 || n == 3 {
				return quad, false
			}
			quad[n] = byte(part)
			n, part, digits = n+1, 0, 0
			continue
		}
		if c < '0' || c > '9' || digits > 0 && part == 0 {
			return quad, false
		}
		part, digits = part*10+int(c-'0'), digits+1
		if part > 255 {
			return quad, false
		}
	}
	quad[3] = byte(part)
	return quad, n == 3 && digits > 0
}

// ParsePaddedAddr is ParseAddr that also reads a dotted address with zeros
// before its groups, which are decimal all the same.
func ParsePaddedAddr(s string) (netip.Addr, bool) {
	if a, ok := ParseAddr(s); ok {
		return a, true
	}
	return unpadded(s)
}

// unpadded reads a dotted address, leaving out the zeros before its groups.
func unpadded(s string) (netip.Addr, bool) {
	if len(s) > maxAddrText || strings.Count(s, ".") != 3 {
		return netip.Addr{}, false
	}
	groups := strings.Split(s, ".")
	for i, g := range groups {
		if g != "" {
			groups[i] = strings.TrimLeft(g[:len(g)-1], "0") + g[len(g)-1:]
		}
	}
	return ParseAddr(strings.Join(groups, "."))
}
