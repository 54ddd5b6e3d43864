package synth

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// RuleOptions say which rules to make up.
type RuleOptions struct {
	Seed    uint64
	Count   int  // number of rules, the guard included
	PerFile int  // native rules in each file (100)
	Pattern bool // EventBridge patterns, one a file, instead of native rules

	// NoGuard leaves out the first rule, synth-write-outside, which finds writes
	// outside us-east-1 and us-west-2. With it, a set of one rule and a set of
	// many have something to find in common, and so have other tools.
	NoGuard bool
}

// guard is the first rule, as an item of a list.
const guard = `  - id: synth-write-outside
    title: Write outside us-east-1 and us-west-2
    severity: high
    match:
      where:
        all:
          - readOnly: {equals: false}
          - not: {awsRegion: {in: [us-east-1, us-west-2]}}
`

// elsewhere are services that no record of a corpus comes from.
var elsewhere = strings.Fields(`acm amplify apigateway appconfig appflow athena backup batch bedrock budgets cloud9
	cloudfront codeartifact codebuild codecommit codedeploy codepipeline cognito-idp comprehend databrew datasync
	detective directconnect dms ds ebs ecs elasticache elasticfilesystem elasticmapreduce es events firehose fsx
	gamelift glue grafana greengrass imagebuilder inspector2 iot kafka kinesis lakeformation lightsail macie2 mq
	network-firewall organizations personalize pinpoint quicksight ram redshift rekognition rolesanywhere sagemaker
	securityhub servicecatalog servicediscovery ses shield sns sqs sso states storagegateway support textract
	transcribe transfer translate waf wafv2 workspaces xray`)

var (
	verbs = strings.Fields(`Create Delete Put Update Attach Detach Stop Disable Modify Remove Terminate Run Authorize
		Revoke Assume Register Deregister Add`)
	nouns = strings.Fields(`User Role Policy AccessKey Trail Bucket Key Instance Group Function LoginProfile MFADevice
		Snapshot Image Volume SecurityGroupIngress RolePolicy Secret Parameter Cluster`)
)

// nested are the tests on a nested field that follow a rule's head. Most find
// nothing, as the tests of most rules do.
var nested = []struct{ path, value string }{
	{"requestParameters.userName", "admin"}, {"requestParameters.roleName", "OrganizationAccountAccessRole"},
	{"requestParameters.bucketName", "backup-vault"}, {"userIdentity.type", "Root"}, {"userIdentity.type", "IAMUser"},
	{"userIdentity.sessionContext.attributes.mfaAuthenticated", "false"}, {"requestParameters.groupId", "sg-0deadbeefdeadbeef"},
	{"additionalEventData.MFAUsed", "No"}, {"userIdentity.sessionContext.sessionIssuer.userName", "OrganizationAccountAccessRole"},
	{"requestParameters.instanceType", "p5.48xlarge"}, {"requestParameters.name", "exfiltrate"},
}

// A ruleShape is one made-up rule before it is written down.
type ruleShape struct {
	source      string
	names       []string // exact, or
	prefix      string   // or
	first, last []string // begins with one of first and ends with one of last
	path, value string
}

// shape makes up a rule: half about the services in the corpus; three in five
// name their calls, a quarter give a prefix, the others a regex.
func shape(r *rand.Rand, present []string) ruleShape {
	verb := func() string { return verbs[r.IntN(len(verbs))] }
	noun := func() string { return nouns[r.IntN(len(nouns))] }
	test := nested[r.IntN(len(nested))]
	s := ruleShape{source: elsewhere[r.IntN(len(elsewhere))], path: test.path, value: test.value}
	if r.IntN(2) == 0 {
		s.source = present[r.IntN(len(present))]
	}
	switch n := r.IntN(20); {
	case n < 12:
		for range 1 + r.IntN(4) {
			s.names = append(s.names, verb()+noun())
		}
	case n < 17:
		s.prefix = verb()
	default:
		s.first, s.last = []string{verb(), verb()}, []string{noun(), noun()}
	}
	return s
}

// native is the rule in YAML, as an item of a list.
func (s ruleShape) native(id int) string {
	name := "{in: [" + strings.Join(s.names, ", ") + "]}"
	switch {
	case s.prefix != "":
		name = "{prefix: " + s.prefix + "}"
	case s.first != nil:
		name = fmt.Sprintf("{regex: '^(%s).*(%s)$'}", strings.Join(s.first, "|"), strings.Join(s.last, "|"))
	}
	return fmt.Sprintf(`  - id: synth-%05d
    title: Made-up rule %d
    severity: low
    match:
      where:
        all:
          - eventSource: {equals: %s.amazonaws.com}
          - eventName: %s
          - %s: {equals: %q}
`, id, id, s.source, name, s.path, s.value)
}

// pattern is the rule as an EventBridge pattern, a wildcard for a regex.
func (s ruleShape) pattern() string {
	var tests []string
	for _, n := range s.names {
		tests = append(tests, fmt.Sprintf("%q", n))
	}
	if s.prefix != "" {
		tests = []string{fmt.Sprintf(`{"prefix": %q}`, s.prefix)}
	}
	for i := range s.first {
		tests = append(tests, fmt.Sprintf(`{"wildcard": "%s*%s"}`, s.first[i], s.last[i]))
	}
	steps := strings.Split(s.path, ".")
	inner := fmt.Sprintf("[%q]", s.value)
	for i := len(steps) - 1; i > 0; i-- {
		inner = fmt.Sprintf("{%q: %s}", steps[i], inner)
	}
	return fmt.Sprintf(`{
  "detail-type": ["AWS API Call via CloudTrail"],
  "detail": {
    "eventSource": ["%s.amazonaws.com"],
    "eventName": [%s],
    %q: %s
  }
}
`, s.source, strings.Join(tests, ", "), steps[0], inner)
}

// WriteRules writes made-up rules into files in dir, which it creates.
func WriteRules(dir string, o RuleOptions) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	r := source(o.Seed, 4, 0)
	present := services()
	count := o.Count
	if !o.NoGuard && count > 0 {
		count--
		if err := os.WriteFile(filepath.Join(dir, "guard.yaml"), []byte("rules:\n"+guard), 0o644); err != nil {
			return err
		}
	}
	perFile := cmp.Or(o.PerFile, 100)
	if o.Pattern {
		perFile = 1
	}
	for at := 0; at < count; at += perFile {
		text := "rules:\n"
		name := fmt.Sprintf("synth-%05d.yaml", at+1)
		for id := at + 1; id <= min(at+perFile, count); id++ {
			s := shape(r, present)
			if text += s.native(id); o.Pattern {
				name, text = fmt.Sprintf("synth-%05d.json", id), s.pattern()
			}
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// services are those of the table of calls, each once.
func services() (list []string) {
	seen := map[string]bool{}
	for _, c := range parseCalls(eventsText).calls {
		if !seen[c.service] {
			seen[c.service] = true
			list = append(list, c.service)
		}
	}
	return list
}
