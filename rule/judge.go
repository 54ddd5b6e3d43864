package rule

import (
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/rule/eventbridge"
)

// For is the predicate that judges this event: Event for a JSON event that is
// no CloudTrail record, when the rule has one, and Predicate otherwise.
func (r *Rule) For(event *cloudtrail.Record) detect.Node {
	if r.Event != nil && !eventbridge.IsRecord(event) {
		return r.Event
	}
	return r.Records()
}
