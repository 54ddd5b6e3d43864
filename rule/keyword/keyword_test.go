package keyword_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/internal/seeds"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/rule/keyword"
	"pgregory.net/rapid"
)

func init() { seeds.Rapid() }

// published has the form and the expressions of the article's own example.
const published = `{
   "source" : "iam|signin|sts",
   "regexp" : "Password|AccessKey|PutRolePolicy|User|Token|Login",
   "sns" : {
      "region" : "us-west-2",
"topicARN" : "arn:aws:sns:us-west-2:123456789012:PushNotifications"
   }
}`

func judge(t interface{ Fatal(...any) }, c *keyword.Config, event string) bool {
	rec, err := cloudtrail.ParseRecord([]byte(event))
	if err != nil {
		t.Fatal(event, err)
	}
	hit := false
	detect.Compile([]detect.Node{c.Predicate()}).NewMatcher().Match(rec, func(int) { hit = true })
	return hit
}

func TestThePublishedConfigurationIsReadAsItStands(t *testing.T) {
	c, list := keyword.Parse([]byte(published))
	if c == nil || len(list) != 0 {
		t.Fatal(list)
	}
	if c.SNS.Region != "us-west-2" || c.SNS.TopicARN != "arn:aws:sns:us-west-2:123456789012:PushNotifications" {
		t.Errorf("%+v", c.SNS)
	}
	for event, want := range map[string]bool{
		`{"eventSource":"iam.amazonaws.com","eventName":"CreateUser"}`:                                  true,
		`{"eventSource":"iam.amazonaws.com","eventName":"CreateUser","errorCode":"AccessDenied"}`:       true,
		`{"eventSource":"iam.amazonaws.com","eventName":"ListUsers","readOnly":true}`:                   true,
		`{"eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin"}`:                             true,
		`{"eventSource":"sts.amazonaws.com","eventName":"GetSessionToken"}`:                             true,
		`{"eventSource":"sts.amazonaws.com","eventName":"AssumeRole"}`:                                  false,
		`{"eventSource":"iam.amazonaws.com","eventName":"createuser"}`:                                  false,
		`{"eventSource":"IAM.amazonaws.com","eventName":"CreateUser"}`:                                  false,
		`{"eventSource":"ec2.amazonaws.com","eventName":"CreateUser"}`:                                  false,
		`{"eventSource":"costs.example","eventName":"UserX"}`:                                           true,
		`{"eventSource":"ec2.amazonaws.com","eventName":"X","requestParameters":{"u":"iam User"}}`:      false,
		`{"eventName":"CreateUser"}`:                                                                    false,
		`{"eventSource":"iam.amazonaws.com"}`:                                                           false,
		`{"eventSource":null,"eventName":"CreateUser"}`:                                                 false,
		`{"eventSource":["iam.amazonaws.com"],"eventName":"CreateUser"}`:                                false,
		`{"eventSource":"iam.amazonaws.com","eventName":7}`:                                             false,
		`{"eventsource":"iam.amazonaws.com","EventName":"CreateUser"}`:                                  false,
		`{"eventSource":"\u0069am.amazonaws.com","eventName":"Create\u0055ser"}`:                        true,
		`{"eventCategory":"Insight","insightDetails":{"eventSource":"iam.x","eventName":"CreateUser"}}`: false,
	} {
		if got := judge(t, c, event); got != want {
			t.Errorf("%s: got %v", event, got)
		}
	}
}

