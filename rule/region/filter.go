package region

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
)

// Translation is a policy in another language.
type Translation struct {
	Text string
	// Differs lists the events on which Text and the policy disagree, a sentence
	// each; empty when they never do.
	Differs []string
}

// Limits of CloudWatch Logs on one filter pattern.
const (
	maxFilterCharacters = 1024
	maxFilterRegexes    = 2
)

// FilterPattern writes the policy as a CloudWatch Logs filter pattern. The
// pattern is for a trail of one partition, the one whose regions are approved.
func (p *Policy) FilterPattern() Translation {
	w := filterWriter{policy: p, regexes: len(p.Accounts) == 0}
	t := Translation{Text: w.pattern()}
	if len(t.Text) > maxFilterCharacters && w.regexes {
		w = filterWriter{policy: p, regexes: true, short: true}
		t.Text = tight.Replace(w.pattern())
	}
	t.Differs = []string{
		"A record whose awsRegion is empty, null or no text: the policy always reports it, the pattern only if it is there as text and the rest holds.",
		"Records of partitions other than " + p.partition() + ": the pattern does not know the homes of their services without regions.",
		"A record whose readOnly is null: the policy takes it for a write, the pattern cannot.",
	}
	if p.Reads == Judge {
		t.Differs = t.Differs[:2]
	}
	if len(p.Accounts) > 0 {
		t.Differs = append(t.Differs, "A record without recipientAccountId: the policy asks userIdentity.accountId, the pattern takes it for an account without settings of its own.")
	}
	if w.short {
		t.Differs = append(t.Differs, "A record whose eventSource only starts like that of a service without regions: the pattern compares the first part of the name, to stay short.")
	}
	if n := len(t.Text); n > maxFilterCharacters {
		t.Differs = append(t.Differs, fmt.Sprintf("All: the pattern has %d characters and CloudWatch Logs takes at most %d; write one filter per account, or remove services you do not use from global_services.", n, maxFilterCharacters))
	}
	return t
}

// tight drops the blanks that the language does not need.
var tight = strings.NewReplacer(" && ", "&&", " || ", "||", " != ", "!=", " = ", "=")

type filterWriter struct {
	policy  *Policy
	regexes bool // long lists may become regexes
	short   bool // a regex of event sources holds their first part only
	used    int
}

func (w *filterWriter) pattern() string {
	ids := slices.Sorted(maps.Keys(w.policy.Accounts))
	if len(ids) == 0 {
		return "{ " + w.violation(w.policy.Settings) + " }"
	}
	var cases []string
	for _, id := range ids {
		cases = append(cases, fmt.Sprintf(`($.recipientAccountId = %q && (%s))`, id, w.violation(w.policy.Accounts[id])))
	}
	others := fmt.Sprintf("($.recipientAccountId NOT EXISTS || (%s))", w.noneOf("$.recipientAccountId", ids))
	return "{ " + strings.Join(append(cases, fmt.Sprintf("(%s && (%s))", others, w.violation(w.policy.Settings))), " || ") + " }"
}

// violation is written without NOT, which the language lacks: a condition that
// must not hold becomes "absent or different".
func (w *filterWriter) violation(s Settings) string {
	var parts []string
	if len(s.Approved) > 0 {
		parts = append(parts, w.noneOf("$.awsRegion", w.inPartition(s)))
	}
	if s.Global == Ignore {
		parts = append(parts, w.notGlobal(s)...)
	}
	if s.Reads == Ignore {
		parts = append(parts, `($.readOnly NOT EXISTS || $.readOnly != "true")`)
	}
	if s.Services == Ignore {
		parts = append(parts, `($.eventType NOT EXISTS || $.eventType != "AwsServiceEvent")`,
			`($.userIdentity.invokedBy NOT EXISTS || $.userIdentity.invokedBy = "")`)
	}
	if s.Failures == Ignore {
		parts = append(parts, `($.errorCode NOT EXISTS || $.errorCode = "")`)
	}
	if len(parts) == 0 {
		parts = []string{`$.awsRegion = "*"`}
	}
	return fmt.Sprintf("$.awsRegion NOT EXISTS || (%s)", strings.Join(parts, " && "))
}

// inPartition are the approved codes that the pattern's trail can record.
func (w *filterWriter) inPartition(s Settings) []string {
	partition := s.partition()
	return slices.DeleteFunc(slices.Clone(s.Approved), func(c string) bool {
		return catalog.Default().PartitionOf(c) != partition
	})
}

// notGlobal are the conditions that keep global events out. An approved home
// needs none: its events are out already.
func (w *filterWriter) notGlobal(s Settings) []string {
	const absentSource = "$.eventSource NOT EXISTS || "
	partition := s.partition()
	var parts []string
	for _, g := range byHomes(w.sources()) {
		if homes := unapproved(g.homes, s, partition); len(homes) > 0 {
			parts = append(parts, fmt.Sprintf("(%s(%s) || (%s))", absentSource, w.noneOf("$.eventSource", g.sources), w.noneOf("$.awsRegion", homes)))
		}
	}
	if nearby := unapproved(w.policy.SignIn.Nearby, s, partition); len(nearby) > 0 {
		parts = append(parts, fmt.Sprintf(`(%s$.eventSource != %q || $.userIdentity.type = "Root" || (%s))`, absentSource, w.policy.SignIn.Source, w.noneOf("$.awsRegion", nearby)))
	}
	const endpoint = "$.additionalEventData.RequestDetails.endpointType"
	return append(parts, fmt.Sprintf(`(%s$.eventSource != %q || %s NOT EXISTS || %s != "global")`, absentSource, catalog.STSSource, endpoint, endpoint))
}

// sources are the services without regions, sign-in among them.
func (w *filterWriter) sources() []catalog.GlobalService {
	return append(slices.Clone(w.policy.Globals), catalog.GlobalService{Source: w.policy.SignIn.Source, Homes: w.policy.SignIn.Homes})
}

// noneOf is true of a field that is there and equals none of the values. Long
// lists become an anchored regex, which is shorter, while the limit of regexes
// lasts.
func (w *filterWriter) noneOf(selector string, values []string) string {
	if len(values) > 4 && w.regexes && w.used < maxFilterRegexes {
		w.used++
		alternatives := make([]string, len(values))
		for i, v := range values {
			alternatives[i] = w.anchored(v)
		}
		return fmt.Sprintf("%s != %%%s%%", selector, strings.Join(alternatives, "|"))
	}
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = fmt.Sprintf("%s != %q", selector, v)
	}
	return strings.Join(parts, " && ")
}

func (w *filterWriter) anchored(v string) string {
	if first, rest, dotted := strings.Cut(v, "."); w.short && dotted && strings.HasPrefix(rest, "amazonaws.") {
		return "^" + first + `\.`
	}
	return "^" + strings.ReplaceAll(v, ".", `\.`) + "$"
}
