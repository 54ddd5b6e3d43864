package slack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"

	"github.com/slack-go/slack"
	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/sink"
	"go.yaml.in/yaml/v3"
)

// shown is how many records a message shows as YAML.
const shown = 3

// yaml adds a block of code for each record: the account that the record was
// delivered for, then the record's essentials as a tree.
func (l *layout) yaml(m *message.Message, fields []string) {
	for i := range m.Events[:min(len(m.Events), shown)] {
		t := fence + "\n" + document(&m.Events[i], m.Where.AccountName, fields, sink.SlackSection.Max()-2*len(fence)-1) + fence
		l.add(slack.NewSectionBlock(ours(t), nil, nil), t)
	}
	if n := max(m.Count, int64(len(m.Events))) - shown; n > 0 {
		l.plain(fmt.Sprintf("… (%d more findings)", n))
	}
}

// scale is how much of a document is shown.
type scale struct {
	value, list, depth, fields int
}

// scales from all to next to nothing; the last one fits wherever 3,000
// characters do, even if each takes five.
func scales() []scale {
	return []scale{{1000, 50, 12, 100}, {400, 20, 8, 60}, {160, 10, 6, 40}, {80, 5, 4, 30}, {60, 3, 3, 20}, {40, 2, 2, 12}, {24, 1, 1, 6}}
}

// document is one record as YAML whose escaped form has at most limit UTF-16
// units. It is never cut, but built with less and less in it.
func document(e *message.Event, name string, fields []string, limit int) string {
	tree := essentials(e, fields)
	var out string
	for _, s := range scales() {
		root := &yaml.Node{Kind: yaml.MappingNode}
		put(root, "account", yamldoc.Text(s.text(e.Account)))
		if name != "" {
			put(root, "accountName", yamldoc.Text(s.text(name)))
		}
		s.fill(root, tree, 0, s.fields)
		out = sink.SlackText(encoded(root))
		if units(out) <= limit {
			break
		}
	}
	return out
}

func encoded(root *yaml.Node) string {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(root); err != nil {
		return "{}\n"
	}
	return b.String()
}

// branch is a value of the record's tree: an object's members in order, a
// list's elements, or a text.
type branch struct {
	members []member
	list    []*branch
	kind    yaml.Kind
	text    string
	tag     string // of a text: !!str, !!int, !!float, !!bool, !!null
}

type member struct {
	name  string
	value *branch
}

// essentials are the fields of the record to show: those asked for, taken from
// the record; without a list, those that the message chose.
func essentials(e *message.Event, fields []string) *branch {
	root := &branch{kind: yaml.MappingNode}
	if len(fields) > 0 {
		if whole, err := parse(e.Raw); err == nil {
			for _, path := range fields {
				if v := whole.at(strings.Split(path, ".")); v != nil {
					root.set(strings.Split(path, "."), v)
				}
			}
			return root
		}
	}
	whole, err := parse(e.Raw)
	if err != nil {
		whole = nil
	}
	for _, f := range e.Fields {
		path, v := typed(whole, f.Name)
		if v == nil || v.kind == yaml.ScalarNode && v.text != f.Value {
			path, v = strings.Split(f.Name, "."), &branch{kind: yaml.ScalarNode, text: f.Value, tag: "!!str"}
		}
		root.set(path, v)
	}
	return root
}

// typed is the record's own value of a field, with its JSON type: for one in a
// list, the list. The record's secrets are masked as the fields' are.
func typed(whole *branch, name string) ([]string, *branch) {
	path := strings.Split(name, ".")
	if whole == nil {
		return path, nil
	}
	for i, part := range path {
		if _, err := strconv.Atoi(part); err != nil {
			continue
		}
		if v := whole.at(path[:i]); v != nil && v.kind == yaml.SequenceNode {
			return path[:i], v
		}
	}
	return path, whole.at(path)
}

// parse reads the record, keeping the order of its members. What is nested
// deeper than a document shows is left out.
func parse(raw []byte) (*branch, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return parseValue(d, 0)
}

const deepest = 64

func parseValue(d *json.Decoder, depth int) (*branch, error) {
	t, err := d.Token()
	if err != nil || depth > deepest {
		return nil, io.ErrUnexpectedEOF
	}
	switch t := t.(type) {
	case json.Delim:
		b := &branch{kind: yaml.SequenceNode}
		if t == '{' {
			b.kind = yaml.MappingNode
		}
		for d.More() {
			if err := b.parseElement(d, depth); err != nil {
				return nil, err
			}
		}
		_, err := d.Token()
		return b, err
	case json.Number:
		return &branch{kind: yaml.ScalarNode, text: t.String(), tag: number(t.String())}, nil
	case bool:
		return &branch{kind: yaml.ScalarNode, text: fmt.Sprint(t), tag: "!!bool"}, nil
	case string:
		return &branch{kind: yaml.ScalarNode, text: t, tag: "!!str"}, nil
	}
	return &branch{kind: yaml.ScalarNode, text: "null", tag: "!!null"}, nil
}

