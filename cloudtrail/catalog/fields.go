package catalog

import (
	_ "embed"
	"maps"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/internal/nearest"
)

//go:embed fields.txt
var fieldsText string

// Presence says which records have a field.
type Presence string

// The presences.
const (
	Always   Presence = "always"   // every management, data and network activity record
	Optional Presence = "optional" // some records
	Nullable Presence = "nullable" // the key is always there, its value may be null
	Other    Presence = "other"    // Insight or aggregated records only
)

// Field is one documented record field.
type Field struct {
	Path     string // dotted; array elements are not numbered
	Type     string // string, text, boolean, object, array or free
	Since    string // eventVersion that introduced it
	Presence Presence
}

func readFields(text string) map[string]Field {
	fields := make(map[string]Field)
	for line := range strings.Lines(text) {
		w := strings.Fields(line)
		if len(w) != 4 || w[0] == "#" {
			continue
		}
		fields[w[0]] = Field{w[0], w[1], w[2], Presence(w[3])}
	}
	return fields
}

// Lookup is the documented field at a dotted path or, below a free-form object
// such as requestParameters, that object.
func (c *Catalog) Lookup(path string) (Field, bool) {
	if f, ok := c.fields()[path]; ok {
		return f, true
	}
	for p := path; ; {
		i := strings.LastIndexByte(p, '.')
		if i < 0 {
			return Field{}, false
		}
		p = p[:i]
		if f, ok := c.fields()[p]; ok {
			return f, f.Type == "free"
		}
	}
}

// Spelled is the documented path that differs from the given one in letter case
// at most. Where there are two, it is not that of Insight or aggregated records.
func (c *Catalog) Spelled(path string) (string, bool) {
	name, ok := c.spellings()[strings.ToLower(path)]
	return name, ok
}

// spellings are the paths by their lower case.
func spellings(fields map[string]Field) map[string]string {
	out := make(map[string]string, len(fields))
	for name, f := range fields {
		lower := strings.ToLower(name)
		if _, taken := out[lower]; !taken || f.Presence != Other {
			out[lower] = name
		}
	}
	return out
}

// Field tells whether CloudTrail documents a field at the dotted path, whether
// records may lack it or hold null there, and, when it is unknown, the known
// path spelled most like it. Paths below free-form objects are known and
// optional.
func (c *Catalog) Field(path string) (known, optional bool, suggestion string) {
	path = plainPath(path)
	f, ok := c.Lookup(path)
	if !ok {
		return false, false, nearest.Of(path, slices.Sorted(maps.Keys(c.fields())))
	}
	return true, f.Presence != Always || f.Path != path, ""
}

// plainPath drops array indexes and wildcards: "resources[0].ARN" and
// "resources[*].ARN" are "resources.ARN".
func plainPath(path string) string {
	if !strings.ContainsAny(path, "[") {
		return path
	}
	var b strings.Builder
	depth := 0
	for _, r := range path {
		switch {
		case r == '[':
			depth++
		case r == ']' && depth > 0:
			depth--
		case depth == 0:
			b.WriteRune(r)
		}
	}
	return b.String()
}
