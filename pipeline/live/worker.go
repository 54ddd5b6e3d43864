package live

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/pipeline/intake"
	"github.com/trailwarden/trailwarden/source"
	"github.com/trailwarden/trailwarden/source/envelope"
)

// worker judges one delivery.
type worker struct {
	*Pipeline
	*gear // while records are read, else nil

	rules    *intake.Rules
	ctx      context.Context
	delivery source.Delivery
	part     part

	origin intake.Origin
	object object
	place  lastPlace
	count  counts

	letters   []string // dead letters of what may come again in a later state
	withdrawn []string // those of its earlier state
}

// items handles the delivery's items one by one. One that fails does not keep
// the others from being judged; the first error is returned.
func (w *worker) items() (first error) {
	for i := range w.delivery.Items {
		if err := w.item(&w.delivery.Items[i]); err != nil && first == nil {
			first = err
		}
		if err := w.ctx.Err(); err != nil {
			return err
		}
	}
	return first
}

func (w *worker) item(it *envelope.Item) error {
	switch it.Kind {
	case envelope.Record:
		return w.message(it)
	case envelope.Created:
		return w.created(it)
	case envelope.Removed:
		w.removed(it.Object)
	case envelope.Nothing:
		w.Ignored.Add(it.What, 1)
	default:
		w.poison(it)
	}
	return nil
}

// message judges a record that the delivery itself holds.
func (w *worker) message(it *envelope.Item) error {
	w.origin = intake.Origin{File: messageName(w.delivery, it), Mode: w.o.Mode, Arrived: w.delivery.Arrived}
	w.object = object{}
	rd := bytes.NewReader(it.Record)
	sum, err := w.decode(rd, int64(len(it.Record)))
	if err != nil {
		return err
	}
	for _, f := range sum.Faults {
		w.refuse(f, it.Record)
	}
	return nil
}

// messageName says where a record came from that lies in no file.
func messageName(d source.Delivery, it *envelope.Item) string {
	name := d.Source
	for _, h := range it.Path {
		if h.Origin != "" || h.ID != "" {
			name = fmt.Sprintf("%s %s %s", h.Shape, h.Origin, h.ID)
		}
	}
	return name
}

// record judges one record.
func (w *worker) record(rec *cloudtrail.Record, index int) error {
	if index < w.object.resume {
		return nil // judged and committed by an earlier try
	}
	w.object.bytes += len(rec.Raw())
	w.note(rec)
	before := len(w.part.findings)
	if w.judged(rec, index) {
		w.part.keys = append(w.part.keys, rec.Key())
	}
	if n := len(w.part.findings) - before; n > 0 {
		w.count.findings += int64(n)
		w.wait(rec, n)
	}
	return w.checkpoint(index)
}

// tally counts the records judged since the last time. Those that an earlier
// delivery brought count as duplicates: nothing was found on them, and their
// identities need not be kept again.
func (w *worker) tally() {
	judged := w.part.keys[w.part.tallied:]
	fresh := w.seen.news(judged)
	w.part.tallied += len(fresh)
	w.part.keys = w.part.keys[:w.part.tallied]
	w.count.received += int64(len(judged))
	w.count.judged += int64(len(fresh))
	w.count.duplicates += int64(len(judged) - len(fresh))
	w.count.to(&w.Counters)
}

// judged judges the record by all rules; false says that some rule could not,
// and that the record is a dead letter.
func (w *worker) judged(rec *cloudtrail.Record, index int) (ok bool) {
	findings := len(w.part.findings)
	defer func() {
		if ok {
			return
		}
		cause := recover()
		w.judge = w.newJudge()
		w.keep()
		w.onebyone(rec, index, findings, cause)
	}()
	w.part.findings = w.judge.Record(w.part.findings, rec, index, &w.origin)
	return true
}

// onebyone judges a record by each rule alone after one of them panicked: the
// others judge it all the same.
func (w *worker) onebyone(rec *cloudtrail.Record, index, findings int, cause any) {
	found, broken := w.rules.OneByOne(rec, index, &w.origin)
	w.part.findings = append(w.part.findings[:findings], found...)
	reason := fmt.Sprintf("a rule that panics could not judge it: %s: %.200v", strings.Join(broken, ", "), cause)
	w.refuse(cloudtrail.Fault{Offset: -1, Record: index, Reason: reason}, rec.Raw())
	w.trouble(w.delivery.Source, fmt.Errorf("%s, record %d: %s", w.origin.File, index, reason))
}

// lastPlace is where the record before came from: most often the next one comes
// from there, too.
type lastPlace struct {
	account, region []byte // as they stand in the record
	scratch         []byte
}

// note remembers for the pulse where events come from, copies of others included:
// of two ways that bring the same, the slower one delivers nothing else.
func (w *worker) note(rec *cloudtrail.Record) {
	if w.o.Pulse == nil {
		return
	}
	at, region := &w.place, rec.FieldRaw(cloudtrail.AWSRegion)
	at.scratch = rec.AppendAccount(at.scratch[:0])
	if w.part.traffic != nil && bytes.Equal(at.scratch, at.account) && bytes.Equal(region, at.region) {
		return
	}
	at.account, at.region = append(at.account[:0], at.scratch...), append(at.region[:0], region...)
	if w.part.traffic == nil {
		w.part.traffic = map[Place]struct{}{}
	}
	if len(w.part.traffic) < maxPlaces {
		w.part.traffic[Place{Source: w.delivery.Source, Account: string(at.account), Region: rec.Field(cloudtrail.AWSRegion).Str()}] = struct{}{}
	}
}

