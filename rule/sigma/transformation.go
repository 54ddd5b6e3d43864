package sigma

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/internal/yamldoc"
)

// transformation reads what a step does. The types are those that change what
// a rule matches; the rest of the language serves query generators.
func (pp *pipelineParser) transformation(n *yamldoc.Node) transformation {
	switch kind := pp.text(n, "type"); kind {
	case "field_name_mapping":
		return pp.fieldMapping(n)
	case "field_name_prefix_mapping":
		return pp.prefixMapping(n)
	case "field_name_prefix":
		prefix := pp.required(n, "prefix")
		return renaming(func(field string) []string { return []string{prefix + field} })
	case "field_name_suffix":
		suffix := pp.required(n, "suffix")
		return renaming(func(field string) []string { return []string{field + suffix} })
	case "drop_detection_item":
		return func(s *step, r *run) { s.eachTaken(r, func(*item) part { return nil }) }
	case "add_condition":
		return pp.addCondition(n)
	case "change_logsource":
		to := LogSource{Category: pp.text(n, "category"), Product: pp.text(n, "product"), Service: pp.text(n, "service")}
		return func(_ *step, r *run) { r.p.rule.source = to }
	case "value_placeholders", "wildcard_placeholders":
		return pp.placeholders(n, kind == "wildcard_placeholders")
	case "replace_string":
		return pp.replaceString(n)
	case "set_state":
		key, val := pp.required(n, "key"), pp.required(n, "val")
		return func(_ *step, r *run) { r.state[key] = val }
	case "rule_failure":
		msg := pp.required(n, "message")
		return func(_ *step, r *run) { r.fail(msg) }
	case "detection_item_failure":
		msg := pp.required(n, "message")
		return func(s *step, r *run) { s.eachTaken(r, func(it *item) part { r.fail(msg); return it }) }
	case "":
		pp.errorf(n, "the transformation has no type")
	default:
		pp.errorf(n.Get("type"), "transformation type %s is not supported; want field_name_mapping, field_name_prefix_mapping, field_name_prefix, field_name_suffix, drop_detection_item, add_condition, change_logsource, value_placeholders, wildcard_placeholders, replace_string, set_state, rule_failure or detection_item_failure", quote(kind))
	}
	return nil
}

// fail refuses the rule. A correlation's error is reported, as Link decides
// whether it is active.
func (r *run) fail(msg string) {
	if c := r.p.rule.Correlation; c != nil && r.p.rule.Kind == Correlation {
		r.p.rep.errorf("SG012", &yamldoc.Node{Line: c.line}, "a processing pipeline refuses the rule: %s", msg)
		return
	}
	r.p.inactive("a processing pipeline refuses the rule: " + msg)
}

// renaming gives fields, the fields that values refer to, and those that a
// correlation looks at, other names; several names for one field are
// alternatives. Keywords have no field.
func renaming(names func(field string) []string) transformation {
	return func(s *step, r *run) {
		rn := &renamer{names: names, s: s, r: r, moved: map[string][]string{}}
		s.eachTaken(r, rn.item)
		if c := r.p.rule.Correlation; c != nil {
			rn.correlation(c)
		}
		r.track(rn.moved, s.id)
	}
}

type renamer struct {
	names func(field string) []string
	s     *step
	r     *run
	moved map[string][]string // names that stand by themselves, and what became of them
}

// of are the new names of an item's field, or, without an item, of a name that
// stands by itself; nil when it keeps its name.
func (rn *renamer) of(field string, it *item) []string {
	to := rn.names(field)
	if field == "" || len(to) == 0 || !rn.s.takesField(rn.r, field, it) {
		return nil
	}
	if it == nil {
		rn.moved[field] = to
	}
	return to
}

func (rn *renamer) item(it *item) part {
	out := rn.references(it)
	to := rn.of(it.field, it)
	if to == nil {
		return out
	}
	g := &group{or: true}
	for _, name := range to {
		x := *out
		x.field = name
		g.parts = append(g.parts, &x)
	}
	if len(g.parts) == 1 {
		return g.parts[0]
	}
	return g
}

// references is the item itself when it refers to no field that is renamed.
func (rn *renamer) references(it *item) *item {
	out, changed := *it, false
	out.values = make([][]value, len(it.values))
	for i, alternatives := range it.values {
		for _, v := range alternatives {
			to := []string{v.field}
			if v.kind == fieldValue {
				if n := rn.of(v.field, nil); n != nil {
					to, changed = n, true
				}
			}
			for _, name := range to {
				v.field = name
				out.values[i] = append(out.values[i], v)
			}
		}
	}
	if !changed {
		return it
	}
	return &out
}

