package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/internal/visible"
)

// yamlList is a YAML sequence with a mapping for each finding.
type yamlList struct {
	w   io.Writer
	any bool
	buf []byte
}

func (y *yamlList) Findings(lines []byte) error {
	y.buf = y.buf[:0]
	for line := range eachLine(lines) {
		f, err := ParseFinding(line)
		if err == nil {
			err = y.finding(&f, line)
		}
		if err != nil {
			return err
		}
	}
	y.any = true
	_, err := y.w.Write(y.buf)
	return err
}

func (y *yamlList) finding(f *Finding, line []byte) error {
	y.text("- rule: ", f.Rule)
	y.text("  title: ", f.Title)
	y.text("  severity: ", f.Severity)
	y.text("  eventID: ", f.EventID)
	y.text("  eventTime: ", f.EventTime)
	y.text("  eventSource: ", f.EventSource)
	y.text("  eventName: ", f.EventName)
	y.text("  awsRegion: ", f.AWSRegion)
	y.text("  account: ", f.Account)
	y.text("  actor: ", f.Actor)
	y.text("  sourceIPAddress: ", f.SourceIPAddress)
	y.text("  errorCode: ", f.ErrorCode)
	readOnly := f.readOnlyText()
	if readOnly == "" {
		readOnly = "null"
	}
	y.buf = append(append(append(y.buf, "  readOnly: "...), readOnly...), '\n')
	y.text("  file: ", f.File)
	y.buf = append(strconv.AppendInt(append(y.buf, "  record: "...), int64(f.Record), 10), '\n')
	if f.Author != "" {
		y.text("  author: ", f.Author)
	}
	if f.Link != "" {
		y.text("  link: ", f.Link)
	}
	var as struct { // with its nulls
		Detection json.RawMessage `json:"detection"`
	}
	if f.Detection != nil {
		if err := json.Unmarshal(line, &as); err != nil {
			return err
		}
	}
	if err := y.json("  detection: ", as.Detection); err != nil {
		return err
	}
	return y.json("  event: ", f.Event)
}

// maxKey is how many bytes a key has at most that YAML knows by the colon behind
// it (1024 characters); before a longer one stands a question mark.
const maxKey = 1000

// json writes a JSON value in YAML's flow style, nothing for none: JSON is YAML,
// once every string is written in YAML's own escapes.
func (y *yamlList) json(key string, raw json.RawMessage) error {
	if len(raw) == 0 {
		return nil
	}
	y.buf = append(y.buf, key...)
	for i := 0; i < len(raw); {
		if raw[i] == '-' || raw[i] >= '0' && raw[i] <= '9' {
			n := numberLen(raw[i:])
			y.buf = appendNumber(y.buf, raw[i:i+n])
			i += n
			continue
		}
		if raw[i] != '"' {
			if y.buf = append(y.buf, raw[i]); raw[i] == ':' || raw[i] == ',' {
				y.buf = append(y.buf, ' ')
			}
			i++
			continue
		}
		e := i + 1
		for e < len(raw) && raw[e] != '"' {
			if raw[e] == '\\' {
				e++
			}
			e++
		}
		var s string
		if e >= len(raw) || json.Unmarshal(raw[i:e+1], &s) != nil {
			return fmt.Errorf("%sat byte %d of a finding is not valid JSON", strings.TrimLeft(key, " "), i)
		}
		at := len(y.buf)
		y.buf = appendYAML(y.buf, s)
		i = e + 1
		if len(y.buf)-at > maxKey && bytes.HasPrefix(bytes.TrimLeft(raw[i:], " \t\r\n"), []byte(":")) {
			y.buf = slices.Insert(y.buf, at, '?', ' ')
		}
	}
	y.buf = append(y.buf, '\n')
	return nil
}

// numberLen is how many bytes the JSON number at the start of b has.
func numberLen(b []byte) (n int) {
	for n < len(b) && strings.IndexByte("+-.0123456789eE", b[n]) >= 0 {
		n++
	}
	return n
}

// appendNumber appends a JSON number so that YAML 1.1 takes it for one too: that
// wants a point and a sign wherever there is an exponent (yaml.org/type/float).
func appendNumber(dst, n []byte) []byte {
	e := bytes.IndexAny(n, "eE")
	if e < 0 {
		return append(dst, n...)
	}
	dst = append(dst, n[:e]...)
	if bytes.IndexByte(n[:e], '.') < 0 {
		dst = append(dst, '.', '0')
	}
	dst = append(dst, 'e')
	if c := n[e+1]; c != '+' && c != '-' {
		dst = append(dst, '+')
	}
	return append(dst, n[e+1:]...)
}

func (y *yamlList) text(key, s string) {
	y.buf = append(y.buf, key...)
	if s == "" {
		y.buf = append(y.buf, "null\n"...)
		return
	}
	y.buf = append(appendYAML(y.buf, s), '\n')
}

func (y *yamlList) Close(Totals) error {
	if y.any {
		return nil
	}
	_, err := io.WriteString(y.w, "[]\n")
	return err
}

// appendYAML appends s as a double-quoted YAML scalar: always a string, on one
// line, with nothing hidden.
func appendYAML(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, '\\', 'n')
		case r == '\t':
			dst = append(dst, '\\', 't')
		case r == utf8.RuneError || !visible.Hidden(r):
			dst = utf8.AppendRune(dst, r)
		case r >= 0x10000:
			dst = fmt.Appendf(dst, `\U%08x`, r)
		default:
			dst = fmt.Appendf(dst, `\u%04x`, r)
		}
	}
	return append(dst, '"')
}
