package report

import (
	"encoding/json"
	"strconv"
	"time"
)

// Detection is what a finding of a rule that remembers says beside the record
// that it shows: the one that made the rule's condition true.
type Detection struct {
	ID      string    `json:"id"`      // the same in every run and for every order of the records
	Kind    string    `json:"kind"`    // count, distinct, sequence, absence, first_seen, rate, alarm …
	Mode    string    `json:"mode"`    // what judged it: scan
	Summary string    `json:"summary"` // "12 records within 4m10s; at least 10 within 5m found"
	Group   []Label   `json:"group"`   // the values that its records share
	At      time.Time `json:"at"`      // when the condition became true, UTC
	From    time.Time `json:"from"`    // of the first record behind it
	To      time.Time `json:"to"`      // of the last
	Count   int64     `json:"count"`   // records behind it
	Values  []string  `json:"values"`  // different values among them, the first few
	Late    bool      `json:"late"`
	Related []Related `json:"related"` // the first and the last records behind it, by time
}

// Label is a named value.
type Label struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Related is a record behind a detection.
type Related struct {
	EventID string    `json:"eventID"`
	Time    time.Time `json:"eventTime"`
	File    string    `json:"file"`
	Record  int       `json:"record"`
}

// AppendDetection appends the finding that rule number n made of a window.
// event is what AppendEvent made of the record that is shown, raw that record
// as one line when findings carry it; both are empty when there is none.
func (e *Encoder) AppendDetection(dst []byte, n int, event []byte, d *Detection, raw []byte) []byte {
	t := e.rule(n)
	dst = append(dst, t.head...)
	if len(event) == 0 {
		event = []byte(noEvent)
	}
	dst = append(append(dst, event...), t.tail...)
	dst = d.append(append(dst, `,"detection":`...))
	if e.withEvent {
		if len(raw) == 0 {
			raw = []byte("null")
		}
		dst = append(append(dst, `,"event":`...), raw...)
	}
	return append(dst, '}', '\n')
}

// noEvent stands for the record of a finding that has none: an alarm that went
// off because nothing came.
const noEvent = `,"eventID":null,"eventTime":null,"eventSource":null,"eventName":null,"awsRegion":null,"account":null,` +
	`"actor":null,"sourceIPAddress":null,"errorCode":null,"readOnly":null,"file":null,"record":-1`

func (d *Detection) append(dst []byte) []byte {
	dst = appendString(append(dst, `{"id":`...), d.ID)
	dst = appendString(append(dst, `,"kind":`...), d.Kind)
	dst = appendString(append(dst, `,"mode":`...), d.Mode)
	dst = appendString(append(dst, `,"summary":`...), d.Summary)
	dst = append(dst, `,"group":[`...)
	for i, l := range d.Group {
		dst = appendString(append(comma(dst, i), `{"name":`...), l.Name)
		dst = append(appendText0(append(dst, `,"value":`...), l.Value), '}')
	}
	dst = appendTime(append(dst, `],"at":`...), d.At)
	dst = appendTime(append(dst, `,"from":`...), d.From)
	dst = appendTime(append(dst, `,"to":`...), d.To)
	dst = strconv.AppendInt(append(dst, `,"count":`...), d.Count, 10)
	dst = append(dst, `,"values":[`...)
	for i, v := range d.Values {
		dst = appendText0(comma(dst, i), v)
	}
	dst = strconv.AppendBool(append(dst, `],"late":`...), d.Late)
	dst = append(dst, `,"related":[`...)
	for i, r := range d.Related {
		dst = appendString(append(comma(dst, i), `{"eventID":`...), r.EventID)
		dst = appendTime(append(dst, `,"eventTime":`...), r.Time)
		dst = appendString(append(dst, `,"file":`...), r.File)
		dst = append(strconv.AppendInt(append(dst, `,"record":`...), int64(r.Record), 10), '}')
	}
	return append(dst, ']', '}')
}

func comma(dst []byte, i int) []byte {
	if i > 0 {
		dst = append(dst, ',')
	}
	return dst
}

// appendText0 is appendString that writes the empty text as such.
func appendText0(dst []byte, s string) []byte {
	if s == "" {
		return append(dst, '"', '"')
	}
	return appendString(dst, s)
}

func appendTime(dst []byte, t time.Time) []byte {
	b, err := json.Marshal(t.UTC())
	if err != nil { // beyond the year 9999
		return append(dst, "null"...)
	}
	return append(dst, b...)
}