// correlation renames what the events of the correlation's rules are grouped by
// and counted over. An alias keeps its name: its fields have others.
func (rn *renamer) correlation(c *CorrelationSpec) {
	var by []string
	for _, g := range c.GroupBy {
		if to := rn.of(g, nil); to != nil && c.Aliases[g] == nil {
			by = append(by, to...)
			continue
		}
		by = append(by, g)
	}
	c.GroupBy = by
	for alias, fields := range c.Aliases {
		for rule, field := range fields {
			fields[rule] = rn.one(field, "alias "+quote(alias))
		}
	}
	for i, f := range c.Fields {
		c.Fields[i] = rn.one(f, "condition")
	}
}

// one is the only new name of a field that can have no alternatives.
func (rn *renamer) one(field, where string) string {
	to := rn.of(field, nil)
	switch {
	case len(to) > 1:
		rn.r.fail(fmt.Sprintf("field %s of the correlation's %s becomes %d fields", quote(field), where, len(to)))
	case len(to) == 1:
		return to[0]
	}
	return field
}

// track notes that the step gave names that stand by themselves others.
func (r *run) track(moved map[string][]string, id string) {
	if id == "" {
		return
	}
	had := map[string][]string{}
	for from := range moved {
		had[from] = append(slices.Clip(r.renamed[from]), id)
		delete(r.renamed, from)
	}
	for from, to := range moved {
		for _, name := range to {
			r.renamed[name] = had[from]
		}
	}
}

func (pp *pipelineParser) mapping(n *yamldoc.Node) (keys []string, targets map[string][]string) {
	m := n.Get("mapping")
	if m == nil || m.Kind != yamldoc.Map {
		pp.errorf(n, "\"mapping\" must be a mapping of field names to names or lists of names")
		return nil, nil
	}
	targets = map[string][]string{}
	for i, k := range m.Keys {
		keys = append(keys, k.Text)
		targets[k.Text] = pp.textList(m.Values[i])
	}
	return keys, targets
}

func (pp *pipelineParser) fieldMapping(n *yamldoc.Node) transformation {
	_, targets := pp.mapping(n)
	return renaming(func(field string) []string { return targets[field] })
}

// prefixMapping replaces the first listed prefix that a field has.
func (pp *pipelineParser) prefixMapping(n *yamldoc.Node) transformation {
	prefixes, targets := pp.mapping(n)
	return renaming(func(field string) []string {
		for _, prefix := range prefixes {
			rest, ok := strings.CutPrefix(field, prefix)
			if !ok {
				continue
			}
			var out []string
			for _, t := range targets[prefix] {
				out = append(out, t+rest)
			}
			return out
		}
		return nil
	})
}

// addCondition joins field: value tests to the rule by "and". With template,
// $category, $product and $service in values are the rule's.
func (pp *pipelineParser) addCondition(n *yamldoc.Node) transformation {
	c := n.Get("conditions")
	if c == nil || (c.Kind != yamldoc.Map && c.Kind != yamldoc.List) || len(c.Values) == 0 {
		pp.errorf(n, "\"conditions\" must be a mapping of fields and values, or a list of such mappings")
		return nil
	}
	negated := n.Get("negated") != nil && n.Get("negated").Bool()
	template := n.Get("template") != nil && n.Get("template").Bool()
	return func(_ *step, r *run) {
		from := c
		if template {
			from = fillTemplate(c, r.p.rule.source)
		}
		r.d.added = append(r.d.added, addedCondition{r.p.group(from), negated})
	}
}

func fillTemplate(n *yamldoc.Node, l LogSource) *yamldoc.Node {
	out := *n
	if n.Kind == yamldoc.String {
		out.Text = strings.NewReplacer("$category", l.Category, "$product", l.Product, "$service", l.Service).Replace(n.Text)
	}
	out.Values = make([]*yamldoc.Node, len(n.Values))
	for i, v := range n.Values {
		out.Values[i] = fillTemplate(v, l)
	}
	return &out
}

// placeholders puts the pipeline's vars, or a wildcard, in place of %names%.
func (pp *pipelineParser) placeholders(n *yamldoc.Node, wildcard bool) transformation {
	include, exclude := pp.textList(n.Get("include")), pp.textList(n.Get("exclude"))
	if include != nil && exclude != nil {
		pp.errorf(n, "include and exclude cannot be given together")
	}
	handled := func(name string) bool {
		return (include == nil || slices.Contains(include, name)) && !slices.Contains(exclude, name)
	}
	return func(s *step, r *run) {
		s.eachTaken(r, func(it *item) part {
			if !it.someValue(func(v value) bool { return v.holdsPlaceholder(handled) }) {
				return it
			}
			out := *it
			out.replacePlaceholders(func(name string) ([]string, bool) {
				switch {
				case !handled(name):
					return nil, false
				case wildcard:
					return []string{"*"}, true
				}
				values, ok := r.vars[name]
				return values, ok
			}, wildcard)
			return &out
		})
	}
}

