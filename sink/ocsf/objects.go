package ocsf

import (
	"encoding/json"
	"net/netip"
	"strings"

	"github.com/trailwarden/trailwarden/message"
)

func info(m *message.Message) findingInfo {
	i := findingInfo{
		UID: m.Key, Title: m.Headline, Desc: m.Summary, Attacks: attacks(m),
		Created: ms(m.Opened), FirstSeen: ms(m.FirstSeen), LastSeen: ms(m.LastSeen), Sources: []string{"AWS CloudTrail"},
	}
	if m.Rule.ID != "" {
		i.Analytic = &analytic{Name: m.Rule.Title, UID: m.Rule.ID, TypeID: 1, Type: "Rule",
			Desc: m.Rule.Explanation, Version: m.Rule.Version}
	}
	if len(m.Links) > 0 {
		i.URL = m.Links[0].URL
	}
	return i
}

// attacks names tactic, technique and sub-technique apart, as the schema does.
func attacks(m *message.Message) []attack {
	var out []attack
	for _, t := range m.Rule.Attack {
		parent, _, sub := strings.Cut(t.ID, ".")
		self := named{UID: t.ID, Name: t.Name, URL: t.URL}
		switch {
		case t.ID == "":
		case strings.HasPrefix(t.ID, "TA"):
			out = append(out, attack{Tactic: &self})
		case sub:
			out = append(out, attack{Technique: &named{UID: parent}, SubTechnique: &self})
		default:
			out = append(out, attack{Technique: &self})
		}
	}
	return out
}

func cloudOf(m *message.Message) cloud {
	c := cloud{Provider: "AWS", Region: m.Where.Region, Account: awsAccount(m.Where.Account, m.Where.AccountName)}
	if m.Where.Unit != "" {
		c.Org = &org{Unit: m.Where.Unit, Name: "AWS Organizations"}
	}
	return c
}

// awsAccount is an account of type 10, AWS Account.
func awsAccount(id, name string) *account {
	if id == "" {
		return nil
	}
	return &account{UID: id, Name: name, TypeID: 10, Type: "AWS Account"}
}

// evidences are the sampled records: the first with all that the message says
// of who and from where, the others with what they say themselves.
func evidences(m *message.Message) []evidence {
	var out []evidence
	for i, e := range m.Events {
		v := evidence{Data: e.Raw}
		if len(v.Data) == 0 {
			v.Data = essentials(e)
		}
		if e.Action != "" {
			v.API = &api{Operation: e.Action}
		}
		if v.API != nil && e.Service != "" {
			v.API.Service = &named{Name: e.Service}
		}
		if v.API != nil && e.Error != "" {
			v.API.Response = &response{Error: e.Error}
		}
		v.Source = source(e.IP)
		if e.Who != "" {
			v.Actor = &actor{User: &user{Name: e.Who, TypeID: 0, Type: "Unknown"}}
		}
		if i == 0 {
			first(&v, m)
		}
		out = append(out, v)
	}
	return out
}

// essentials stand in for a record that is not shown whole.
func essentials(e message.Event) json.RawMessage {
	e.Raw = nil
	data, err := json.Marshal(e)
	if err != nil {
		return json.RawMessage(`{}`)
	}
	return data
}

func first(v *evidence, m *message.Message) {
	if m.Who.Name != "" || m.Who.ARN != "" {
		v.Actor = actorOf(m)
	}
	if v.API != nil && m.What.ErrorCode != "" {
		v.API.Response = &response{Error: m.What.ErrorCode, Message: m.What.Error}
	}
	if v.Source == nil {
		return
	}
	if m.From.City != "" || m.From.Country != "" {
		v.Source.Location = place(m.From)
	}
	if m.From.ASN != "" {
		v.Source.AS = &named{Name: m.From.ASN}
	}
}

func place(o message.Origin) *location {
	l := &location{City: o.City}
	if len(o.Country) == 2 {
		l.Country = strings.ToUpper(o.Country)
	} else {
		l.Desc = o.Country
	}
	return l
}

// actorOf is who acted; a type of identity is a type of user: User, Admin
// (root), System (services) or Other.
func actorOf(m *message.Message) *actor {
	u := user{Name: m.Who.Name, UID: m.Who.ARN, UIDAlt: m.Who.Principal, TypeID: 99, Type: m.Who.Type,
		Account: awsAccount(m.Who.Account, ""), Credential: m.Who.AccessKey}
	switch m.Who.Type {
	case "IAMUser", "IdentityCenterUser", "SAMLUser", "WebIdentityUser":
		u.TypeID, u.Type = 1, "User"
	case "Root":
		u.TypeID, u.Type = 2, "Admin"
	case "AWSService":
		u.TypeID, u.Type = 3, "System"
	case "":
		u.TypeID, u.Type = 0, "Unknown"
	}
	a := &actor{User: &u, Invoked: m.Who.Via}
	if m.Who.Session != "" || m.Who.Source != "" || m.Who.MFA != "" {
		a.Session = &session{UID: m.Who.Session, Issuer: m.Who.Source, MFA: mfa(m.Who.MFA)}
	}
	return a
}

func mfa(s string) *bool {
	if s == "" {
		return nil
	}
	yes := s == "yes"
	return &yes
}

// source is an address, or the service that a record names in its place.
func source(address string) *endpoint {
	if address == "" {
		return nil
	}
	if ip, err := netip.ParseAddr(address); err == nil && ip.Zone() == "" {
		return &endpoint{IP: ip.String()}
	}
	return &endpoint{Service: address}
}

func resources(m *message.Message) []resource {
	var out []resource
	for _, r := range m.What.Resources {
		if r == "" {
			continue
		}
		one := resource{Name: r, Region: m.Where.Region, Partition: m.Where.Partition}
		if strings.HasPrefix(r, "arn:") {
			one.UID = r
		}
		out = append(out, one)
	}
	return out
}

// observables are the values that an analyst searches for, by the path of the
// attribute that holds them.
func observables(m *message.Message) []observed {
	var out []observed
	add := func(name string, id int, kind, value string) {
		if value != "" {
			out = append(out, observed{name, id, kind, value})
		}
	}
	if s := source(m.From.IP); s != nil && s.IP != "" && len(m.Events) > 0 {
		add("evidences[0].src_endpoint.ip", 2, "IP Address", s.IP)
	}
	if len(m.Events) > 0 {
		add("evidences[0].actor.user.name", 4, "User Name", m.Who.Name)
	}
	for _, r := range resources(m) {
		if r.UID != "" {
			add("resources[].uid", 10, "Resource UID", r.UID)
		}
	}
	return out
}

func remediationOf(m *message.Message) *remedy {
	var steps []string
	for _, s := range m.Next {
		steps = append(steps, s.Text)
	}
	if len(steps) == 0 {
		return nil
	}
	return &remedy{Desc: strings.Join(steps, "\n"), References: m.Rule.References}
}

func unmappedOf(m *message.Message) *unmapped {
	return &unmapped{
		Kind: m.Kind, New: m.New, MayRepeat: m.MayRepeat, Group: m.Group, Parameters: m.What.Parameters,
		Results: m.What.Results, Tallies: m.Tallies, Detection: m.Detection, Next: m.Next, Links: m.Links,
		Notes: m.Notes, Columns: m.Columns, Rows: m.Rows, More: m.More, Totals: m.Totals, Facts: m.Facts,
		Custom: m.Custom, UserAgent: m.From.UserAgent, FalseAlarm: m.Rule.FalsePositives, Masked: m.Masked,
	}
}
