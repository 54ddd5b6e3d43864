package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect/memory"
	"github.com/trailwarden/trailwarden/report"
)

// mode is how findings of rules that remember say what made them.
const mode = "scan"

// detections judges all windows once every file is read, and writes a finding
// of each: the record that made the condition true, with what the window held.
func (s *scan) detections(ctx context.Context) error {
	m := s.memory
	defer m.keep.close()
	all, err := m.past.JudgeWhole(time.UnixMilli(m.latest))
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(d memory.Detection) bool {
		return m.owners[d.Spec].CountedBy != "" || s.before(&d)
	})
	records := s.recall(ctx, all)
	var lines []byte
	for i := range all {
		d := &all[i]
		lines = s.encode.AppendDetection(lines, len(s.active)+d.Spec, records.event(d.Trigger.Ref), records.detection(d), records.raw(d.Trigger.Ref))
		s.out.totals.Findings++
		s.out.byRule[len(s.active)+d.Spec]++
		if len(lines) >= batchBytes {
			if err := s.out.write(lines); err != nil {
				return err
			}
			lines = lines[:0]
		}
	}
	return s.out.write(lines)
}

// before tells whether the detection belongs to the past that only warms up
// what rules remember.
func (s *scan) before(d *memory.Detection) bool {
	p, _, ok := placeOf(d.Trigger.Ref)
	return ok && s.entries[p.file].warm
}

// recollection is the records that detections name, read again.
type recollection struct {
	s  *scan
	at map[string]*memo // by reference
}

// memo is what a finding shows of one record.
type memo struct {
	index int
	of    *memory.Detection // the first that shows it
	id    string            // the event's
	event []byte            // see report.Encoder.AppendEvent
	line  []byte            // the record itself, when that is asked for
}

// recall reads the records that made the conditions of detections true. Of one
// that cannot be read again, as its file is gone or another one by now, findings
// show what is known, and that is a fault of the file.
func (s *scan) recall(ctx context.Context, all []memory.Detection) *recollection {
	r := &recollection{s: s, at: map[string]*memo{}}
	files := map[int]map[int]*memo{}
	for i := range all {
		ref := all[i].Trigger.Ref
		p, id, ok := placeOf(ref)
		if !ok || r.at[ref] != nil {
			continue
		}
		r.at[ref] = &memo{index: p.index, of: &all[i], id: id}
		if facts := s.memory.shown.get(p); len(facts) > 0 {
			r.at[ref].event = report.AppendKept(nil, facts, report.QuoteFile(s.entries[p.file].path), p.index)
			continue
		}
		if files[p.file] == nil {
			files[p.file] = map[int]*memo{}
		}
		files[p.file][p.index] = r.at[ref]
	}
	numbers := slices.Sorted(maps.Keys(files))
	for i, err := range r.read(ctx, files, numbers) {
		if lost := r.doWithout(numbers[i], files[numbers[i]]); lost > 0 {
			s.out.remarks(&batch{faults: []cloudtrail.Fault{unreadAgain(s.entries[numbers[i]].path, lost, err)}})
			s.out.totals.Faults++
		}
	}
	return r
}

// read reads the files again, several at a time. The errors are those of the files
// with these numbers.
func (r *recollection) read(ctx context.Context, files map[int]map[int]*memo, numbers []int) []error {
	errs := make([]error, len(numbers))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(numbers)) {
		wg.Go(func() {
			decoder := cloudtrail.NewDecoder(r.s.o.Limits)
			for i := int(next.Add(1)) - 1; i < len(numbers); i = int(next.Add(1)) - 1 {
				errs[i] = r.file(ctx, decoder, numbers[i], files[numbers[i]])
			}
		})
	}
	wg.Wait()
	return errs
}

