package message

import "strings"

// The forms that commands, SQL and links are made of. Whatever does not look
// exactly like this is left out of them: it was written by whoever made the call.

// hexID is an alert's id: 8 to 128 of 0-9a-f.
func hexID(s string) bool { return len(s) >= 8 && len(s) <= 128 && only(s, lowHex) }

// uuid is an eventID: hexadecimal in groups of 8, 4, 4, 4 and 12.
func uuid(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if s[i] != '-' {
				return false
			}
		} else if c := s[i]; !lowHex(c) && (c < 'A' || c > 'F') {
			return false
		}
	}
	return true
}

// ruleID has letters and digits, and behind the first also dots, underscores and
// hyphens: 128 characters at most.
func ruleID(s string) bool {
	if len(s) < 1 || len(s) > 128 || !letter(s[0]) && !digit(s[0]) {
		return false
	}
	return only(s, func(c byte) bool { return letter(c) || digit(c) || c == '.' || c == '_' || c == '-' })
}

// accountID is 12 digits.
func accountID(s string) bool { return len(s) == 12 && only(s, digit) }

// regionID is a code as us-gov-east-1: words of small letters and a number.
func regionID(s string) bool {
	name, number, ok := cutLast(s)
	if !ok || len(number) < 1 || len(number) > 2 || !only(number, digit) {
		return false
	}
	first, rest, ok := strings.Cut(name, "-")
	if !ok || len(first) < 2 || len(first) > 5 || !only(first, small) {
		return false
	}
	for words, more := 0, true; more; words++ {
		var word string
		if word, rest, more = strings.Cut(rest, "-"); words == 3 || len(word) < 2 || len(word) > 12 || !only(word, small) {
			return false
		}
	}
	return true
}

func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, '-')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// instance is the id of an EC2 instance.
func instance(s string) bool {
	id, ok := strings.CutPrefix(s, "i-")
	return ok && len(id) >= 8 && len(id) <= 17 && only(id, lowHex)
}

// principal is the unique id of a user, role, group or profile that a principalId
// begins with (IAM User Guide, IAM identifiers), or the account of root; no access
// key, and empty when there is none.
func principal(s string) string {
	id, _, _ := strings.Cut(s, ":")
	if accountID(id) {
		return id
	}
	if len(id) < 16 || len(id) > 128 || !only(id, func(c byte) bool { return c >= 'A' && c <= 'Z' || digit(c) }) {
		return ""
	}
	switch id[:4] {
	case "AGPA", "AIDA", "AIPA", "ANPA", "ANVA", "AROA", "ASCA":
		return id
	}
	return ""
}

func only(s string, is func(byte) bool) bool {
	for i := range len(s) {
		if !is(s[i]) {
			return false
		}
	}
	return true
}

func digit(c byte) bool  { return c >= '0' && c <= '9' }
func small(c byte) bool  { return c >= 'a' && c <= 'z' }
func lowHex(c byte) bool { return digit(c) || c >= 'a' && c <= 'f' }
func letter(c byte) bool { return small(c) || c >= 'A' && c <= 'Z' }
