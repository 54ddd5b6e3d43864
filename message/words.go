package message

import (
	_ "embed" // the tables are part of the program
	"slices"
	"strings"
	"unicode"

	"github.com/trailwarden/trailwarden/internal/embedded"
)

//go:embed words.txt
var wordsText string

// words are the tables of words.txt.
type words struct {
	product map[string]string   // eventSource → name
	say     map[string]string   // eventName → plain words
	target  map[string][]target // service, before the first dot of eventSource → parameters that name what is acted on
	param   map[string][]string // "service API" → paths that matter first
	result  map[string][]result // "service API" → what matters of the answer
}

// target is a parameter that names something.
type target struct {
	path []string // keys, * for list elements
	noun string   // "bucket"; empty when the value says it itself
}

// result is a part of an answer.
type result struct {
	path []string // keys, * for list elements
	name string
}

func loadWords() *words {
	w := &words{map[string]string{}, map[string]string{}, map[string][]target{}, map[string][]string{}, map[string][]result{}}
	for line := range strings.Lines(embedded.Text(wordsText)) {
		f := strings.Fields(line)
		if len(f) < 3 || strings.HasPrefix(f[0], "#") {
			continue
		}
		rest := strings.Join(f[2:], " ")
		switch f[0] {
		case "product":
			w.product[f[1]+".amazonaws.com"] = rest
		case "say":
			w.say[f[1]] = rest
		case "target":
			w.target[f[1]] = append(w.target[f[1]], target{strings.Split(f[2], "."), strings.Join(f[3:], " ")})
		case "param":
			w.param[f[1]+" "+f[2]] = f[3:]
		case "result":
			for _, path := range f[3:] {
				key := f[1] + " " + f[2]
				w.result[key] = append(w.result[key], result{strings.Split(path, "."), strings.ReplaceAll(path, ".*", "")})
			}
		}
	}
	return w
}

// plainly is an API's name in words: DeleteDBInstance is "delete DB instance".
// A version at its end (CreateFunction20150331) is left out.
func (w *words) plainly(api string) string {
	api = unversioned(api)
	if s := w.say[api]; s != "" {
		return s
	}
	if len(api) > 128 || strings.ContainsFunc(api, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		return ""
	}
	parts := camel(api)
	for i, p := range parts {
		if !abbreviation(strings.TrimSuffix(p, "s")) {
			parts[i] = strings.ToLower(p)
		}
	}
	return strings.Join(parts, " ")
}

func abbreviation(s string) bool { return len(s) > 1 && s == strings.ToUpper(s) }

// unversioned is an API's name without the API version that some services write
// behind it.
func unversioned(api string) string {
	i := len(api)
	for i > 0 && (api[i-1] >= '0' && api[i-1] <= '9' || api[i-1] == '_' || api[i-1] == 'v') {
		i--
	}
	if i > 0 && len(api)-i >= 8 {
		return api[:i]
	}
	return api
}

// camel splits a name before capitals, keeping abbreviations whole.
func camel(s string) []string {
	var parts []string
	start := 0
	for i := 1; i < len(s); i++ {
		if begins(s, i) {
			parts, start = append(parts, s[start:i]), i
		}
	}
	return slices.DeleteFunc(append(parts, s[start:]), func(p string) bool { return p == "" })
}

// begins tells whether a word begins at i: at a capital after none, and at the
// last capital of several when small letters follow, unless that is the s of
// "VPCs".
func begins(s string, i int) bool {
	upper := func(i int) bool { return i < len(s) && s[i] >= 'A' && s[i] <= 'Z' }
	lower := func(i int) bool { return i < len(s) && s[i] >= 'a' && s[i] <= 'z' }
	if !upper(i) {
		return false
	}
	plural := lower(i+1) && s[i+1] == 's' && (i+2 == len(s) || upper(i+2))
	return !upper(i-1) || lower(i+1) && !plural
}
