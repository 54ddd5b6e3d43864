package detect_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
)

func text(path, value string) detect.Node {
	return detect.Test{Path: detect.Keys(path), Match: detect.Text{Values: []string{value}, Kinds: detect.Strings}}
}

func folded(path, value string) detect.Node {
	return detect.Test{Path: detect.Keys(path), Match: detect.Text{Values: []string{value}, Kinds: detect.Strings, Fold: true}}
}

func differs(path, value string) detect.Node { // false on a missing field
	return detect.Test{Path: detect.Keys(path), Match: detect.MatchNot{X: detect.Text{Values: []string{value}, Kinds: detect.Strings}}}
}

func number(path string, op detect.NumOp, n int64) detect.Node {
	return detect.Test{Path: detect.Keys(path), Match: detect.Num{Op: op, Value: detect.Int(n), Kinds: detect.Numbers}}
}

func TestConstant(t *testing.T) {
	crossed := detect.Path{Steps: []detect.Step{detect.Key("eventName")}, Cross: true, Dotted: detect.DottedUnion, End: detect.EndLeaves}
	inList := detect.Path{Steps: []detect.Step{detect.Key("resources"), detect.Key("type")}, Cross: true, End: detect.EndLeaves}
	is := func(p detect.Path, v string) detect.Node {
		return detect.Test{Path: p, Match: detect.Text{Values: []string{v}, Kinds: detect.Strings}}
	}
	written := func(v string, op detect.TextOp) detect.Node { // as Sigma has it
		p := detect.Path{Steps: []detect.Step{detect.Key("eventName")}, Cross: true, Fold: true, Dotted: detect.DottedLiteralFirst, End: detect.EndScalars}
		return detect.Test{Path: p, Match: detect.Text{Op: op, Values: []string{v}, Kinds: detect.Scalars, Fold: true}}
	}
	for name, c := range map[string]struct {
		node      detect.Node
		value, ok bool
	}{
		"one comparison":                    {text("a", "x"), false, false},
		"equal to two values":               {detect.All{text("a", "x"), text("a", "y")}, false, true},
		"equal to two values of two fields": {detect.All{text("a", "x"), text("b", "y")}, false, false},
		"not one or not the other":          {detect.Any{detect.Not{X: text("a", "x")}, detect.Not{X: text("a", "y")}}, true, true},
		"differs from either, or absent":    {detect.Any{differs("a", "x"), differs("a", "y")}, false, false},
		"equal in any case, but not equal":  {detect.All{folded("a", "x"), detect.Not{X: text("a", "x")}}, false, false},
		"equal, but not in any case":        {detect.All{text("a", "x"), detect.Not{X: folded("a", "X")}}, false, true},
		"two values in any case":            {detect.All{folded("a", "x"), folded("a", "y")}, false, true},
		"more than 5 and less than 3":       {detect.All{number("a", detect.NumGreater, 5), number("a", detect.NumLess, 3)}, false, true},
		"more than 3 and less than 5":       {detect.All{number("a", detect.NumGreater, 3), number("a", detect.NumLess, 5)}, false, false},
		"there and not there":               {detect.All{detect.Test{Path: detect.Keys("a"), Match: detect.Exists}, detect.Not{X: detect.Test{Path: detect.Keys("a"), Match: detect.Exists}}}, false, true},
		"a fixed truth":                     {detect.All{detect.Const(true)}, true, true},
		"no part":                           {detect.Any{}, false, true},
		"contradiction inside":              {detect.All{text("b", "z"), detect.Any{detect.All{text("a", "x"), text("a", "y")}, detect.Const(false)}}, false, true},
		"equal, but without the prefix":     {detect.All{text("a", "x"), detect.Test{Path: detect.Keys("a"), Match: detect.Text{Op: detect.HasPrefix, Values: []string{"y"}, Kinds: detect.Strings}}}, false, true},
		"a documented field in a pattern":   {detect.All{is(crossed, "A"), is(crossed, "B")}, false, true},
		"elements of a list":                {detect.All{is(inList, "A"), is(inList, "B")}, false, false},
		"two values, of numbers, too":       {detect.All{written("CreateUser", detect.Equal), written("DeleteUser", detect.Equal)}, false, true},
		"two parts of a number":             {detect.All{written("1", detect.Contains), written("2", detect.Contains)}, false, false},
		"a test and its negation":           {detect.Any{is(inList, "A"), detect.Not{X: is(inList, "A")}}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			value, why, ok := detect.Constant(c.node)
			if ok != c.ok || value != c.value {
				t.Errorf("got %v, %v (%s), want %v, %v", value, ok, why, c.value, c.ok)
			}
		})
	}
}

