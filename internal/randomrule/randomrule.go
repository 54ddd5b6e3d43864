// Package randomrule makes up rules in every language and records, over one
// small vocabulary so that they meet, for tests that hold two ways of judging
// equal. JSON is YAML, so rules in YAML are written as JSON.
package randomrule

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
)

// Source makes up rules and records; a seed gives the same ones again.
type Source struct{ R *rand.Rand }

// Language is a rule language and how to write a random rule in it.
type Language struct {
	Name  string
	Write func() string
}

// Languages are all languages.
func (d Source) Languages() []Language {
	return []Language{{"where", d.Where}, {"region", d.Region}, {"keyword", d.Keyword},
		{"eventbridge", d.EventBridge}, {"filter", d.Filter}, {"sigma", d.Sigma}}
}

// Where writes native conditions.
func (d Source) Where() string { return asJSON(d.condition(3)) }

func (d Source) condition(depth int) any {
	if depth > 0 && d.R.IntN(3) > 0 {
		var parts []any
		for range 1 + d.R.IntN(3) {
			parts = append(parts, d.condition(depth-1))
		}
		switch d.R.IntN(3) {
		case 0:
			return map[string]any{"all": parts}
		case 1:
			return map[string]any{"any": parts}
		}
		return map[string]any{"not": parts[0]}
	}
	f := pick(d.R, fields)
	return map[string]any{f: d.whereTest(f)}
}

func (d Source) whereTest(f string) map[string]any {
	s := d.text(f)
	var test map[string]any
	switch d.R.IntN(13) {
	case 0:
		return map[string]any{"exists": d.R.IntN(2) == 0}
	case 1:
		return map[string]any{"null": d.R.IntN(2) == 0}
	case 2:
		return map[string]any{"cidr": pick(d.R, []string{"192.0.2.0/24", "0.0.0.0/0", "2001:db8::/32"})}
	case 3:
		return map[string]any{pick(d.R, []string{"lt", "lte", "gt", "gte"}): pick(d.R, []any{7, 0, 7.5, 1000})}
	case 4:
		return map[string]any{"equals": pick(d.R, []any{true, false, 7, 22, 1000.0})}
	case 5:
		return map[string]any{"regex": pick(d.R, []string{"^" + d.piece("Create") + "|" + d.piece("User"), "^(?:Create|Get)" + d.piece("User") + "$", "[ob]$"})}
	case 6:
		test = map[string]any{"in": []any{s, d.text(f)}}
	case 7:
		test = map[string]any{"prefix": d.piece(s)}
	case 8:
		test = map[string]any{"suffix": []any{d.piece(s), d.piece(s)}}
	case 9:
		test = map[string]any{"contains": d.piece(s)}
	case 10:
		test = map[string]any{"wildcard": "*" + d.piece(s) + "*"}
	default:
		test = map[string]any{"equals": s}
	}
	if d.R.IntN(3) == 0 {
		test["ignore_case"] = true
	}
	return test
}

// Region writes a policy.
func (d Source) Region() string {
	regions := func() []string {
		out := []string{pick(d.R, []string{"us-east-1", "eu-*", "US", "EU", "eu-north-1"})}
		return append(out, pick(d.R, []string{"us-west-2", "ap-south-1"}))
	}
	mode := func() string { return pick(d.R, []string{"ignore", "judge"}) }
	policy := map[string]any{"approved": regions(), "reads": mode(), "global": mode(), "services": mode(), "failures": mode()}
	if d.R.IntN(3) == 0 {
		policy["accounts"] = map[string]any{"111122223333": map[string]any{"approved": regions(), "reads": mode()}}
	}
	return asJSON(policy)
}

// Keyword writes a regular expression configuration.
func (d Source) Keyword() string {
	return asJSON(map[string]any{
		"source": pick(d.R, []string{"iam|signin", "s", "^ec2", "amazonaws"}),
		"regexp": pick(d.R, []string{"User|Login", "^(Get|Delete)", "Role$", "."}),
	})
}

