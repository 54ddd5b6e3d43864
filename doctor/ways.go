package doctor

import (
	"context"
	"slices"
)

// The ways from an event to a message, as the published designs have them.
const (
	WayBucketFunction = "bucket-function" // the bucket calls a function
	WayBucketQueue    = "bucket-queue"    // the bucket tells a topic, a queue follows it, a function or server reads that
	WayBus            = "bus"             // rules forward to a bus, whose rule calls a function
	WayMetric         = "metric"          // a metric filter counts and an alarm tells
	WayAthena         = "athena"          // queries by the clock
)

// needed says which of the ways that must be there are not.
func (e *Env) needed(ctx context.Context, w *web) (out []Result) {
	filters, err := e.filters(ctx)
	has := map[string]bool{
		WayBucketFunction: w.leads("s3", "lambda") || w.leads("s3", "sns") && w.leads("sns", "lambda"),
		WayBucketQueue:    (w.leads("s3", "sqs") || w.leads("s3", "sns") && w.leads("sns", "sqs") || w.leads("cloudtrail", "sns") && w.leads("sns", "sqs")) && w.leads("sqs", ""),
		WayBus:            w.leads("events", "lambda") || w.leads("events", "events") || w.leads("events", "sqs"),
		WayMetric:         len(filters) > 0 || err != nil, // metric-filters says that they could not be seen
		WayAthena:         true,                           // athena-table says so
	}
	fixes := map[string]string{
		WayBucketFunction: "Have the bucket call the function for s3:ObjectCreated:*: trailwarden deploy notify merges it into what the bucket has.",
		WayBucketQueue:    "Bucket notification → topic → queue → event source mapping: see which of these steps is missing above.",
		WayBus:            "Make the rules in every region, and one on the central bus whose target is the function.",
		WayMetric:         "Put a metric filter on the trail's log group: aws logs put-metric-filter.",
	}
	for _, n := range e.Needs {
		if has[n] || n == WayBucketQueue && slices.ContainsFunc(w.edges, func(x edge) bool { return kind(x.from) == "sqs" }) {
			continue
		}
		if len(w.gaps) > 0 {
			out = append(out, Result{State: Unknown, Cause: "the way " + n + " was not seen, and not all could be looked at", Fix: "See what else could not be checked."})
			continue
		}
		out = append(out, broken("", "the way "+n+" is not there", fixes[n]))
	}
	return out
}
