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
	e = Event{
		ID: firstText(v.at("eventID"), v.at("eventId"), v.clean(v.sample.Evidence.EventID)), Time: v.sample.Time.UTC(),
		Action: v.action(), Service: v.source(), Account: v.clean(v.rec.Account()), Region: v.at("awsRegion"),
		IP: v.at("sourceIPAddress"), Error: firstText(v.at("errorCode"), v.at("errorMessage")), Evidence: v.evidence(v.sample.Evidence),
	}
	e.Who, _ = v.named(v.identity())
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

// fields are the record's values at the Builder's paths, flat.
func (v *view) fields() []alert.Label {
	all := make([]alert.Label, 0, min(v.Limits.Fields+1, 64))
	for i, path := range v.Fields {
		keys := v.paths[i]
		x := v.rec.Lookup(keys...)
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
			all = append(all, alert.Label{Name: path, Value: v.at(keys...)})
		}
	}
	return bounded(all, v.Limits.Fields)
}
