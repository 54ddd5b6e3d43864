package lake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/query/sandbox"
	"github.com/trailwarden/trailwarden/query/schema"
)

// writer is an engine that writes Parquet files below one folder.
type writer struct{ *sandbox.Process }

func startWriter(ctx context.Context, o *Options, dir string, q *sandbox.Request, read []string) (*writer, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	q.Memory, q.Threads = o.Memory/5*3, 2
	q.Write.Path = dir
	proc, err := sandbox.Start(ctx, o.Program, sandbox.Limits{Memory: o.Memory, Write: []string{dir}, Read: read})
	if err != nil {
		return nil, err
	}
	w := &writer{proc}
	if err := proc.Request(q); err != nil {
		proc.Close()
		return nil, err
	}
	return w, nil
}

// finish ends the rows and waits until the files are written.
func (w *writer) finish() (rows int64, err error) {
	if err := w.End(); err != nil {
		return 0, w.explain(err)
	}
	return w.wait()
}

func (w *writer) wait() (int64, error) {
	kind, body, err := w.Receive()
	if err != nil {
		return 0, err
	}
	var d sandbox.Done
	switch kind {
	case sandbox.FrameDone:
		return d.Rows, json.Unmarshal(body, &d)
	case sandbox.FrameFailure:
		var f sandbox.Failure
		if err := json.Unmarshal(body, &f); err != nil {
			return 0, err
		}
		return 0, errors.New(f.Message)
	}
	return 0, fmt.Errorf("unexpected frame %q from the SQL engine", kind)
}

// explain is why the engine takes no more rows.
func (w *writer) explain(err error) error {
	if _, e := w.wait(); e != nil {
		return e
	}
	return err
}

// reading turns the records of a batch into rows.
type reading struct {
	to       *writer
	keys     *keyring
	view     schema.Projection
	doubles  atomic.Int64
	gathered gathering

	mu   sync.Mutex
	done []Object
}

func (r *reading) run(ctx context.Context, o *Options, batch *pipeline.Listing) (pipeline.RecordTotals, error) {
	leaves := r.view.Leaves()
	return pipeline.Records(ctx, pipeline.RecordOptions{Listing: batch, Workers: o.Workers, Limits: o.Limits, Fault: o.Fault},
		func() pipeline.RecordVisitor {
			return &rowVisitor{reading: r, row: r.view.Row(), leaves: len(leaves), batch: sandbox.NewBatch(len(leaves)), days: map[string]*dayHolds{}}
		})
}

// rowVisitor makes the rows of one goroutine.
type rowVisitor struct {
	*reading
	row    *schema.Row
	leaves int
	batch  *sandbox.Batch
	place  schema.Place
	day    [3]string // of the place: the day, the one before, the one after
	days   map[string]*dayHolds
	holds  *dayHolds // of the place's day
	key    []byte
}

// Record adds a row, unless the lake has the record.
func (v *rowVisitor) Record(file string, rec *cloudtrail.Record) error {
	if v.place.Object != file || v.holds == nil {
		v.enter(file)
	}
	v.key = schema.AppendKey(v.key[:0], rec)
	if !v.keys.add(v.day[0], v.day[1], v.day[2], v.key) {
		v.doubles.Add(1)
		return nil
	}
	v.gather(rec)
	for i := range v.leaves {
		text, ok := v.row.Append(v.batch.Texts(), i, rec, &v.place)
		v.batch.Cell(text, ok)
	}
	v.batch.EndRow()
	if v.batch.Full() {
		return v.to.Send(v.batch)
	}
	return nil
}

// enter notes where the records that follow lie.
func (v *rowVisitor) enter(file string) {
	v.place = schema.NewPlace(file)
	v.day = near(dayOf(&v.place))
	v.holds = v.ofDay(v.day[0])
}

func (v *rowVisitor) ofDay(day string) *dayHolds {
	d, ok := v.days[day]
	if !ok {
		d = newDayHolds()
		v.days[day] = d
	}
	return d
}

// gather notes what the manifest will tell of the record's file. Account and
// region are those of the partition columns.
func (v *rowVisitor) gather(rec *cloudtrail.Record) {
	if v.day[0] == "" { // its day is that of the event
		v.key, _ = schema.AppendPartition(v.key[:0], "dt", rec, &v.place)
		v.holds = v.ofDay(string(v.key))
	}
	for i := range listed {
		v.holds.see(listed[i].leaf, rec.Field(listed[i].id).Text(v.key[:0]))
	}
	v.holds.see("useridentity.type", rec.Field(cloudtrail.UserIdentity).Get("type").Text(v.key[:0]))
	for _, name := range [...]string{"account", "region"} {
		v.key, _ = schema.AppendPartition(v.key[:0], name, rec, &v.place)
		v.holds.see(name, v.key)
	}
	v.holds.time(rec.Field(cloudtrail.EventTime).Text(v.key[:0]))
}

// File notes that all of an object was read.
func (v *rowVisitor) File(file string, sum cloudtrail.Summary) error {
	if len(sum.Faults) > 0 || file == pipeline.Stdin {
		return nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.done = append(v.done, Object{Name: ObjectName(file), Size: sum.Bytes})
	return nil
}

// Close sends what is left.
func (v *rowVisitor) Close() error {
	v.gathered.merge(v.days)
	if v.batch.Rows() == 0 {
		return nil
	}
	return v.to.Send(v.batch)
}

// eachRow runs a query over files of the lake and gives the first cell of each
// row.
func (l *Lake) eachRow(ctx context.Context, o *Options, sql string, visit func(text []byte) error) error {
	data, err := filepath.Abs(filepath.Join(l.dir, "data"))
	if err != nil {
		return err
	}
	proc, err := sandbox.Start(ctx, o.Program, sandbox.Limits{Memory: o.Memory, Read: []string{data}})
	if err != nil {
		return err
	}
	defer proc.Close()
	if err := proc.Request(&sandbox.Request{SQL: sql, Folders: []string{data}, Memory: o.Memory / 5 * 3, Threads: 2}); err != nil {
		return err
	}
	if err := proc.End(); err != nil {
		return err
	}
	for {
		kind, body, err := proc.Receive()
		switch {
		case err != nil:
			return err
		case kind == sandbox.FrameColumns:
		case kind == sandbox.FrameDone:
			return nil
		case kind == sandbox.FrameResult:
			if err := eachCell(body, visit); err != nil {
				return err
			}
		default:
			return fmt.Errorf("the SQL engine: %s", body)
		}
	}
}

func eachCell(body []byte, visit func(text []byte) error) error {
	rows, err := sandbox.ReadBatch(body)
	if err != nil {
		return err
	}
	for range rows.Len() {
		text, _ := rows.Next()
		if err := visit(text); err != nil {
			return err
		}
	}
	return nil
}
