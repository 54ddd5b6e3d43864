package message

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/trailwarden/trailwarden/internal/jsontext"
)

// Extent says how large the parts of a message are that sinks shorten.
type Extent struct {
	Text int // bytes of the longest text, records aside
	List int // elements of the longest list
	// Mended tells that some text may not have been valid UTF-8.
	Mended bool
}

// AppendJSON appends m as encoding/json's Marshal writes it, at a fraction of what
// that costs: a message is written for every sink that takes JSON. The error is
// Marshal's: a record that is no JSON, a time beyond the year 9999.
func (m *Message) AppendJSON(dst []byte) (out []byte, x Extent, err error) {
	w := writer{dst: dst}
	w.message(m)
	if w.odd {
		text, err := json.Marshal(m)
		if err != nil {
			return dst, w.Extent, fmt.Errorf("writing the message as JSON: %w", err)
		}
		w.dst = append(dst, text...)
	}
	w.Mended = bytes.Contains(w.dst[len(dst):], mended)
	return w.dst, w.Extent, nil
}

// mended is what is written in place of bytes that are no UTF-8.
var mended = []byte(`\ufffd`)

// writer appends a message. odd tells that it met something that only Marshal can
// decide on.
type writer struct {
	Extent
	dst []byte
	odd bool
}

// quote appends a text.
func (w *writer) quote(s string) {
	w.Text = max(w.Text, len(s))
	w.dst = jsontext.String(w.dst, s)
}

// key begins a member of an object.
func (w *writer) key(name string) {
	if w.dst[len(w.dst)-1] != '{' {
		w.dst = append(w.dst, ',')
	}
	w.dst = append(append(append(w.dst, '"'), name...), '"', ':')
}

func (w *writer) open()  { w.dst = append(w.dst, '{') }
func (w *writer) close() { w.dst = append(w.dst, '}') }

// text appends a member that is always there.
func (w *writer) text(name, s string) {
	w.key(name)
	w.quote(s)
}

// some appends a member that is left out when it is empty.
func (w *writer) some(name, s string) {
	if s != "" {
		w.text(name, s)
	}
}

func (w *writer) number(name string, n int64) {
	w.key(name)
	w.dst = strconv.AppendInt(w.dst, n, 10)
}

func (w *writer) someNumber(name string, n int64) {
	if n != 0 {
		w.number(name, n)
	}
}

func (w *writer) someTruth(name string, b bool) {
	if b {
		w.key(name)
		w.dst = append(w.dst, "true"...)
	}
}

func (w *writer) time(name string, t time.Time) {
	w.key(name)
	var ok bool
	w.dst, ok = jsontext.Time(w.dst, t)
	w.odd = w.odd || !ok
}

// list appends a member that is a list; one that is nil is null.
func list[T any](w *writer, name string, all []T, each func(*writer, *T)) {
	w.key(name)
	w.elements(len(all), all == nil, func(i int) { each(w, &all[i]) })
}

// someList appends a member that is a list and left out when it is empty.
func someList[T any](w *writer, name string, all []T, each func(*writer, *T)) {
	if len(all) > 0 {
		list(w, name, all, each)
	}
}

func (w *writer) elements(n int, null bool, each func(i int)) {
	if null {
		w.dst = append(w.dst, "null"...)
		return
	}
	w.List = max(w.List, n)
	w.dst = append(w.dst, '[')
	for i := range n {
		if i > 0 {
			w.dst = append(w.dst, ',')
		}
		each(i)
	}
	w.dst = append(w.dst, ']')
}

// raw appends a record, which is checked on the way.
func (w *writer) raw(name string, raw []byte) {
	if len(raw) == 0 {
		return
	}
	w.key(name)
	var ok bool
	w.dst, ok = jsontext.Raw(w.dst, raw)
	w.odd = w.odd || !ok
}
