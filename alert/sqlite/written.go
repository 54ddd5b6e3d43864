package sqlite

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/jsontext"
)

// Documents are written by hand here, as encoding/json would write them and
// several times as fast: with much to tell, half of what a commit computes is
// their text. They are read by encoding/json, and tests compare the two.

// written are rules as JSON, for the documents of their alerts: most of each is
// its rule, and all alerts of a rule have the same. A rule never changes.
type written map[*alert.Rule][]byte

// mostWritten bounds the rules that are kept written: those of a set, and those
// of alerts that were read from the file, which are each its own.
const mostWritten = 1024

func (w *written) rule(r *alert.Rule) ([]byte, error) {
	if text := (*w)[r]; text != nil {
		return text, nil
	}
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	if len(*w) >= mostWritten || *w == nil {
		*w = written{}
	}
	(*w)[r] = text
	return text, nil
}

// rooms is where documents are written on their way to the file, each of them over
// the last of its kind: SQLite has a copy of its own.
type rooms struct{ doc, told, samples, delivery, data []byte }

// mostRoom is how much of such room is kept, in bytes.
const mostRoom = 1 << 20

// again is the room of a document for the next one.
func again(doc []byte) []byte {
	if cap(doc) > mostRoom {
		return nil
	}
	return doc[:0]
}

// doc appends an alert as JSON, without its samples and without what sinks were
// told, which have columns of their own.
func (w *written) doc(to []byte, a *alert.Alert) ([]byte, error) {
	rule, err := w.rule(a.Rule)
	if err != nil {
		return nil, err
	}
	p := pen{text: slices.Grow(to, len(rule)+2048)}
	p.raw(`{"rule":`).raw(string(rule)).name("id").string(a.ID).name("group").labels(a.Group)
	p.name("bucket").time(a.Bucket).name("status").string(string(a.Status)).name("count").number(a.Count)
	p.name("firstSeen").time(a.FirstSeen).name("lastSeen").time(a.LastSeen)
	p.name("created").time(a.Created).name("updated").time(a.Updated).name("mode").string(a.Mode)
	if len(a.Tallies) > 0 {
		p.name("tallies").tallies(a.Tallies)
	}
	p.some("silence", a.Silence)
	if len(a.Notes) > 0 {
		p.name("notes").any(a.Notes)
	}
	p.some("owner", a.Owner)
	p.name("version").number(a.Version).raw("}")
	return p.text, p.err
}

// told appends what sinks were told of an alert, as JSON.
func told(to []byte, a *alert.Alert) ([]byte, error) {
	p := pen{text: slices.Grow(to, 192*len(a.Told))}
	for i := range a.Told {
		t := &a.Told[i]
		p.item(i).raw(`{"sink":`).string(t.Sink).name("count").number(t.Count).since("at", t.At)
		p.name("sequence").number(t.Sequence).some("pending", t.Pending).since("dead", t.Dead).since("reopened", t.Reopened)
		p.some("storm", t.Storm)
		if t.Summed != 0 {
			p.name("summed").number(t.Summed)
		}
		if len(t.Receipt) > 0 {
			p.name("receipt").any(t.Receipt)
		}
		p.raw("}")
	}
	p.end(len(a.Told))
	return p.text, p.err
}

// samples appends an alert's samples as JSON. A record is valid JSON and stays as
// it was logged.
func samples(to []byte, of []alert.Sample) ([]byte, error) {
	n := 0
	for i := range of {
		n += len(of[i].Record) + 512
	}
	p := pen{text: slices.Grow(to, n)}
	for i := range of {
		s := &of[i]
		p.item(i).raw(`{"event":`)
		if len(s.Record) == 0 {
			p.raw("null")
		}
		p.text = append(p.text, s.Record...)
		p.name("identity").string(s.Identity).name("time").time(s.Time)
		p.name("evidence").evidence(&s.Evidence)
		if s.Detection != nil {
			p.name("detection").any(s.Detection)
		}
		if len(s.Row) > 0 {
			p.name("row").labels(s.Row)
		}
		p.raw("}")
	}
	p.end(len(of))
	return p.text, p.err
}

