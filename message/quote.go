package message

import (
	"encoding/json"
	"strconv"
)

func itoa(i int) string { return strconv.Itoa(i) }

// quote is s as JSON.
func quote(s string) []byte {
	b, _ := json.Marshal(s) // of a string: it cannot fail
	return b
}
