package config

import (
	"cmp"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/internal/nearest"
	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/severity"
)

// Known is what Check may look names up in.
type Known struct {
	// Rules are the rules that were loaded; nil when none were, and rule names
	// are then not looked up.
	Rules []KnownRule
	// Field tells whether CloudTrail's records have a field, and which was meant;
	// nil looks none up.
	Field func(path string) (known bool, suggestion string)
	// Region tells whether the catalogue has regions that the term stands for,
	// and which was meant; nil looks none up.
	Region func(term string) (known bool, suggestion string)
	Now    time.Time
}

// KnownRule is what Check asks of a rule.
type KnownRule struct {
	ID       string
	Severity severity.Level
	Tags     []string
	// Groups are the names by which it groups its findings. Rows tells that a
	// finding is a row of a query, whose columns have any name.
	Groups []string
	Rows   bool
}

// Check says what is wrong with the meaning of a configuration whose form is
// right: names that nothing has, routes that no alert reaches, exceptions that
// are over, settings that contradict each other. It reads no secrets and calls
// nobody.
func (c *Config) Check(k Known) diagnostic.List {
	r := &reader{file: c.File}
	ch := &checker{c, r, k}
	ch.sources()
	ch.sinks()
	ch.routes()
	ch.overrides()
	ch.files()
	ch.others()
	return r.list
}

type checker struct {
	*Config
	*reader
	known Known
}

func (ch *checker) warn(n *yamldoc.Node, code, format string, args ...any) {
	ch.add(diagnostic.Warning, n, code, "", format, args...)
}

// at is the node at a path of keys and indexes, or the nearest above it.
func (c *Config) at(keys ...any) *yamldoc.Node {
	n := c.root
	for _, k := range keys {
		var next *yamldoc.Node
		switch k := k.(type) {
		case string:
			next = n.Get(k)
		case int:
			if n.Kind == yamldoc.List && k < len(n.Values) {
				next = n.Values[k]
			}
		}
		if next == nil {
			return n
		}
		n = next
	}
	return n
}

// LineOfText is the line on which the text at a path of keys and indexes
// begins: a block of text begins below its key.
func (c *Config) LineOfText(keys ...any) int {
	if c.root == nil {
		return 0
	}
	n := c.at(keys...)
	if n.Block {
		return n.Line + 1
	}
	return n.Line
}

// LineOf is the line of what stands at a path of keys and indexes, or of the
// nearest above it; 0 when there is no file.
func (c *Config) LineOf(keys ...any) int {
	if c.root == nil {
		return 0
	}
	return c.at(keys...).Line
}

// PlaceOf is file and line of what stands at a path of keys and indexes, or of
// the nearest above it.
func (c *Config) PlaceOf(keys ...any) string {
	if c.root == nil || c.File == "" {
		return c.File
	}
	return c.File + ":" + strconv.Itoa(c.at(keys...).Line)
}

func (ch *checker) nearest(name string, known []string) string {
	if near := nearest.Of(name, known); near != "" {
		return "; did you mean " + near + "?"
	}
	if len(known) == 0 {
		return ""
	}
	return "; known are " + strings.Join(known, ", ")
}

// routes checks what routes name and whether an alert can reach them.
func (ch *checker) routes() {
	used := map[string]bool{}
	if len(ch.Routes) == 0 { // then every sink is told, see assemble
		for _, s := range ch.Sinks {
			used[s.Name] = true
		}
	}
	for i, route := range ch.Routes {
		for j, s := range route.Sinks {
			used[s] = true
			if ch.Sink(s) == nil {
				ch.fail(ch.at("routes", i, "sinks", j), CodeReference, "routes[%d].sinks: there is no sink %s%s", i, quoted(s), ch.nearest(s, ch.SinkNames()))
			}
		}
		ch.match(i, route.Match)
		if by := ch.shadow(i); by >= 0 {
			ch.warn(ch.at("routes", i), CodeRoute, "routes[%d]: no alert reaches it: routes[%d] in line %d takes all that it would match; move it up, or let that one continue", i, by, ch.at("routes", by).Line)
		}
	}
	ch.health(used)
	for _, s := range ch.Sinks {
		if !used[s.Name] {
			ch.warn(ch.at("sinks", s.Name), CodeUnused, "sinks.%s: no route names it, so it is told nothing", s.Name)
		}
	}
	ch.nobody()
}