// delivery appends a delivery as JSON.
func delivery(to []byte, d *alert.Delivery) ([]byte, error) {
	p := pen{text: slices.Grow(to, 512)}
	p.raw(`{"id":`).string(d.ID).name("sink").string(d.Sink).name("alert").string(d.Alert).name("kind").string(string(d.Kind))
	p.name("sequence").number(d.Sequence).name("created").time(d.Created).name("notUntil").time(d.NotUntil)
	p.name("attempts").number(int64(d.Attempts))
	if d.MayRepeat {
		p.name("mayRepeat").raw("true")
	}
	if len(d.Body) > 0 {
		p.name("body").any(d.Body)
	}
	if len(d.Receipt) > 0 {
		p.name("receipt").any(d.Receipt)
	}
	p.some("lastError", d.LastError)
	if d.Count != 0 {
		p.name("count").number(d.Count)
	}
	p.since("firstTry", d.FirstTry).since("since", d.Since).since("died", d.Died).raw("}")
	return p.text, p.err
}

// pen writes JSON. Its error is the first.
type pen struct {
	text []byte
	err  error
}

func (p *pen) raw(text string) *pen {
	p.text = append(p.text, text...)
	return p
}

// name begins a further member.
func (p *pen) name(of string) *pen { return p.raw(`,"`).raw(of).raw(`":`) }

// item begins item i of an array.
func (p *pen) item(i int) *pen {
	if i == 0 {
		return p.raw("[")
	}
	return p.raw(",")
}

// end ends an array of n items.
func (p *pen) end(n int) *pen {
	if n == 0 {
		p.raw("[")
	}
	return p.raw("]")
}

// any leaves it to encoding/json.
func (p *pen) any(v any) *pen {
	text, err := json.Marshal(v)
	if p.err == nil {
		p.err = err
	}
	p.text = append(p.text, text...)
	return p
}

func (p *pen) string(s string) *pen {
	p.text = jsontext.String(p.text, s)
	return p
}

func (p *pen) number(n int64) *pen {
	p.text = strconv.AppendInt(p.text, n, 10)
	return p
}

func (p *pen) time(t time.Time) *pen {
	text, ok := jsontext.Time(p.text, t)
	if !ok {
		return p.any(t) // which says why
	}
	p.text = text
	return p
}

// some writes a member unless it is empty.
func (p *pen) some(name, value string) *pen {
	if value == "" {
		return p
	}
	return p.name(name).string(value)
}

// since writes a time unless it is zero.
func (p *pen) since(name string, t time.Time) *pen {
	if t.IsZero() {
		return p
	}
	return p.name(name).time(t)
}

func (p *pen) labels(ls []alert.Label) *pen {
	if ls == nil {
		return p.raw("null")
	}
	for i := range ls {
		p.item(i).raw(`{"name":`).string(ls[i].Name).name("value").string(ls[i].Value).raw("}")
	}
	return p.end(len(ls))
}

func (p *pen) tallies(ts []alert.Tally) {
	for i := range ts {
		t := &ts[i]
		p.item(i).raw(`{"field":`).string(t.Field).name("values")
		for j := range t.Values {
			p.item(j).raw(`{"text":`).string(t.Values[j].Text).name("count").number(t.Values[j].Count).raw("}")
		}
		p.end(len(t.Values))
		if t.Others != 0 {
			p.name("others").number(t.Others)
		}
		p.raw("}")
	}
	p.end(len(ts))
}

func (p *pen) evidence(e *alert.Evidence) {
	p.raw(`{"file":`).string(e.File).some("version", e.Version).name("record").number(int64(e.Record))
	p.some("eventID", e.EventID).some("integrity", e.Integrity).raw("}")
}
