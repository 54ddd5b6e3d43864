package cloudtrail

import (
	"strings"
)

// detailTypes maps eventType to the EventBridge detail-type of its delivery
// (EventBridge User Guide, AWS service events delivered via CloudTrail).
var detailTypes = map[string]string{
	"AwsApiCall":           "AWS API Call via CloudTrail",
	"AwsConsoleSignIn":     "AWS Console Sign In via CloudTrail",
	"AwsConsoleAction":     "AWS Console Action via CloudTrail",
	"AwsServiceEvent":      "AWS Service Event via CloudTrail",
	"AwsCloudTrailInsight": "AWS Insight via CloudTrail",
	"AwsVpceEvents":        "AWS Network Activity Event via CloudTrail",
}

// EnvelopeField is the value, as JSON, that field name of the EventBridge
// envelope has when EventBridge delivers the record: version, id, detail-type,
// source, account, time, region or resources. Every other name, and every value
// the record does not determine, is Missing.
func EnvelopeField(r *Record, name string) Value {
	switch name {
	case "version":
		return ValueOf([]byte(`"0"`))
	case "resources":
		return ValueOf([]byte(`[]`))
	case "id":
		return r.Get("eventID")
	case "account":
		return r.Get("recipientAccountId")
	case "time":
		return r.Get("eventTime")
	case "region":
		return r.Get("awsRegion")
	case "source":
		s := r.Get("eventSource").Str()
		if s == "" {
			s = r.Lookup("insightDetails", "eventSource").Str()
		}
		if i := strings.Index(s, ".amazonaws."); i > 0 {
			return quoted("aws." + s[:i])
		}
	case "detail-type":
		if t, ok := detailTypes[r.Get("eventType").Str()]; ok {
			return quoted(t)
		}
	}
	return Value{}
}

func quoted(s string) Value {
	b := make([]byte, 0, len(s)+2)
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		if s[i] == '"' || s[i] == '\\' || s[i] < ' ' {
			return Value{}
		}
		b = append(b, s[i])
	}
	return ValueOf(append(b, '"'))
}
