package sigma_test

import (
	"fmt"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/rule/sigma"
)

// A rule is parsed, compiled with any number of others, and asked about each
// record.
func ExampleParse() {
	rule, list := sigma.Parse([]byte(`
title: Trail stopped or deleted
logsource: {product: aws, service: cloudtrail}
detection:
  selection:
    eventSource: cloudtrail.amazonaws.com
    eventName: [StopLogging, DeleteTrail]
  filter_failed:
    errorCode|exists: true
  condition: selection and not 1 of filter_*
level: medium
`), sigma.Options{})
	if err := list.Err(); err != nil {
		fmt.Println(err)
		return
	}
	matcher := detect.Compile([]detect.Node{rule.Predicate()}).NewMatcher()
	for _, event := range []string{
		`{"eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging"}`,
		`{"eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging","errorCode":"AccessDenied"}`,
	} {
		record, err := cloudtrail.ParseRecord([]byte(event))
		if err != nil {
			fmt.Println(err)
			return
		}
		matcher.Match(record, func(int) { fmt.Printf("%s (%s): %s\n", rule.Title, rule.Level, event) })
	}
	// Output: Trail stopped or deleted (medium): {"eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging"}
}

// What is wrong is said with a code that stays, a line and what to do.
func ExampleParse_invalid() {
	_, list := sigma.Parse([]byte(`title: Broken
logsource: {product: aws}
detection:
  selection:
    userAgent|re: '^(?!aws-cli)'
  condition: selection
`), sigma.Options{File: "broken.yml"})
	fmt.Println(list.Err())
	// Output: broken.yml:5:5: SG006: "userAgent|re": regular expression "^(?!aws-cli)": invalid or unsupported Perl syntax: `(?!`; look-ahead is not supported: move the test into a second field condition, with "not" for (?!…)
}

// Filters leave an organisation's own exceptions out of rules by others, here
// in the same text; across files, parse with Unlinked and call Link.
func ExampleParseDocuments() {
	rules, _ := sigma.ParseDocuments([]byte(`
title: Console login
name: console_login
logsource: {product: aws, service: cloudtrail}
detection:
  selection: {eventName: ConsoleLogin}
  condition: selection
---
title: Known administrators
logsource: {product: aws, service: cloudtrail}
filter:
  rules: [console_login]
  selection: {userIdentity.userName: [alice, bob]}
  condition: not selection
`), sigma.Options{})
	for _, user := range []string{"alice", "mallory"} {
		event := fmt.Sprintf(`{"eventName":"ConsoleLogin","userIdentity":{"userName":%q}}`, user)
		hit, _ := detect.Naive(rules[0].Predicate(), []byte(event))
		fmt.Println(user, hit)
	}
	// Output:
	// alice false
	// mallory true
}

// A processing pipeline fits rules that were written for other field names.
func ExampleParsePipeline() {
	pipeline, _ := sigma.ParsePipeline([]byte(`
name: Elastic names to CloudTrail's
priority: 10
transformations:
  - type: field_name_mapping
    mapping:
      event.action: eventName
`), "elastic.yml")
	rule, _ := sigma.Parse([]byte(`
title: Renamed
logsource: {product: aws}
detection:
  selection: {event.action: StopLogging}
  condition: selection
`), sigma.Options{Pipelines: []*sigma.Pipeline{pipeline}})
	hit, _ := detect.Naive(rule.Predicate(), []byte(`{"eventName":"StopLogging"}`))
	fmt.Println(hit)
	// Output: true
}
