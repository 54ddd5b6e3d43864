package doctor

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
)

// management is what a trail records of management events.
type management struct {
	reads, writes bool
	excluded      []string // event sources that are left out
}

func checkSelectors(ctx context.Context, e *Env) []Result {
	return forTrails(ctx, e, func(t trail) []Result {
		out, err := cloudtrail.NewFromConfig(e.in(t.home)).GetEventSelectors(ctx, &cloudtrail.GetEventSelectorsInput{TrailName: &t.arn})
		if err != nil {
			return []Result{unknown(t.arn, err)}
		}
		var m management
		for _, s := range out.EventSelectors {
			m.simple(s)
		}
		for _, s := range out.AdvancedEventSelectors {
			m.advanced(s)
		}
		if len(out.EventSelectors)+len(out.AdvancedEventSelectors) == 0 {
			m = management{reads: true, writes: true} // a trail without any records all of them
		}
		return m.results(t)
	})
}

func (m *management) simple(s types.EventSelector) {
	if s.IncludeManagementEvents != nil && !*s.IncludeManagementEvents {
		return
	}
	m.reads = m.reads || s.ReadWriteType != types.ReadWriteTypeWriteOnly
	m.writes = m.writes || s.ReadWriteType != types.ReadWriteTypeReadOnly
	m.excluded = append(m.excluded, s.ExcludeManagementEventSources...)
}

// advanced reads a selector by its field selectors, all of which must hold
// (CloudTrail API Reference, AdvancedFieldSelector).
func (m *management) advanced(s types.AdvancedEventSelector) {
	reads, writes, about := true, true, false
	var excluded []string
	for _, f := range s.FieldSelectors {
		switch aws.ToString(f.Field) {
		case "eventCategory":
			about = slices.Contains(f.Equals, "Management")
		case "readOnly":
			reads = slices.Contains(f.Equals, "true") || slices.Contains(f.NotEquals, "false")
			writes = slices.Contains(f.Equals, "false") || slices.Contains(f.NotEquals, "true")
		case "eventSource":
			excluded = append(excluded, f.NotEquals...)
			if len(f.Equals)+len(f.StartsWith)+len(f.EndsWith) > 0 {
				excluded = append(excluded, "all but "+strings.Join(slices.Concat(f.Equals, f.StartsWith, f.EndsWith), ", "))
			}
		case "eventName", "userIdentity.arn", "eventType", "sessionCredentialFromConsole":
			excluded = append(excluded, "some by "+aws.ToString(f.Field))
		}
	}
	if about {
		m.reads, m.writes, m.excluded = m.reads || reads, m.writes || writes, append(m.excluded, excluded...)
	}
}

func (m *management) results(t trail) (out []Result) {
	fix := `aws cloudtrail put-event-selectors --trail-name ` + t.arn + ` --event-selectors '[{"ReadWriteType":"All","IncludeManagementEvents":true}]'`
	switch {
	case !m.reads && !m.writes:
		return []Result{broken(t.arn, "management events are switched off: no rule about API calls can ever match", fix)}
	case !m.writes:
		out = append(out, broken(t.arn, "only reads are recorded: nothing that changes anything is seen", fix))
	case !m.reads:
		out = append(out, warn(t.arn, "only writes are recorded: discovery, GetSecretValue and the like are not seen", fix))
	}
	for _, x := range m.excluded {
		why := "its management events are left out"
		if x == "kms.amazonaws.com" || x == "rdsdata.amazonaws.com" {
			why = "left out, which is common for its volume; rules about it see nothing"
		}
		out = append(out, warn(t.arn, x+": "+why, fix))
	}
	return or(out, t.arn, "reads and writes are recorded")
}
