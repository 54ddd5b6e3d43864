package securityhub

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/severity"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/fit"
	"github.com/trailwarden/trailwarden/sink/page"
)

// finding maps n within the limit of a finding.
func (h *hub) finding(n sink.Notification, account string) (types.AwsSecurityFinding, error) {
	var f types.AwsSecurityFinding
	fits := false
	fit.To(n.Message, func(c *message.Message) bool {
		f = h.mapped(c, account, len(n.Receipt) > 0)
		fits = size(f) <= sink.ASFFFinding.Max()
		return fits
	})
	if !fits {
		return f, fmt.Errorf("the finding is larger than %d bytes", sink.ASFFFinding.Max())
	}
	return f, nil
}

// mapped is m as a finding. Severity and types of a finding that exists may be
// changed through FindingProviderFields only.
func (h *hub) mapped(m *message.Message, account string, exists bool) types.AwsSecurityFinding {
	label := labels()[min(int(m.Severity), int(severity.Critical))]
	f := types.AwsSecurityFinding{
		SchemaVersion: aws.String("2018-10-08"),
		Id:            aws.String(sink.ASFFID.Cut("trailwarden/" + line(m.Key))),
		ProductArn:    aws.String(h.productARN(account)),
		ProductName:   aws.String("Trailwarden"),
		CompanyName:   aws.String("Trailwarden"),
		GeneratorId:   aws.String(sink.ASFFID.Cut(or(line(m.Rule.ID), "trailwarden/"+line(string(m.Kind))))),
		AwsAccountId:  &account,
		CreatedAt:     h.stamp(m.Opened),
		UpdatedAt:     aws.String(format(h.now())),
		Title:         aws.String(sink.ASFFTitle.Cut(or(line(m.Headline), "Trailwarden"))),
		Description:   aws.String(sink.ASFFDescription.Cut(or(line(m.Summary), or(line(m.Headline), "Trailwarden")))),
		Resources:     h.resources(m, account),
		ProductFields: productFields(m),
		Action:        action(m),
		Network:       network(m),
		Remediation:   remediation(m),
		RecordState:   types.RecordStateActive,
		FindingProviderFields: &types.FindingProviderFields{
			Severity: &types.FindingProviderSeverity{Label: label, Original: aws.String(m.Severity.String())},
			Types:    h.cfg.Types,
		},
	}
	if !exists {
		f.Severity = &types.Severity{Label: label, Original: aws.String(m.Severity.String())}
		f.Types = h.cfg.Types
	}
	if *f.UpdatedAt < *f.CreatedAt { // clocks differ
		f.UpdatedAt = f.CreatedAt
	}
	if m.Status == alert.Resolved || m.Kind == alert.Closed {
		f.RecordState = types.RecordStateArchived
	}
	if !m.FirstSeen.IsZero() {
		f.FirstObservedAt, f.LastObservedAt = h.stamp(m.FirstSeen), h.stamp(latest(m))
	}
	for _, l := range m.Links {
		if f.SourceUrl == nil && page.Web(l.URL) {
			f.SourceUrl = aws.String(l.URL)
		}
	}
	return f
}

func latest(m *message.Message) time.Time {
	if m.LastSeen.After(m.FirstSeen) {
		return m.LastSeen
	}
	return m.FirstSeen
}

func labels() [5]types.SeverityLabel {
	return [5]types.SeverityLabel{types.SeverityLabelInformational, types.SeverityLabelLow, types.SeverityLabelMedium,
		types.SeverityLabelHigh, types.SeverityLabelCritical}
}

// line is attacker-written text: Security Hub passes findings on to mail and
// chat.
func line(s string) string { return sink.Defang(sink.Line(s)) }

