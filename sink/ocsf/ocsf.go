// Package ocsf renders messages as Detection Findings (class 2004) of the Open
// Cybersecurity Schema Framework, version 1.3.0, with the cloud profile.
package ocsf

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/severity"
	"github.com/trailwarden/trailwarden/sink/fit"
)

// SchemaVersion is the version that every finding names and keeps to.
const SchemaVersion = "1.3.0"

// Options are what a finding needs beside its message.
type Options struct {
	Now     time.Time // when the finding is written
	Version string    // of Trailwarden
	Limit   int       // bytes of the rendered finding
}

// Render writes m as one JSON object of at most o.Limit bytes.
func Render(m *message.Message, o Options) ([]byte, error) {
	var body []byte
	var err error
	fit.To(m, func(c *message.Message) bool {
		body, err = json.Marshal(o.finding(c))
		return err == nil && len(body) <= o.Limit
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("writing the finding as JSON: %w", err)
	case len(body) > o.Limit:
		return nil, fmt.Errorf("the finding needs %d bytes at least and the limit is %d", len(body), o.Limit)
	}
	return body, nil
}

// Detection Finding's numbers.
const (
	categoryFindings = 2
	classDetection   = 2004
)

// activity of an OCSF finding.
type activity int

const (
	create activity = iota + 1
	update
	closed
)

func (a activity) String() string { return [...]string{"Unknown", "Create", "Update", "Close"}[a] }

func activityOf(k alert.Kind) activity {
	switch k {
	case alert.Repeated, alert.Acked, alert.Reopened:
		return update
	case alert.Closed:
		return closed
	}
	return create
}

// status is status_id and its caption.
func status(s alert.Status) (int, string) {
	switch s {
	case alert.Acknowledged:
		return 2, "In Progress"
	case alert.Resolved:
		return 4, "Resolved"
	}
	return 1, "New"
}

func severityOf(l severity.Level) (int, string) {
	captions := [...]string{"Informational", "Low", "Medium", "High", "Critical"}
	if int(l) >= len(captions) {
		return 0, "Unknown"
	}
	return int(l) + 1, captions[l]
}

// ms is a timestamp_t: milliseconds of Unix time.
func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// finding maps m.
func (o Options) finding(m *message.Message) finding {
	a := activityOf(m.Kind)
	f := finding{
		ActivityID: int(a), Activity: a.String(), CategoryUID: categoryFindings, Category: "Findings",
		ClassUID: classDetection, Class: "Detection Finding",
		TypeUID: classDetection*100 + int(a), Type: "Detection Finding: " + a.String(),
		Time: ms(o.time(m)), Start: ms(m.FirstSeen), End: ms(m.LastSeen), Count: max(m.Count, 0),
		Message: m.Headline, Cloud: cloudOf(m), Metadata: o.metadata(m),
		Info: info(m), Evidences: evidences(m), Resources: resources(m), Observables: observables(m),
		Remediation: remediationOf(m), Unmapped: unmappedOf(m),
	}
	f.SeverityID, f.Severity = severityOf(m.Severity)
	f.StatusID, f.Status = status(m.Status)
	if n := len(m.Notes); n > 0 {
		f.Comment = m.Notes[n-1].Text
	}
	return f
}

// time is when what the finding tells happened.
func (o Options) time(m *message.Message) time.Time {
	for _, t := range []time.Time{m.LastSeen, m.FirstSeen, m.Opened} {
		if !t.IsZero() {
			return t
		}
	}
	return o.Now
}

func (o Options) metadata(m *message.Message) metadata {
	return metadata{
		Version: SchemaVersion, Profiles: []string{"cloud"}, UID: fmt.Sprintf("%s:%d", m.Key, m.Sequence),
		Correlation: m.Key, Logged: ms(o.Now), Sequence: max(m.Sequence, 0),
		Product: product{Name: "Trailwarden", Vendor: "Trailwarden", Version: o.Version},
	}
}
