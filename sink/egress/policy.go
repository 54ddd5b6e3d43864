package egress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// ErrBlocked is in the chain of every refusal by the address policy.
var ErrBlocked = errors.New("blocked by the address policy")

// special are the networks that are not the public Internet: the IANA
// special-purpose registries for IPv4 and IPv6, and the addresses at which
// clouds answer with credentials.
var special = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
	"172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24",
	"192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15",
	"198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"168.63.129.16/32", // Azure's wire server
	"2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
)

// global is the only part of IPv6 that is routed publicly.
var global = netip.MustParsePrefix("2000::/3")

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		out[i] = netip.MustParsePrefix(t)
	}
	return out
}

// Public tells whether an address is one of the public Internet.
func Public(a netip.Addr) bool {
	if !a.IsValid() || a.Zone() != "" {
		return false
	}
	a = a.Unmap()
	if a.Is6() && !global.Contains(a) {
		return false
	}
	return !within(special, a)
}

func within(nets []netip.Prefix, a netip.Addr) bool {
	for _, p := range nets {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// admit says why a must not be dialled, or nil. Plain HTTP goes to explicitly
// allowed addresses only.
func (c *Client) admit(a netip.Addr, plain bool) error {
	if within(c.allow, a.Unmap()) && a.Zone() == "" {
		return nil
	}
	if !Public(a) {
		return fmt.Errorf("%w: %s is not a public address; a receiver inside needs its network in the sink's allow_private", ErrBlocked, a.Unmap())
	}
	if plain {
		return fmt.Errorf("%w: http:// is for networks in the sink's allow_private; use https://", ErrBlocked)
	}
	return nil
}

// CheckURL says what is wrong with the address of a receiver, without any
// lookup, or returns nil. Errors do not repeat the URL, which may be a secret.
func (c *Client) CheckURL(raw string) error {
	if i := strings.IndexFunc(raw, unprintable); i >= 0 {
		return blocked("the URL holds a character at byte %d that URLs cannot hold", i)
	}
	u, err := url.Parse(raw)
	if err != nil {
		return blocked("this is not a URL")
	}
	return c.check(u)
}

func unprintable(r rune) bool { return r <= ' ' || r == '\\' || r >= 0x7F }

func blocked(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrBlocked, fmt.Sprintf(format, args...))
}

func (c *Client) check(u *url.URL) error {
	switch {
	case u.Scheme == "http" && len(c.allow) == 0:
		return blocked("http:// is for networks in the sink's allow_private; use https://")
	case u.Scheme != "https" && u.Scheme != "http":
		return blocked("want an https:// URL")
	case u.Opaque != "" || u.Host == "":
		return blocked("the URL names no host")
	case u.User != nil:
		return blocked("the URL holds a user name; credentials have settings of their own")
	case u.Port() == "" && strings.HasSuffix(u.Host, ":"):
		return blocked("the URL's port is empty")
	}
	if p := u.Port(); p != "" {
		if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
			return blocked("the URL's port is not a number from 1 to 65535")
		}
	}
	return c.checkHost(u.Hostname(), u.Scheme == "http")
}

// checkHost refuses literal addresses by the policy, and names that some
// resolver would read as a number (0x7f.1, 017700000001, 2130706433).
func (c *Client) checkHost(host string, plain bool) error {
	if a, err := netip.ParseAddr(host); err == nil {
		return c.admit(a, plain)
	}
	name := strings.TrimSuffix(host, ".")
	last := name[strings.LastIndexByte(name, '.')+1:]
	if last == "" || strings.ContainsAny(host, "%:[]@") {
		return blocked("the URL's host is not a name")
	}
	if last[0] >= '0' && last[0] <= '9' {
		return blocked("the URL's host is a number in disguise; write IP addresses in full")
	}
	for i := 0; i < len(host); i++ {
		if host[i] >= 0x80 {
			return blocked("the URL's host is not ASCII; write international names as xn--")
		}
	}
	return nil
}

// dial resolves the name once, judges every address it stands for and connects
// to one that was judged: a name cannot change its mind in between.
func (c *Client) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	addrs, err := c.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	if _, proxy := c.proxies.Load(address); !proxy {
		plain, _ := ctx.Value(plainKey{}).(bool)
		for _, a := range addrs {
			if err := c.admit(a, plain); err != nil {
				return nil, err
			}
		}
	}
	return c.dialFirst(ctx, network, addrs, port)
}

func (c *Client) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	addrs, err := c.resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	if len(addrs) == 0 {
		return nil, errors.New("the name has no address")
	}
	return addrs[:min(len(addrs), maxAddresses)], nil
}

// maxAddresses bounds the connections that one request may try.
const maxAddresses = 8

func (c *Client) dialFirst(ctx context.Context, network string, addrs []netip.Addr, port string) (net.Conn, error) {
	var first error
	for i, a := range addrs {
		conn, err := c.dialOne(ctx, network, net.JoinHostPort(a.Unmap().String(), port), len(addrs)-i)
		if err == nil {
			return conn, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// dialOne gives each address that is left an equal share of the time.
func (c *Client) dialOne(ctx context.Context, network, address string, left int) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.connect/time.Duration(left))
	defer cancel()
	return c.dialer(ctx, network, address)
}
