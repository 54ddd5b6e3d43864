package sigma_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/rule/sigma"
)

// twoFields is a catalogue that knows eventName and sourceIPAddress.
type twoFields struct{}

func (twoFields) Field(path string) (known, optional bool, suggestion string) {
	for _, f := range []string{"eventName", "sourceIPAddress"} {
		if path == f {
			return true, false, ""
		}
		if strings.EqualFold(path, f) {
			return false, false, f
		}
	}
	return strings.HasPrefix(path, "requestParameters."), true, "eventName"
}
func (twoFields) Source(string) (bool, string)         { return true, "" }
func (twoFields) API(string, string) (bool, string)    { return true, "" }
func (twoFields) ReadOnly(string, string) (bool, bool) { return false, false }

func TestLint(t *testing.T) {
	for name, c := range map[string]struct{ detection, codes, fix string }{
		"nothing to say":    {"a: {eventName: x, requestParameters.x: y}\ncondition: a\n", "", ""},
		"null in a list":    {"a: {eventName: [null, x]}\ncondition: a\n", "SGW1", "eventName: null"},
		"all on one value":  {"a: {eventName|contains|all: x}\ncondition: a\n", "SGW2", "eventName|contains"},
		"unused":            {"a: {eventName: x}\nb: {eventName: y}\ncondition: a\n", "SGW3", ""},
		"unknown field":     {"a: {eventNames: x}\ncondition: a\n", "SGW4", "eventName"},
		"unknown reference": {"a: {eventName|fieldref: type}\ncondition: a\n", "SGW4", "eventName"},
		"letter case":       {"a: {sourceipaddress: x}\ncondition: a\n", "SGW6", "sourceIPAddress"},
		"bare UTF-16":       {"a: {eventName|utf16le|contains: x}\ncondition: a\n", "SGW12", "eventName|utf16le|base64offset|contains"},
		"Base64 too early":  {"a: {eventName|base64|wide: x}\ncondition: a\n", "SGW12", "eventName|wide|base64offset|contains"},
		"offset alone":      {"a: {eventName|base64offset: x}\ncondition: a\n", "SGW13", "eventName|base64offset|contains"},
		"offset in a word":  {"a: {'|base64offset': x}\ncondition: a\n", "", ""},
		"hour 24":           {"a: {eventName|hour: 24}\ncondition: a\n", "SGW14", "from 0 to 23"},
		"beyond December":   {"a: {eventName|month|gt: 12}\ncondition: a\n", "SGW14", "from 1 to 12"},
		"the last hour":     {"a: {eventName|hour|gte: 23}\ncondition: a\n", "", ""},
		"UTF-16 in Base64":  {"a: {eventName|wide|base64offset|contains: x}\ncondition: a\n", "", ""},
		"host bits":         {"a: {sourceIPAddress|cidr: 10.1.2.3/8}\ncondition: a\n", "SGW10", "10.0.0.0/8"},
	} {
		t.Run(name, func(t *testing.T) {
			got := fragment(t, c.detection, sigma.Options{}).Lint(twoFields{})
			if codes(got) != c.codes {
				t.Fatal(got)
			}
			if len(got) > 0 && (!strings.Contains(got[0].Fix, c.fix) || got[0].Line < 2 || got[0].Why == "") {
				t.Errorf("%+v", got[0])
			}
		})
	}
}

func TestMetadataOutOfFormIsAWarning(t *testing.T) {
	r, list := sigma.Parse([]byte("title: "+strings.Repeat("x", 300)+`
id: not-a-uuid
status: sometimes
level: severe
date: yesterday
references: {a: b}
related: [x]
logsource: {product: aws}
detection: {a: {b: c}, condition: a}
`), sigma.Options{})
	if len(list) > 0 {
		t.Fatal(list)
	}
	if got := codes(r.Lint(nil)); got != strings.TrimSpace(strings.Repeat("SGW8 ", 7)) {
		t.Error(got)
	}
	if said := fmt.Sprint(r.Lint(nil)); !strings.Contains(said, "until then the rule counts as medium") {
		t.Error(said)
	}
	if r.Level != "" || r.Date != "yesterday" {
		t.Error(r.Level, r.Date)
	}
}

func TestMetadataThatOtherToolsRefuse(t *testing.T) {
	for key, c := range map[string]struct{ wrong, right string }{
		"tags":       {"attack.t1078", "[attack.t1078, cve.2021-1234]"},
		"references": {"https://example.com", "[https://example.com]"},
		"fields":     {"eventName", "[eventName]"},
		"scope":      {"server", "[server]"},
		"related":    {"[{id: 929a690e-bef0-4204-a928-ef5e620d6fcc, type: like}]", "[{id: 929a690e-bef0-4204-a928-ef5e620d6fcc, type: similar}]"},
	} {
		for text, want := range map[string]string{c.wrong: "SGW8", c.right: ""} {
			r, list := sigma.Parse([]byte("title: t\n"+key+": "+text+"\nlogsource: {product: aws}\ndetection: {a: {b: c}, condition: a}\n"), sigma.Options{})
			if len(list) > 0 {
				t.Fatal(list)
			}
			got := r.Lint(nil)
			if codes(got) != want || want != "" && (got[0].Line != 2 || !strings.Contains(got[0].Message, key)) {
				t.Errorf("%s: %s: %v", key, text, got)
			}
		}
	}
	r, _ := sigma.Parse([]byte("title: t\ntags: [persistence]\nlogsource: {product: aws}\ndetection: {a: {b: c}, condition: a}\n"), sigma.Options{})
	if got := r.Lint(nil); codes(got) != "SGW8" || r.Tags[0] != "persistence" {
		t.Error(got, r.Tags)
	}
}