func (ch *checker) health(used map[string]bool) {
	for i, s := range ch.Serve.Health {
		used[s] = true
		if ch.Sink(s) == nil {
			ch.fail(ch.at("serve", "health_sinks", i), CodeReference, "serve.health_sinks: there is no sink %s%s", quoted(s), ch.nearest(s, ch.SinkNames()))
		}
	}
}

// nobody warns of severe alerts that no route takes.
func (ch *checker) nobody() {
	switch {
	case len(ch.Sinks) == 0 && len(ch.Sources) > 0:
		ch.warn(ch.at("sources"), CodeNobody, "there are sources and no sinks: alerts are kept and nobody is told")
		return
	case len(ch.Sinks) == 0 && ch.Published:
		ch.warn(ch.root, CodeNobody, "it has no sns with a topicARN: nobody is told")
		return
	case len(ch.Sinks) == 0 || len(ch.Routes) == 0:
		return
	}
	for _, s := range []severity.Level{severity.Critical, severity.High} {
		if !ch.heard(s) {
			ch.warn(ch.at("routes"), CodeNobody, "routes: no route takes every %s alert, so some may be told to nobody; end with a route without match", s)
			return
		}
	}
}

// heard tells whether some route takes all alerts of a severity.
func (ch *checker) heard(level severity.Level) bool {
	for _, r := range ch.Routes {
		m := r.Match
		narrow := len(m.Rule) + len(m.Tag) + len(m.Account) + len(m.Region) + len(m.Unit)
		if narrow == 0 && m.takes(level) {
			return true // an empty list of sinks is a decision, too
		}
	}
	return false
}

// takes tells whether alerts of a severity match, as far as that goes.
func (m Match) takes(level severity.Level) bool {
	if m.MinSeverity.Given && level < m.MinSeverity.Level {
		return false
	}
	for _, s := range m.Severity {
		if s.Level == level {
			return true
		}
	}
	return len(m.Severity) == 0
}

// match checks the names that a route's match has.
func (ch *checker) match(i int, m Match) {
	never := true
	for l := severity.Informational; l <= severity.Critical; l++ {
		never = never && !m.takes(l)
	}
	if never {
		ch.fail(ch.at("routes", i, "match"), CodeSense, "routes[%d].match: severity and min_severity leave no severity", i)
	}
	for j, id := range m.Rule {
		ch.rule(ch.at("routes", i, "match", "rule", j), "routes["+strconv.Itoa(i)+"].match.rule", id, diagnostic.Warning)
	}
	for j, a := range m.Region {
		ch.region(ch.at("routes", i, "match", "region", j), "routes["+strconv.Itoa(i)+"].match.region", a)
	}
	for j, t := range m.Tag {
		ch.tag(ch.at("routes", i, "match", "tag", j), i, t)
	}
}

// rule looks a rule's id or wildcard up.
func (ch *checker) rule(n *yamldoc.Node, at, id string, s diagnostic.Severity) {
	if ch.known.Rules == nil {
		return
	}
	var ids []string
	for _, r := range ch.known.Rules {
		if Wild(id, r.ID) {
			return
		}
		ids = append(ids, r.ID)
	}
	hint := ""
	near := nearest.Of(id, ids)
	if near != "" {
		hint = "; did you mean " + near + "?"
	}
	ch.add(s, n, CodeReference, near, "%s: no rule that is loaded is called %s%s", at, quoted(id), hint)
}

