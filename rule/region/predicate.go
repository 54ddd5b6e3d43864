package region

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/detect"
)

var (
	awsRegion   = detect.Keys("awsRegion")
	eventSource = detect.Keys("eventSource")
)

// Predicate is true of the CloudTrail records that the policy reports.
func (p *Policy) Predicate() detect.Node {
	ids := slices.Sorted(maps.Keys(p.Accounts))
	global := p.global()
	if len(ids) == 0 {
		return p.violation(global)
	}
	var out, others detect.Any
	for _, id := range ids {
		mine := inAccount(id)
		others = append(others, mine)
		out = append(out, detect.All{mine, p.Accounts[id].violation(global)})
	}
	return append(out, detect.All{detect.Not{X: others}, p.violation(global)})
}

// violation is the policy algorithm for the records of one account.
func (s Settings) violation(global detect.Node) detect.Node {
	outside := detect.All{detect.Not{X: equals(awsRegion, "awsRegion", s.Approved...)}}
	if s.Global == Ignore {
		outside = append(outside, detect.Not{X: global})
	}
	if s.Reads == Ignore {
		outside = append(outside, detect.Not{X: detect.Test{
			Path:  detect.Keys("readOnly"),
			Match: detect.Text{Op: detect.Equal, Values: []string{"true"}, Kinds: detect.Bools | detect.Strings},
			Src:   "readOnly is true",
		}})
	}
	if s.Services == Ignore {
		outside = append(outside,
			detect.Not{X: equals(detect.Keys("eventType"), "eventType", "AwsServiceEvent")},
			detect.Not{X: text(detect.Keys("userIdentity", "invokedBy"), "userIdentity.invokedBy is there")})
	}
	if s.Failures == Ignore {
		outside = append(outside, detect.Not{X: text(detect.Keys("errorCode"), "errorCode is there")})
	}
	return detect.Any{detect.Not{X: text(awsRegion, "awsRegion is there")}, outside}
}

// global is true of events that are recorded at a place where nobody acted.
func (p *Policy) global() detect.Node {
	var out detect.Any
	for _, g := range byHomes(p.Globals) {
		out = append(out, detect.All{
			equals(eventSource, "eventSource", g.sources...),
			equals(awsRegion, "awsRegion", g.homes...),
		})
	}
	return append(out, p.signIn(), detect.All{
		equals(eventSource, "eventSource", catalog.STSSource),
		equals(detect.Keys("additionalEventData", "RequestDetails", "endpointType"), "additionalEventData.RequestDetails.endpointType", "global"),
	})
}

func (p *Policy) signIn() detect.Node {
	root := equals(detect.Keys("userIdentity", "type"), "userIdentity.type", "Root")
	return detect.All{
		equals(eventSource, "eventSource", p.SignIn.Source),
		detect.Any{
			equals(awsRegion, "awsRegion", p.SignIn.Homes...),
			detect.All{equals(awsRegion, "awsRegion", p.SignIn.Nearby...), detect.Not{X: root}},
		},
	}
}

// homeGroup are the global services that record in the same regions.
type homeGroup struct{ homes, sources []string }

func byHomes(globals []catalog.GlobalService) []homeGroup {
	var groups []homeGroup
	for _, g := range globals {
		i := slices.IndexFunc(groups, func(h homeGroup) bool { return slices.Equal(h.homes, g.Homes) })
		if i < 0 {
			i = len(groups)
			groups = append(groups, homeGroup{homes: g.Homes})
		}
		groups[i].sources = append(groups[i].sources, g.Source)
	}
	return groups
}

// inAccount is true of the records of an account: the one that received the
// record, or where that is not said (version 1.0, aggregated records) the
// caller's, or the record's own.
func inAccount(id string) detect.Node {
	paths := []struct {
		name string
		path detect.Path
	}{
		{"recipientAccountId", detect.Keys("recipientAccountId")},
		{"userIdentity.accountId", detect.Keys("userIdentity", "accountId")},
		{"accountId", detect.Keys("accountId")},
	}
	var any detect.Any
	var before detect.All
	for _, p := range paths {
		any = append(any, append(slices.Clone(before), equals(p.path, p.name, id)))
		before = append(before, detect.Not{X: text(p.path, p.name+" is there")})
	}
	return any
}

func equals(path detect.Path, name string, values ...string) detect.Node {
	if len(values) == 0 {
		return detect.Const(false)
	}
	src := fmt.Sprintf("%s is %s", name, values[0])
	if len(values) > 1 {
		src = fmt.Sprintf("%s is one of %s", name, strings.Join(values, ", "))
	}
	return detect.Test{Path: path, Match: detect.Text{Op: detect.Equal, Values: values, Kinds: detect.Strings}, Src: src}
}

// text is true of a text that is not empty.
func text(path detect.Path, src string) detect.Node {
	return detect.Test{Path: path, Src: src, Match: detect.MatchAll{
		detect.Is(detect.Strings),
		detect.MatchNot{X: detect.Text{Op: detect.Equal, Values: []string{""}, Kinds: detect.Strings}},
	}}
}
