package lake

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/pipeline"
	"github.com/trailwarden/trailwarden/query/schema"
)

// rowBytes bounds the rows that wait in memory, as JSON: those of the step that is
// written and of the one that is read. When there are more, a step writes more
// files.
const rowBytes = 400 << 20

// reading turns the records of a batch into rows.
type reading struct {
	to      *fileWriter
	dir     string // where files are written
	keys    *keyring
	arena   *arena
	view    schema.Projection
	held    *atomic.Int64 // bytes of rows that wait, of all steps
	doubles atomic.Int64

	mu        sync.Mutex
	done      []Object
	files     []File // written already
	rows      int64  // in them
	left      []*cluster
	leftBytes int64
	used      [][]byte
}

func (r *reading) run(ctx context.Context, o *Options, batch *pipeline.Listing, sameDay bool) (pipeline.RecordTotals, error) {
	// Copies on one day are found by the keyring alone.
	return pipeline.Records(ctx, pipeline.RecordOptions{Listing: batch, Workers: o.Workers, Limits: o.Limits, Fault: o.Fault, KeepDuplicates: sameDay},
		func() pipeline.RecordVisitor {
			return &rowVisitor{reading: r, row: r.view.Row(), clusters: newClusters(r.arena)}
		})
}

// rowVisitor makes the rows of one goroutine.
type rowVisitor struct {
	*reading
	*clusters
	row   *schema.Row
	place schema.Place
	day   [3]string // of the place: the day, the one before, the one after
	text  []byte
	key   []byte
}

// Record adds a row, unless the lake has the record.
func (v *rowVisitor) Record(file string, rec *cloudtrail.Record) error {
	if v.place.Object != file {
		v.place = schema.NewPlace(file)
		v.day = near(dayOf(&v.place))
	}
	v.key = schema.AppendKey(v.key[:0], rec)
	if !v.keys.add(v.day[0], v.day[1], v.day[2], v.key) {
		v.doubles.Add(1)
		return nil
	}
	v.text, _ = v.row.Append(v.text[:0], 0, rec, &v.place)
	v.add(v.of(rec, &v.place, v.partition(rec)), rec, v.text)
	if v.held.Add(int64(len(v.text))) > rowBytes && v.bytes > rowBytes/8 {
		return v.spill()
	}
	return nil
}

// partition is the day of the record's file.
func (v *rowVisitor) partition(rec *cloudtrail.Record) string {
	if v.day[0] != "" {
		return v.day[0]
	}
	v.key, _ = schema.AppendPartition(v.key[:0], "dt", rec, &v.place)
	if _, err := time.Parse(time.DateOnly, string(v.key)); err != nil {
		return "unknown"
	}
	return string(v.key)
}

// spill writes the rows that wait.
func (v *rowVisitor) spill() error {
	files, rows, err := v.to.write(v.dir, v.all())
	if err != nil {
		return err
	}
	v.mu.Lock()
	v.files, v.rows = append(v.files, files...), v.rows+rows
	v.mu.Unlock()
	v.held.Add(-v.bytes)
	v.reading.arena.giveBack(v.clusters.used)
	v.clusters = newClusters(v.reading.arena)
	return nil
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

// Close leaves the rows that wait to the step.
func (v *rowVisitor) Close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.left = append(v.left, v.all()...)
	v.leftBytes += v.bytes
	v.reading.used = append(v.reading.used, v.clusters.used...)
	return nil
}
