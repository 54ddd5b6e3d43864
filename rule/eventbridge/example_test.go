package eventbridge_test

import (
	"fmt"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/rule/eventbridge"
)

func ExampleParse() {
	pattern, diags := eventbridge.Parse([]byte(`{
	  "source": ["aws.cloudtrail"],
	  "detail": {"eventName": ["StopLogging", {"prefix": "Delete"}]}
	}`))
	if err := diags.Err(); err != nil {
		fmt.Println(err)
		return
	}
	record, err := cloudtrail.ParseRecord([]byte(`{"eventVersion": "1.08", "eventSource": "cloudtrail.amazonaws.com", "eventName": "DeleteTrail"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	matcher := detect.Compile([]detect.Node{pattern.Predicate()}).NewMatcher()
	matcher.Match(record, func(int) { fmt.Println("match:", record.Get("eventName").Str()) })
	// Output: match: DeleteTrail
}

func ExampleParse_invalid() {
	_, diags := eventbridge.Parse([]byte("{\n  \"detail\": {\"eventName\": \"StopLogging\"}\n}"))
	fmt.Println(diags.Err())
	fmt.Println(diags[0].Fix)
	// Output:
	// 2:27: EB004: the field "eventName" holds the string "StopLogging"; want an array of values, or an object
	// "eventName": ["StopLogging"]
}

func ExamplePattern_PredicateIn() {
	pattern, _ := eventbridge.Parse([]byte(`{"detail": {"eventSource": ["iam.amazonaws.com"]}}`))
	record := []byte(`{"eventVersion": "1.08", "eventSource": "iam.amazonaws.com", "eventName": "ListUsers", "readOnly": true, "managementEvent": true}`)
	for _, state := range []eventbridge.State{eventbridge.Enabled, eventbridge.EnabledAllManagement} {
		match, _ := detect.Naive(pattern.PredicateIn(state), record)
		fmt.Println(state, match)
	}
	// Output:
	// ENABLED false
	// ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS true
}
