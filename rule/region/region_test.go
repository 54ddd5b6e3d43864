package region_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/internal/seeds"
	"github.com/trailwarden/trailwarden/rule/region"
)

// plain is the policy algorithm read straight from its description, on decoded
// JSON: the twin of Predicate.
type plain struct {
	approved map[string]bool
	accounts map[string]plain
	judge    map[string]bool // reads, global
	ignore   map[string]bool // services, failures
}

func (p plain) violates(e map[string]any) bool {
	if own, ok := p.accounts[accountOf(e)]; ok {
		return own.violates(e)
	}
	code, _ := e["awsRegion"].(string)
	switch {
	case code == "":
		return true
	case isGlobal(e, code) && !p.judge["global"], p.approved[code]:
		return false
	}
	if ro := e["readOnly"]; (ro == true || ro == "true") && !p.judge["reads"] {
		return false
	}
	if p.ignore["services"] && (e["eventType"] == "AwsServiceEvent" || nested(e, "userIdentity", "invokedBy") != "") {
		return false
	}
	if failed, _ := e["errorCode"].(string); p.ignore["failures"] && failed != "" {
		return false
	}
	return true
}

func accountOf(e map[string]any) string {
	id, _ := e["recipientAccountId"].(string)
	if id == "" {
		id = nested(e, "userIdentity", "accountId")
	}
	if id == "" {
		id, _ = e["accountId"].(string)
	}
	return id
}

func nested(e map[string]any, keys ...string) string {
	for _, k := range keys[:len(keys)-1] {
		e, _ = e[k].(map[string]any)
	}
	s, _ := e[keys[len(keys)-1]].(string)
	return s
}

var (
	westernServices = []string{"globalaccelerator", "networkmanager"}
	easternServices = strings.Fields("account billingconductor budgets ce chime cloudfront codecatalyst health iam importexport notifications-contacts organizations route53 savingsplans shield tax waf support trustedadvisor billingconsole aws-portal artifact sso-directory")
	otherHomes      = strings.Fields("cn-north-1 cn-northwest-1 us-gov-west-1 eusc-de-east-1 us-iso-east-1 us-isob-east-1 eu-isoe-west-1 us-isof-south-1")
)

func isGlobal(e map[string]any, code string) bool {
	source, _ := e["eventSource"].(string)
	name, ok := strings.CutSuffix(source, ".amazonaws.com")
	if !ok {
		return false
	}
	other := slices.Contains(otherHomes, code)
	switch {
	case slices.Contains(westernServices, name):
		return code == "us-west-2" || other
	case slices.Contains(easternServices, name):
		return code == "us-east-1" || other
	case name == "signin" && nested(e, "userIdentity", "type") != "Root":
		return other || slices.Contains([]string{"us-east-1", "us-east-2", "eu-north-1", "ap-southeast-2"}, code)
	case name == "signin":
		return other || code == "us-east-1"
	case name == "sts":
		return nested(e, "additionalEventData", "RequestDetails", "endpointType") == "global"
	}
	return false
}

func set(words string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(words) {
		out[w] = true
	}
	return out
}

var readings = map[string]plain{
	"{approved: [us-east-1, us-west-2], reads: ignore}": {approved: set("us-east-1 us-west-2")},
	"approved: [us-west-1]":                             {approved: set("us-west-1")},
	"{approved: US, reads: judge}": {judge: set("reads"),
		approved: set("us-east-1 us-east-2 us-west-1 us-west-2 us-gov-east-1 us-gov-west-1 us-iso-east-1 us-iso-west-1 us-isob-east-1 us-isob-west-1 us-isof-east-1 us-isof-south-1")},
	"{approved: ['eu-*', ap-southeast-2], reads: judge, global: judge}": {judge: set("reads global"),
		approved: set("eu-central-1 eu-central-2 eu-west-1 eu-west-2 eu-west-3 eu-north-1 eu-south-1 eu-south-2 eu-isoe-west-1 ap-southeast-2")},
	"{approved: [EU], denied: [eu-west-3, DE]}":                   {approved: set("eu-west-1 eu-north-1 eu-south-1 eu-south-2")},
	"{approved: [eu-west-1], services: ignore, failures: ignore}": {approved: set("eu-west-1"), ignore: set("services failures")},
	"{approved: [us-east-1], accounts: {'012345678901': [us-west-2], '111122223333': {approved: [eu-west-1], reads: judge}}}": {approved: set("us-east-1"), accounts: map[string]plain{
		"012345678901": {approved: set("us-west-2")}, "111122223333": {approved: set("eu-west-1"), judge: set("reads")}}},
}

