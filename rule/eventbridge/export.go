package eventbridge

import (
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// Exported is one rule as the EventBridge API describes it.
type Exported struct {
	Name, Description, ARN, Bus string
	State                       State
	// Pattern is the event pattern's own text; nil for a rule that only runs on
	// a schedule.
	Pattern []byte
}

// ParseExport reads what `aws events describe-rule` and `aws events list-rules`
// print. ok is false when doc is something else, such as a bare pattern: no
// field of a pattern can hold a string, and every rule's Name is one.
func ParseExport(doc []byte) (rules []Exported, ok bool) {
	text := strings.TrimPrefix(string(doc), "\ufeff")
	v, err := readJSON(text)
	if err != nil || v.kind != cloudtrail.Object {
		return nil, false
	}
	list := v.get("Rules")
	if list == nil {
		r, ok := exported(v, text)
		return []Exported{r}, ok
	}
	if list.kind != cloudtrail.Array {
		return nil, false
	}
	for _, x := range list.vals {
		r, ok := exported(x, text)
		if !ok {
			return nil, false
		}
		rules = append(rules, r)
	}
	return rules, true
}

func exported(v *value, doc string) (Exported, bool) {
	var r Exported
	name := v.get("Name")
	if name == nil || name.kind != cloudtrail.String {
		return r, false
	}
	r.Name, r.Description = name.text, v.str("Description")
	r.ARN, r.Bus = v.str("Arn"), v.str("EventBusName")
	state, err := ParseState(v.str("State"))
	if err != nil {
		return r, false
	}
	r.State = state
	pattern := v.get("EventPattern")
	switch {
	case pattern == nil:
		return r, v.str("ScheduleExpression") != "" || r.ARN != ""
	case pattern.kind == cloudtrail.String:
		r.Pattern = []byte(pattern.text)
	default:
		r.Pattern = []byte(doc[pattern.pos:pattern.end])
	}
	return r, true
}

// get is a member of an object, the last one of that name, or nil.
func (v *value) get(name string) *value {
	for i := len(v.keys) - 1; i >= 0; i-- {
		if v.keys[i].name == name {
			return v.vals[i]
		}
	}
	return nil
}

// str is a string member's text, or "".
func (v *value) str(name string) string {
	if x := v.get(name); x != nil && x.kind == cloudtrail.String {
		return x.text
	}
	return ""
}