// shown is line of s within its limit; nil when nothing of it can be shown, as
// the format takes no empty texts.
func shown(s string, most int) *string {
	if s = sink.Cut(line(s), most, sink.Characters); s == "" {
		return nil
	}
	return &s
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func format(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// stamp is t, or now for a time that the message does not know.
func (h *hub) stamp(t time.Time) *string {
	if t.IsZero() || t.Year() < 1970 || t.Year() > 9999 {
		t = h.now()
	}
	return aws.String(format(t))
}

func (h *hub) productARN(account string) string {
	return fmt.Sprintf("arn:%s:securityhub:%s:%s:product/%s/default", partition(h.region), h.region, account, account)
}

// partition of a region, by its name.
func partition(region string) types.Partition {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return types.PartitionAwsCn
	case strings.HasPrefix(region, "us-gov-"):
		return types.PartitionAwsUsGov
	case strings.HasPrefix(region, "us-isob-"):
		return "aws-iso-b"
	case strings.HasPrefix(region, "us-iso-"):
		return "aws-iso"
	case strings.HasPrefix(region, "eusc-"):
		return "aws-eusc"
	}
	return types.PartitionAws
}

// action is the API call; every text in it has a limit of its own.
func action(m *message.Message) *types.Action {
	api := shown(m.What.Action, 128)
	if api == nil {
		return nil
	}
	call := &types.AwsApiCallAction{Api: api, ServiceName: shown(or(line(m.What.Service), "unknown"), 128)}
	if !m.FirstSeen.IsZero() {
		call.FirstSeen, call.LastSeen = aws.String(format(m.FirstSeen)), aws.String(format(latest(m)))
	}
	if ip, err := netip.ParseAddr(m.From.IP); err == nil {
		call.CallerType = aws.String("remoteip")
		if ip.Is4() {
			call.RemoteIpDetails = remote(m, ip)
		}
	} else if domain := shown(m.From.IP, 128); domain != nil {
		call.CallerType = aws.String("domain")
		call.DomainDetails = &types.AwsApiCallActionDomainDetails{Domain: domain}
	}
	return &types.Action{ActionType: aws.String("AWS_API_CALL"), AwsApiCallAction: call}
}

func remote(m *message.Message, ip netip.Addr) *types.ActionRemoteIpDetails {
	d := &types.ActionRemoteIpDetails{IpAddressV4: aws.String(ip.String())}
	if name := shown(m.From.Country, 64); name != nil {
		d.Country = &types.Country{CountryName: name}
	}
	if name := shown(m.From.City, 64); name != nil {
		d.City = &types.City{CityName: name}
	}
	if name := shown(m.From.ASN, 128); name != nil {
		d.Organization = &types.IpOrganizationDetails{AsnOrg: name}
	}
	return d
}

// network names an IPv6 source, for which an API call has no place.
func network(m *message.Message) *types.Network {
	ip, err := netip.ParseAddr(m.From.IP)
	if err != nil || !ip.Is6() || ip.Zone() != "" {
		return nil
	}
	return &types.Network{Direction: types.NetworkDirectionIn, SourceIpV6: aws.String(ip.String())}
}

// remediation is the first thing to do.
func remediation(m *message.Message) *types.Remediation {
	if len(m.Next) == 0 {
		return nil
	}
	text := shown(strings.TrimSuffix(m.Next[0].Text+": "+m.Next[0].Command, ": "), 512)
	if text == nil {
		return nil
	}
	r := &types.Recommendation{Text: text}
	if page.Web(m.Rule.Link) {
		r.Url = aws.String(m.Rule.Link)
	}
	return &types.Remediation{Recommendation: r}
}

// written is the finding as JSON without the fields that are not set.
func written(f types.AwsSecurityFinding) ([]byte, error) {
	full, err := json.Marshal(f)
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := json.Unmarshal(full, &tree); err != nil {
		return nil, err
	}
	return json.MarshalIndent(prune(tree), "", "  ")
}

func prune(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			if e = prune(e); e == nil || e == "" {
				delete(v, k)
			} else {
				v[k] = e
			}
		}
	case []any:
		for i, e := range v {
			v[i] = prune(e)
		}
	}
	return v
}
