package translate

import "strings"

// Documented tells what a test may put into a field: a text, a boolean or text,
// an object, or anything.
func Documented(name string) string {
	for kind, table := range map[string]map[string]string{"text": texts, "flag": flags, "object": objects} {
		if table[strings.ToLower(name)] == name {
			return kind
		}
	}
	return ""
}
