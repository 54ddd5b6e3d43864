package message

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/alert"
)

// short is as much of an alert's id as its lists show, which commands take.
func short(id string) string { return id[:min(len(id), 12)] }

// next are the things to do, most urgent first.
func (b *Builder) next(m *Message, views []*view) []Step {
	steps := make([]Step, 0, 6)
	if hexID(m.Key) {
		steps = append(steps,
			Step{"See the alert with its records", "trailwarden alerts show " + short(m.Key)},
			Step{"Take it, so that others know", "trailwarden alerts ack " + short(m.Key)})
	}
	if sql := b.recordsSQL(m, views); sql != "" {
		steps = append(steps, Step{"Fetch the records, with trailwarden query or Athena", sql})
	}
	if days := between(m.FirstSeen, m.LastSeen, 1); days != "" {
		steps = append(steps, b.around(m, days)...)
	}
	return append(steps, silence(m)...)
}

// around asks for what else there was, from a day before to a day after.
func (b *Builder) around(m *Message, days string) (steps []Step) {
	account := b.accountFilter(m)
	ask := func(text, column, is string) {
		steps = append(steps, Step{text, columns + b.Table + "\nWHERE " + account + days + "\n  AND " + column + is + "'\nORDER BY eventtime"})
	}
	if p := m.Who.Principal; p != "" && m.Who.Kind != kindService {
		ask("Ask what else the same identity did", "useridentity.principalid LIKE '", p+"%")
	}
	if ip, err := netip.ParseAddr(m.From.IP); err == nil && ip.Zone() == "" {
		ask("Ask what else came from the same address", "sourceipaddress = '", ip.String())
	}
	return steps
}

// silence holds back this rule's messages in the alert's account and region;
// who acts is not among its ids.
func silence(m *Message) []Step {
	if !ruleID(m.Rule.ID) {
		return nil
	}
	account, here, region := "", "", ""
	if accountID(m.Where.Account) && sameAccount(m) {
		account, here = " account="+m.Where.Account, " in this account"
	}
	if regionID(m.Where.Region) && sameRegion(m) {
		region = " region=" + m.Where.Region
	}
	return []Step{{
		"Hold this rule's messages back" + here + " for a week, if it is known to be harmless",
		"trailwarden alerts silence rule=" + m.Rule.ID + account + region + ` --for 7d --reason "known to be harmless"`,
	}}
}

const columns = "SELECT eventtime, eventsource, eventname, awsregion, useridentity.arn AS arn, sourceipaddress, errorcode, eventid\nFROM "

// recordsSQL finds the sampled records by their ids, and those behind them.
func (b *Builder) recordsSQL(m *Message, views []*view) string {
	var ids []string
	add := func(id string) (more bool) {
		if more = uuid(id) && !slices.Contains(ids, id) && len(ids) < alert.MaxSamples; more {
			ids = append(ids, id)
		}
		return more
	}
	for _, v := range views[:min(len(views), alert.MaxSamples)] {
		add(v.at("eventID"))
	}
	from, to, wider := m.FirstSeen, m.LastSeen, false // wider: of places that the samples do not tell
	for _, v := range views[:min(len(views), alert.MaxSamples)] {
		if d := v.sample.Detection; d != nil {
			for _, e := range d.Related {
				wider = add(e.EventID) || wider
			}
			from, to = earlier(from, d.From), later(to, d.To)
		}
	}
	days := between(from, to, 0)
	if len(ids) == 0 || days == "" {
		return ""
	}
	where := days
	if !wider || ofAccount(m) {
		where = b.accountFilter(m) + days
	}
	if !wider && regionID(m.Where.Region) && sameRegion(m) {
		where += "\n  AND \"region\" = '" + m.Where.Region + "'"
	}
	return columns + b.Table + "\nWHERE " + where + "\n  AND eventid IN ('" + strings.Join(ids, "', '") + "')\nORDER BY eventtime"
}

// ofAccount tells that all records behind the alert are of its account, because the
// rule groups by it.
func ofAccount(m *Message) bool {
	return m.Detection != nil && slices.ContainsFunc(m.Detection.Group, func(l alert.Label) bool { return l.Value == m.Where.Account })
}

func earlier(t, u time.Time) time.Time {
	if !u.IsZero() && u.Before(t) {
		return u
	}
	return t
}

func later(t, u time.Time) time.Time {
	if u.After(t) {
		return u
	}
	return t
}

func sameRegion(m *Message) bool {
	return !slices.ContainsFunc(m.Events, func(e Event) bool { return e.Region != m.Where.Region })
}

func sameAccount(m *Message) bool {
	return !slices.ContainsFunc(m.Events, func(e Event) bool { return e.Account != m.Where.Account })
}

// accountFilter keeps Athena to one account's partitions, unless the samples are
// of several.
func (b *Builder) accountFilter(m *Message) string {
	if !accountID(m.Where.Account) || !sameAccount(m) {
		return ""
	}
	return "\"account\" = '" + m.Where.Account + "' AND "
}

// between bounds the days of delivery, by which the table is partitioned: a
// record is delivered on the day of the event or the day after.
func between(from, to time.Time, more int) string {
	if from.IsZero() || to.IsZero() || from.Year() < 2006 || to.Year() > 9998 || to.Before(from) {
		return ""
	}
	const day = "2006/01/02"
	from, to = from.UTC().AddDate(0, 0, -more), to.UTC().AddDate(0, 0, 1+more)
	s := append(make([]byte, 0, 64), "\"timestamp\" BETWEEN '"...)
	s = append(from.AppendFormat(s, day), "' AND '"...)
	return string(append(to.AppendFormat(s, day), '\''))
}

// links are to the AWS console, by ids alone. The console shows the events of
// the last 90 days.
func (b *Builder) links(m *Message) []Link {
	var out []Link
	for _, e := range m.Events {
		host := b.console(e.Region)
		if host == "" || !uuid(e.ID) {
			continue
		}
		text := "Event in the CloudTrail console"
		if len(out) > 0 {
			text = "Event " + itoa(len(out)+1) + " in the CloudTrail console"
		}
		out = append(out, Link{text, "https://" + host + "/cloudtrailv2/home?region=" + e.Region + "#/events/" + e.ID})
		if len(out) == 3 {
			break
		}
	}
	return out
}

// console is the console's host in a region; the isolated partitions have none
// that is reached from outside.
func (b *Builder) console(region string) string {
	if !regionID(region) {
		return ""
	}
	switch b.Catalog.PartitionOf(region) {
	case "aws":
		return region + ".console.aws.amazon.com"
	case "aws-cn":
		return region + ".console.amazonaws.cn"
	case "aws-us-gov":
		return region + ".console.amazonaws-us-gov.com"
	case "aws-eusc":
		return region + ".console.amazonaws-eusc.eu"
	}
	return ""
}