// refuse puts what the decoder could not read into the dead letter.
func (w *worker) refuse(f cloudtrail.Fault, text []byte) {
	if len(text) > maxExcerpt {
		text = text[:maxExcerpt]
	}
	if f.Record >= 0 {
		w.Received.Add(1)
		w.Failed.Add(1)
	}
	w.letter(alert.Letter{From: w.origin.File, Record: f.Record, Offset: f.Offset, Reason: f.Reason, Excerpt: bytes.Clone(text)})
}

// maxExcerpt is how much of what could not be judged is kept, in bytes.
const maxExcerpt = 64 << 10

// poison puts an item that cannot be opened into the dead letter.
func (w *worker) poison(it *envelope.Item) {
	from := messageName(w.delivery, it)
	if it.Object.Key != "" {
		from = it.Object.String()
	}
	w.letter(alert.Letter{From: from, Record: -1, Offset: -1, Reason: it.Reason, Excerpt: bytes.Clone(it.Excerpt)})
}

func (w *worker) letter(l alert.Letter) {
	l.Time, l.Source = w.o.Now().UTC(), w.delivery.Source
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s\x00%d\x00%d\x00%s\x00%s", l.Source, w.delivery.ID, l.From, l.Record, l.Offset, l.Reason, l.Excerpt))
	l.ID = hex.EncodeToString(sum[:16])
	w.part.letters = append(w.part.letters, l)
}

// laidDown counts and tells what is in the dead letter now.
func (w *worker) laidDown(all []alert.Letter) {
	w.Poisoned.Add(int64(len(all)))
	if len(all) > 0 && w.o.Letters != nil {
		w.o.Letters(all)
	}
}

// giveUp puts the whole delivery into the dead letter.
func (w *worker) giveUp(cause error) error {
	excerpt, _ := json.Marshal(summarize(w.delivery))
	w.letter(alert.Letter{From: w.delivery.ID, Record: -1, Offset: -1, Reason: cause.Error(), Excerpt: excerpt})
	w.position()
	if err := w.commit(); err != nil {
		return err
	}
	w.kept()
	w.withdraw()
	return &source.Poison{Reason: "it was put into the dead letter after its last try", Err: cause}
}

// summarize keeps of a delivery what is needed to handle it by hand.
func summarize(d source.Delivery) map[string]any {
	var objects []string
	records := 0
	for _, it := range d.Items {
		switch {
		case it.Object.Key != "" && len(objects) < 100:
			objects = append(objects, it.Object.String())
		case it.Kind == envelope.Record:
			records++
		}
	}
	return map[string]any{"id": d.ID, "source": d.Source, "receives": d.Receives, "objects": objects, "records": records}
}

// commit makes durable what the worker holds.
func (w *worker) commit() error {
	w.tally()
	w.noteLetters()
	var err error
	if !w.part.empty() {
		err = w.commits.submit(w.ctx, w.part)
	}
	if err == nil {
		w.seen.add(w.part.keys)
		w.laidDown(w.part.letters)
		w.commits.memory.advance(w.part.latest())
		w.pulse()
		w.delays()
		w.release() // after an error, whoever commits may still read them
	}
	w.part = w.Pipeline.part(w.rules)
	if w.gear != nil {
		w.keep()
	}
	return err
}

// position has the delivery's position committed with what came of it.
func (w *worker) position() {
	if at := w.delivery.Position; at != nil && w.o.Positions != "" {
		w.part.positions = append(w.part.positions, alert.Position{Name: w.o.Positions + at.Name, Data: at.Data})
	}
}

// kept tells the source that the position is saved.
func (w *worker) kept() {
	if at := w.delivery.Position; at != nil && w.o.Positions != "" {
		at.Kept = true
	}
}

func (w *worker) pulse() {
	if w.o.Pulse != nil {
		w.o.Pulse.Note(w.part.traffic, w.o.Now())
	}
}

// waited is of how many findings on one record the delay is told.
type waited struct {
	account, region string
	at              time.Time // of the event
	findings        int
}

// wait notes findings on a record, for their delay.
func (w *worker) wait(rec *cloudtrail.Record, n int) {
	if t, ok := rec.Time(); ok && w.o.Delay != nil {
		w.part.waited = append(w.part.waited, waited{rec.Account(), rec.Field(cloudtrail.AWSRegion).Str(), t, n})
	}
}

func (w *worker) delays() {
	if len(w.part.waited) == 0 {
		return
	}
	now := w.o.Now()
	for _, at := range w.part.waited {
		for range at.findings {
			w.o.Delay(at.account, at.region, now.Sub(at.at))
		}
	}
}

var errCut = errors.New("the object was not read to its end")
