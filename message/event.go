package message

import (
	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/message/mask"
)

// DefaultFields are the essentials of a record, in the order of their telling.
func DefaultFields() []string {
	return []string{
		"eventTime", "eventSource", "eventName", "awsRegion", "recipientAccountId", "errorCode", "errorMessage",
		"userIdentity.type", "userIdentity.userName", "userIdentity.arn", "userIdentity.accountId", "userIdentity.invokedBy",
		"userIdentity.sessionContext.sessionIssuer.userName", "userIdentity.sessionContext.sourceIdentity",
		"userIdentity.sessionContext.attributes.mfaAuthenticated", "sourceIPAddress", "userAgent", "readOnly",
		"resources", "requestParameters", "insightDetails", "eventType", "eventID",
	}
}

// event is the record reduced to what matters; masked counts the secrets in it.
func (v *view) event() (e Event, masked int) {
	var raw []byte
	if !v.broken {
		raw, masked = v.masked() // first: it tells how all else is to be shown
	}
	id := v.at("eventID")
	evidence := v.readAt(id)
	e = Event{
		ID: firstText(id, v.at("eventId"), evidence.EventID), Time: v.sample.Time.UTC(),
		Action: v.action(), Service: v.source(), Account: v.clean(v.rec.Account()), Region: v.at("awsRegion"),
		IP: v.at("sourceIPAddress"), Error: firstText(v.at("errorCode"), v.at("errorMessage")), Evidence: evidence,
	}
	e.Who = v.caller().name
	if r := v.acted(); len(r) > 0 {
		e.Resource = r[0]
	}
	switch {
	case v.broken:
		e.Who, e.Error = "", "the record cannot be read as JSON within its limits"
		e.Raw = mask.Omitted("not a readable record", len(v.sample.Record))
		return e, 0
	case len(v.sample.Record) == 0 && len(v.sample.Row) > 0:
		v.rowEvent(&e)
	}
	e.Fields, e.Raw = v.fields(), raw
	return e, masked
}

// readAt says where the record was read, whose eventID is shown as id.
func (v *view) readAt(id string) alert.Evidence {
	e := v.sample.Evidence
	if e.EventID != id || !v.plain.At("eventID") {
		return v.evidence(e)
	}
	e.EventID = "" // which needs not be looked at again
	e = v.evidence(e)
	e.EventID = id
	return e
}

// fields are the record's values at the Builder's paths, flat.
func (v *view) fields() []alert.Label {
	all := make([]alert.Label, 0, min(v.Limits.Fields+1, 64))
	for i, x := range v.paths.in(v.rec, v.found) {
		path, keys := v.Fields[i], v.keys[i]
		switch x.Kind() {
		case cloudtrail.Missing:
		case cloudtrail.Object, cloudtrail.Array:
			if mask.SecretPath(v.rec.Value(), keys...) {
				all = append(all, alert.Label{Name: path, Value: mask.Shown})
				continue
			}
			all = v.flat(all, x, path, v.Limits.Fields, keys...)
		case cloudtrail.Null:
			all = append(all, alert.Label{Name: path, Value: "null"})
		default:
			all = append(all, alert.Label{Name: path, Value: v.shown(x, keys)})
		}
	}
	return bounded(all, v.Limits.Fields)
}
