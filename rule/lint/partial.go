package lint

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/detect"
)

// partial asks for a part of a name.
type partial struct {
	text string
	how  string // reads on with the quoted text
	fits func(name string) bool
}

// partials are what t asks of names short of a whole one: a beginning, an end,
// a part, an expression.
func partials(t test) iter.Seq[partial] {
	return func(yield func(partial) bool) {
		for l := range literals(t.match, t.negated) {
			if p, ok := l.partial(); ok && !yield(p) {
				return
			}
		}
		for re := range patterns(t.match) {
			if text := re.Re.String(); text != "" && !yield(partial{text, "in which is found", re.Re.MatchString}) {
				return
			}
		}
	}
}

var partOf = map[detect.TextOp]struct {
	how  string
	fits func(name, part string) bool
}{
	detect.HasPrefix: {"that starts with", strings.HasPrefix},
	detect.HasSuffix: {"that ends with", strings.HasSuffix},
	detect.Contains:  {"that contains", strings.Contains},
}

func (l literal) partial() (p partial, ok bool) {
	part, ok := partOf[l.op]
	if !ok || l.value == "" {
		return partial{}, false
	}
	if l.fold {
		folded := detect.FoldText(l.value) // once: many thousands of names are asked
		return partial{l.value, part.how, func(name string) bool { return part.fits(detect.FoldText(name), folded) }}, true
	}
	return partial{l.value, part.how, func(name string) bool { return part.fits(name, l.value) }}, true
}

// partOfSource is TL02 for a test that asks for a part of an eventSource, and
// partOfName is TL03 for a part of an event's name, when nothing known has it.
func partOfSource(f *finder, t test) {
	if t.path != "eventSource" {
		return
	}
	for p := range partials(t) {
		known := false
		for s := range f.cat.Services() {
			known = known || p.fits(s.Source)
		}
		if !known {
			f.add(p.text, warning("TL02", fmt.Sprintf("no known service records as an eventSource %s %q", p.how, p.text),
				"The test never holds: eventSource names the service, such as ec2.amazonaws.com, and awsRegion the region.", ""))
		}
	}
}

func partOfName(f *finder, t test) {
	if t.path != "eventName" {
		return
	}
	for p := range partials(t) {
		// A number may be an API's version, which the catalogue leaves out.
		if !strings.ContainsAny(p.text, `0123456789\`) && !f.someAPI(t.sources, p.fits) {
			f.add(p.text, warning("TL03", fmt.Sprintf("no known service records an event %s %q", p.how, p.text),
				"The test never holds, unless AWS added the event after this release.", ""))
		}
	}
}

// someAPI tells whether an event of the sources, or of all when the catalogue
// knows none of them, has a name that fits.
func (f *finder) someAPI(sources []string, fits func(string) bool) bool {
	known := slices.DeleteFunc(slices.Clone(sources), func(s string) bool {
		ok, _ := f.cat.Source(s)
		return !ok
	})
	for s := range f.cat.Services() {
		if len(known) > 0 && !contains(known, s) {
			continue
		}
		for api := range s.APIs {
			if fits(api) {
				return true
			}
		}
	}
	return false
}