// number is the tag of a number: a text's when no program would read it as one.
func number(s string) string {
	if _, err := strconv.ParseInt(s, 10, 64); err == nil {
		return "!!int"
	}
	if _, err := strconv.ParseFloat(s, 64); err == nil && strings.ContainsAny(s, ".eE") {
		return "!!float"
	}
	return "!!str"
}

func (b *branch) parseElement(d *json.Decoder, depth int) error {
	name := ""
	if b.kind == yaml.MappingNode {
		t, err := d.Token()
		if err != nil {
			return err
		}
		name, _ = t.(string)
	}
	v, err := parseValue(d, depth+1)
	if err != nil {
		return err
	}
	if b.kind == yaml.MappingNode {
		b.members = append(b.members, member{name, v})
	} else {
		b.list = append(b.list, v)
	}
	return nil
}

// at is the value under path, or nil.
func (b *branch) at(path []string) *branch {
	for _, name := range path {
		i := b.index(name)
		if i < 0 {
			return nil
		}
		b = b.members[i].value
	}
	return b
}

func (b *branch) index(name string) int {
	for i := range b.members {
		if b.members[i].name == name {
			return i
		}
	}
	return -1
}

// set puts v under path; the first value under a path stays.
func (b *branch) set(path []string, v *branch) {
	if len(path) > deepest {
		path = append(path[:deepest:deepest], strings.Join(path[deepest:], "."))
	}
	for ; len(path) > 1; path = path[1:] {
		i := b.index(path[0])
		if i < 0 {
			b.members = append(b.members, member{path[0], &branch{kind: yaml.MappingNode}})
			i = len(b.members) - 1
		}
		if b = b.members[i].value; b.kind != yaml.MappingNode {
			return
		}
	}
	if b.index(path[0]) < 0 {
		b.members = append(b.members, member{path[0], v})
	}
}

// fill adds up to n members of b to a node.
func (s scale) fill(to *yaml.Node, b *branch, depth, n int) {
	for i, m := range b.members {
		if i == n {
			put(to, "leftOut", yamldoc.Text(fmt.Sprintf("%d more fields", len(b.members)-n)))
			return
		}
		put(to, s.text(m.name), s.node(m.value, depth+1))
	}
}

func (s scale) node(b *branch, depth int) *yaml.Node {
	switch {
	case b.kind == yaml.ScalarNode && b.tag != "!!str" && len(b.text) <= s.value:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: b.tag, Value: b.text}
	case b.kind == yaml.ScalarNode:
		return yamldoc.Text(s.text(b.text))
	case depth > s.depth && b.size() > 0:
		return yamldoc.Text(fmt.Sprintf("… (%d more fields)", b.size()))
	case b.kind == yaml.MappingNode:
		n := &yaml.Node{Kind: yaml.MappingNode}
		s.fill(n, b, depth, s.list)
		return n
	}
	n := &yaml.Node{Kind: yaml.SequenceNode}
	for i, v := range b.list {
		if i == s.list {
			n.Content = append(n.Content, yamldoc.Text(fmt.Sprintf("… (%d more)", len(b.list)-i)))
			break
		}
		n.Content = append(n.Content, s.node(v, depth+1))
	}
	return n
}

func (b *branch) size() int { return len(b.members) + len(b.list) }

// text is a key or value of the record as code may show it.
func (s scale) text(t string) string {
	return sink.Cut(unticked(sink.Defang(sink.Clean(t))), s.value, sink.SlackEscaped)
}

// put adds a member; a name that is there already, after cleaning, gets a
// number, because YAML refuses two of a name.
func put(to *yaml.Node, name string, v *yaml.Node) {
	names := make([]string, 0, len(to.Content)/2)
	for i := 0; i < len(to.Content); i += 2 {
		names = append(names, to.Content[i].Value)
	}
	sort.Strings(names)
	free := name
	for n := 2; ; n++ {
		if i := sort.SearchStrings(names, free); i == len(names) || names[i] != free {
			break
		}
		free = fmt.Sprintf("%s (%d)", name, n)
	}
	to.Content = append(to.Content, yamldoc.Text(free), v)
}
