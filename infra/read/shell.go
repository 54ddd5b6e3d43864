package read

import (
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/infra/value"
	"github.com/trailwarden/trailwarden/internal/re2"
)

// Command is one call of the AWS CLI in a script or an article.
type Command struct {
	Service, Operation string
	Options            *value.Value // a map by the options' names without dashes
	Arguments          []*value.Value
	Open               bool // further options come from outside: "$@"
	Line, Column       int
}

// Script is what a shell script says of infrastructure.
type Script struct {
	Commands []Command
	// Documents are the files that the script writes by heredocs, by name.
	Documents map[string]*value.Value
	// Order has the names of Documents as they come.
	Order []string
}

var (
	assignment = re2.Own(`^\s*(?:export\s+|local\s+|readonly\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$`)
	heredoc    = re2.Own(`<<-?\s*(['"]?)([A-Za-z_][A-Za-z0-9_]*)['"]?`)
	writes     = re2.Own(`(?:>|tee)\s*([^\s<>|;&]+)`)
	awsCall    = re2.Own(`(?:^|[\s$(;&|` + "`" + `"])aws\s+`)
	variable   = re2.Own(`\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?`)
)

// maxLine bounds a command with its continuations, in bytes.
const maxLine = 64 << 10

// Shell finds the calls of the AWS CLI in a text, whatever else it holds, with
// variables that the text sets put in place. Places are those of the calls.
func Shell(text string) Script {
	s := &script{out: Script{Documents: map[string]*value.Value{}}, variables: map[string]*value.Value{}, budget: newBudget()}
	lines := strings.Split(text, "\n")
	s.ends = map[string][]int{}
	for i, l := range lines {
		if l = strings.TrimSpace(l); operand.MatchString(l) {
			s.ends[l] = append(s.ends[l], i)
		}
	}
	for i := 0; i < len(lines); {
		i = s.line(lines, i)
	}
	return s.out
}

type script struct {
	out       Script
	variables map[string]*value.Value
	ends      map[string][]int // lines that could end a heredoc, by their text
	budget    *budget
}

// operand is a word that can end a heredoc.
var operand = re2.Own(`^[A-Za-z_][A-Za-z0-9_]{0,40}$`)

// line reads the command that begins on a line, and gives the line behind it.
func (s *script) line(lines []string, i int) int {
	line, next := lines[i], i+1
	if len(line) > maxLine {
		return next
	}
	for strings.HasSuffix(strings.TrimRight(line, " \t\r"), `\`) && next < len(lines) && len(line) < maxLine && strings.Contains(line, "aws ") {
		line = strings.TrimRight(line, " \t\r")
		line = line[:len(line)-1] + "\n" + lines[next]
		next++
	}
	for openQuote(line) && strings.Contains(line, "aws ") && next < len(lines) && len(line) < maxLine && next < i+200 {
		line += "\n" + lines[next]
		next++
	}
	if m := heredoc.FindStringSubmatch(line); m != nil {
		next = s.heredoc(lines, next, line, m)
	}
	if strings.HasPrefix(strings.TrimSpace(line), "#") {
		return next
	}
	if m := assignment.FindStringSubmatch(line); m != nil && !awsCall.MatchString(line) {
		s.variables[m[1]] = s.word(strings.TrimSpace(m[2]), i+1, 1+strings.Index(line, m[2]))
	}
	for _, at := range awsCall.FindAllStringIndex(line, 20) {
		s.command(line, at[1], i+1)
	}
	return next
}

// openQuote tells whether a single quote is open at the line's end: JSON on the
// command line goes over many lines.
func openQuote(line string) bool {
	single, double := false, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\' && !single:
			i++
		case c == '\'' && !double:
			single = !single
		case c == '"' && !single:
			double = !double
		}
	}
	return single
}

// heredoc takes the document that begins behind a line.
func (s *script) heredoc(lines []string, next int, line string, m []string) int {
	first, ends := next, s.ends[m[2]]
	i, _ := slices.BinarySearch(ends, first)
	if i == len(ends) {
		return first // never closed: not a heredoc after all
	}
	next = ends[i]
	if name := writes.FindStringSubmatch(line); name != nil {
		body := strings.Join(lines[first:next], "\n")
		v := &value.Value{Kind: value.Text, Text: body, Line: first + 1, Column: 1, Lines: true}
		if m[1] == "" {
			v = s.expand(body, first+1, 1)
			v.Lines = true
		}
		key := base(strings.Trim(name[1], `"'`))
		if _, seen := s.out.Documents[key]; !seen {
			s.out.Order = append(s.out.Order, key)
		}
		s.out.Documents[key] = v
	}
	return next + 1
}

