package pipeline

import (
	"context"
	"errors"
	"io"
	"maps"
	"runtime"
	"slices"
	"sync"
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
	records, err := s.recall(ctx, all)
	if err != nil {
		return err
	}
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
	event []byte // see report.Encoder.AppendEvent
	line  []byte // the record itself, when that is asked for
}

// recall reads the records that made the conditions of detections true.
func (s *scan) recall(ctx context.Context, all []memory.Detection) (*recollection, error) {
	r := &recollection{s: s, at: map[string]*memo{}}
	files := map[int]map[int]*memo{}
	for i := range all {
		ref := all[i].Trigger.Ref
		p, _, ok := placeOf(ref)
		if !ok || r.at[ref] != nil {
			continue
		}
		r.at[ref] = &memo{index: p.index, event: s.memory.shown.get(p)}
		if len(r.at[ref].event) > 0 {
			continue
		}
		if files[p.file] == nil {
			files[p.file] = map[int]*memo{}
		}
		files[p.file][p.index] = r.at[ref]
	}
	return r, r.read(ctx, files)
}

// read reads the files again, several at a time.
func (r *recollection) read(ctx context.Context, files map[int]map[int]*memo) error {
	numbers := make(chan int)
	errs := make([]error, max(1, min(runtime.GOMAXPROCS(0), len(files))))
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			decoder := cloudtrail.NewDecoder(r.s.o.Limits)
			for n := range numbers {
				if err := r.file(ctx, decoder, n, files[n]); err != nil && errs[i] == nil {
					errs[i] = err
				}
			}
		})
	}
	for _, n := range slices.Sorted(maps.Keys(files)) {
		numbers <- n
	}
	close(numbers)
	wg.Wait()
	return errors.Join(errs...)
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
		if m := wanted[index]; m != nil {
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

func (r *recollection) kept(n int, wanted map[int]*memo) error {
	for index, m := range wanted {
		raw, err := r.s.memory.keep.get(place{n, index})
		if err != nil {
			return err
		}
		rec, err := cloudtrail.ParseRecord(raw)
		if err != nil {
			return err
		}
		m.take(r.s, rec, report.QuoteFile(r.s.entries[n].path))
	}
	return nil
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
