package filterpattern_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/rule/filterpattern"
)

func TestReadFile(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []filterpattern.Named
	}{
		"verbatim":     {"\n{ $.a = 1 &&\n  $.b = 2 }\n", []filterpattern.Named{{Text: "{ $.a = 1 &&\n  $.b = 2 }", Line: 2}}},
		"one line":     {"ERROR -Exiting", []filterpattern.Named{{Text: "ERROR -Exiting", Line: 1}}},
		"delimited":    {"[a, b = 1]", []filterpattern.Named{{Text: "[a, b = 1]", Line: 1}}},
		"one per line": {"{ $.a = 1 }\n\n{ $.b = 2 }\n", []filterpattern.Named{{Text: "{ $.a = 1 }", Line: 1}, {Text: "{ $.b = 2 }", Line: 3}}},
		"headings": {"## patterns of the team\n# root used\n\n{ $.a = 1 &&\n## why\n $.b = 2 }\r\n# errors\nERROR\n", []filterpattern.Named{
			{Name: "root used", Text: "{ $.a = 1 &&\n\n $.b = 2 }", Line: 4}, {Name: "errors", Text: "ERROR", Line: 8}}},
		"export": {"{\"metricFilters\": [\n{\"filterName\": \"a\",\n\"filterPattern\": \"{ $.x = \\\"1\\\" }\", \"metricTransformations\": [{\"metricValue\": \"1\"}], \"logGroupName\": \"g\"},\n{\"filterPattern\": \"\", \"filterName\": \"all\"}]}", []filterpattern.Named{
			{Name: "a", Text: `{ $.x = "1" }`, Line: 3, LogGroup: "g"}, {Name: "all", Text: "", Line: 4}}},
		"list":         {`[{"filterName":"a","filterPattern":"x"}]`, []filterpattern.Named{{Name: "a", Text: "x", Line: 1}}},
		"one filter":   {`{"filterName":"a","filterPattern":"x"}`, []filterpattern.Named{{Name: "a", Text: "x", Line: 1}}},
		"subscription": {`{"subscriptionFilters":[{"filterName":"a","filterPattern":"x"}]}`, []filterpattern.Named{{Name: "a", Text: "x", Line: 1}}},
		"exact case":   {`{"filterpattern":"y","filterPattern":"x"}`, []filterpattern.Named{{Text: "x", Line: 1}}},
	} {
		got, list := filterpattern.ReadFile([]byte(c.text))
		if list != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, %v", name, got, list)
		}
	}
}

func TestFilesThatHoldNoPatternAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"empty":             "",
		"headings only":     "# a\n# b\n",
		"other JSON":        `{"Records":[]}`,
		"broken JSON":       `{"metricFilters":[}`,
		"pattern no text":   `{"filterPattern":7}`,
		"deep JSON":         `[{"metricFilters":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + "}]",
		"longer than limit": strings.Repeat("x", filterpattern.MaxFileBytes+1),
		"many short lines":  strings.Repeat("\n", 2<<20),
	} {
		if got, list := filterpattern.ReadFile([]byte(text)); got != nil || list.Err() == nil || list[0].Code != filterpattern.CodeFile {
			t.Errorf("%s: %.80v, %v", name, got, list)
		}
	}
}

func TestBrokenExportsAreNamedByTheirLine(t *testing.T) {
	_, list := filterpattern.ReadFile([]byte("{\"metricFilters\": [\n  {\"filterName\": \"a\",\n   \"filterPattern\": x}\n]}"))
	if list.Err() == nil || list[0].Line != 3 {
		t.Errorf("%v", list)
	}
}

func TestLint(t *testing.T) {
	for text, want := range map[string]string{
		`{ $.eventName = DeleteTrail }`:                                                        "",
		`{ ($.errorCode = "AccessDenied") && ($.userIdentity.invokedBy != "x") }`:              `FPW1 { $.errorCode = "AccessDenied" && ($.userIdentity.invokedBy NOT EXISTS || $.userIdentity.invokedBy != "x") }`,
		`{ $.errorCode NOT EXISTS || $.errorCode != "x" }`:                                     "",
		`{ $.errorCode = * && $.errorCode != "x" }`:                                            "",
		`{ $.eventNam = DeleteTrail }`:                                                         `FPW2 { $.eventName = "DeleteTrail" }`,
		`{ $.detail.eventName = DeleteTrail }`:                                                 `FPW2 { $.eventName = "DeleteTrail" }`,
		`{ $.EventName = DeleteTrail }`:                                                        `FPW2 { $.eventName = "DeleteTrail" }`,
		`{ $.eventName != DeleteTrail || $.eventName != StopLogging }`:                         `FPW3 { $.eventName != "DeleteTrail" && $.eventName != "StopLogging" }`,
		`{ $.eventName != Delete* || $.eventName != DeleteTrail }`:                             "",
		`{ $.eventName = DeleteTrail && $.eventName = StopLogging }`:                           `FPW3 { $.eventName = "DeleteTrail" || $.eventName = "StopLogging" }`,
		`{ $.errorCode NOT EXISTS && $.errorCode = x }`:                                        "FPW3 ",
		`{ $.errorCode = x || $.errorCode != x }`:                                              `FPW3 |FPW1 { $.errorCode = "x" || $.errorCode NOT EXISTS || $.errorCode != "x" }`,
		`{ $.readOnly > abc }`:                                                                 "FPW3 ",
		`{ $.requestParameters.limit > "500" }`:                                                `FPW16 { $.requestParameters.limit > 500 }`,
		`{ $.requestParameters.limit > 500 }`:                                                  "",
		`{ $.responseElements = null && $.eventName = DeleteTrail }`:                           `FPW15 { $.responseElements IS NULL && $.eventName = "DeleteTrail" }`,
		`{ $.requestParameters.a = "null" || $.requestParameters.a = nullable }`:               `FPW15 { $.requestParameters.a IS NULL || $.requestParameters.a = "nullable" }`,
		`{ $.statusCode = 500 }`:                                                               "FPW2 ",
		`{ $.errorCode != * }`:                                                                 `FPW3 { $.errorCode NOT EXISTS }`,
		`{ $.userAgent = aws*cli* }`:                                                           `FPW4 { $.userAgent = %^aws.*cli% }`,
		`{ $.eventName != Get* && $.eventSource = s3.amazonaws.com && $.eventName != List* }`:  `FPW6 { ($.readOnly NOT EXISTS || $.readOnly != "true") && $.eventSource = "s3.amazonaws.com" }`,
		`{ $.eventSource = kms.amazonaws.com && $.eventName = DisableKey || $.eventName = X }`: `FPW7 { $.eventSource = "kms.amazonaws.com" && ($.eventName = "DisableKey" || $.eventName = "X") }|FPW12 `,
		`{ $.errorCode = x && $.readOnly IS TRUE || $.eventType = AwsApiCall }`:                "FPW7 ",
		`ERROR`:                              "FPW8 ",
		`ERROR ?WARN`:                        "FPW11 ERROR|FPW8 ",
		`%Unauthorized%`:                     "FPW8 ",
		`[a, b]`:                             "FPW10 ",
		`" "`:                                "",
		`{ $.eventName = %Create|^Delete% }`: `FPW9 { $.eventName = %^Create$|^Delete$% }`,
		`{ $.eventSource = cloudtrial.amazonaws.com }`:                                                             `FPW12 { $.eventSource = "cloudtrail.amazonaws.com" }`,
		`{ $.eventSource = iam.amazonaws.com && $.eventName = CreateUsr }`:                                         `FPW12 { $.eventSource = "iam.amazonaws.com" && $.eventName = "CreateUser" }`,
		`{ $.errorCode = AccessDenied* || $.sourceIPAddress != "AWS Internal" }`:                                   `FPW17 { $.errorCode = "AccessDenied*" && $.sourceIPAddress != "AWS Internal" }`,
		`{ $.errorCode = x || $.errorCode = y || $.eventName != HeadBucket || $.eventSource != s3.amazonaws.com }`: `FPW17 { ($.errorCode = "x" || $.errorCode = "y") && $.eventName != "HeadBucket" && $.eventSource != "s3.amazonaws.com" }`,
		`{ $.eventName != HeadBucket || $.eventSource != s3.amazonaws.com }`:                                       "",
		`{ $.errorCode = x && ($.eventName != HeadBucket || $.eventSource = s3.amazonaws.com) }`:                   "",
		`{ $.errorCode = x || $.sourceIPAddress != "*.amazonaws.com" }`:                                            "",
		`{ $.eventName = Put*Policy }`:                                                                             `FPW4 { $.eventName = %^Put.*Policy$% }`,
		`{ $.eventName = RunInstances && $.awsRegion != us-east-1 }`:                                               "FPW14 ",

		`{ $.awsRegion = us-esat-1x }`: "FPW12 ",
		`{ $.awsRegion != us-east-1 && $.eventSource != iam.amazonaws.com && $.errorCode = "x" }`: "",
	} {
		p, list := filterpattern.Parse(text)
		if p == nil {
			t.Fatal(text, list)
		}
		var got []string
		for _, d := range p.Lint(catalog.Default()) {
			got = append(got, d.Code+" "+d.Fix)
			if d.Why == "" || d.Line == 0 {
				t.Errorf("%s: %+v", text, d)
			}
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%s:\n got %s\nwant %s", text, strings.Join(got, "|"), want)
		}
	}
}

func Example() {
	pattern, problems := filterpattern.Parse(`{ ($.eventName = ConsoleLogin) && ($.errorMessage = "Failed authentication") }`)
	if pattern == nil {
		fmt.Println(problems)
		return
	}
	fmt.Println(pattern)
	hit, err := detect.Naive(pattern.Predicate(), []byte(`{"eventName":"ConsoleLogin","errorMessage":"Failed authentication"}`))
	fmt.Println(hit, err)
	// Output:
	// { $.eventName = "ConsoleLogin" && $.errorMessage = "Failed authentication" }
	// true <nil>
}

func ExampleParse_refused() {
	_, problems := filterpattern.Parse(`{ $.errorMessage = Failed authentication }`)
	fmt.Println(problems[0].Error())
	fmt.Println(problems[0].Fix)
	// Output:
	// 1:27: FP003: want && or || or the end, found "authentication"; a text with blanks needs double quotes
	// { $.errorMessage = "Failed authentication" }
}

func ExamplePattern_Lint() {
	pattern, _ := filterpattern.Parse(`{ $.eventName = DeleteTrail && $.userIdentity.invokedBy != "x.amazonaws.com" }`)
	for _, d := range pattern.Lint(catalog.Default()) {
		fmt.Println(d.Error())
		fmt.Println(d.Fix)
	}
	// Output:
	// 1:32: FPW1: $.userIdentity.invokedBy != "x.amazonaws.com" is false of records without $.userIdentity.invokedBy, which is optional
	// { $.eventName = "DeleteTrail" && ($.userIdentity.invokedBy NOT EXISTS || $.userIdentity.invokedBy != "x.amazonaws.com") }
}

func ExamplePattern_MatchText() {
	pattern, _ := filterpattern.Parse(`[ip, ..., status = 5*, bytes]`)
	fmt.Println(pattern.MatchText([]byte(`127.0.0.1 - frank [10/Oct/2000:13:35:22 -0700] "GET /a HTTP/1.0" 500 5324`)))
	// Output: true
}
