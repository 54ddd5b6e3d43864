package cloudtrail_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// A Decoder reads any form of log file; what is wrong with a file is told
// beside the records that are not.
func ExampleDecoder_Decode() {
	file := `{"Records":[
		{"eventVersion":"1.08","eventTime":"2026-03-01T12:00:00Z","eventName":"DeleteTrail","userIdentity":{"type":"IAMUser","userName":"alice"},"eventID":"1"},
		{"eventVersion":"1.08","eventName": oops},
		{"eventVersion":"1.08","eventTime":"2026-03-01T12:00:05Z","eventName":"StopLogging","userIdentity":{"type":"Root"},"eventID":"2"}]}`
	d := cloudtrail.NewDecoder(cloudtrail.DefaultLimits())
	sum, err := d.Decode(context.Background(), "log.json", strings.NewReader(file), -1, func(r *cloudtrail.Record, index int) error {
		when, _ := r.Time()
		fmt.Println(index, when.Format("15:04:05"), r.Field(cloudtrail.EventName).Str(), "by", r.Actor())
		return nil
	})
	if err != nil {
		panic(err)
	}
	for _, f := range sum.Faults {
		fmt.Println(f)
	}
	// Output:
	// 0 12:00:00 DeleteTrail by alice
	// 2 12:00:05 StopLogging by root
	// log.json: record 1, byte 206: the record is not valid JSON (a value is expected: an object, array, string, number, true, false or null): it was not judged
}

func ExampleParseObjectKey() {
	k, _ := cloudtrail.ParseObjectKey("logs/AWSLogs/o-exampleorg1/111122223333/CloudTrail/eu-west-1/2026/03/01/111122223333_CloudTrail_eu-west-1_20260301T2355Z_aBcDeFgHiJkLmNoP.json.gz")
	fmt.Println(k.Organization, k.Account, k.Kind, k.Region, k.Date.Format("2006-01-02"))
	// Output: o-exampleorg1 111122223333 CloudTrail eu-west-1 2026-03-01
}