// EventBridge writes an event pattern.
func (d Source) EventBridge() string {
	detail := map[string]any{}
	for range 1 + d.R.IntN(3) {
		d.ask(detail)
	}
	if d.R.IntN(3) == 0 {
		one, two := map[string]any{}, map[string]any{}
		d.ask(one)
		d.ask(two)
		detail["$or"] = []any{one, two}
	}
	pattern := map[string]any{"detail": detail}
	if d.R.IntN(4) == 0 {
		pattern["source"] = []any{pick(d.R, []string{"aws.iam", "aws.ec2"}), map[string]any{"prefix": "aws.s"}}
	}
	return asJSON(pattern)
}

// ask adds one field to a pattern.
func (d Source) ask(detail map[string]any) {
	f := pick(d.R, fields)
	keys := strings.Split(f, ".")
	for _, k := range keys[:len(keys)-1] {
		next, ok := detail[k].(map[string]any)
		if !ok {
			if _, taken := detail[k]; taken {
				return
			}
			next = map[string]any{}
		}
		detail[k] = next
		detail = next
	}
	if _, taken := detail[keys[len(keys)-1]]; !taken {
		detail[keys[len(keys)-1]] = []any{d.matcher(f), d.matcher(f)}[:1+d.R.IntN(2)]
	}
}

func (d Source) matcher(f string) any {
	s := d.text(f)
	switch d.R.IntN(12) {
	case 0:
		return map[string]any{"prefix": d.piece(s)}
	case 1:
		return map[string]any{"suffix": d.piece(s)}
	case 2:
		return map[string]any{"anything-but": []any{s, d.text(f)}}
	case 3:
		return map[string]any{"anything-but": map[string]any{"prefix": d.piece(s)}}
	case 4:
		return map[string]any{"numeric": []any{pick(d.R, []string{">", ">=", "=", "<"}), 7}}
	case 5:
		return map[string]any{"cidr": pick(d.R, []string{"192.0.2.0/24", "2001:db8::/32"})}
	case 6:
		return map[string]any{"exists": d.R.IntN(2) == 0}
	case 7:
		return map[string]any{"equals-ignore-case": strings.ToUpper(s)}
	case 8:
		return map[string]any{"wildcard": strings.ReplaceAll(d.piece(s), "*", "") + "*"}
	case 9:
		return pick(d.R, []any{nil, true, false, 7, 22})
	}
	return s
}

// Filter writes a filter pattern of the JSON kind.
func (d Source) Filter() string { return "{ " + d.filterTerm(2) + " }" }

