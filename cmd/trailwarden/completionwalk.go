package main

import (
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// suggestion is a word that could stand under the cursor.
type suggestion struct{ word, about string }

// suggestions are all of them, and what the shell itself should add.
type suggestions struct {
	files fileKind
	words []suggestion
}

// fileKind is whether files or folders could stand under the cursor.
type fileKind string

// What the shell adds by itself.
const (
	noFiles  fileKind = "none"
	anyFile  fileKind = "files"
	onlyDirs fileKind = "dirs"
)

// walk is how far the words before the cursor lead into the grammar.
type walk struct {
	node     *kong.Node
	waits    *kong.Flag          // the flag whose value is next
	operands bool                // after --: no more flags
	taken    int                 // positional arguments
	given    map[*kong.Flag]bool // flags that were given
	values   map[string]string   // what they were given
}

// underCursor says what could stand in the place of cur after the words before.
func underCursor(root *kong.Node, before []string, cur string) suggestions {
	w := &walk{node: root, given: map[*kong.Flag]bool{}, values: map[string]string{}}
	for _, word := range before {
		w.step(word)
	}
	return begun(w.next(cur), cur)
}

// begun leaves out what does not begin as the word under the cursor does.
func begun(all suggestions, cur string) suggestions {
	all.words = slices.DeleteFunc(all.words, func(s suggestion) bool { return !strings.HasPrefix(s.word, cur) })
	return all
}

// step takes one word that is written.
func (w *walk) step(word string) {
	switch {
	case w.waits != nil:
		w.give(w.waits, word)
		w.waits = nil
	case w.operands, word == "-", !strings.HasPrefix(word, "-"):
		w.operand(word)
	case word == "--":
		w.operands = true
	case strings.HasPrefix(word, "--"):
		name, value, valued := strings.Cut(word[2:], "=")
		w.flag(w.long(name), value, valued)
	default:
		w.shorts(word[1:])
	}
}

// operand is a command, or else an argument.
func (w *walk) operand(word string) {
	if w.taken == 0 && !w.operands {
		if child := childOf(w.node, word); child != nil {
			w.node = child
			return
		}
	}
	w.descend()
	w.taken++
}

// descend goes into the command that may be left out.
func (w *walk) descend() {
	if w.node.DefaultCmd != nil && len(w.node.Positional) == 0 {
		w.node = w.node.DefaultCmd
	}
}

func childOf(n *kong.Node, word string) *kong.Node {
	for _, c := range n.Children {
		if c.Name == word || slices.Contains(c.Aliases, word) {
			return c
		}
	}
	return nil
}

// flag notes a flag; without a value of its own the next word is one.
func (w *walk) flag(f *kong.Flag, value string, valued bool) {
	switch {
	case f == nil:
	case valued:
		w.give(f, value)
	case f.IsBool() || f.IsCounter():
		w.give(f, "")
	default:
		w.waits = f
	}
}

// shorts takes letters that stand together, the last perhaps with its value.
func (w *walk) shorts(letters string) {
	for i, r := range letters {
		f := w.short(r)
		if f == nil {
			return
		}
		rest := letters[i+len(string(r)):]
		if w.flag(f, rest, rest != "" && !f.IsBool() && !f.IsCounter()); !f.IsBool() && !f.IsCounter() {
			return
		}
	}
}

func (w *walk) give(f *kong.Flag, value string) {
	w.given[f] = true
	w.values[f.Name] = strings.Trim(value, `"'`)
}

// flags are all flags that may stand here, those of the command itself first.
func (w *walk) flags() (out []*kong.Flag) {
	groups := w.node.AllFlags(true)
	if d := w.node.DefaultCmd; d != nil && w.taken == 0 {
		groups = d.AllFlags(true)
	}
	slices.Reverse(groups)
	for _, group := range groups {
		for _, f := range group {
			if !slices.Contains(out, f) {
				out = append(out, f)
			}
		}
	}
	return out
}

func (w *walk) long(name string) *kong.Flag {
	for _, f := range w.flags() {
		if f.Name == name || slices.Contains(f.Aliases, name) || negated(f) == "--"+name {
			return f
		}
	}
	return nil
}

func (w *walk) short(letter rune) *kong.Flag {
	for _, f := range w.flags() {
		if f.Short == letter {
			return f
		}
	}
	return nil
}

// negated is the flag that says the opposite, or empty.
func negated(f *kong.Flag) string {
	if f.Tag.Negatable == "" {
		return ""
	}
	return "--no-" + f.Name
}

// next is everything that could stand here.
func (w *walk) next(cur string) suggestions {
	switch {
	case w.waits != nil:
		return w.valuesOf(w.waits.Value)
	case !w.operands && strings.HasPrefix(cur, "--") && strings.Contains(cur, "="):
		return w.attached(cur)
	case !w.operands && strings.HasPrefix(cur, "-"):
		return suggestions{files: noFiles, words: w.flagWords()}
	}
	out := suggestions{files: noFiles}
	if w.taken == 0 && !w.operands {
		out.words = commandWords(w.node)
	}
	w.descend()
	if v := w.argument(); v != nil {
		more := w.valuesOf(v)
		out.files, out.words = more.files, append(out.words, more.words...)
	}
	return out
}

// attached completes the value in --flag=value.
func (w *walk) attached(cur string) suggestions {
	name, _, _ := strings.Cut(cur[2:], "=")
	f := w.long(name)
	if f == nil || f.IsBool() {
		return suggestions{files: noFiles}
	}
	out := w.valuesOf(f.Value)
	for i := range out.words {
		out.words[i].word = "--" + name + "=" + out.words[i].word
	}
	return out
}

// argument is the positional argument that comes next; the last may take many.
func (w *walk) argument() *kong.Value {
	all := w.node.Positional
	switch {
	case w.taken < len(all):
		return all[w.taken]
	case len(all) > 0 && all[len(all)-1].IsCumulative():
		return all[len(all)-1]
	}
	return nil
}

func commandWords(n *kong.Node) (out []suggestion) {
	for _, c := range n.Children {
		if !c.Hidden && c.Type == kong.CommandNode {
			out = append(out, suggestion{c.Name, c.Help})
		}
	}
	return out
}

// flagWords are the flags that may still be given.
func (w *walk) flagWords() (out []suggestion) {
	for _, f := range w.flags() {
		if w.given[f] && !f.IsCumulative() && !f.IsCounter() {
			continue
		}
		out = append(out, suggestion{"--" + f.Name, f.Help})
		if no := negated(f); no != "" {
			out = append(out, suggestion{no, "Not: " + f.Help})
		}
	}
	return out
}
