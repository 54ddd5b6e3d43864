package detect_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
)

// Tests of values that every record has are judged where the value stands: what
// escapes, other kinds of value and bytes that are no UTF-8 mean is as ever.
func TestValuesAreJudgedWhereTheyStand(t *testing.T) {
	var nodes []detect.Node
	for _, p := range []detect.Path{detect.Keys("userIdentity", "arn"), detect.Keys("userIdentity", "sessionContext", "sourceIdentity"), detect.Keys("eventID")} {
		for _, kinds := range []detect.Kinds{detect.Strings, detect.Strings | detect.Numbers, detect.Numbers, detect.Anything} {
			for _, values := range [][]string{{"AKIA"}, {"/aws:", "x"}, {"é"}, {`"`}, {`\`}, {"u0041"}, {"\ufffd"}, {""}} {
				for _, op := range []detect.TextOp{detect.Equal, detect.HasPrefix, detect.HasSuffix, detect.Contains} {
					nodes = append(nodes, detect.Test{Path: p, Match: detect.Text{Op: op, Values: values, Kinds: kinds}},
						detect.Not{X: detect.Test{Path: p, Match: detect.Text{Op: op, Values: values, Kinds: kinds, Raw: true}}})
				}
			}
			for _, re := range []string{`.:role/aws:.`, `^AKIA`, `KIA$`, `(AKIA|é/)`, `-b-`} {
				nodes = append(nodes, detect.Test{Path: p, Match: detect.Regexp{Re: regexp.MustCompile(re), Kinds: kinds}})
			}
		}
	}
	m := detect.Compile(nodes).NewMatcher()
	var rd cloudtrail.Reader // knows callers by those before
	for _, value := range []string{
		`"AKIA"`, `"\u0041KIA"`, `"AKI\u0041"`, `"AKIA\n"`, `"xAKIAx"`, `"AKI"`, `""`, `"arn:role/aws:x"`, `"arn:\u0072ole/aws:x"`, `"arn:role\/aws:x"`, `"/aws:/aws:/a/a/a/a/:role/aws:s"`,
		`"é/aws:"`, `"\u00e9"`, "\"\xffAKIA\"", "\"AKIA\xff\"", "\"\xff\"", `"\ufffd"`, `"\""`, `"\\"`, `"\\u0041"`, `"x"`, `"-a-b-"`, `"-a-a-a-a-a-b-"`, `"-"`,
		`12`, `null`, `true`, `["AKIA"]`, `{"AKIA":"AKIA"}`,
	} {
		for _, form := range []string{
			`{"eventID":%[1]s,"userIdentity":{"type":"AssumedRole","arn":%[1]s,"sessionContext":{"sourceIdentity":%[1]s}}}`,
			`{"eventID":%[1]s,"userIdentity":{"type":"AssumedRole","arn":"AKIA","sessionContext":{}},"userIdentity.arn":%[1]s}`,
			`{"userIdentity":{"type":"IAMUser","userName":"AKIA","note":%[1]s}}`,
		} {
			text := fmt.Sprintf(form, value)
			for range 5 { // as often as it takes for the form to be known
				rec, err := rd.Read([]byte(text))
				if err != nil {
					t.Fatal(err)
				}
				differ(t, nodes, strings.ToValidUTF8(text, "\ufffd"), hits(m, rec), naiveHits(t, nodes, text))
			}
		}
	}
}

// Whole texts in any case are judged where the value stands, too: characters beyond
// ASCII and escapes of several bytes may be letters of it.
func TestTextsInAnyCaseAreJudgedWhereTheyStand(t *testing.T) {
	var nodes []detect.Node
	for _, p := range []detect.Path{detect.Keys("userIdentity", "arn"), detect.Keys("eventID"), detect.Keys("userAgent")} {
		for _, kinds := range []detect.Kinds{detect.Strings, detect.Numbers, detect.Anything} {
			for _, values := range [][]string{{"AKIA"}, {"k", "sdk"}, {"é"}, {""}} {
				nodes = append(nodes, detect.Test{Path: p, Match: detect.Text{Values: values, Kinds: kinds, Fold: true}})
			}
		}
	}
	m := detect.Compile(nodes).NewMatcher()
	for _, value := range []string{
		`"AKIA"`, `"akia"`, `"aKIb"`, "\"A\u212aIA\"", `"\u0041\u212a\u0049\u0041"`, `"\u0041\u212a\u0049\u0041x"`, `"K"`, "\"\u212a\"", "\"\u017fdk\"", `"SD\u004b"`,
		"\"\xff\"", `""`, `"É"`, `"\u00c9"`, `"akia, and so much more that it is another, whatever was escaped"`, `12`, `null`, `["akia"]`,
	} {
		text := fmt.Sprintf(`{"eventID":%[1]s,"userAgent":%[1]s,"userIdentity":{"type":"AssumedRole","arn":%[1]s}}`, value)
		rec, err := cloudtrail.ParseRecord([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		differ(t, nodes, strings.ToValidUTF8(text, "\ufffd"), hits(m, rec), naiveHits(t, nodes, text))
	}
}