func (ch *checker) tag(n *yamldoc.Node, i int, tag string) {
	if ch.known.Rules == nil {
		return
	}
	for _, r := range ch.known.Rules {
		for _, t := range r.Tags {
			if Wild(strings.ToLower(tag), strings.ToLower(t)) {
				return
			}
		}
	}
	ch.warn(n, CodeReference, "routes[%d].match.tag: no rule that is loaded has the tag %s", i, quoted(tag))
}

func (ch *checker) region(n *yamldoc.Node, at, term string) {
	if ch.known.Region == nil {
		return
	}
	if known, near := ch.known.Region(term); !known {
		hint := ""
		if near != "" {
			hint = "; did you mean " + near + "?"
		}
		ch.add(diagnostic.Warning, n, CodeRegion, near, "%s: AWS has no region %s that is known to this release%s", at, quoted(term), hint)
	}
}

// shadow is an earlier route that takes everything route i could, or -1.
func (ch *checker) shadow(i int) int {
	for j := range i {
		r := ch.Routes[j]
		if !r.Continue && r.Match.covers(ch.Routes[i].Match) {
			return j
		}
	}
	return -1
}

// covers tells whether every alert that o matches matches m, too: for each key
// of m, o asks the same or something narrower.
func (m Match) covers(o Match) bool {
	for l := severity.Informational; l <= severity.Critical; l++ {
		if o.takes(l) && !m.takes(l) {
			return false
		}
	}
	for _, key := range [][2][]string{{m.Rule, o.Rule}, {m.Tag, o.Tag}, {m.Account, o.Account}, {m.Region, o.Region}, {m.Unit, o.Unit}} {
		if len(key[0]) > 0 && !coversAll(key[0], key[1]) {
			return false
		}
	}
	return true
}

func coversAll(wide, narrow []string) bool {
	for _, n := range narrow {
		some := false
		for _, w := range wide {
			some = some || w == n || !strings.Contains(n, "*") && Wild(w, n) || w == "*"
		}
		if !some {
			return false
		}
	}
	return len(narrow) > 0
}

// Wild tells whether text matches a pattern in which * stands for any
// characters and everything else for itself.
func Wild(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	if !strings.HasPrefix(text, parts[0]) {
		return false
	}
	text = text[len(parts[0]):]
	last := parts[len(parts)-1]
	for _, p := range parts[1 : len(parts)-1] {
		i := strings.Index(text, p)
		if i < 0 {
			return false
		}
		text = text[i+len(p):]
	}
	return len(text) >= len(last) && strings.HasSuffix(text, last)
}

// overrides checks rules' names and their exceptions.
func (ch *checker) overrides() {
	for _, o := range ch.RuleSettings.Overrides {
		n := ch.at("rules", "overrides", o.Name)
		ch.rule(n, "rules.overrides", o.Name, diagnostic.Error)
		ch.fields("rules.overrides."+o.Name+".group_by", o.GroupBy, o.Name, "rules", "overrides", o.Name, "group_by")
		for i, e := range o.Exceptions {
			ch.exception(ch.at("rules", "overrides", o.Name, "exceptions", i), o.Name, e)
		}
	}
}

func (ch *checker) exception(n *yamldoc.Node, rule string, e Exception) {
	if strings.TrimSpace(e.Owner) == "" && n.Get("owner") != nil {
		ch.fail(n, CodeException, "an exception of %s has no owner: name who answers for it", rule)
	}
	if strings.TrimSpace(e.Reason) == "" && n.Get("reason") != nil {
		ch.fail(n, CodeException, "an exception of %s has no reason", rule)
	}
	broad := true
	for _, v := range e.Match {
		broad = broad && strings.Trim(v, "*") == ""
	}
	if m := n.Get("match"); m != nil {
		for _, k := range m.Keys {
			ch.field(k, "an exception of "+rule, k.Text, rule)
		}
	}
	if broad {
		ch.fail(n, CodeException, "an exception of %s matches everything; to have the rule judge nothing, write enabled: false", rule)
	}
	end, now := e.Expires.Time(), ch.known.Now
	switch {
	case end.IsZero() || now.IsZero():
	case !end.After(now):
		ch.fail(n, CodeException, "an exception of %s expired on %s: alerts come again; renew it or remove it", rule, e.Expires)
	case end.Sub(now) < ch.Alerts.Warn.Std():
		ch.warn(n, CodeException, "an exception of %s, owned by %s, expires on %s", rule, e.Owner, e.Expires)
	}
}

