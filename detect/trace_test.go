package detect_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trailwarden/trailwarden/detect"
)

// Every node of a trace has the verdict that the naive evaluator gives it.
func TestTraceAgreesWithNaive(t *testing.T) {
	r := random(t)
	for range 600 {
		n := trees{r}.rule()
		text := records{r}.record()
		agrees(t, detect.Trace(n, record(t, text)), text)
	}
}

func agrees(t *testing.T, tree detect.TraceTree, text string) {
	t.Helper()
	want, err := detect.Naive(tree.Node, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if tree.Verdict != want {
		t.Fatalf("trace %v, naive %v\nnode %#v\nrecord %s", tree.Verdict, want, tree.Node, text)
	}
	for _, k := range tree.Kids {
		agrees(t, k, text)
	}
	some := false
	for _, p := range tree.Paths {
		for _, v := range p.Values {
			some = some || v.Satisfies
		}
		some = some || p.More > 0
	}
	if _, ok := tree.Node.(detect.Test); ok && tree.Verdict && !some {
		t.Fatalf("true, but no value satisfies it: %#v\nrecord %s", tree.Node, text)
	}
}

// A trace shows what each path selected, bounded in number and size.
func TestTraceShowsValues(t *testing.T) {
	path := detect.Path{Steps: []detect.Step{detect.Key("requestParameters"), detect.Key("names")}, End: detect.EndElements}
	n := detect.Not{X: detect.Test{Path: path, Match: detect.Text{Values: []string{"b"}, Kinds: detect.Strings}}}
	got := detect.Trace(n, record(t, `{"requestParameters":{"names":["a","b"]}}`))
	want := []detect.TracePath{{Path: path, Values: []detect.TraceValue{{JSON: `"a"`}, {JSON: `"b"`, Satisfies: true}}}}
	if d := cmp.Diff(want, got.Kids[0].Paths); d != "" || got.Verdict {
		t.Errorf("verdict %v, paths differ:\n%s", got.Verdict, d)
	}
	long := `{"requestParameters":{"names":["` + strings.Repeat("é", 1000) + `"` + strings.Repeat(`,"x"`, 40) + `]}}`
	p := detect.Trace(n, record(t, long)).Kids[0].Paths[0]
	if len(p.Values) != detect.MaxTraceValues || p.More != 41-detect.MaxTraceValues {
		t.Errorf("%d values and %d more", len(p.Values), p.More)
	}
	if v := p.Values[0]; !v.Cut || len(v.JSON) > detect.MaxTraceBytes {
		t.Errorf("long value: cut %v, %d bytes", v.Cut, len(v.JSON))
	}
}

func ExampleFields() {
	n := detect.All{
		detect.Test{Path: detect.Keys("eventName"), Match: detect.Exists},
		detect.Not{X: detect.Test{Path: detect.Keys("userIdentity", "type"), Match: detect.Exists}},
		detect.Test{Path: detect.Path{Root: detect.RootEnvelope, Steps: []detect.Step{detect.Key("detail-type")}}, Match: detect.Exists},
	}
	fmt.Println(detect.Fields(n))
	// Output: [envelope:detail-type eventName userIdentity.type]
}
