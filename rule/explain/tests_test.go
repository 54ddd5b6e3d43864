package explain_test

import (
	"net/netip"
	"regexp"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
)

// everyTest has one of each node, match and path that detect knows.
func everyTest() detect.Node {
	n := func(text string) detect.Decimal { d, _ := detect.ParseDecimal(text); return d }
	text := func(op detect.TextOp, fold bool, vs ...string) detect.Match {
		return detect.Text{Op: op, Values: vs, Fold: fold, Kinds: detect.Strings}
	}
	name := detect.Keys("eventName")
	on := func(m detect.Match) detect.Node { return detect.Test{Path: name, Match: m} }
	many := make([]string, 20)
	for i := range many {
		many[i] = string(rune('a' + i))
	}
	matches := []detect.Match{
		text(detect.Equal, false, "a"), text(detect.Equal, true, "a", "b"), text(detect.HasPrefix, false, "Console"), text(detect.HasSuffix, true, "LOGIN"),
		text(detect.Contains, false, "x", "y", "z"), text(detect.HasPrefix, false, ""), text(detect.Equal, false, many...),
		detect.Text{Values: []string{"true"}, Kinds: detect.Bools},
		detect.Text{Op: detect.Contains, Values: []string{`\"x\"`}, Kinds: detect.Containers},
		detect.Glob{Pieces: []detect.Piece{{Kind: detect.AnyRun}, {Text: "o*n"}, {Kind: detect.AnyChar}}, Fold: true, Kinds: detect.Strings},
		detect.Regexp{Re: regexp.MustCompile(`^Console(Login)?$`), Kinds: detect.Strings},
		detect.Num{Op: detect.NumGreaterEqual, Value: n("5"), Kinds: detect.Numbers},
		detect.MatchAll{detect.Num{Op: detect.NumGreater, Value: n("1"), Kinds: detect.Numbers}, detect.Num{Op: detect.NumLess, Value: n("3"), Kinds: detect.Numbers}},
		detect.CIDR{Prefix: netip.MustParsePrefix("10.0.0.0/8"), Kinds: detect.Strings}, detect.CIDR{Prefix: netip.MustParsePrefix("::1/128"), Kinds: detect.Strings},
		detect.TimePart{Unit: detect.Hour, Value: 3},
		detect.Exists, detect.Is(detect.Nulls), detect.Is(detect.Containers), detect.Is(detect.Anything &^ detect.Nulls), detect.Is(detect.KindSet(cloudtrail.Number)),
		detect.MatchNot{X: text(detect.Equal, false, "a", "b")}, detect.MatchAny{text(detect.HasPrefix, false, "a"), detect.MatchAll{detect.Is(detect.Strings), detect.MatchNot{X: text(detect.Contains, false, "q")}}},
		detect.MatchAny{}, detect.MatchAll{},
	}
	var tests, nots detect.Any
	for _, m := range matches {
		tests = append(tests, on(m))
		nots = append(nots, detect.Not{X: on(m)})
	}
	paths := detect.All{
		detect.Test{Path: detect.Path{Steps: []detect.Step{detect.Key("resources"), {Kind: detect.StepIndex, Index: 1}, detect.Key("ARN")}}, Match: text(detect.Equal, false, "arn:2")},
		detect.Test{Path: detect.Path{Steps: []detect.Step{detect.Key("resources"), {Kind: detect.StepElements}, detect.Key("type")}}, Match: text(detect.Equal, false, "AWS::B")},
		detect.Test{Path: detect.Path{Steps: []detect.Step{detect.Key("userIdentity"), {Kind: detect.StepFields}}}, Match: text(detect.Equal, false, "Root")},
		detect.Test{Path: detect.Path{Steps: []detect.Step{detect.Key("EVENTNAME")}, Fold: true}, Match: text(detect.Equal, false, "ConsoleLogin")},
		detect.Test{Match: text(detect.Contains, false, "MFAUsed")},
		detect.Test{Path: detect.Keys("resources"), Match: detect.Is(detect.Containers)},
	}
	same := detect.Compare{Left: detect.Keys("recipientAccountId"), Right: detect.Keys("userIdentity", "accountId"), Kinds: detect.Strings}
	return detect.All{
		detect.All{tests, paths}, detect.Not{X: nots}, detect.Not{X: paths}, same, detect.Not{X: same},
		detect.Const(true), detect.Not{X: detect.Const(true)}, detect.All{}, detect.Any{}, detect.Not{X: detect.Not{X: on(detect.Exists)}},
		detect.Not{X: detect.Any{on(detect.Exists)}}, detect.Not{X: detect.All{on(detect.Exists)}}, detect.Not{X: detect.Consistent{Terms: []detect.Term{{Path: name, Absent: true}, {Path: detect.Keys("a"), Match: text(detect.Equal, false, "x"), Absent: true}}}},
	}
}
