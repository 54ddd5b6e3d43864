// Package mask keeps secrets out of what is shown, and makes what is too large
// to show smaller without breaking it.
//
// Secrets are known by the name they stand under (SecretKey) and by their own
// shape: AWS secret and session keys, private keys, JWTs, signatures of presigned
// URLs, tokens of well-known services, credentials in URLs, and name=secret in
// running text. Access key ids are no secrets but are shown in part only.
package mask

import (
	"encoding/base64"
	"math"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/internal/re2"
)

// shape is a kind of secret that is known by how it looks.
type shape struct {
	hint    []string              // one of these is in every text that holds the secret, in lower case
	also    func(low string) bool // and this holds of it; nil when nothing more has to
	pattern *re2.Lazy
	with    string // replacement, in the syntax of regexp.Expand
}

// shapes are tried in order; what one masked, the next sees masked.
var shapes = []shape{
	{[]string{"private key"}, with("-"), re2.Own(`(?s)-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY( BLOCK)?-----.*?(?:-----END [A-Z0-9 ]{0,40}-----|$)`), "[masked private key]"},
	{[]string{"eyj"}, with("."), re2.Own(`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){0,3}`), "[masked JWT]"},
	{[]string{"fwogzxivyxdz", "fqogzxivyxdz", "fqodyxdz", "iqojb3jpz2lu", "aqodyxdz", "aqoexample"}, nil,
		re2.Own(`(?:FwoGZXIvYXdz|FQoGZXIvYXdz|FQoDYXdz|IQoJb3JpZ2lu|AQoDYXdz|AQoEXAMPLE)[A-Za-z0-9/+_=%-]{8,}`), "[masked session token]"},
	{[]string{"hooks.slack", "webhook.office", "/webhook"}, nil,
		re2.Own(`(hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/|[a-z0-9.-]{0,80}webhook\.office\.com/webhookb2/|discord(?:app)?\.com/api/webhooks/)[^\s"'<>]+`), "${1}" + Shown},
	{[]string{"xox", "xapp-"}, with("-"), re2.Own(`\b(?:xox[a-z]|xapp)-[A-Za-z0-9-]{8,}`), "[masked Slack token]"},
	{marks(), tokens, re2.Own(
		`gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}|npm_[A-Za-z0-9]{30,}|[sr]k_(?:live|test)_[A-Za-z0-9]{16,}|` +
			`AIza[A-Za-z0-9_-]{35}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|dop_v1_[a-f0-9]{32,}|hf_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{32,}|sk-[A-Za-z0-9_-]{32,}`), "[masked token]"},
	{[]string{"://"}, with("@"), re2.Own(`([A-Za-z][A-Za-z0-9+.-]{1,20}://)[^/?#\s"'<>]+@`), "${1}" + Shown + "@"},
	{[]string{"sig", "token", "x-amz-credential", "client_secret", "code_verifier"}, with("="), re2.Own(`(?i)\b(X-Amz-Signature|X-Amz-Security-Token|X-Amz-Credential|X-Goog-Signature|Signature|SigV4|sig|access_token|refresh_token|id_token|client_secret|code_verifier)=[^&\s"',;<>]+`), "${1}=" + Shown},
	{[]string{"bearer", "basic", "digest", "token"}, with(" \t\n\f\r"), re2.Own(`\b((?i:Bearer|Basic|Digest|Token))(\s+)[A-Za-z0-9._~+/=-]+[0-9A-Z][A-Za-z0-9._~+/=-]{6,}`), "${1}${2}" + Shown},
	{[]string{"pass", "pwd", "secret", "token", "key", "authorization"}, assigns, assignment, "${1}${2}" + Shown},
	{[]string{"</"}, nil, re2.Own(`(?i)(<(?:[A-Z0-9_:.-]{0,64}(?:password|secret|token|apikey|privatekey|secretkey|secretaccesskey))(?:\s[^<>]{0,200})?>)[^<]+`), "${1}" + Shown},
	{[]string{"-p", "--", "-token", "-secret", "-api", "-auth-token", "-master-user-password"}, options, re2.Own(`(?i)((?:^|[\s"'])--?(?:p|password|passwd|token|secret|api-?key|secret-(?:access-)?key|auth-token|master-user-password)[ =]+)("[^"]*"|'[^']*'|[^\s"'-][^\s]*)`), "${1}" + Shown},
}

// assignment is a secret name, = or : and a value in running text: configuration,
// scripts, JSON inside text. A colon needs a space or a quote after it, so that
// the secret: of an ARN is none.
var assignment = re2.Own(`(?i)((?:[A-Z0-9_.-]{0,64}(?:password|passwd|passphrase|secret|token|api[_-]?key|private[_-]?key|access[_-]?key|secret[_-]?key|account[_-]?key|shared[_-]?key|authorization)|\bpwd|\bpass)["'\\]{0,3})(\s{0,4}(?:=|:=|=>)\s{0,4}|\s{0,4}:\s{0,4}(?:\\{0,3}["'])|:\s{1,4})((?:\\{0,3}["'])?[^\s"'&,;\\]+(?:\\{0,3}["'])?)`)

