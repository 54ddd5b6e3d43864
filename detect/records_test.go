package detect_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// records writes random records that differ in everything a reader could get
// wrong: duplicate keys, escapes in keys and texts, white space, null where an
// object is expected, nested arrays, spellings of one number, keys with dots,
// keys that differ in case.
type records struct{ *rand.Rand }

func (g records) oneOf(s ...string) string { return s[g.IntN(len(s))] }

func (g records) chance(percent int) bool { return g.IntN(100) < percent }

var (
	sourceTexts = []string{"iam.amazonaws.com", "s3.amazonaws.com", "sts.amazonaws.com", "IAM.amazonaws.com", "ec2.amazonaws.eu", ""}
	nameTexts   = []string{"CreateUser", "DeleteUser", "createuser", "PutObject", "AssumeRole", "ListUsers", "", "K", "\u212a"}
	plainTexts  = []string{"", "a", "b", "ab", "abc", "abcabc", "A", "AB", "é", "É", "éa", "日本", "ſ", "s", "k", "\u212a", "ß", "x.y", "*", "a?b", "\ufffd",
		"10.0.0.1", "10.255.0.1", "192.168.0.1", "::1", "0:0:0:0:0:0:0:1", "2001:db8::1", "::ffff:10.0.0.1", "::ffff:a00:1", "fe80::1%eth0", "10.0.0.01", "AWS Internal",
		"1", "1.0", "01", "-0", "300", "3e2", "12345678901234567890", "1e999", "true", "false", "null", "Root",
		"2024-02-29T23:59:59Z", "2023-07-10T11:45:00Z", "2023-07-10T11:45:00.5+02:00", "2023-02-30T00:00:00Z", "2023-07-10 11:45"}
	recordKeys = []string{"eventSource", "eventName", "awsRegion", "eventType", "userIdentity", "requestParameters", "eventTime", "eventID", "eventId",
		"recipientAccountId", "sourceIPAddress", "errorCode", "insightDetails", "resources", "readOnly", "custom", "Custom", "requestParameters.a", "eventname", "a", "a.b", "é", "É"}
	innerKeys  = []string{"a", "b", "c", "a.b", "b.c", "a.b.c", "A", "B", "é", "É", "k", "\u212a", "eventSource", "x y", "\ufffd"}
	numbers    = []string{"0", "-0", "1", "1.0", "1e0", "10e-1", "300", "3.0e2", "-5", "0.1", "1E5", "123456789012", "12345678901234567890", "12345678901234567891", "1e999", "1e-999", "0e5", "9007199254740993"}
	eventTypes = []string{"AwsApiCall", "AwsConsoleSignIn", "Nonsense"}
)

func (g records) record() string {
	var b strings.Builder
	g.object(&b, func() (string, string) {
		k := recordKeys[g.IntN(len(recordKeys))]
		return k, g.field(k)
	}, 3+g.IntN(9))
	return b.String()
}

func (g records) field(key string) string {
	if g.chance(15) {
		return g.value(3)
	}
	switch key {
	case "eventSource":
		return g.quote(g.oneOf(sourceTexts...))
	case "eventName":
		return g.quote(g.oneOf(nameTexts...))
	case "eventType":
		return g.quote(g.oneOf(eventTypes...))
	case "userIdentity":
		if g.chance(70) {
			return g.caller()
		}
		return g.container(3, true)
	case "requestParameters", "insightDetails":
		return g.container(3, true)
	case "resources":
		return g.container(3, false)
	}
	return g.value(3)
}

// caller is a userIdentity of one of few shapes, as services write them, or
// nearly.
func (g records) caller() string {
	text := func() string {
		return g.oneOf(`"Root"`, `"a"`, `"ab"`, `"A"`, `"abc"`, `"true"`, `"300"`, `""`, `"\u0061"`, `"é"`)
	}
	c := g.oneOf(
		`{"type":#,"arn":#,"invokedBy":#}`,
		`{"type":#,"arn":#,"sessionContext":{"sessionIssuer":{"type":#,"userName":#},"attributes":{"mfaAuthenticated":#}}}`,
		`{"type":#,"sessionContext":{"attributes":{"mfaAuthenticated":#}},"a":{"b":1}}`)
	// Names and spaces are changed before there are values that look like them.
	if g.chance(6) {
		c = strings.Replace(c, `"`+g.oneOf("type", "sessionContext", "arn", "a")+`"`, `"`+g.oneOf("Type", "type", "sessionContext.attributes", "sessioncontext", "arn", "A")+`"`, 1)
	}
	if g.chance(4) {
		c = strings.Replace(c, ":", ": ", 1)
	}
	for strings.Contains(c, "#") {
		v := text()
		if g.chance(4) {
			v = g.value(1)
		}
		c = strings.Replace(c, "#", v, 1)
	}
	return c
}

func (g records) value(depth int) string {
	switch n := g.IntN(10); {
	case n < 4 || depth == 0 && n < 6:
		return g.quote(g.oneOf(plainTexts...))
	case n == 4 || depth == 0:
		return g.oneOf(numbers...)
	case n == 5:
		return g.oneOf("true", "false", "null")
	default:
		return g.container(depth-1, n < 8)
	}
}

func (g records) container(depth int, object bool) string {
	var b strings.Builder
	n := g.IntN(5)
	if object {
		g.object(&b, func() (string, string) {
			return g.oneOf(innerKeys...), g.value(depth)
		}, n)
		return b.String()
	}
	b.WriteByte('[')
	objects := g.chance(50)
	for i := range n {
		if i > 0 {
			b.WriteString(g.space() + "," + g.space())
		}
		if objects {
			b.WriteString(g.container(max(0, depth-1), true))
		} else {
			b.WriteString(g.value(depth))
		}
	}
	b.WriteString(g.space() + "]")
	return b.String()
}

func (g records) object(b *strings.Builder, member func() (key, val string), n int) {
	b.WriteString("{" + g.space())
	for i := range n {
		if i > 0 {
			b.WriteString("," + g.space())
		}
		k, v := member()
		b.WriteString(g.quote(k) + g.space() + ":" + g.space() + v + g.space())
	}
	b.WriteByte('}')
}

func (g records) space() string {
	if g.chance(90) {
		return ""
	}
	return g.oneOf(" ", "\n", "\t ")
}

// quote writes s as JSON, now and then with escapes nobody needs.
func (g records) quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	odd := g.chance(10)
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case odd && r < 0x10000 && g.chance(50):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	if odd && g.chance(10) {
		b.WriteString(`\ud800`) // a lone surrogate
	}
	b.WriteByte('"')
	return b.String()
}
