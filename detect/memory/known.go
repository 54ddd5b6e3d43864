package memory

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// Known is what is known of a detection's Trigger without its record: of one that
// is not at hand any more, or that never was because nothing came.
type Known struct {
	At                 time.Time
	Group              []Label
	EventID, EventName string // empty when not known
	File               string // path or object key that the record was in; may be empty
}

// Record is a record of only that, to be shown in the place of the real one.
func (k *Known) Record() json.RawMessage {
	fields := map[string]any{"eventTime": k.At.UTC().Format(time.RFC3339)}
	set := func(key, value string) {
		if value != "" {
			fields[key] = value
		}
	}
	set("eventID", k.EventID)
	set("eventName", k.EventName)
	if key, ok := cloudtrail.ParseObjectKey(k.File); ok {
		set("recipientAccountId", key.Account)
		set("awsRegion", key.Region)
	}
	for _, l := range k.Group {
		switch l.Name {
		case "account":
			set("recipientAccountId", l.Value)
		case "actor", "principal":
			fields["userIdentity"] = map[string]any{"arn": l.Value}
		case "awsRegion", "eventSource", "sourceIPAddress", "userAgent", "errorCode":
			set(l.Name, l.Value)
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(fields) != nil {
		return json.RawMessage("{}") // nothing in it can fail to encode
	}
	return bytes.TrimSpace(b.Bytes())
}