// `a != x || a != y` is true wherever a is a text, and false where it is missing.
func TestConstantGivenText(t *testing.T) {
	value, path, why, ok := detect.ConstantGiven(detect.Any{differs("awsRegion", "x"), differs("awsRegion", "y")})
	if !ok || !value || path.String() != "awsRegion" {
		t.Errorf("got %v, %s, %q, %v", value, path, why, ok)
	}
	if _, _, why, ok := detect.ConstantGiven(differs("awsRegion", "x")); ok {
		t.Errorf("one comparison is constant: %s", why)
	}
}

// documented tells whether the fields that Constant takes to hold no arrays
// hold none, under any spelling that a path may find.
func documented(rec *cloudtrail.Record) bool {
	var written map[string]json.RawMessage
	if json.Unmarshal(rec.Raw(), &written) != nil {
		return false
	}
	for f := cloudtrail.EventVersion; f <= cloudtrail.TimeWindow; f++ {
		for name := range written {
			if strings.EqualFold(name, f.String()) && name != f.String() {
				return false
			}
		}
	}
	for f := cloudtrail.EventVersion; f <= cloudtrail.TimeWindow; f++ {
		switch f {
		case cloudtrail.RequestParameters, cloudtrail.ResponseElements, cloudtrail.Resources, cloudtrail.InsightDetails:
			continue
		}
		if bytes.ContainsAny(rec.Field(f).Raw(), "[") || f != cloudtrail.UserIdentity && rec.Field(f).Kind() == cloudtrail.Object {
			return false
		}
	}
	return true
}

// What is said to be constant is: no record shows otherwise.
func TestConstantIsSound(t *testing.T) {
	r := random(t)
	found, given := 0, 0
	for range 2500 {
		n := trees{r}.node(2)
		if r.IntN(2) == 0 { // two tests of one path
			p := detect.Keys(recordKeys[r.IntN(3)])
			n = detect.All{detect.Test{Path: p, Match: trees{r}.match(1)}, detect.Test{Path: p, Match: trees{r}.match(1)}}
			if r.IntN(2) == 0 {
				n = detect.Any(n.(detect.All))
			}
		}
		value, why, ok := detect.Constant(n)
		value2, path, why2, ok2 := detect.ConstantGiven(n)
		if !ok && !ok2 {
			continue
		}
		for range 12 {
			rec := record(t, records{r}.record())
			if !documented(rec) {
				continue
			}
			got, err := detect.Naive(n, rec.Raw())
			if err != nil {
				t.Fatal(err)
			}
			if ok && got != value {
				t.Fatalf("said to be %v (%s), is %v\nnode %#v\nrecord %s", value, why, got, n, rec.Raw())
			}
			isText, _ := detect.Naive(detect.Test{Path: path, Match: detect.Is(detect.Strings)}, rec.Raw())
			if ok2 && isText && got != value2 {
				t.Fatalf("said to be %v (%s), is %v\nnode %#v\nrecord %s", value2, why2, got, n, rec.Raw())
			}
		}
		if ok {
			found++
		} else {
			given++
		}
	}
	t.Logf("%d constant, %d constant for texts", found, given)
}
