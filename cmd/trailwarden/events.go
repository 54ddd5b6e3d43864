package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/jsonscan"
)

// maxEvents bounds the bytes of one input of match, unpacked. scan reads larger
// files.
const maxEvents = 512 << 20

var utf8BOM = []byte("\xef\xbb\xbf")

// input judges the events of one file.
func (m *matching) input(s *streams, path string) error {
	data, err := readInput(s, path)
	if err != nil {
		m.fault(s, "%s: %v", path, cause(err))
	}
	body := bytes.TrimLeft(bytes.TrimPrefix(data, utf8BOM), " \t\r\n")
	if len(body) == 0 {
		if err == nil {
			s.say("%s: no events", path)
		}
		return nil
	}
	isJSON := body[0] == '{' || body[0] == '['
	if m.takesText() && (!isJSON || !allJSON(data)) {
		return m.lines(data)
	}
	if !isJSON {
		return m.export(s, path, data)
	}
	blame := func(bad *badEvent) error {
		m.fault(s, "%s: byte %d: %s", path, bad.offset, bad.reason)
		return nil
	}
	return walker{m.event, blame, m.single}.all(data)
}

// allJSON tells whether all of a text is JSON, also where some of it is no sound
// event, which is to be said.
func allJSON(data []byte) bool {
	sound := func(b []byte, at int) error {
		if !json.Valid(b) {
			return &badEvent{at, "not JSON"}
		}
		return nil
	}
	return values(data, sound, func(bad *badEvent) error { return bad }) == nil
}

func (m *matching) fault(s *streams, format string, args ...any) {
	m.invalid = true
	s.say(format, args...)
}

// cause is an error without the path that the message names anyway.
func cause(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// readInput reads all of a file or of the standard input, unpacked if it is
// compressed. With an error it may give what came before.
func readInput(s *streams, path string) ([]byte, error) {
	r := s.in
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		r = f
	}
	data, err := readBounded(r)
	if err != nil || !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		return data, err
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("not sound gzip: %w", err)
	}
	data, err = readBounded(z)
	if err != nil {
		return data, fmt.Errorf("after %d bytes: %w", len(data), err)
	}
	return data, nil
}

func readBounded(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxEvents+1))
	if len(data) > maxEvents {
		return nil, fmt.Errorf("more than %d bytes of events; use scan", maxEvents)
	}
	return data, err
}

// badEvent is text that is no JSON event.
type badEvent struct {
	offset int
	reason string
}

func (b *badEvent) Error() string { return b.reason }

// values visits each JSON value of data, one after the other at the top level.
// What is no event is given to bad, and the values after it are visited. It
// stops at the first error of visit or bad.
func values(data []byte, visit func(b []byte, at int) error, bad func(*badEvent) error) error {
	data = bytes.TrimPrefix(data, utf8BOM)
	for i := jsonscan.SkipSpace(data, 0); i < len(data); i = jsonscan.SkipSpace(data, i) {
		end := jsonscan.SkipValue(data, i)
		var err error
		switch {
		case end < 0:
			err = &badEvent{i, fmt.Sprintf("the JSON that begins with %s does not end", excerpt(data[i:]))}
			end = nextObject(data, i)
		case data[i] != '{' && data[i] != '[':
			err = &badEvent{i, fmt.Sprintf("%s is no event; want a JSON object", excerpt(data[i:end]))}
		default:
			err = visit(data[i:end], i)
		}
		if b := (*badEvent)(nil); errors.As(err, &b) {
			err = bad(b)
		}
		if err != nil {
			return err
		}
		if i = end; i < len(data) && data[i] == ',' { // some tools put commas between lines
			i++
		}
	}
	return nil
}

// nextObject is the place of the first line after i that begins with an object.
func nextObject(data []byte, i int) int {
	if n := bytes.Index(data[i:], []byte("\n{")); n >= 0 {
		return i + n + 1
	}
	return len(data)
}

// excerpt is the beginning of bad text, for a message.
func excerpt(b []byte) string {
	if len(b) > 40 {
		b = b[:40]
		for len(b) > 36 && !utf8.Valid(b) {
			b = b[:len(b)-1]
		}
		return fmt.Sprintf("%q…", b)
	}
	return fmt.Sprintf("%q", b)
}

