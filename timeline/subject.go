// Package timeline tells what a principal, an access key, an address or a
// resource did, in order. It follows temporary credentials: the key that
// AssumeRole, GetSessionToken or GetFederationToken gave out is the key of later
// calls, which count as done by whoever asked for it, along any chain of roles
// (CloudTrail User Guide, userIdentity element).
package timeline

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// Subject is who or what is asked about. A record concerns it that fits any of
// the values.
type Subject struct {
	// Principals are names of users, roles or role sessions, ARNs, or unique ids
	// such as AIDA….
	Principals []string
	Keys       []string // access key IDs
	IPs        []string // addresses, or networks such as 198.51.100.0/24
	Resources  []string // ARNs, or names as they stand in parameters
	networks   []netip.Prefix
}

// prepare checks the subject.
func (s *Subject) prepare() error {
	if len(s.Principals)+len(s.Keys)+len(s.IPs)+len(s.Resources) == 0 {
		return errors.New("want a principal, key, address or resource to ask about")
	}
	for _, text := range s.IPs {
		p, err := netip.ParsePrefix(text)
		if a, e := netip.ParseAddr(text); e == nil {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil {
			return fmt.Errorf("%q is no address; want 198.51.100.7 or 198.51.100.0/24", text)
		}
		s.networks = append(s.networks, p.Masked())
	}
	return nil
}

// String names the subject in a few words.
func (s *Subject) String() string {
	var parts []string
	for _, g := range []struct {
		name   string
		values []string
	}{{"principal", s.Principals}, {"key", s.Keys}, {"address", s.IPs}, {"resource", s.Resources}} {
		if len(g.values) > 0 {
			parts = append(parts, g.name+" "+strings.Join(g.values, ", "))
		}
	}
	return strings.Join(parts, "; ")
}

// acts tells whether the record was made by the subject itself.
func (s *Subject) acts(rec *cloudtrail.Record) bool {
	who := rec.Field(cloudtrail.UserIdentity)
	return slices.Contains(s.Keys, who.Get("accessKeyId").Str()) && who.Get("accessKeyId").Str() != "" || s.isPrincipal(rec, who) || s.isFrom(rec)
}

func (s *Subject) isPrincipal(rec *cloudtrail.Record, who cloudtrail.Value) bool {
	if len(s.Principals) == 0 {
		return false
	}
	issuer := who.Lookup("sessionContext", "sessionIssuer")
	id, session, _ := strings.Cut(who.Get("principalId").Str(), ":")
	for _, name := range []string{who.Get("userName").Str(), who.Get("arn").Str(), issuer.Get("userName").Str(), issuer.Get("arn").Str(),
		who.Get("invokedBy").Str(), id, session, who.Get("principalId").Str(), rec.Actor()} {
		if name != "" && slices.Contains(s.Principals, name) {
			return true
		}
	}
	return who.Get("type").Str() == "Root" && slices.Contains(s.Principals, "root")
}

func (s *Subject) isFrom(rec *cloudtrail.Record) bool {
	if len(s.networks) == 0 {
		return false
	}
	a, err := netip.ParseAddr(rec.Field(cloudtrail.SourceIPAddress).Str())
	return err == nil && slices.ContainsFunc(s.networks, func(p netip.Prefix) bool { return p.Contains(a.Unmap()) })
}

// concerns tells whether the record names one of the resources.
func (s *Subject) concerns(rec *cloudtrail.Record) bool {
	if len(s.Resources) == 0 {
		return false
	}
	return s.names(rec.Field(cloudtrail.Resources)) || s.names(rec.Field(cloudtrail.RequestParameters)) || s.names(rec.Field(cloudtrail.ResponseElements))
}

// names looks for a resource in any text below v; the decoder bounds its depth.
func (s *Subject) names(v cloudtrail.Value) (found bool) {
	switch v.Kind() {
	case cloudtrail.String:
		text := v.Str()
		for _, r := range s.Resources {
			if rest, ok := strings.CutSuffix(text, r); ok && r != "" && (rest == "" || strings.HasSuffix(rest, "/") || strings.HasSuffix(rest, ":")) {
				return true
			}
			if strings.HasPrefix(r, "arn:") && strings.HasPrefix(text, r+"/") { // an object in a bucket
				return true
			}
		}
	case cloudtrail.Object:
		v.Members(func(_ []byte, m cloudtrail.Value) bool { found = s.names(m); return !found })
	case cloudtrail.Array:
		v.Elements(func(_ int, m cloudtrail.Value) bool { found = s.names(m); return !found })
	}
	return found
}
