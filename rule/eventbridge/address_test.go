package eventbridge_test

import (
	"testing"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/rule/eventbridge"
)

// The Event Ruler reads the groups of a dotted address as decimal numbers;
// anonymized logs hold addresses with zeros before them.
func TestDottedAddressesMayHoldLeadingZeros(t *testing.T) {
	for _, c := range []struct {
		pattern, event string
		want           bool
	}{
		{`{"ip":[{"cidr":"35.0.0.0/8"}]}`, `{"ip":"035.249.253.232"}`, true},
		{`{"ip":[{"cidr":"255.18.64.0/18"}]}`, `{"ip":"255.18.064.253"}`, true},
		{`{"ip":[{"cidr":"255.18.64.0/18"}]}`, `{"ip":"255.18.063.253"}`, false},
		{`{"ip":[{"cidr":"255.18.64.0/18"}]}`, `{"ip":"255.18.0127.001"}`, true},
		{`{"ip":[{"cidr":"255.18.64.0/18"}]}`, `{"ip":"255.18.0128.001"}`, false},
		{`{"ip":[{"cidr":"0.0.0.0/1"}]}`, `{"ip":"0127.255.255.255"}`, true},
		{`{"ip":[{"cidr":"0.0.0.0/1"}]}`, `{"ip":"0128.0.0.0"}`, false},
		{`{"ip":[{"cidr":"10.0.0.0/8"}]}`, `{"ip":"010.0.0.256"}`, false},
		{`{"ip":[{"cidr":"10.0.0.0/8"}]}`, `{"ip":"010.0.0"}`, false},
		{`{"ip":[{"cidr":"10.0.0.0/8"}]}`, `{"ip":"x010.0.0.1"}`, false},
		{`{"ip":[{"cidr":"010.0.0.0/8"}]}`, `{"ip":"10.1.2.3"}`, true},
		{`{"ip":["1.2.3.4"]}`, `{"ip":"001.02.3.04"}`, true},
		{`{"ip":["01.2.3.4"]}`, `{"ip":"1.2.3.4"}`, true},
		{`{"ip":["01.2.3.4"]}`, `{"ip":"1.2.3.40"}`, false},
		{`{"ip":[{"exactly":"1.2.3.4"}]}`, `{"ip":"01.2.3.4"}`, false},
		{`{"ip":[{"anything-but":"1.2.3.4"}]}`, `{"ip":"01.2.3.4"}`, true},
	} {
		p, problems := eventbridge.Parse([]byte(c.pattern))
		if p == nil {
			t.Fatalf("%s: %v", c.pattern, problems)
		}
		got, err := detect.Naive(p.Event(), []byte(c.event))
		if err != nil || got != c.want {
			t.Errorf("%s on %s: %v, %v; want %v", c.pattern, c.event, got, err, c.want)
		}
	}
	for _, bad := range []string{`{"ip":[{"cidr":"0256.0.0.0/8"}]}`, `{"ip":[{"cidr":"10..0.0/8"}]}`, `{"ip":[{"cidr":"0x10.0.0.0/8"}]}`} {
		if p, _ := eventbridge.Parse([]byte(bad)); p != nil {
			t.Errorf("%s is accepted", bad)
		}
	}
}