// with tells whether a text has one of some characters.
func with(chars string) func(string) bool {
	return func(low string) bool { return strings.ContainsAny(low, chars) }
}

// tokenMarks are the marks of well-known services' tokens, in lower case, and how many
// letters, digits, underscores and hyphens follow them at least.
var tokenMarks = []struct {
	mark  string
	least int
}{
	{"ghp_", 20}, {"gho_", 20}, {"ghu_", 20}, {"ghs_", 20}, {"ghr_", 20}, {"github_pat_", 20}, {"glpat-", 16}, {"npm_", 30}, {"k_live_", 16},
	{"k_test_", 16}, {"aiza", 35}, {"sg.", 16}, {"dop_v1_", 32}, {"hf_", 30}, {"pypi-", 32}, {"sk-", 32},
}

func marks() (all []string) {
	for _, m := range tokenMarks {
		all = append(all, m.mark)
	}
	return all
}

// tokens tells whether as much follows a mark as does in a token: risk-role has a
// mark and nothing else.
func tokens(low string) bool {
	for _, m := range tokenMarks {
		for rest := low; ; {
			_, after, found := strings.Cut(rest, m.mark)
			if !found {
				break
			}
			if n := wordOf(after); n >= m.least {
				return true
			}
			rest = after
		}
	}
	return false
}

// wordOf is how many bytes at the beginning of low a token may have.
func wordOf(low string) int {
	for i := range len(low) {
		if c := low[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' && c < 0x80 {
			return i
		}
	}
	return len(low)
}

// options tells whether a text has an option as command lines have them: a hyphen
// at its beginning, or after a space or a quote.
func options(low string) bool {
	for i := range len(low) {
		if low[i] == '-' && (i == 0 || strings.IndexByte(" \t\n\f\r\"'", low[i-1]) >= 0) {
			return true
		}
	}
	return false
}

// assigns tells whether a text has an = or a : right behind the end of a name that
// assignment knows, with as many quotes and spaces between them as it allows.
func assigns(low string) bool {
	for i := range len(low) {
		if low[i] != '=' && low[i] != ':' {
			continue
		}
		before := low[:i]
		if low[i] == '=' {
			before = strings.TrimSuffix(before, ":")
		}
		before = trimUpTo(trimUpTo(before, 4, " \t\n\f\r"), 3, "\"'\\")
		if slices.ContainsFunc(assigned, func(end string) bool { return strings.HasSuffix(before, end) }) {
			return true
		}
	}
	return false
}

// assigned are the ends of the names that assignment knows.
var assigned = []string{"password", "passwd", "passphrase", "secret", "token", "key", "authorization", "pwd", "pass"}

// trimUpTo is s without up to n characters of some at its end.
func trimUpTo(s string, n int, chars string) string {
	for ; n > 0 && s != "" && strings.IndexByte(chars, s[len(s)-1]) >= 0; n-- {
		s = s[:len(s)-1]
	}
	return s
}

// shortestSecret is how long a text is that is searched for secrets, in bytes.
const shortestSecret = 8

// Text is s with every secret of known shape masked and access key ids shown in
// part. The result is valid UTF-8. n counts what was masked.
func Text(s string) (out string, n int) {
	found, ascii := find(hints(), s)
	if !ascii {
		return slowly(s)
	}
	if len(s) < shortestSecret {
		return s, 0
	}
	if found != 0 {
		s = hinted(s, found, &n)
	}
	return unhinted(s, n)
}

// hinted applies the shapes whose hints were found.
func hinted(s string, found hits, n *int) string {
	low := strings.ToLower(s)
	for i := range shapes {
		if found&(1<<i) != 0 {
			s = shapes[i].apply(s, low, n)
		}
	}
	return s
}

// slowly is Text of any text; other letters than those of ASCII have lower cases
// of their own.
func slowly(s string) (out string, n int) {
	s = strings.ToValidUTF8(s, "\ufffd")
	if len(s) < shortestSecret {
		return s, 0
	}
	low := lower(s)
	for i := range shapes {
		s = shapes[i].apply(s, low, &n)
	}
	return unhinted(s, n)
}

// lower is s in lower case, as patterns see it that ignore case: for them the long
// s is an s.
func lower(s string) string { return strings.ReplaceAll(strings.ToLower(s), "ſ", "s") }

// unhinted masks the secrets that no word announces.
func unhinted(s string, n int) (string, int) {
	s = secretKeys(s, &n)
	s = hiddenText(s, &n)
	return accessKeys(s), n
}