// differ judges the records by every policy and its plain reading: through the
// engine, and every tenth record through its naive twin too.
func differ(t *testing.T, recs [][]byte) {
	t.Helper()
	var texts []string
	var nodes []detect.Node
	var policies []*region.Policy
	for text := range readings {
		policy, list := region.Parse(text)
		if policy == nil {
			t.Fatal(text, list)
		}
		texts, nodes, policies = append(texts, text), append(nodes, policy.Predicate()), append(policies, policy)
	}
	matcher, hits := detect.Compile(nodes).NewMatcher(), map[string]int{}
	for i, raw := range recs {
		var e map[string]any
		rec, err := cloudtrail.ParseRecord(raw)
		if err != nil || json.Unmarshal(raw, &e) != nil {
			t.Fatalf("%v: %s", err, raw)
		}
		got := map[string]bool{}
		matcher.Match(rec, func(rule int) { got[texts[rule]] = true; hits[texts[rule]]++ })
		for j, text := range texts {
			want := readings[text].violates(e)
			if v := policies[j].Judge(rec); v.Reported != want {
				t.Fatalf("%s: judged %+v, want %v: %s", text, v, want, raw)
			}
			naive, err := want, error(nil)
			if i%10 == 0 {
				naive, err = detect.Naive(nodes[j], raw)
			}
			if got[text] != want || naive != want || err != nil {
				t.Fatalf("%s: engine %v, naive %v (%v), want %v: %s", text, got[text], naive, err, want, raw)
			}
		}
	}
	for _, text := range texts {
		if hits[text] == 0 {
			t.Errorf("%s hits nothing", text)
		}
	}
}

func TestHitsEqualAPlainReadingOfThePolicyOnInventedRecords(t *testing.T) {
	seed := seeds.Of(t)
	r := rand.New(rand.NewPCG(seed, 1))
	pick := func(s string) string { return strings.Split(s, "|")[r.IntN(strings.Count(s, "|")+1)] }
	recs := make([][]byte, 2000)
	for i := range recs {
		fields := []string{
			`"awsRegion":` + pick(`"us-east-1"|"us-east-1"|"us-east-2"|"us-west-1"|"us-west-2"|"eu-west-1"|"eu-west-3"|"eu-central-1"|"eu-north-1"|"ap-southeast-2"|"us-gov-west-1"|"cn-northwest-1"|"eu-west-9"|""|null|7|{}`),
			`"eventSource":` + pick(`"iam.amazonaws.com"|"signin.amazonaws.com"|"sts.amazonaws.com"|"ec2.amazonaws.com"|"networkmanager.amazonaws.com"|null`),
			`"readOnly":` + pick(`true|false|"true"|"false"|null`),
			`"userIdentity":` + pick(`{"type":"Root"}|{"type":"IAMUser","accountId":"012345678901"}|{"invokedBy":"x.amazonaws.com"}|{}|null`),
			`"additionalEventData":` + pick(`{"RequestDetails":{"endpointType":"global"}}|{"RequestDetails":{"endpointType":"regional"}}|null`),
			`"eventType":` + pick(`"AwsApiCall"|"AwsServiceEvent"`),
			`"errorCode":` + pick(`"AccessDenied"|""|null`),
			`"recipientAccountId":` + pick(`"012345678901"|"111122223333"|"999999999999"|null`),
			`"accountId":` + pick(`"111122223333"|""`),
		}
		fields = slices.DeleteFunc(fields, func(string) bool { return r.IntN(6) == 0 })
		recs[i] = []byte("{" + strings.Join(fields, ",") + "}")
	}
	differ(t, recs)
}

