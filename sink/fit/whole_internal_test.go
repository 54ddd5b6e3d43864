package fit

import (
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/message/messagetest"
)

// What is written without a copy is what the first level of shortening gives.
func TestWholeMessagesAreAsShortened(t *testing.T) {
	cases := append(messagetest.All(),
		messagetest.Case{Name: "long link", Message: &message.Message{Key: "ab", Links: []message.Link{{Text: "x", URL: strings.Repeat("u", longestLink+1)}}}},
		messagetest.Case{Name: "empty", Message: &message.Message{}})
	copied := 0
	for _, c := range cases {
		for _, limit := range []int{28 << 10, 1 << 20} {
			got, err := JSON(c.Message, limit)
			want, err2 := fitted(nil, c.Message, limit)
			if string(got) != string(want) || (err == nil) != (err2 == nil) {
				t.Errorf("%s in %d: %v, %v\n%.2000s\n%.2000s", c.Name, limit, err, err2, got, want)
			}
		}
		if _, x, err := c.Message.AppendJSON(nil); err != nil || !whole(c.Message, x) {
			copied++
		}
	}
	if copied == 0 || copied == len(cases) {
		t.Errorf("%d of %d messages copied, want some", copied, len(cases))
	}
}