// accessKeys shows access key ids in part: AKIA, ASIA, ABIA or ACCA and 12 capitals
// and digits or more.
func accessKeys(s string) string {
	const prefix, shortest = 4, 16
	var out strings.Builder
	done := 0
	for i := 0; i+shortest <= len(s); i++ {
		if !keyBegins(s[i : i+prefix]) {
			continue
		}
		end := i + prefix
		for end < len(s) && (s[end] >= 'A' && s[end] <= 'Z' || s[end] >= '0' && s[end] <= '9') {
			end++
		}
		if end-i < shortest {
			continue
		}
		if end-i == len(s) {
			return AccessKey(s)
		}
		out.WriteString(s[done:i])
		out.WriteString(AccessKey(s[i:end]))
		done, i = end, end-1
	}
	if done == 0 {
		return s
	}
	return out.String() + s[done:]
}

func keyBegins(s string) bool {
	if s[0] != 'A' || s[3] != 'A' {
		return false
	}
	switch s[1:3] {
	case "KI", "SI", "BI", "CC":
		return true
	}
	return false
}

func (sh *shape) apply(s, low string, n *int) string {
	if sh.also != nil && !sh.also(low) {
		return s
	}
	for _, h := range sh.hint {
		if strings.Contains(low, h) {
			found := sh.pattern.FindAllStringIndex(s, -1)
			if len(found) == 0 {
				return s
			}
			*n += len(found)
			return sh.pattern.ReplaceAllString(s, sh.with)
		}
	}
	return s
}

// secretKeys masks what looks like an AWS secret access key: 40 characters of
// base64 that stand alone and are as mixed as chance makes them.
func secretKeys(s string, n *int) string {
	const length = 40
	if len(s) < length {
		return s
	}
	var out strings.Builder
	done, start := 0, 0 // of s: what is in out, and where the run in hand began
	for i := 0; i <= len(s); i++ {
		if i < len(s) && base64Letter(s[i]) {
			continue
		}
		if i-start == length && mixed(s[start:i]) {
			*n++
			out.WriteString(s[done:start] + "[masked AWS secret key]")
			done = i
		}
		start = i + 1
	}
	if done == 0 {
		return s
	}
	return out.String() + s[done:]
}

func base64Letter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '/' || c == '+'
}

// mixed tells chance from a path or a hash: digits and letters of both cases,
// few slashes, and at least 3.9 bits a character (chance gives about 4.8, hex at
// most 4).
func mixed(s string) bool {
	var upper, lower, digit, slash int
	var seen [256]int
	for i := range len(s) {
		c := s[i]
		seen[c]++
		switch {
		case c >= 'A' && c <= 'Z':
			upper++
		case c >= 'a' && c <= 'z':
			lower++
		case c >= '0' && c <= '9':
			digit++
		case c == '/':
			slash++
		}
	}
	if upper < 3 || lower < 3 || digit+slash < 1 || slash > 5 {
		return false
	}
	var bits float64
	for _, k := range seen {
		if k > 0 {
			p := float64(k) / float64(len(s))
			bits -= p * math.Log2(p)
		}
	}
	return bits >= 3.9
}

// hiddenText masks text that is a secret once decoded: base64 or percent
// escapes of a text that holds one.
func hiddenText(s string, n *int) string {
	if len(s) < 24 || len(s) > 1<<16 {
		return s
	}
	t := strings.TrimSpace(s)
	if !encodable(t) {
		return percent(s, n)
	}
	b, err := encodingOf(t).DecodeString(t)
	if err == nil && utf8.Valid(b) && holdsSecret(string(b)) {
		*n++
		return "[masked: encoded text that holds a secret]"
	}
	return percent(s, n)
}

// encodingOf is the only form of base64 that a text may have, by its marks: where
// it has none of them, the forms mean the same.
func encodingOf[T string | []byte](s T) *base64.Encoding {
	url, padded := false, false
	for i := range len(s) {
		url, padded = url || s[i] == '-' || s[i] == '_', padded || s[i] == '='
	}
	switch {
	case url && padded:
		return base64.URLEncoding
	case url:
		return base64.RawURLEncoding
	case padded:
		return base64.StdEncoding
	}
	return base64.RawStdEncoding
}

// encodable tells whether a text has nothing that base64 cannot have.
func encodable[T string | []byte](s T) bool {
	for i := range len(s) {
		if c := s[i]; !base64Letter(c) && strings.IndexByte("-_=\r\n", c) < 0 {
			return false
		}
	}
	return true
}

// percent masks a text that holds a secret behind percent escapes.
func percent(s string, n *int) string {
	if strings.Count(s, "%") < 3 {
		return s
	}
	if plain, err := url.QueryUnescape(s); err == nil && plain != s && holdsSecret(plain) {
		*n++
		return "[masked: encoded text that holds a secret]"
	}
	return s
}

// holdsSecret looks for shapes only, without decoding any further.
func holdsSecret(s string) bool {
	n, low := 0, lower(s)
	for i := range shapes {
		shapes[i].apply(s, low, &n)
	}
	secretKeys(s, &n)
	return n > 0
}

// AccessKey is an access key id shown in part: AKIA************MPLE.
func AccessKey(id string) string {
	if len(id) < 12 {
		return strings.Repeat("*", len(id))
	}
	return id[:4] + "************"[:min(len(id)-8, 12)] + id[len(id)-4:]
}
