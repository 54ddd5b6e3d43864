package rule_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/rule"
)

var (
	pairs = flag.Int("pairs", 9_000, "pairs of rule and record that TestDifferential judges both ways")
	seed  = flag.Uint64("seed", 0, "seed of TestDifferential; 0 takes the clock")
)

// TestDifferential writes random rules in every language, judges random records
// by all of them in one engine, and compares each verdict with the naive twin's.
func TestDifferential(t *testing.T) {
	s := *seed
	if s == 0 {
		s = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", s)
	d := differential{r: rand.New(rand.NewPCG(s, s)), written: map[string]int{}, valid: map[string]int{}, hits: map[string]int{}}
	for d.pairs < *pairs && !t.Failed() {
		d.batch(t)
	}
	t.Logf("%d pairs, hits by language: %v", d.pairs, d.hits)
	for language, n := range d.written {
		if d.valid[language]*5 < n*4 {
			t.Errorf("only %d of %d random %s rules are valid", d.valid[language], n, language)
		}
		if d.hits[language] == 0 {
			t.Errorf("no record matches a random %s rule", language)
		}
	}
}

// differential makes up rules and records over one small vocabulary, so that
// they meet.
type differential struct {
	r     *rand.Rand
	pairs int
	// by language: rules written, those that loaded, records that matched
	written, valid, hits map[string]int
}

const rulesOfALanguage, recordsOfABatch = 10, 50

func (d *differential) batch(t *testing.T) {
	var rules []*rule.Rule
	var texts []string
	for _, l := range []struct {
		name  string
		write func() string
	}{
		{"where", d.where}, {"region", d.region}, {"keyword", d.keyword},
		{"eventbridge", d.eventBridge}, {"filter", d.filter}, {"sigma", d.sigma},
	} {
		for range rulesOfALanguage {
			text := l.write()
			d.written[l.name]++
			set, list := rule.LoadText(l.name, "random", []byte(text), rule.Options{})
			if list.Err() != nil || len(set.Rules) != 1 || set.Rules[0].Inactive != "" {
				continue
			}
			d.valid[l.name]++
			rules, texts = append(rules, set.Rules[0]), append(texts, text)
		}
	}
	var nodes []detect.Node
	for _, r := range rules {
		nodes = append(nodes, r.Predicate)
	}
	m := detect.Compile(nodes).NewMatcher()
	for range recordsOfABatch {
		d.record(t, m, rules, texts)
	}
}

func (d *differential) record(t *testing.T, m *detect.Matcher, rules []*rule.Rule, texts []string) {
	raw, err := json.Marshal(d.event())
	if err != nil {
		t.Fatal(err)
	}
	rec, err := cloudtrail.ParseRecord(raw)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]bool, len(rules))
	m.Match(rec, func(i int) { got[i] = true })
	for i, r := range rules {
		want, err := detect.Naive(r.Predicate, raw)
		if err != nil {
			t.Fatal(err)
		}
		if got[i] != want {
			t.Errorf("engine %v, naive twin %v\n%s rule %s\nrecord %s", got[i], want, r.Language, texts[i], raw)
		}
		if want {
			d.hits[r.Language]++
		}
		d.pairs++
	}
}