// replaceString substitutes in texts what a regular expression finds. In the
// text searched, wildcards stand as "*" and "?" and literal ones have a
// backslash; with skip_special only the literal parts are searched.
func (pp *pipelineParser) replaceString(n *yamldoc.Node) transformation {
	re := pp.compile(n.Get("regex"), pp.required(n, "regex"))
	replacement := goReplacement(pp.required(n, "replacement"))
	flag := func(key string) bool { v := n.Get(key); return v != nil && v.Bool() }
	skip, interpret := flag("skip_special"), flag("interpret_special")
	replace := func(pieces []piece) []piece {
		if skip {
			return replaceLiterals(pieces, re, replacement, interpret)
		}
		return replacePlain(pieces, re, replacement)
	}
	return func(s *step, r *run) {
		s.eachTaken(r, func(it *item) part {
			if !it.someValue(replaceable) {
				return it
			}
			out := *it
			out.values = make([][]value, len(it.values))
			for i, alternatives := range it.values {
				for _, v := range alternatives {
					if replaceable(v) {
						v = asText(v)
						v.pieces = replace(v.pieces)
					}
					out.values[i] = append(out.values[i], v)
				}
			}
			return &out
		})
	}
}

func replaceable(v value) bool { return v.kind == textValue || v.kind == numberValue }

var groupReference = re2.Own(`\\(\d+|g<\w+>|\\)`)

// goReplacement rewrites \1 and \g<name> as ${1} and ${name}.
func goReplacement(s string) string {
	return groupReference.ReplaceAllStringFunc(strings.ReplaceAll(s, "$", "$$"), func(m string) string {
		if m == `\\` {
			return `\`
		}
		return fmt.Sprintf("${%s}", strings.TrimSuffix(strings.TrimPrefix(m[1:], "g<"), ">"))
	})
}

func replaceLiterals(pieces []piece, re *regexp.Regexp, replacement string, interpret bool) []piece {
	var out []piece
	for _, p := range pieces {
		replaced := []piece{p}
		if p.kind == literal {
			text := re.ReplaceAllString(p.text, replacement)
			replaced = literalPieces(text)
			if interpret {
				replaced = parseText(text, false)
			}
		}
		out = joinPieces(out, replaced)
	}
	return out
}

// replacePlain keeps what the expression does not find as it was: read back
// from plain text, a backslash before a wildcard would escape it.
func replacePlain(pieces []piece, re *regexp.Regexp, replacement string) []piece {
	plain := plainText(pieces)
	var out []piece
	last := 0
	for _, at := range re.FindAllStringSubmatchIndex(plain, -1) {
		out = joinPieces(out, cutPieces(pieces, last, at[0]))
		inserted := string(re.ExpandString(nil, replacement, plain, at))
		out = joinPieces(out, parsePlain(inserted))
		last = at[1]
	}
	return joinPieces(out, cutPieces(pieces, last, len(plain)))
}

// plainText spells pieces with wildcards as they are and literal ones escaped;
// other backslashes stand for themselves.
func plainText(pieces []piece) string {
	var b strings.Builder
	for _, p := range pieces {
		if p.kind == literal {
			b.WriteString(plainEscapes.Replace(p.text))
			continue
		}
		b.WriteString(written([]piece{p}))
	}
	return b.String()
}

// parsePlain reads plainText's spelling.
func parsePlain(s string) []piece {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && (i+1 == len(s) || s[i+1] != '*' && s[i+1] != '?') {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return parseText(b.String(), false)
}

// cutPieces are the pieces whose plainText begins in [from, to).
func cutPieces(pieces []piece, from, to int) []piece {
	var out []piece
	at := 0
	add := func(p piece, size int) {
		if at >= from && at < to {
			out = joinPieces(out, []piece{p})
		}
		at += size
	}
	for _, p := range pieces {
		if p.kind != literal {
			add(p, len(plainText([]piece{p})))
			continue
		}
		for _, c := range []byte(p.text) {
			size := 1
			if c == '*' || c == '?' {
				size++
			}
			add(piece{literal, string([]byte{c})}, size)
		}
	}
	return out
}
