package trino

import (
	"encoding/hex"
	"fmt"
	"math"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// DoubleText writes a double as Trino does: 0.5, 1.0E10.
func DoubleText(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f != 0 && (math.Abs(f) < 1e-3 || math.Abs(f) >= 1e7):
		return scientific(f)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// scientific writes a double as CAST(double AS varchar) does, which follows the
// standard of SQL: 5.0E-1.
func scientific(f float64) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return DoubleText(f)
	}
	m, e, _ := strings.Cut(strconv.FormatFloat(f, 'E', -1, 64), "E")
	if !strings.Contains(m, ".") {
		m += ".0"
	}
	n, _ := strconv.Atoi(e)
	return m + "E" + strconv.Itoa(n)
}

// IntervalText writes an interval of so many months, or of so many milliseconds, as
// Trino does: 2-3 for years and months, or 1 02:03:04.000 for days and less.
func IntervalText(months, ms int64) string {
	if months != 0 && ms == 0 {
		sign, m := "", months
		if m < 0 {
			sign, m = "-", -m
		}
		return fmt.Sprintf("%s%d-%d", sign, m/12, m%12)
	}
	sign := ""
	if ms < 0 {
		sign, ms = "-", -ms
	}
	return fmt.Sprintf("%s%d %02d:%02d:%02d.%03d", sign, ms/86_400_000, ms/3_600_000%24, ms/60_000%60, ms/1000%60, ms%1000)
}

// ipAddress is the canonical text of an address; IPv4 in IPv6 is IPv4.
func ipAddress(s string) (any, error) {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return nil, fmt.Errorf("cannot cast value to IPADDRESS: %.60s", s)
	}
	return a.Unmap().WithZone("").String(), nil
}

// ipOrder is a text that sorts as the address does: IPv4 as part of IPv6.
func ipOrder(s string) (any, error) {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return nil, fmt.Errorf("cannot cast value to IPADDRESS: %.60s", s)
	}
	b := a.As16()
	return hex.EncodeToString(b[:]), nil
}

// networkContains is contains(network, address), which takes a network only as it
// is written to the end, 10.0.0.0/8 and not 10.1.2.3/8, and addresses of its version.
func networkContains(network, s string) (any, error) {
	base, length, _ := strings.Cut(network, "/")
	first, err := netip.ParseAddr(base)
	bits, wrong := strconv.Atoi(length)
	if err != nil || wrong != nil {
		return nil, fmt.Errorf("invalid CIDR: %.60s", network)
	}
	p, err := first.Unmap().Prefix(bits)
	if err != nil {
		return nil, fmt.Errorf("invalid CIDR: %.60s: no prefix of an address is %d bits long", network, bits)
	}
	if p.Addr() != first.Unmap() {
		return nil, fmt.Errorf("invalid CIDR: %.60s: the bits behind the prefix must be 0, as in %s", network, p)
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return nil, fmt.Errorf("cannot cast value to IPADDRESS: %.60s", s)
	}
	if a = a.Unmap(); a.Is4() != p.Addr().Is4() {
		return nil, fmt.Errorf("contains: IP address version should be the same: %.60s and %s", network, a)
	}
	return p.Contains(a), nil
}

func cidrContains(prefix, s string) (any, error) {
	p, err := netip.ParsePrefix(prefix)
	if err != nil {
		return nil, fmt.Errorf("invalid CIDR: %.60s", prefix)
	}
	if inner, err := netip.ParsePrefix(s); err == nil { // is_subnet_of
		return p.Masked().Contains(inner.Addr()) && inner.Bits() >= p.Bits(), nil
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return nil, fmt.Errorf("cannot cast value to IPADDRESS: %.60s", s)
	}
	return p.Masked().Contains(a.Unmap()), nil
}

// ipRange is the canonical text of a prefix; an address alone is all of its bits.
func ipRange(s string) (any, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()).String(), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return nil, fmt.Errorf("cannot cast value to IPPREFIX: %.60s", s)
	}
	return p.Masked().String(), nil
}

func ipPrefix(s string, bits int64) (any, error) {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return nil, fmt.Errorf("cannot cast value to IPADDRESS: %.60s", s)
	}
	p, err := a.Unmap().Prefix(int(bits))
	if err != nil {
		return nil, fmt.Errorf("invalid prefix length: %d", bits)
	}
	return p.String(), nil
}

// subnetEnd is the first or last address of a prefix, whose other bits are fill.
func subnetEnd(prefix string, fill byte) (any, error) {
	p, err := netip.ParsePrefix(prefix)
	if err != nil {
		return nil, fmt.Errorf("invalid CIDR: %.60s", prefix)
	}
	b := p.Masked().Addr().AsSlice()
	for i := range b {
		if free := 8*(i+1) - p.Bits(); free > 0 {
			b[i] |= fill & byte(1<<min(free, 8)-1)
		}
	}
	a, _ := netip.AddrFromSlice(b)
	return a.String(), nil
}

// urlPart is a part of a URL; NULL when the text is none.
func urlPart(text, part string) any {
	u, ok := parseURL(text)
	if !ok {
		return nil
	}
	switch part {
	case "host":
		return strings.TrimSuffix(u.Host, ":"+u.Port()) // with the brackets of IPv6
	case "path":
		return u.Path
	case "protocol":
		return text[:len(u.Scheme)] // as it is written
	case "query":
		query, _ := url.PathUnescape(u.RawQuery) // checked by parseURL
		return wellFormed(query, "\ufffd")
	case "fragment":
		return u.Fragment
	}
	if u.Port() == "" {
		return nil
	}
	return u.Port()
}

func urlParameter(text, name string) any {
	u, ok := parseURL(text)
	if !ok {
		return nil
	}
	for arg := range strings.SplitSeq(u.RawQuery, "&") {
		key, value, _ := strings.Cut(arg, "=")
		if key == name && u.RawQuery != "" {
			value, _ = url.QueryUnescape(value) // checked by parseURL
			return wellFormed(value, "\ufffd")
		}
	}
	return nil
}

// parseURL reads a URL; what a URI cannot hold (RFC 2396) makes it none.
func parseURL(text string) (*url.URL, bool) {
	u, err := url.Parse(text)
	if err != nil || strings.ContainsAny(text, " \"<>\\^`{|}\t\r\n") {
		return nil, false
	}
	_, err = url.PathUnescape(u.RawQuery)
	return u, err == nil
}

// urlEncode writes a text as forms do: a blank is +.
func urlEncode(s string) any {
	return strings.NewReplacer("%2A", "*", "~", "%7E").Replace(url.QueryEscape(s))
}

func urlDecode(s string) (any, error) {
	text, err := url.QueryUnescape(s)
	if err != nil {
		return nil, err
	}
	return wellFormed(text, "\ufffd"), nil
}

// wellFormed puts a text, such as U+FFFD, in the place of each part that is no
// UTF-8, as Java's decoder does, which Trino's url_decode goes through: a character
// cut short is one part, a byte that begins none is one (Unicode 15, section 3.9,
// maximal subparts).
func wellFormed(s, by string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r != utf8.RuneError || n > 1 {
			b.WriteString(s[:n])
			s = s[n:]
			continue
		}
		for n < len(s) && !utf8.FullRuneInString(s[:n+1]) {
			n++
		}
		b.WriteString(by)
		s = s[n:]
	}
	return b.String()
}