// vocabulary holds, by field, values that rules ask for and records have.
var vocabulary = map[string][]any{
	"eventSource":                        {"iam.amazonaws.com", "signin.amazonaws.com", "ec2.amazonaws.com", "sts.amazonaws.com"},
	"eventName":                          {"CreateUser", "ConsoleLogin", "DeleteUser", "GetUser", "AssumeRole", "runinstances"},
	"awsRegion":                          {"us-east-1", "us-west-2", "eu-north-1", "eu-west-1", "ap-south-1", ""},
	"readOnly":                           {true, false, "true"},
	"errorCode":                          {"AccessDenied", "Client.UnauthorizedOperation", nil},
	"sourceIPAddress":                    {"192.0.2.7", "198.51.100.9", "2001:db8::1", "ec2.amazonaws.com", "AWS Internal"},
	"recipientAccountId":                 {"111122223333", "012345678901"},
	"userIdentity.type":                  {"Root", "IAMUser", "AssumedRole", "AWSService"},
	"userIdentity.userName":              {"alice", "Alice", "bob", "ali*ce", "straße"},
	"userIdentity.invokedBy":             {"ec2.amazonaws.com", nil},
	"requestParameters.policyArn":        {"arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::aws:policy/ReadOnlyAccess"},
	"requestParameters.count":            {1, 7, 7.5, 1e3, -2, "7"},
	"requestParameters.items.port":       {22, 443, "22"},
	"requestParameters.items.cidr":       {"0.0.0.0/0", "10.0.0.0/8"},
	"requestParameters.tags":             {"a", "b", "A"},
	"additionalEventData.MFAUsed":        {"Yes", "No"},
	"additionalEventData.endpointType":   {"global", "regional"},
	"responseElements.user.name":         {"alice", "bob"},
	"responseElements.ConsoleLogin":      {"Success", "Failure"},
	"userIdentity.sessionContext.issuer": {"x", "y"},
}

var fields = func() (names []string) {
	for name := range vocabulary {
		names = append(names, name)
	}
	// A map's order differs from run to run; a seed must not.
	for i := range names {
		for j := i; j > 0 && names[j] < names[j-1]; j-- {
			names[j], names[j-1] = names[j-1], names[j]
		}
	}
	return names
}()

func pick[T any](r *rand.Rand, of []T) T { return of[r.IntN(len(of))] }

// event is a record: most fields of the vocabulary, some missing, null, of a
// wrong type, in arrays.
func (d *differential) event() map[string]any {
	out := map[string]any{"eventVersion": "1.11", "eventID": fmt.Sprint(d.r.Uint32())}
	for _, f := range fields {
		if d.r.IntN(4) > 0 {
			d.put(out, strings.Split(f, "."), pick(d.r, vocabulary[f]))
		}
	}
	if d.r.IntN(8) == 0 {
		out[pick(d.r, fields)] = pick(d.r, vocabulary[pick(d.r, fields)]) // a key with a dot in it
	}
	return out
}

func (d *differential) put(in map[string]any, keys []string, v any) {
	key := keys[0]
	switch {
	case len(keys) > 1 && key == "items":
		list, _ := in[key].([]any)
		if len(list) == 0 || d.r.IntN(3) == 0 {
			list = append(list, map[string]any{})
		}
		if last, ok := list[d.r.IntN(len(list))].(map[string]any); ok {
			d.put(last, keys[1:], v)
		}
		in[key] = list
	case len(keys) > 1:
		next, ok := in[key].(map[string]any)
		if !ok {
			next = map[string]any{}
		}
		d.put(next, keys[1:], v)
		in[key] = next
	default:
		in[key] = d.shaped(v)
	}
}

// shaped is v, rarely in another shape.
func (d *differential) shaped(v any) any {
	switch d.r.IntN(20) {
	case 0:
		return nil
	case 1:
		return []any{v, pick(d.r, []any{"a", 7, nil, true, []any{"b"}})}
	case 2:
		return []any{}
	case 3:
		return map[string]any{"a": v}
	}
	return v
}

// text is a random text of the field's vocabulary.
func (d *differential) text(field string) string {
	for {
		switch v := pick(d.r, vocabulary[field]).(type) {
		case string:
			return v
		case nil:
		default:
			return fmt.Sprint(v)
		}
	}
}

// piece is a part of a text: its start, its end, or what is between.
func (d *differential) piece(s string) string {
	if len(s) < 3 {
		return s
	}
	rs := []rune(s)
	i := d.r.IntN(len(rs) - 1)
	return string(rs[i : i+1+d.r.IntN(len(rs)-i)])
}

func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}
