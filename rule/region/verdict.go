package region

import (
	"slices"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
)

// Reason is why a policy reports a record or leaves it alone.
type Reason string

// The reasons, in the order in which they are looked for. The first and the
// last report the record.
const (
	UnknownRegion Reason = "the record names no region"
	Global        Reason = "the event of a service without a region, recorded at its home"
	Approved      Reason = "the region is approved"
	Read          Reason = "the call only reads"
	Service       Reason = "AWS acted on its own"
	Failure       Reason = "the call failed"
	Violation     Reason = "the region is not approved"
)

// Verdict is what a policy says about one record, with what a person asks next.
type Verdict struct {
	Reported    bool
	Reason      Reason
	Region      string
	Known       bool     // the catalogue has the region
	Place       string   // of a known region
	Geographies []string // of a known region
	OptIn       bool     // accounts must enable the region
	ReadOnly    bool
	Service     bool // AWS acted on its own, or for the caller
	Failed      bool
}

// Judge says what the policy makes of a record, and why. Reported is what
// Predicate says of it.
func (p *Policy) Judge(rec *cloudtrail.Record) Verdict {
	s, own := p.Accounts[account(rec)]
	if !own {
		s = p.Settings
	}
	v := attributes(rec)
	switch {
	case v.Region == "":
		v.Reason = UnknownRegion
	case s.Global == Ignore && p.isGlobal(rec, v.Region):
		v.Reason = Global
	case slices.Contains(s.Approved, v.Region):
		v.Reason = Approved
	case s.Reads == Ignore && v.ReadOnly:
		v.Reason = Read
	case s.Services == Ignore && v.Service:
		v.Reason = Service
	case s.Failures == Ignore && v.Failed:
		v.Reason = Failure
	default:
		v.Reason = Violation
	}
	v.Reported = v.Reason == UnknownRegion || v.Reason == Violation
	return v
}

func attributes(rec *cloudtrail.Record) Verdict {
	code := rec.Get("awsRegion").Str()
	readOnly := rec.Get("readOnly")
	r, known := catalog.Default().Region(code)
	return Verdict{
		Region: code, Known: known, Place: r.Place, OptIn: r.OptIn,
		Geographies: catalog.Default().GeographiesOf(code),
		ReadOnly:    readOnly.IsTrue() || readOnly.Str() == "true",
		Service:     rec.Get("eventType").Str() == "AwsServiceEvent" || rec.Lookup("userIdentity", "invokedBy").Str() != "",
		Failed:      rec.Get("errorCode").Str() != "",
	}
}

// account is the account that inAccount looks for.
func account(rec *cloudtrail.Record) string {
	for _, v := range []cloudtrail.Value{rec.Get("recipientAccountId"), rec.Lookup("userIdentity", "accountId")} {
		if id := v.Str(); id != "" {
			return id
		}
	}
	return rec.Get("accountId").Str()
}

func (p *Policy) isGlobal(rec *cloudtrail.Record, code string) bool {
	switch source := rec.Get("eventSource").Str(); source {
	case catalog.STSSource:
		if rec.Lookup("additionalEventData", "RequestDetails", "endpointType").Str() == "global" {
			return true
		}
	case p.SignIn.Source:
		root := rec.Lookup("userIdentity", "type").Str() == "Root"
		if slices.Contains(p.SignIn.Homes, code) || !root && slices.Contains(p.SignIn.Nearby, code) {
			return true
		}
	}
	return slices.ContainsFunc(p.Globals, func(g catalog.GlobalService) bool {
		return g.Source == rec.Get("eventSource").Str() && slices.Contains(g.Homes, code)
	})
}
