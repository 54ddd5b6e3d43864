package message

import (
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/message/mask"
)

// what is the call: API, target, parameters and how it ended.
func (v *view) what() What {
	w := What{Action: v.action(), Service: v.source(), ReadOnly: v.at("readOnly"), ErrorCode: v.at("errorCode"), Error: v.at("errorMessage")}
	w.Words = v.words.plainly(w.Action)
	w.Product = v.product(w.Service)
	w.Resources = v.acted()
	w.Parameters = v.parameters()
	w.Results = v.results()
	if w.ErrorCode == "" && w.Error == "" && v.signInFailed() {
		w.Error = "sign-in failed"
	}
	return w
}

func (v *view) signInFailed() bool {
	return v.str(v.rec.Lookup("responseElements", "ConsoleLogin")) == "Failure"
}

// findAction is the API; insights name theirs further down, and events without one
// are named by their type.
func (v *view) findAction() string {
	return firstText(v.at("eventName"), v.at("insightDetails", "eventName"), v.at("eventType"), v.at("eventCategory"))
}

func (v *view) findSource() string {
	return firstText(v.at("eventSource"), v.at("insightDetails", "eventSource"))
}

// product is a service by the name that people know it by.
func (b *Builder) product(source string) string {
	if p := b.words.product[source]; p != "" {
		return p
	}
	return b.Catalog.Title(source)
}

// service is the first label of an eventSource: "s3" of s3.amazonaws.com.
func service(source string) string {
	s, _, _ := strings.Cut(source, ".")
	return s
}

const maxResources = 20

// resources are what was acted on: what the record lists, and what the
// parameters name.
func (v *view) resources() []string {
	var all []string
	parameters := v.rec.Field(cloudtrail.RequestParameters)
	add := func(noun, name string) {
		if name == "" || slices.ContainsFunc(all, func(have string) bool { return names(have, name) }) {
			return
		}
		if noun != "" && !strings.HasPrefix(name, "arn:") {
			name = noun + " " + name
		}
		all = append(all, name)
	}
	plain := v.plain.At("resources")
	v.rec.Lookup("resources").Elements(func(_ int, r cloudtrail.Value) bool {
		add("", firstText(v.show(r.Get("ARN"), "ARN", plain), v.show(r.Get("ARNPrefix"), "ARNPrefix", plain)))
		return len(all) < maxResources
	})
	for _, t := range v.words.target[service(v.source())] {
		v.strings(parameters, "requestParameters", t.path, maxResources+1, func(name string) { add(t.noun, name) })
	}
	if n := len(all); n > maxResources {
		return append(all[:maxResources:maxResources], mask.Count(n-maxResources)+" more")
	}
	return all
}

// names tells that an ARN, or an earlier text, already speaks of name.
func names(have, name string) bool {
	return have == name || strings.HasSuffix(have, "/"+name) || strings.HasSuffix(have, ":"+name) || strings.HasSuffix(have, " "+name)
}

// parameters are those of the call that matter: the ones that the table names
// for the API first, then the others in the record's order, and the empty ones
// last: they are the first to go where there is little room.
func (v *view) parameters() []alert.Label {
	p := v.rec.Field(cloudtrail.RequestParameters)
	if label, ok := v.omitted(p); ok {
		return []alert.Label{label}
	}
	var all []alert.Label
	if p.Exists() && p.Kind() != cloudtrail.Null {
		all = v.flat(nil, p, "", 1000, "requestParameters")
	}
	if all == nil {
		all = v.insight()
	}
	if v.action() == "ConsoleLogin" {
		all = append(all, v.flatObject("additionalEventData")...)
	}
	order := v.words.param[service(v.source())+" "+unversioned(v.action())]
	slices.SortStableFunc(all, func(a, b alert.Label) int { return weight(order, a) - weight(order, b) })
	for i := range all {
		if all[i].Name == "" {
			all[i].Name = "requestParameters"
		}
	}
	return bounded(all, v.Limits.Parameters)
}

func (v *view) flatObject(field string) []alert.Label {
	x := v.rec.Get(field)
	if x.Kind() != cloudtrail.Object {
		return nil
	}
	return v.flat(nil, x, "", 1000, field)
}

// insight are the figures of an Insight, which has no parameters.
func (v *view) insight() []alert.Label {
	var all []alert.Label
	for _, path := range [][]string{{"state"}, {"insightType"}, {"errorCode"}, {"insightContext", "statistics"}} {
		if x := v.rec.Lookup(append([]string{"insightDetails"}, path...)...); x.Exists() {
			all = v.flat(all, x, strings.Join(path, "."), 20, append([]string{"insightDetails"}, path...)...)
		}
	}
	return all
}

func rank(order []string, path string) int {
	for i, o := range order {
		if path == o || len(path) > len(o) && path[len(o)] == '.' && path[:len(o)] == o {
			return i
		}
	}
	return len(order)
}

// weight is rank, with what says nothing at the end.
func weight(order []string, l alert.Label) int {
	if l.Value == "{}" || l.Value == "[]" || l.Value == "" {
		return len(order) + 1
	}
	return rank(order, l.Name)
}

// omitted is the mark that CloudTrail puts in place of parameters that are too
// large. Callers have made them so to hide what they did.
func (v *view) omitted(p cloudtrail.Value) (alert.Label, bool) {
	if !p.Get("omitted").IsTrue() && p.Get("omitted").Str() != "true" {
		return alert.Label{}, false
	}
	text := "CloudTrail left them out: " + firstText(v.show(p.Get("reason"), "reason", false), "too large")
	if size := p.Get("originalSize"); size.Exists() {
		text += ", " + v.show(size, "originalSize", false) + " bytes"
	}
	return alert.Label{Name: "requestParameters", Value: text}, true
}

func (v *view) results() []alert.Label {
	var all []alert.Label
	for _, r := range v.words.result[service(v.source())+" "+unversioned(v.action())] {
		v.strings(v.rec.Field(cloudtrail.ResponseElements), "responseElements", r.path, 5, func(s string) {
			all = append(all, alert.Label{Name: r.name, Value: s})
		})
	}
	return bounded(all, 12)
}

func firstText(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}
