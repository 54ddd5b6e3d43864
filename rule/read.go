package rule

import (
	"bytes"
	"path"
	"strings"
)

// load reads a file by its ending, or by its looks when it has none of ours.
func (l *loader) load(f *file) {
	base := strings.ToLower(path.Base(f.path))
	switch ext := path.Ext(base); {
	case f.pipeline: // taken already
	case testsFile(base):
		l.casesFile(f)
	case ext == ".json":
		l.jsonFile(f)
	case ext == ".filter":
		l.filterFile(f)
	case ext == ".yaml" || ext == ".yml":
		l.yamlFile(f)
	default:
		l.byLooks(f)
	}
}

// byLooks reads a file that the user named and whose ending says nothing.
func (l *loader) byLooks(f *file) {
	text := bytes.TrimSpace(f.text)
	switch {
	case bytes.HasPrefix(text, []byte("{")) && !filterLike(text):
		l.jsonFile(f)
	case filterLike(text):
		l.filterFile(f)
	default:
		l.yamlFile(f)
	}
}

// filterLike tells a JSON filter pattern from JSON: after the brace comes a
// selector or a parenthesis.
func filterLike(text []byte) bool {
	if len(text) == 0 || text[0] != '{' {
		return false
	}
	rest := bytes.TrimSpace(text[1:])
	return len(rest) > 0 && (rest[0] == '$' || rest[0] == '(')
}

// testsFile tells by the name whether a file holds tests of its neighbour.
func testsFile(base string) bool {
	return strings.HasSuffix(base, ".tests.yaml") || strings.HasSuffix(base, ".tests.yml")
}
