// Package defang writes links in texts that others chose so that no program makes
// them clickable.
package defang

import (
	"strings"
	"unicode"

	"github.com/trailwarden/trailwarden/internal/re2"
)

// domains are the ends of names that programs turn into links without a scheme.
const domains = `com|net|org|edu|gov|mil|int|info|biz|io|co|ai|app|dev|cloud|page|web|me|tv|cc|xyz|online|site|shop|top|club|live|store|tech|space|website|link|click|zip|mov|onion|example|test|local|` +
	`ru|cn|de|uk|fr|nl|br|in|jp|eu|us|ca|au|it|es|pl|ch|se|no|fi|dk|be|at|cz|ir|ua|kr|tr|za|tk|ml|ga|cf|gq|su|to|ws|sh|ly|gl|gd|im|is|id|ph|vn|mx|ar|cl|nz|sg|hk|tw|il|pt|gr|hu|ro|bg|by|kz|pw|la|st|fm|am|vc|gg`

var (
	hosted = re2.Own(`(?i)(@?)((?:[\p{L}\p{N}_-]+[.。．｡])+)(` + domains + `)(/|:|\b)`)
	ours   = re2.Own(`(?i)^(?:[a-z0-9-]+\.amazonaws\.com(?:\.cn)?|(?:[a-z0-9-]+\.)*aws\.amazon\.com)$`)
	wide   = re2.Own(`(?i)\b(www)[.。．｡]`) // whatever the rest is
	dots   = strings.NewReplacer(".", "[.]", "。", "[.]", "．", "[.]", "｡", "[.]")
)

// Text writes links in s so that no program makes them clickable:
// https://evil.example becomes hxxps[:]//evil[.]example. S3 locations, mail
// addresses and the names of AWS services stay as they are.
func Text(s string) string {
	if strings.Contains(s, ":") {
		s = defangSchemes(s)
	}
	if strings.ContainsAny(s, ".。．｡") {
		s = wide.ReplaceAllString(defangHosts(s), "$1[.]")
	}
	return s
}

// opaque are the schemes of links without slashes; those of Windows begin with ms-.
var opaque = map[string]bool{
	"javascript": true, "vbscript": true, "livescript": true, "data": true, "mailto": true, "tel": true, "sms": true, "file": true,
	"callto": true, "skype": true, "slack": true, "msteams": true, "view-source": true, "blob": true, "jar": true,
}

func defangSchemes(s string) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, ':')
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		before, after := s[:i], s[i+1:]
		s = after
		switch {
		case len(after) > 1 && strings.Trim(after[:2], `/\`) == "":
			b.WriteString(defangScheme(before))
		case after != "" && !unicode.IsSpace(rune(after[0])) && endsOpaque(before):
			b.WriteString(before + "[:]")
		default:
			b.WriteString(before + ":")
		}
	}
}

// defangScheme is the text before :// with its colon, written harmlessly.
func defangScheme(before string) string {
	name := before[len(strings.TrimRightFunc(before, func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("+.-", r)
	})):]
	switch at := len(before) - len(name); {
	case name == "":
		return before + "[:]"
	case strings.EqualFold(name, "s3"):
		return before + ":"
	case len(name) >= 4 && strings.EqualFold(name[:4], "http"):
		return before[:at] + name[:1] + "xx" + name[3:] + "[:]"
	}
	return before + "[:]"
}

// endsOpaque tells whether text ends with an opaque scheme that begins a word.
func endsOpaque(text string) bool {
	start := len(strings.TrimRightFunc(text, func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '-'
	}))
	word := strings.ToLower(text[start:])
	if strings.HasSuffix(word, "javascript") || strings.HasSuffix(word, "vbscript") {
		return true // some look for these anywhere
	}
	if start > 0 && (text[start-1] == '_' || text[start-1] >= '0' && text[start-1] <= '9') {
		_, word, _ = strings.Cut(word, "-")
	}
	for more := word != ""; more; _, word, more = strings.Cut(word, "-") {
		if opaque[word] || len(word) > 3 && strings.HasPrefix(word, "ms-") {
			return true
		}
	}
	return false
}

func defangHosts(s string) string {
	var b strings.Builder
	for {
		at := hosted.FindStringSubmatchIndex(s)
		if at == nil {
			b.WriteString(s)
			return b.String()
		}
		host, after := s[at[4]:at[7]], s[at[8]:at[9]]
		b.WriteString(s[:at[4]])
		mailbox := at[3] > at[2] && after == ""
		if !mailbox && !ours.MatchString(host) {
			host = dots.Replace(host)
		}
		b.WriteString(host)
		s = s[at[7]:]
	}
}