// base is a file's name without its folder.
func base(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// expand puts variables in place; those that the text does not set stay ${NAME}.
func (s *script) expand(raw string, line, column int) *value.Value {
	var parts []*value.Value
	rest := raw
	at := &value.Value{Line: line, Column: column}
	for len(parts) < 2000 {
		m := variable.FindStringSubmatchIndex(rest)
		if m == nil {
			break
		}
		name := rest[m[2]:m[3]]
		v := s.variables[name]
		if v == nil || v.Kind == value.Unknown {
			v = unknown(name, line, column)
		}
		parts = append(parts, text(rest[:m[0]], at), v)
		rest = rest[m[1]:]
	}
	return s.budget.join(append(parts, text(rest, at)), line, column)
}

// word is a shell word's value: quotes taken off, variables put in place unless
// the quotes are single ones. The output of a command is unknown. A word may be of
// pieces that are quoted each in its own way: '{"Resource": "'"$ARN"'"}'.
func (s *script) word(raw string, line, column int) *value.Value {
	first, rest := piece(raw)
	if output := strings.HasPrefix(raw, "$(") || strings.HasPrefix(raw, `"$(`); output || rest == "" || !strings.Contains(raw, "'") {
		return s.piece(raw, line, column)
	}
	var parts []*value.Value
	for first != "" && len(parts) < 2000 {
		parts = append(parts, s.piece(first, line, column))
		first, rest = piece(rest)
	}
	v := s.budget.join(parts, line, column)
	if raw[0] == '\'' { // places are those up to the next piece
		v.Lines, v.Column = true, column+1
	}
	return v
}

// piece is what of a word is quoted in one way, and the rest of it.
func piece(raw string) (first, rest string) {
	end := 0
	switch {
	case raw == "":
	case raw[0] == '\'':
		end = strings.IndexByte(raw[1:], '\'') + 2
	case raw[0] == '"':
		for end = 1; end < len(raw) && raw[end] != '"'; end++ {
			if raw[end] == '\\' {
				end++
			}
		}
		end++
	default:
		for end = 0; end < len(raw) && raw[end] != '\'' && raw[end] != '"'; end++ {
			if raw[end] == '\\' {
				end++
			}
		}
	}
	if end < 2 && raw != "" && raw[0] == '\'' || end > len(raw) {
		end = len(raw) // never closed
	}
	return raw[:end], raw[end:]
}

// piece is the value of a piece.
func (s *script) piece(raw string, line, column int) *value.Value {
	switch {
	case strings.HasPrefix(raw, "$(") || strings.HasPrefix(raw, "`") || strings.HasPrefix(raw, `"$(`):
		return unknown("the output of a command", line, column)
	case strings.HasPrefix(raw, "'") && strings.HasSuffix(raw, "'") && len(raw) > 1:
		return &value.Value{Kind: value.Text, Text: raw[1 : len(raw)-1], Line: line, Column: column + 1, Lines: true}
	case strings.HasPrefix(raw, `"`) && strings.HasSuffix(raw, `"`) && len(raw) > 1:
		return s.reference(strings.ReplaceAll(raw[1:len(raw)-1], `\"`, `"`), line, column)
	}
	return s.reference(raw, line, column)
}

// reference is one variable that nobody sets as an unknown value, not a text.
func (s *script) reference(raw string, line, column int) *value.Value {
	v := s.expand(raw, line, column)
	if len(v.Refs) == 1 && v.Text == "${"+v.Refs[0]+"}" {
		return unknown(v.Refs[0], line, column)
	}
	return v
}

// command reads one call, from behind its "aws".
func (s *script) command(line string, at, number int) {
	words := s.words(line, at, number)
	var plain []*value.Value
	c := Command{Options: &value.Value{Kind: value.Map, Line: number, Column: at + 1}, Line: number, Column: column(line, at)}
	c.Line += strings.Count(line[:at], "\n")
	for i := 0; i < len(words); {
		w := words[i]
		c.Open = c.Open || rest.MatchString(w.raw)
		name, isOption := strings.CutPrefix(w.raw, "--")
		i++
		if !isOption {
			plain = append(plain, w.value)
			continue
		}
		name, given, has := strings.Cut(name, "=")
		var values []*value.Value
		if has {
			values = append(values, s.word(given, w.value.Line, w.value.Column))
		}
		for !has && i < len(words) && !strings.HasPrefix(words[i].raw, "--") {
			values = append(values, words[i].value)
			i++
		}
		c.Options.Keys = append(c.Options.Keys, value.Key{Name: name, Line: w.value.Line, Column: w.value.Column})
		c.Options.Items = append(c.Options.Items, option(values, w.value))
	}
	if len(plain) < 2 || !operation.MatchString(plain[0].String()) || !operation.MatchString(plain[1].String()) {
		return
	}
	c.Service, c.Operation, c.Arguments = plain[0].String(), plain[1].String(), plain[2:]
	c.Options.Line, c.Options.Column = c.Line, c.Column
	s.out.Commands = append(s.out.Commands, c)
}

// rest is how a shell names arguments that are not written out.
var rest = re2.Own(`\$[@*]|\[[@*]\]`)

var operation = re2.Own(`^[a-z][a-z0-9-]*$`)

// column is a place in a line with continuations, as a column of its own line.
func column(line string, at int) int { return at - strings.LastIndexByte(line[:at], '\n') }

// option is what an option was given: true for none, a list for several.
func option(values []*value.Value, at *value.Value) *value.Value {
	switch len(values) {
	case 0:
		return &value.Value{Kind: value.Bool, Text: "true", Line: at.Line, Column: at.Column}
	case 1:
		return values[0]
	}
	return &value.Value{Kind: value.List, Items: values, Line: at.Line, Column: at.Column}
}

type word struct {
	raw   string
	value *value.Value
}

// words are the shell words of a command, up to where it ends.
func (s *script) words(line string, at, number int) []word {
	var all []word
	for at < len(line) && len(all) < 500 {
		for at < len(line) && strings.IndexByte(" \t\r\n", line[at]) >= 0 {
			at++
		}
		start := at
		if at = wordEnd(line, start); at > start {
			row := number + strings.Count(line[:start], "\n")
			raw := line[start:at]
			all = append(all, word{raw, s.word(raw, row, column(line, start))})
		}
		if at < len(line) && strings.IndexByte(";|&)>`", line[at]) >= 0 {
			break
		}
	}
	return all
}

// wordEnd is where a word ends that begins at the offset: at white space or at
// what ends a command, outside of quotes and of $( ).
func wordEnd(line string, at int) int {
	q := quoting{}
	for ; at < len(line); at++ {
		if line[at] == '\\' && !q.single && at+1 < len(line) {
			at++
			continue
		}
		if strings.HasPrefix(line[at:], "$(") && !q.single {
			q.nested++
			at++
			continue
		}
		if !q.takes(line[at]) && strings.IndexByte(" \t\r\n;|&)>`", line[at]) >= 0 {
			return at
		}
	}
	return at
}

// quoting is what is open at a place of a line.
type quoting struct {
	single, double bool
	nested         int // of $(
}

// takes tells whether a character is part of the word because of what is open, or
// opens or closes something itself.
func (q *quoting) takes(c byte) bool {
	switch {
	case c == '\'' && !q.double && q.nested == 0:
		q.single = !q.single
	case q.single:
	case c == '"' && q.nested == 0:
		q.double = !q.double
	case c == ')' && q.nested > 0:
		q.nested--
	default:
		return q.double || q.nested > 0
	}
	return true
}