// doWithout has findings show what is known of those records of a file that were
// not found again, and says how many they are.
func (r *recollection) doWithout(n int, wanted map[int]*memo) (lost int) {
	path := r.s.entries[n].path
	for _, m := range wanted {
		if len(m.event) > 0 {
			continue
		}
		lost++
		known := memory.Known{At: m.of.Trigger.At, Group: m.of.Group, EventID: m.id, File: path}
		if rec, err := cloudtrail.ParseRecord(known.Record()); err == nil { // as it always is
			m.take(r.s, rec, report.QuoteFile(path))
		}
	}
	return lost
}

// unreadAgain is the fault of a file whose records were not found a second time.
func unreadAgain(path string, lost int, err error) cloudtrail.Fault {
	why := "it changed while it was scanned"
	if err != nil {
		why = reason(err)
	}
	return fileFault(path, fmt.Sprintf("%d of its records could not be read again for findings of rules that remember, which show only their time and group: %s", lost, why))
}

// errFound ends the reading of a file once its last record that matters came.
var errFound = errors.New("all records found")

func (r *recollection) file(ctx context.Context, decoder *cloudtrail.Decoder, n int, wanted map[int]*memo) error {
	e := &r.s.entries[n]
	if e.stream() {
		return r.kept(n, wanted)
	}
	f, size, err := again(context.WithoutCancel(ctx), e)
	if err != nil {
		return err
	}
	defer f.Close()
	quoted, left := report.QuoteFile(e.path), len(wanted)
	_, err = decoder.Decode(context.WithoutCancel(ctx), e.path, f, size, func(rec *cloudtrail.Record, index int) error {
		if m := wanted[index]; m != nil && idText(appendID(nil, rec)) == m.id {
			m.take(r.s, rec, quoted)
			left--
		}
		if left == 0 {
			return errFound
		}
		return nil
	})
	if errors.Is(err, errFound) {
		return nil
	}
	return err
}

// again opens an input a second time; its size is in bytes, -1 when unknown or when
// the reader can tell.
func again(ctx context.Context, e *entry) (io.ReadCloser, int64, error) {
	if e.fetch != nil {
		r, err := e.fetch(ctx)
		return r, e.size, err
	}
	f, err := new(opener).open(e.path)
	if err != nil {
		return nil, 0, err
	}
	return f, -1, nil
}

// kept finds those records that could be kept; the error tells what became of the
// others.
func (r *recollection) kept(n int, wanted map[int]*memo) (err error) {
	for index, m := range wanted {
		raw, e := r.s.memory.keep.get(place{n, index})
		if raw == nil {
			err = e
			continue
		}
		if rec, e := cloudtrail.ParseRecord(raw); e == nil { // as when it was judged
			m.take(r.s, rec, report.QuoteFile(r.s.entries[n].path))
		}
	}
	return err
}

func (m *memo) take(s *scan, rec *cloudtrail.Record, file []byte) {
	m.event = s.encode.AppendEvent(m.event, rec, file, m.index)
	if s.o.WithEvent {
		m.line = report.AppendLine(nil, rec.Raw())
	}
}

func (r *recollection) event(ref string) []byte {
	if m := r.at[ref]; m != nil {
		return m.event
	}
	return nil
}

func (r *recollection) raw(ref string) []byte {
	if m := r.at[ref]; m != nil {
		return m.line
	}
	return nil
}

// detection is d as a finding tells it.
func (r *recollection) detection(d *memory.Detection) *report.Detection {
	out := &report.Detection{
		ID: d.ID, Kind: d.Kind.String(), Mode: mode, Summary: d.Summary, At: d.At, From: d.First, To: d.Last,
		Count: d.Count, Values: d.Values, Late: d.Late,
	}
	for _, l := range d.Group {
		out.Group = append(out.Group, report.Label{Name: l.Name, Value: l.Value})
	}
	for _, x := range d.Related {
		if p, id, ok := placeOf(x.Ref); ok {
			out.Related = append(out.Related, report.Related{EventID: id, Time: x.At, File: r.s.entries[p.file].path, Record: p.index})
		}
	}
	return out
}