func (d Source) filterTerm(depth int) string {
	if depth > 0 && d.R.IntN(2) == 0 {
		join := pick(d.R, []string{" && ", " || "})
		return "(" + d.filterTerm(depth-1) + join + d.filterTerm(depth-1) + ")"
	}
	f := pick(d.R, fields)
	selector := "$." + strings.ReplaceAll(f, "items.", pick(d.R, []string{"items[0].", "items[*].", "items[1]."}))
	s := d.text(f)
	switch d.R.IntN(8) {
	case 0:
		return selector + pick(d.R, []string{" NOT EXISTS", " IS NULL", " IS TRUE", " IS FALSE"})
	case 1:
		return fmt.Sprintf("(%s %s 7)", selector, pick(d.R, []string{"=", "!=", ">", "<", ">=", "<="}))
	case 2:
		return fmt.Sprintf("(%s = %q)", selector, strings.Trim(d.piece(s), `*"\`)+"*")
	case 3:
		return fmt.Sprintf("(%s = %q)", selector, "*"+strings.Trim(d.piece(s), `*"\`))
	case 4:
		return fmt.Sprintf("(%s != %q)", selector, s)
	}
	return fmt.Sprintf("(%s = %q)", selector, s)
}

// Sigma writes an event rule.
func (d Source) Sigma() string {
	detection := map[string]any{}
	names := []string{"one", "two", "three"}[:1+d.R.IntN(3)]
	for _, n := range names {
		detection[n] = d.selection()
	}
	condition := names[0]
	for _, n := range names[1:] {
		condition += pick(d.R, []string{" and ", " or ", " and not "}) + n
	}
	if d.R.IntN(4) == 0 {
		condition = pick(d.R, []string{"1 of them", "all of them", "not 1 of them"})
	}
	detection["condition"] = condition
	return asJSON(map[string]any{
		"title": "random", "id": "00000000-0000-4000-8000-000000000000",
		"logsource": map[string]any{"product": "aws", "service": "cloudtrail"}, "detection": detection,
	})
}

func (d Source) selection() any {
	if d.R.IntN(6) == 0 {
		return []any{d.piece("AccessDenied"), "*" + d.piece("amazonaws") + "*"} // keywords
	}
	out := map[string]any{}
	for range 1 + d.R.IntN(3) {
		f := pick(d.R, fields)
		key, value := d.item(f)
		out[key] = value
	}
	return out
}

func (d Source) item(f string) (string, any) {
	s := strings.ReplaceAll(d.text(f), "*", "")
	switch d.R.IntN(11) {
	case 0:
		return f + "|contains", []any{d.piece(s), d.piece(s)}
	case 1:
		return f + "|contains|all", []any{d.piece(s), d.piece(s)}
	case 2:
		return f + "|startswith", d.piece(s)
	case 3:
		return f + "|endswith|cased", d.piece(s)
	case 4:
		return f + "|re", "^" + d.piece("Create") + ".*"
	case 5:
		return f + "|cidr", "192.0.2.0/24"
	case 6:
		return f + "|exists", d.R.IntN(2) == 0
	case 7:
		return f + "|" + pick(d.R, []string{"lt", "lte", "gt", "gte"}), 7
	case 8:
		return f, nil
	case 9:
		return f, []any{strings.ToUpper(s), "*" + d.piece(s) + "?"}
	}
	return strings.ToUpper(f[:1]) + f[1:], s
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
	"managementEvent":                    {true, false, "true", "TRUE"},
	"resources.ARN":                      {"arn:x", "arn:y"},
	"sessionCredentialFromConsole":       {"true", true},
	"userAgent":                          {"10.0.0.1", "010.0.0.1", "a%b_c\\d", "null", "İstanbul", "it's \"q\"", ""},
	"requestParameters.value":            {nil, "", 0, "false", false, 1e21, "1e21"},
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

// Event is a record: most fields of the vocabulary, some missing, null, of a
// wrong type, in arrays.
func (d Source) Event() map[string]any {
	out := map[string]any{"eventVersion": "1.11", "eventID": fmt.Sprint(d.R.Uint32())}
	for _, f := range fields {
		if d.R.IntN(4) > 0 {
			d.put(out, strings.Split(f, "."), pick(d.R, vocabulary[f]))
		}
	}
	if d.R.IntN(8) == 0 {
		out[pick(d.R, fields)] = pick(d.R, vocabulary[pick(d.R, fields)]) // a key with a dot in it
	}
	return out
}

func (d Source) put(in map[string]any, keys []string, v any) {
	key := keys[0]
	switch {
	case len(keys) > 1 && (key == "items" || key == "resources"):
		list, _ := in[key].([]any)
		if len(list) == 0 || d.R.IntN(3) == 0 {
			list = append(list, map[string]any{})
		}
		if last, ok := list[d.R.IntN(len(list))].(map[string]any); ok {
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
func (d Source) shaped(v any) any {
	switch d.R.IntN(20) {
	case 0:
		return nil
	case 1:
		return []any{v, pick(d.R, []any{"a", 7, nil, true, []any{"b"}})}
	case 2:
		return []any{}
	case 3:
		return map[string]any{"a": v}
	}
	return v
}

// text is a random text of the field's vocabulary.
func (d Source) text(field string) string {
	for {
		switch v := pick(d.R, vocabulary[field]).(type) {
		case string:
			return v
		case nil:
		default:
			return fmt.Sprint(v)
		}
	}
}

// piece is a part of a text: its start, its end, or what is between.
func (d Source) piece(s string) string {
	if len(s) < 3 {
		return s
	}
	rs := []rune(s)
	i := d.R.IntN(len(rs) - 1)
	return string(rs[i : i+1+d.R.IntN(len(rs)-i)])
}

func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}