func TestAVerdictSaysWhy(t *testing.T) {
	p, list := region.Parse("{approved: [us-west-1], services: ignore, failures: ignore}")
	if p == nil {
		t.Fatal(list)
	}
	for record, want := range map[string]region.Reason{
		`{}`: region.UnknownRegion,
		`{"awsRegion":"us-east-1","eventSource":"iam.amazonaws.com"}`:                     region.Global,
		`{"awsRegion":"us-west-1","eventSource":"ec2.amazonaws.com"}`:                     region.Approved,
		`{"awsRegion":"us-east-1","readOnly":"true"}`:                                     region.Read,
		`{"awsRegion":"us-east-1","userIdentity":{"invokedBy":"backup.amazonaws.com"}}`:   region.Service,
		`{"awsRegion":"us-east-1","errorCode":"AccessDenied"}`:                            region.Failure,
		`{"awsRegion":"ap-east-1","readOnly":false,"eventSource":"signin.amazonaws.com"}`: region.Violation,
	} {
		rec, err := cloudtrail.ParseRecord([]byte(record))
		if err != nil {
			t.Fatal(err)
		}
		v := p.Judge(rec)
		if v.Reason != want {
			t.Errorf("%s: %+v", record, v)
		}
		if want == region.Violation && (!v.OptIn || v.Place != "Hong Kong" || !slices.Contains(v.Geographies, "APAC")) {
			t.Errorf("%s: %+v", record, v)
		}
	}
}

func TestPoliciesThatAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "RG001",
		"[us-east-1]":                    "RG001",
		"approved: [us-east-1":           "RG001",
		"a: 1\n---\nb: 2":                "RG001",
		"{}":                             "RG005",
		"approved: []":                   "RG005",
		"aproved: [us-east-1]":           "RG002",
		"approved: [us-east-1]\nread: x": "RG002",
		"approved: ['xx-*']":             "RG004",
		"approved: [Narnia]":             "RG004",
		"approved: [[us-east-1]]":        "RG003",
		"approved: {a: b}":               "RG003",
		"approved: 7":                    "RG003",
		"{approved: US, reads: true}":    "RG003",
		"{approved: US, reads: Judge}":   "RG003",
		"{approved: US, accounts: [1]}":  "RG003",
		"{approved: US, accounts: {12345678901: [US]}}":                     "RG006",
		"{approved: US, accounts: {'111122223333': {approvd: [US]}}}":       "RG002",
		"{approved: US, global_services: {remove: [ec2.amazonaws.com]}}":    "RG007",
		"{approved: US, global_services: {add: {ec2: [us-east-1]}}}":        "RG007",
		"{approved: US, global_services: {add: {a.amazonaws.com: [mars]}}}": "RG004",
		"{approved: US, global_services: [a]}":                              "RG003",
		"{approved: US, global_services: {replace: {}}}":                    "RG002",
	} {
		p, list := region.Parse(text)
		var codes []string
		for _, d := range list {
			codes = append(codes, d.Code)
		}
		if p != nil || strings.Join(codes, " ") != want {
			t.Errorf("%q: want %s, got %v", text, want, list)
		}
	}
}

func TestAnAccountKeepsWhatItDoesNotName(t *testing.T) {
	p, list := region.Parse("{approved: [us-east-1], accounts: {'111122223333': {reads: judge}, '444455556666': {approved: [eu-west-1]}}}")
	if p == nil {
		t.Fatal(list)
	}
	one, two := p.Accounts["111122223333"], p.Accounts["444455556666"]
	if !slices.Equal(one.Approved, []string{"us-east-1"}) || one.Reads != region.Judge {
		t.Errorf("an account that names no regions: %+v", one)
	}
	if !slices.Equal(two.Approved, []string{"eu-west-1"}) || two.Reads != region.Ignore {
		t.Errorf("an account that names no modes: %+v", two)
	}
}

func TestAnUnknownKeyIsNamedWithItsLineAndTheKnownOnes(t *testing.T) {
	_, list := region.Parse("approved: [us-east-1]\nread: ignore\n")
	if len(list) != 1 || list[0].Line != 2 || !strings.Contains(list[0].Message, "did you mean reads?") || !strings.Contains(list[0].Message, "global_services") {
		t.Error(list)
	}
}