func TestForms(t *testing.T) {
	for name, c := range map[string]struct {
		text, event string
		want        bool
		warnings    int
	}{
		"YAML":               {"source: iam\nregexp: ^Create\n", `{"eventSource":"iam.x","eventName":"CreateUser"}`, true, 0},
		"anchored":           {`{"source":"^iam\\.","regexp":"^Create"}`, `{"eventSource":"iam.x","eventName":"ReCreate"}`, false, 0},
		"tabs and escapes":   {"{\t\"source\":\"\\u0069am\",\n\t\"regexp\":\"a\\/b\"}", `{"eventSource":"iam","eventName":"a/b"}`, true, 0},
		"the last duplicate": {`{"source":"x","source":"iam","regexp":"A"}`, `{"eventSource":"iam","eventName":"A"}`, true, 0},
		"no source":          {`{"regexp":"User"}`, `{"eventSource":"anything","eventName":"User"}`, true, 1},
		"no regexp":          {`{"source":"iam"}`, `{"eventSource":"iam","eventName":""}`, true, 1},
		"empty source":       {`{"source":"","regexp":"User"}`, `{"eventSource":"","eventName":"User"}`, true, 1},
		"case by flag":       {`{"source":"(?i)IAM","regexp":"x"}`, `{"eventSource":"iam","eventName":"x"}`, true, 0},
		"other keys":         {`{"source":"iam","regexp":"x","regex":"y","sns":{"topic":"z"}}`, `{"eventSource":"iam","eventName":"x"}`, true, 2},
		"target ARN":         {`{"source":"iam","regexp":"x","sns":{"targetARN":"z"}}`, `{"eventSource":"iam","eventName":"x"}`, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			config, list := keyword.Parse([]byte(c.text))
			if config == nil {
				t.Fatal(list)
			}
			if len(list) != c.warnings {
				t.Errorf("warnings %v", list)
			}
			if got := judge(t, config, c.event); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	for name, c := range map[string]struct {
		text, code, want string
		line             int
	}{
		"look-ahead":       {"{\"source\": \"iam\",\n\"regexp\": \"User(?!Pool)\"}", "TW040", `negative look-ahead "(?!" at character 5`, 2},
		"a back-reference": {`{"source":"(a)\\1","regexp":"x"}`, "TW040", `back-reference "\\1"`, 1},
		"look-behind":      {"source: iam\nregexp: (?<=Create)User", "TW040", "look-behind", 2},
		"unbalanced":       {`{"source":"(iam","regexp":"x"}`, "TW040", "missing closing )", 1},
		"too long":         {`{"source":"iam","regexp":"` + strings.Repeat("a", 20<<10) + `"}`, "TW040", "at most", 1},
		"a list":           {`{"source":["iam"],"regexp":"x"}`, "TW005", "found a list", 1},
		"null":             {`{"source":null,"regexp":"x"}`, "TW005", "found a null", 1},
		"sns as text":      {`{"source":"iam","regexp":"x","sns":"arn"}`, "TW005", "region and topicARN", 1},
		"neither":          {`{"sns":{}}`, "TW004", "every record", 1},
		"not a mapping":    {`[1]`, "TW005", "found a list", 1},
		"broken":           {"{\"source\": ", "TW001", "not valid", 0},
	} {
		t.Run(name, func(t *testing.T) {
			config, list := keyword.Parse([]byte(c.text))
			if config != nil || list.Err() == nil {
				t.Fatal("accepted")
			}
			var d diagnostic.Diagnostic
			for _, x := range list {
				if x.Severity == diagnostic.Error {
					d = x
					break
				}
			}
			if d.Code != c.code || !strings.Contains(d.Message, c.want) || c.line != 0 && d.Line != c.line {
				t.Error(d)
			}
		})
	}
}

// TestIndependentReading compares with the article's two lines of JavaScript
// read anew: eventSource.match(source), then eventName.match(regexp).
func TestIndependentReading(t *testing.T) {
	word := rapid.SampledFrom([]string{"iam", "sts", "signin", "User", "Create", "Login", "Token", ".", "", "é", "amazonaws.com"})
	rapid.Check(t, func(t *rapid.T) {
		text := func(name string) string { return strings.Join(rapid.SliceOfN(word, 0, 4).Draw(t, name), "") }
		expr := func(name string) string { return strings.Join(rapid.SliceOfN(word, 1, 3).Draw(t, name), "|") }
		source, name := expr("source"), expr("regexp")
		c, list := keyword.Parse([]byte(`{"source":"` + source + `","regexp":"` + name + `"}`))
		if c == nil {
			t.Fatal(list)
		}
		es, en := text("eventSource"), text("eventName")
		want := regexp.MustCompile(source).FindStringIndex(es) != nil && regexp.MustCompile(name).FindStringIndex(en) != nil
		if got := judge(t, c, `{"eventSource":"`+es+`","eventName":"`+en+`"}`); got != want {
			t.Fatalf("source %q regexp %q on %q %q: got %v", source, name, es, en, got)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(published))
	f.Add([]byte("source: iam\nregexp: '[A-Z]+'\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, list := keyword.Parse(text)
		if (c == nil) != (list.Err() != nil) {
			t.Fatalf("%v with %v", c, list)
		}
		if c != nil {
			c.Predicate()
		}
	})
}