// fields looks up by what alerts of the rules that a pattern names are grouped.
func (ch *checker) fields(at string, names []string, rules string, keys ...any) {
	for i, name := range names {
		ch.field(ch.at(append(slices.Clip(keys), i)...), at, name, rules)
	}
}

// field looks up a name that findings of rules shall have a value for.
func (ch *checker) field(n *yamldoc.Node, at, name, rules string) {
	if ch.known.Field == nil || slices.Contains(derived, name) {
		return
	}
	for _, r := range ch.known.Rules {
		if Wild(rules, r.ID) && (r.Rows || slices.Contains(r.Groups, name)) {
			return
		}
	}
	known, near := ch.known.Field(name)
	if known {
		return
	}
	if near = cmp.Or(nearest.Of(name, derived), near); near != "" {
		near = "; did you mean " + near + "?"
	}
	ch.warn(n, CodeReference, "%s: records have no field %s%s", at, quoted(name), near)
}

// derived are the names that findings have beside the fields of their records.
var derived = []string{"account", "region", "actor", "who"}

// String is the last day on which the exception holds, or the instant of its
// end.
func (d Date) String() string {
	t := d.Time()
	if t.Equal(t.Truncate(24 * time.Hour)) {
		return t.AddDate(0, 0, -1).Format(time.DateOnly)
	}
	return t.Format(time.RFC3339)
}

// files looks for every file that the configuration names.
func (ch *checker) files() {
	for i, p := range ch.RuleSettings.Paths {
		if ch.Published {
			break
		}
		ch.there(ch.at("rules", i), "rules", ch.Rules[i], contains(PackNames(), p))
	}
	ch.paths("", reflect.ValueOf(ch.Config).Elem(), ch.root)
}

func (ch *checker) there(n *yamldoc.Node, at, file string, or bool) {
	if _, err := os.Stat(file); err != nil && !or {
		ch.fail(n, CodeFile, "%s: %s: %v", at, quoted(file), bare(err))
	}
}

// isInput tells whether a key's file must be there beforehand. One that is made
// to be read with the configuration is; of the others these.
func isInput(at string, f field) bool {
	return f.tag("path") == "read" || f.key == "tls_certificate" || f.key == "tls_key" || strings.HasSuffix(at, ".folder.path")
}

// paths walks what was given and looks for its files.
func (ch *checker) paths(at string, v reflect.Value, n *yamldoc.Node) {
	if n == nil || n.Kind != yamldoc.Map {
		return
	}
	for _, f := range fields(v.Type()) {
		x, below := v.FieldByIndex(f.Index), n.Get(f.key)
		if below == nil {
			continue
		}
		ch.pathsOf(join(at, f.key), x, below, f)
	}
}

func (ch *checker) pathsOf(at string, x reflect.Value, n *yamldoc.Node, f field) {
	switch {
	case x.Kind() == reflect.Pointer && !x.IsNil() && n.Kind == yamldoc.Map:
		ch.paths(at, x.Elem(), n)
	case x.Kind() == reflect.Pointer && !x.IsNil() && f.tag("short") != "":
		inner, _ := lookup(fields(x.Elem().Type()), f.tag("short"))
		ch.pathsOf(join(at, inner.key), x.Elem().FieldByIndex(inner.Index), n, inner)
	case f.tag("named") == "true":
		for i := range x.Len() {
			name := x.Index(i).FieldByName("Name").String()
			ch.paths(join(at, name), x.Index(i), n.Get(name))
		}
	case x.Kind() == reflect.Struct && !isScalar(x):
		ch.paths(at, x, n)
	case f.tag("path") != "" && isInput(at, f) && x.Kind() == reflect.String:
		ch.there(n, at, x.String(), false)
	}
}