func TestGlobalServicesCanBeCorrected(t *testing.T) {
	p, list := region.Parse("{approved: [eu-west-1], global_services: {add: {x.amazonaws.com: us-west-1}, remove: [iam.amazonaws.com]}}")
	if p == nil {
		t.Fatal(list)
	}
	for record, want := range map[string]bool{
		`{"awsRegion":"us-west-1","eventSource":"x.amazonaws.com"}`:       false,
		`{"awsRegion":"us-west-2","eventSource":"x.amazonaws.com"}`:       true,
		`{"awsRegion":"us-east-1","eventSource":"iam.amazonaws.com"}`:     true,
		`{"awsRegion":"us-east-1","eventSource":"route53.amazonaws.com"}`: false,
	} {
		if got, err := detect.Naive(p.Predicate(), []byte(record)); err != nil || got != want {
			t.Errorf("%s: %v %v", record, got, err)
		}
	}
}

func TestLint(t *testing.T) {
	for text, want := range map[string]string{
		"approved: [us-east-1, 'eu-*']":           "",
		"approved: [us-north-7]":                  "RGW1",
		"approved: [us-esat-1]":                   "RGW1",
		"{approved: [EU], global: judge}":         "RGW2",
		"{approved: [US], global: judge}":         "",
		"{approved: [US], reads: judge}":          "RGW3",
		"approved: ['*']":                         "RGW4",
		"approved: ['eu-*', eu-west-1]":           "RGW4",
		"{approved: ['eu-*'], denied: eu-west-1}": "",
		"{approved: [US], accounts: {'111122223333': {approved: [EU], global: judge, reads: judge}}}": "RGW2 RGW3",
	} {
		p, list := region.Parse(text)
		if p == nil {
			t.Fatal(text, list)
		}
		var codes []string
		for _, d := range p.Lint(catalog.Default()) {
			codes = append(codes, d.Code)
			if d.Why == "" {
				t.Errorf("%s: %v does not say why", text, d)
			}
		}
		if strings.Join(codes, " ") != want {
			t.Errorf("%s: want %q, got %q", text, want, codes)
		}
	}
}

func FuzzParse(f *testing.F) {
	for text := range readings {
		f.Add(text)
	}
	f.Add("{denied: ['*'], global_services: {add: {a.amazonaws.com: [eu-*]}}}")
	f.Fuzz(func(t *testing.T, text string) {
		p, list := region.Parse(text)
		if (p == nil) != (list.Err() != nil) {
			t.Fatalf("policy %v with %v", p, list)
		}
		if p != nil {
			p.Lint(catalog.Default())
			p.FilterPattern()
			_ = p.Describe()
			if _, err := detect.Naive(p.Predicate(), []byte(`{"awsRegion":"us-east-1"}`)); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func ExampleParse() {
	policy, problems := region.Parse(`
approved: [us-east-1, JP]
reads: ignore
`)
	if policy == nil {
		fmt.Println(problems)
		return
	}
	fmt.Print(policy.Describe())
	for _, record := range []string{
		`{"eventSource":"ec2.amazonaws.com","eventName":"RunInstances","awsRegion":"eu-west-3","readOnly":false}`,
		`{"eventSource":"ec2.amazonaws.com","eventName":"DescribeInstances","awsRegion":"eu-west-3","readOnly":true}`,
		`{"eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","awsRegion":"eu-north-1","readOnly":false}`,
	} {
		hit, err := detect.Naive(policy.Predicate(), []byte(record))
		fmt.Println(hit, err)
	}
	// Output:
	// approved regions (3): us-east-1, ap-northeast-1, ap-northeast-3
	//   JP is ap-northeast-1, ap-northeast-3
	// not reported: calls that only read
	// not reported: services without regions, sign-in and global STS at their homes
	// true <nil>
	// false <nil>
	// false <nil>
}

func ExamplePolicy_FilterPattern() {
	policy, err := region.New("us-east-1", "us-west-2")
	if err != nil {
		fmt.Println(err)
		return
	}
	policy.Global = region.Judge
	fmt.Println(policy.FilterPattern().Text)
	// Output:
	// { $.awsRegion NOT EXISTS || ($.awsRegion != "us-east-1" && $.awsRegion != "us-west-2" && ($.readOnly NOT EXISTS || $.readOnly != "true")) }
}
