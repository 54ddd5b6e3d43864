package trino

import (
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/trailwarden/trailwarden/internal/re2"
)

// strpos is where part is found the nth time, counted in characters from one; a
// negative n counts from the end; 0 means nowhere.
func strpos(s, part string, n int64) (any, error) {
	if n == 0 {
		return nil, fmt.Errorf("'instance' must not be 0")
	}
	if part == "" {
		return int64(1), nil
	}
	from, at := 0, -1
	for range min(max(n, -n), int64(len(s)+1)) {
		if n > 0 {
			i := strings.Index(s[from:], part)
			if i < 0 {
				return int64(0), nil
			}
			at = from + i
			from = min(at+1, len(s))
		} else {
			if at = strings.LastIndex(s[:len(s)-from], part); at < 0 {
				return int64(0), nil
			}
			from = min(len(s)-at-len(part)+1, len(s))
		}
	}
	return int64(utf8.RuneCountInString(s[:at])) + 1, nil
}

// reverse turns the order of a text's characters, each by itself.
func reverse(s string) any {
	all := []rune(s)
	slices.Reverse(all)
	return string(all)
}

// levenshtein is how many characters have to be put in, taken out or changed to make
// one text of the other.
func levenshtein(s, other string) (any, error) {
	a, b := []rune(s), []rune(other)
	if len(a)*len(b) > 1_000_000 {
		return nil, fmt.Errorf("the combined inputs for Levenshtein distance are too large")
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, c := range a {
		before := row[0]
		row[0] = i + 1
		for j, d := range b {
			changed := before
			if c != d {
				changed++
			}
			before = row[j+1]
			row[j+1] = min(changed, before+1, row[j]+1)
		}
	}
	return int64(row[len(b)]), nil
}

// fromUTF8 is the text of bytes, with a text in the place of those that are none.
func fromUTF8(data, by string) (any, error) {
	b, err := hex.DecodeString(data)
	return wellFormed(string(b), by), err
}

// regexpPosition is where the pattern matches the nth time from a character on,
// counted from one; -1 means nowhere.
func regexpPosition(s, pattern string, from, n int64) (any, error) {
	re, err := re2.Compile(pattern, false)
	if err != nil {
		return nil, err
	}
	if from < 1 || n < 1 {
		return nil, fmt.Errorf("start and occurrence count from 1")
	}
	skipped := 0
	for i := int64(1); i < from && skipped < len(s); i++ {
		_, size := utf8.DecodeRuneInString(s[skipped:])
		skipped += size
	}
	all := re.FindAllStringIndex(s[skipped:], int(min(n, int64(len(s)+1))))
	if int64(len(all)) < n || from > int64(utf8.RuneCountInString(s))+1 {
		return int64(-1), nil
	}
	return int64(utf8.RuneCountInString(s[:skipped+all[n-1][0]])) + 1, nil
}

// fromBase reads a number in another base.
func fromBase(s string, base int64) (any, error) {
	if base < 2 || base > 36 {
		return nil, fmt.Errorf("radix must be between 2 and 36")
	}
	n, err := strconv.ParseInt(s, int(base), 64)
	if err != nil {
		return nil, fmt.Errorf("not a valid base-%d number: %.40s", base, s)
	}
	return n, nil
}

// soundexCodes are the digits of the letters A to Z; 0 is a vowel, - is passed
// over.
const soundexCodes = "01230120022455012623010202"

// soundex is the American Soundex code.
func soundex(s string) any {
	code, last := []byte{}, byte('0')
	for _, c := range strings.ToUpper(s) {
		if c < 'A' || c > 'Z' {
			continue
		}
		d := soundexCodes[c-'A']
		switch {
		case len(code) == 0:
			code = append(code, byte(c))
		case d != '0' && d != last && len(code) < 4:
			code = append(code, d)
		}
		if c != 'H' && c != 'W' {
			last = d
		}
	}
	if len(code) == 0 {
		return ""
	}
	for len(code) < 4 {
		code = append(code, '0')
	}
	return string(code)
}

// luhn tells whether the last digit fits the others.
func luhn(s string) (any, error) {
	sum := 0
	for i := range len(s) {
		c := s[len(s)-1-i]
		if c < '0' || c > '9' {
			return nil, fmt.Errorf("input should have only digits: %.40s", s)
		}
		d := int(c - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return s != "" && sum%10 == 0, nil
}

// readableSeconds writes a number of seconds as 1 minute, 36 seconds.
func readableSeconds(f float64) (any, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, fmt.Errorf("invalid argument found: %v", f)
	}
	left := int64(math.Abs(math.RoundToEven(f)))
	var parts []string
	for _, u := range []struct {
		name string
		size int64
	}{{"week", 604_800}, {"day", 86_400}, {"hour", 3_600}, {"minute", 60}, {"second", 1}} {
		n := left / u.size
		left %= u.size
		if n == 0 && (u.size > 1 || len(parts) > 0) {
			continue
		}
		plural := ""
		if n != 1 {
			plural = "s"
		}
		parts = append(parts, fmt.Sprintf("%d %s%s", n, u.name, plural))
	}
	return strings.Join(parts, ", "), nil
}

// normalize writes a text in one of Unicode's normal forms.
func normalize(s, form string) (any, error) {
	f, ok := map[string]norm.Form{"NFC": norm.NFC, "NFD": norm.NFD, "NFKC": norm.NFKC, "NFKD": norm.NFKD}[form]
	if !ok {
		return nil, fmt.Errorf("no normal form: %.10s", form)
	}
	return f.String(s), nil
}
