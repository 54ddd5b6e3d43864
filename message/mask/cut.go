package mask

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// margin is how many bytes beyond a cut are searched for secrets, so that half a
// secret never stays in front of it.
const margin = 4096

// Cut is the first limit characters of s, with a count of what is missing. What
// is within the limit is unchanged.
func Cut(s string, limit int) string {
	kept, missing := head(s, limit)
	return marked(kept, missing)
}

func head(s string, limit int) (kept string, missing int) {
	if len(s) <= limit {
		return s, 0
	}
	end, n := len(s), 0
	for i := range s {
		if n == limit {
			end = i
		}
		n++
	}
	return s[:end], max(0, n-limit)
}

func marked(kept string, missing int) string {
	if missing == 0 {
		return kept
	}
	return kept + "… [" + Count(missing) + " more characters]"
}

// TextUpTo is Text of s cut to limit characters; the work is bounded by the
// limit, not by s.
func TextUpTo(s string, limit int) (out string, n int) {
	window := limit*utf8.UTFMax + margin
	if len(s) <= window {
		out, n = Text(s)
		return Cut(out, limit), n
	}
	out, n = Text(s[:window])
	kept, missing := head(strings.ToValidUTF8(out[:max(0, len(out)-margin)], ""), limit)
	missing += utf8.RuneCountInString(out[max(0, len(out)-margin):]) + utf8.RuneCountInString(s[window:])
	return marked(kept, missing), n
}

// Count writes n with commas: 12,345.
func Count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