// eachEvent visits every event of JSON text: top-level objects, the elements of
// arrays and of a log file's Records, and what LookupEvents prints. A bad event
// is given to bad and the others are visited; the error is that of visit or bad.
func eachEvent(data []byte, visit func(*cloudtrail.Record) error, bad func(*badEvent) error) error {
	return walker{visit: visit, bad: bad}.all(data)
}

// walker takes events out of what holds them.
type walker struct {
	visit func(*cloudtrail.Record) error
	bad   func(*badEvent) error
	// records says that only CloudTrail records stand in arrays: on EventBridge
	// an event is one object, and an array is refused.
	records bool
}

func (w walker) all(data []byte) error { return values(data, w.value, w.bad) }

func (w walker) value(b []byte, at int) error {
	if b[0] == '[' {
		if w.records && !holdsRecords(b) {
			return &badEvent{at, "an array is no event; want a JSON object"}
		}
		return w.list(b, at)
	}
	if l := jsonscan.Member(b, "Records"); holdsRecords(l) {
		at += cap(b) - cap(l)
		return w.list(l, at)
	}
	if l := jsonscan.Member(b, "Events"); len(l) > 0 && l[0] == '[' {
		return w.looked(l, b, at)
	}
	return w.object(b, at)
}

// holdsRecords tells whether a list is that of a log file. An event may have a
// field named Records too; then its elements have no field of a record, or are
// of S3, SQS and their like, which name their source without a host.
func holdsRecords(l []byte) (is bool) {
	is = len(l) > 0 && l[0] == '['
	jsonscan.EachElement(l, func(v []byte) bool {
		is = false
		for _, name := range []string{"eventVersion", "eventName", "eventSource", "eventID", "userIdentity"} {
			is = is || jsonscan.Member(v, name) != nil
		}
		is = is && !bytes.HasPrefix(jsonscan.Member(v, "eventSource"), []byte(`"aws:`))
		return false // the first one tells
	})
	return is
}

// object visits the JSON object b.
func (w walker) object(b []byte, at int) error {
	rec, err := cloudtrail.ParseRecord(b)
	if err != nil {
		return &badEvent{at, fmt.Sprintf("%s: %v", excerpt(b), err)}
	}
	return w.visit(rec)
}

// blamed gives a bad event to bad, so that those after it are visited.
func (w walker) blamed(err error) error {
	if bad := (*badEvent)(nil); errors.As(err, &bad) {
		return w.bad(bad)
	}
	return err
}

// list visits the elements of the array l, which at is the place of.
func (w walker) list(l []byte, at int) (err error) {
	sound := jsonscan.EachElement(l, func(v []byte) bool {
		err = w.blamed(w.object(v, at+cap(l)-cap(v)))
		return err == nil
	})
	if err == nil && !sound {
		return &badEvent{at, fmt.Sprintf("the list that begins with %s is not valid JSON", excerpt(l))}
	}
	return err
}

// looked visits the records that LookupEvents holds as text; an object that only
// has a field named Events is an event itself.
func (w walker) looked(l, b []byte, at int) (err error) {
	n := 0
	jsonscan.EachElement(l, func(v []byte) bool {
		if text := cloudtrail.ValueOf(v).Get("CloudTrailEvent"); text.Kind() == cloudtrail.String {
			n++
			err = w.blamed(w.object([]byte(text.Str()), at))
		}
		return err == nil
	})
	if n == 0 {
		return w.object(b, at)
	}
	return err
}

// lines judges a text log: each line that is a JSON object as an event, every
// other as text.
func (m *matching) lines(data []byte) error {
	for line := range bytes.Lines(data) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			continue
		}
		judge := m.text
		if rec, err := cloudtrail.ParseRecord(line); err == nil {
			judge = func([]byte) error { return m.event(rec) }
		}
		if err := judge(line); err != nil {
			return err
		}
	}
	return nil
}

// export judges what only the log decoder reads, such as CSV.
func (m *matching) export(s *streams, path string, data []byte) error {
	d := cloudtrail.NewDecoder(cloudtrail.DefaultLimits())
	sum, err := d.Decode(context.Background(), path, bytes.NewReader(data), int64(len(data)),
		func(rec *cloudtrail.Record, _ int) error { return m.event(rec) })
	for _, f := range sum.Faults {
		m.fault(s, "%v", f)
	}
	if sum.Ignored != "" {
		m.fault(s, "%s: %s", path, sum.Ignored)
	}
	return err
}
