package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/assemble"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/internal/nearest"
	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/pipeline/intake"
	"github.com/trailwarden/trailwarden/report"
	"github.com/trailwarden/trailwarden/rule"
)

func assembleKind(s string) (alert.Kind, error) {
	k, err := assemble.ParseKind(s)
	if err != nil {
		return "", fmt.Errorf("--kind: %w", err)
	}
	return k, nil
}

func unknownSink(cfg *config.Config, name string) error {
	hint := ""
	if near := nearest.Of(name, cfg.SinkNames()); near != "" {
		hint = "; did you mean " + near + "?"
	} else if len(cfg.Sinks) > 0 {
		hint = "; it has " + strings.Join(cfg.SinkNames(), ", ")
	}
	return fmt.Errorf("--sink %s: the configuration has no such sink%s", name, hint)
}

func writeJSON(s *streams, v any) error {
	e := json.NewEncoder(report.TerminalJSON(s.out))
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// exampleRecord is what a preview shows when it is given nothing.
const exampleRecord = `{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLE:alice","arn":"arn:aws:sts::111122223333:assumed-role/Admin/alice","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLE","arn":"arn:aws:iam::111122223333:role/Admin","accountId":"111122223333","userName":"Admin"},"attributes":{"creationDate":"2026-03-14T08:00:00Z","mfaAuthenticated":"false"}}},"eventTime":"2026-03-14T09:26:53Z","eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging","awsRegion":"eu-west-1","sourceIPAddress":"203.0.113.7","userAgent":"aws-cli/2.15.0","requestParameters":{"name":"arn:aws:cloudtrail:eu-west-1:111122223333:trail/main"},"responseElements":null,"requestID":"00000000-0000-4000-8000-0000000000aa","eventID":"00000000-0000-4000-8000-000000000001","readOnly":false,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management"}`

var alertID = re2.Own(`^[0-9a-f]{6,64}$`)

// alert is what the preview is about.
func (c *notifyPreviewCommand) alert(d *desk) (*alert.Alert, error) {
	if alertID.MatchString(c.About) && !there(c.About) {
		if err := d.open(true); err != nil {
			return nil, err
		}
		return d.find(c.About)
	}
	rec, named, err := c.record(d.streams)
	if err != nil {
		return nil, err
	}
	if c.Rule == "" {
		c.Rule = named
	}
	r, err := c.rule(d, rec)
	if err != nil {
		return nil, err
	}
	facts := intake.Facts(r)
	assemble.Adjust(d.Config)(facts)
	f := intake.Finding(rec, 0, &intake.Origin{File: first(c.About, "example"), Mode: "preview", Arrived: time.Now().UTC()})
	f.Rule = facts
	return d.AlertOf([]alert.Finding{f})
}

func first(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// record is the record of the file, and the rule that a finding in it names.
func (c *notifyPreviewCommand) record(s *streams) (rec *cloudtrail.Record, ruleID string, err error) {
	data := []byte(exampleRecord)
	if c.About != "" {
		if data, err = readInput(s, c.About); err != nil {
			return nil, "", fmt.Errorf("%s: %w", c.About, cause(err))
		}
	}
	stop := errors.New("one is enough")
	err = eachEvent(data, func(r *cloudtrail.Record) error {
		rec, ruleID = unwrapped(r)
		return stop
	}, func(b *badEvent) error { return fmt.Errorf("%s: byte %d: %s", c.About, b.offset, b.reason) })
	switch {
	case rec != nil:
		return rec, ruleID, nil
	case err != nil:
		return nil, "", err
	}
	return nil, "", fmt.Errorf("%s: it holds no finding and no record", c.About)
}

// unwrapped takes the record out of a finding that scan --with-event wrote.
func unwrapped(r *cloudtrail.Record) (*cloudtrail.Record, string) {
	inner, err := cloudtrail.ParseRecord(r.Get("event").Raw())
	if id := r.Get("rule"); err == nil && id.Kind() == cloudtrail.String {
		return clone(inner), id.Str()
	}
	return clone(r), ""
}

// clone keeps a record beyond the call that showed it.
func clone(r *cloudtrail.Record) *cloudtrail.Record {
	out, err := cloudtrail.ParseRecord(append([]byte(nil), r.Raw()...))
	if err != nil {
		return r // it was parsed before
	}
	return out
}

// rule is the one of --rule, or the first that matches the record.
func (c *notifyPreviewCommand) rule(d *desk, rec *cloudtrail.Record) (*rule.Rule, error) {
	paths := c.Rules
	if len(paths) == 0 {
		paths = d.Config.Rules
	}
	set, list := assemble.Rules(paths, d.Config)
	diagnose(d.streams, list)
	var ids []string
	for _, r := range set.Rules {
		if c.Rule != "" && r.ID == c.Rule {
			return r, nil
		}
		if c.Rule == "" && r.Predicate != nil && r.Inactive == "" && matches(r, rec) {
			return r, nil
		}
		ids = append(ids, r.ID)
	}
	if c.Rule == "" {
		return nil, errors.New("no rule matches this record; name one with --rule")
	}
	if near := nearest.Of(c.Rule, ids); near != "" {
		return nil, fmt.Errorf("there is no rule %s; did you mean %s?", c.Rule, near)
	}
	return nil, fmt.Errorf("there is no rule %s; trailwarden rules list names them", c.Rule)
}

func matches(r *rule.Rule, rec *cloudtrail.Record) bool {
	hit := false
	detect.Compile([]detect.Node{r.Predicate}).NewMatcher().Match(rec, func(int) { hit = true })
	return hit
}
