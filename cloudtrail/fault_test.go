package cloudtrail_test

import (
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// A fault is one line, also of a file whose name was chosen to look like another
// message.
func TestFaultIsOneLine(t *testing.T) {
	f := cloudtrail.Fault{File: "a\n0 findings\x1b[2J\xff.json", Offset: 7, Record: -1, Reason: "not JSON"}
	if got, want := f.Error(), `a\x0a0 findings\x1b[2J\xff.json: byte 7: not JSON`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	f = cloudtrail.Fault{File: "a.json", Offset: -1, Record: 3, Reason: "no time"}
	if got, want := f.Error(), "a.json: record 3: no time"; got != want { // no place is known
		t.Errorf("%q, want %q", got, want)
	}
}
