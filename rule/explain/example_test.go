package explain_test

import (
	"fmt"
	"os"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/eventbridge"
	"github.com/trailwarden/trailwarden/rule/explain"
)

func ExampleRecord() {
	pattern, diags := eventbridge.Parse([]byte(`{"detail": {"eventName": [{"prefix": "Delete"}], "errorCode": [{"exists": false}]}}`))
	if err := diags.Err(); err != nil {
		fmt.Println(err)
		return
	}
	r := &rule.Rule{ID: "deletions", Language: "eventbridge", Predicate: pattern.Predicate()}
	record, err := cloudtrail.ParseRecord([]byte(`{"eventVersion": "1.08", "eventSource": "s3.amazonaws.com", "eventName": "DeleteBucket", "errorCode": "AccessDenied"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := explain.Record(os.Stdout, r, record); err != nil {
		fmt.Println(err)
	}
	// Output:
	// deletions does not match; what stopped it:
	//   - wanted: errorCode is absent (has "AccessDenied")
	//     written: detail.errorCode: [{"exists":false}]
	//
	// All of it:
	//   no   all of these hold:
	//     no   errorCode is absent (has "AccessDenied")
	//     yes  eventName starts with "Delete" (has "DeleteBucket")
}
