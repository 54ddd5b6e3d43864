package lake

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
	"sync"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/query/schema"
)

// Rows are sorted here and not in the engine, which would copy them twice to do
// it. What is often asked for together lies together, so most rows agree with
// many others in what they are sorted by: they are put into clusters as they come,
// and only clusters are sorted, and the rows of each by time.

// sortLeaves are what rows are sorted by within their day, and what the manifest
// lists the values of; eventtime comes after them.
var sortLeaves = [...]string{"eventsource", "eventname", "account", "region", "useridentity.type", "awsregion"}

// cluster are rows of one day that agree in all of those.
type cluster struct {
	day    string // of the partition: 2026-03-14, or unknown
	values [len(sortLeaves)]string
	rows   []clusterRow
	times  dayHolds // first and last only
}

// clusterRow is a row as it is sent.
type clusterRow struct {
	time int64 // of the event, in nanoseconds since 1970
	text []byte
}

func (c *cluster) compare(d *cluster) int {
	return cmp.Or(strings.Compare(c.day, d.day), slices.Compare(c.values[:], d.values[:]))
}

// clusters collects the rows of one goroutine.
type clusters struct {
	byID   map[string]*cluster
	last   *cluster // of the row before, whose lastID it is
	id     []byte
	lastID []byte
	bytes  int64
	arena  *arena
	chunk  []byte // where texts are put; there is room after its end
	used   [][]byte
}

func newClusters(a *arena) *clusters { return &clusters{byID: map[string]*cluster{}, arena: a} }

// of finds the cluster of a record.
func (cs *clusters) of(rec *cloudtrail.Record, place *schema.Place, day string) *cluster {
	cs.id = cs.id[:0]
	cs.part([]byte(day))
	cs.part(rec.Field(cloudtrail.EventSource).Text(nil))
	cs.part(rec.Field(cloudtrail.EventName).Text(nil))
	for _, name := range [...]string{"account", "region"} {
		text, _ := schema.AppendPartition(nil, name, rec, place)
		cs.part(text)
	}
	cs.part(rec.Field(cloudtrail.UserIdentity).Get("type").Text(nil))
	cs.part(rec.Field(cloudtrail.AWSRegion).Text(nil))
	if cs.last != nil && bytes.Equal(cs.id, cs.lastID) {
		return cs.last
	}
	c, ok := cs.byID[string(cs.id)]
	if !ok {
		c = newCluster(cs.id)
		cs.byID[string(cs.id)] = c
	}
	cs.last, cs.lastID = c, append(cs.lastID[:0], cs.id...)
	return c
}

// part adds a text to the identity of a cluster, with its length before it: no
// text can pretend to be several.
func (cs *clusters) part(text []byte) {
	cs.id = append(binary.AppendUvarint(cs.id, uint64(len(text))), text...)
}

func newCluster(id []byte) *cluster {
	next := func() string {
		n, size := binary.Uvarint(id)
		text := string(id[size : size+int(n)])
		id = id[size+int(n):]
		return text
	}
	c := &cluster{day: next()}
	for i := range c.values {
		c.values[i] = next()
	}
	return c
}

// add keeps a row.
func (cs *clusters) add(c *cluster, rec *cloudtrail.Record, text []byte) {
	row := clusterRow{text: cs.keep(text)}
	if t, ok := rec.Time(); ok {
		row.time = t.UnixNano()
	}
	c.rows = append(c.rows, row)
	c.times.time(rec.Field(cloudtrail.EventTime).Text(nil))
	cs.bytes += int64(len(text))
}

// keep copies a text to where it stays until the step ends.
func (cs *clusters) keep(text []byte) []byte {
	if len(text) > cap(cs.chunk)-len(cs.chunk) {
		if len(text) > chunkBytes/4 {
			return bytes.Clone(text)
		}
		cs.chunk = cs.arena.chunk()
		cs.used = append(cs.used, cs.chunk)
	}
	begin := len(cs.chunk)
	cs.chunk = append(cs.chunk, text...)
	return cs.chunk[begin:]
}

// all are the clusters; nothing is collected any more.
func (cs *clusters) all() []*cluster {
	all := make([]*cluster, 0, len(cs.byID))
	for _, c := range cs.byID {
		all = append(all, c)
	}
	return all
}

// arena lends memory for texts that is used again by the next step: a collector
// that saw it come and go would leave as much again lying around.
type arena struct {
	mu   sync.Mutex
	free [][]byte
}

const chunkBytes = 1 << 20

func (a *arena) chunk() []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n := len(a.free); n > 0 {
		c := a.free[n-1]
		a.free = a.free[:n-1]
		return c
	}
	return make([]byte, 0, chunkBytes)
}

func (a *arena) giveBack(chunks [][]byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range chunks {
		a.free = append(a.free, c[:0])
	}
}

// sortClusters orders clusters as the lake's files are, and puts those together
// that are the same.
func sortClusters(all []*cluster) []*cluster {
	slices.SortFunc(all, (*cluster).compare)
	merged := all[:0]
	for _, c := range all {
		if n := len(merged); n > 0 && merged[n-1].compare(c) == 0 {
			merged[n-1].rows = append(merged[n-1].rows, c.rows...)
			merged[n-1].times.add(&c.times)
			continue
		}
		merged = append(merged, c)
	}
	for _, c := range merged {
		slices.SortStableFunc(c.rows, func(a, b clusterRow) int { return cmp.Compare(a.time, b.time) })
	}
	return merged
}

// days splits sorted clusters by their days.
func days(all []*cluster) (groups [][]*cluster) {
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].day == all[0].day {
			n++
		}
		groups, all = append(groups, all[:n]), all[n:]
	}
	return groups
}

// holdsOf is what the manifest tells of a file with those rows.
func holdsOf(all []*cluster) *Holds {
	d := newDayHolds()
	for _, c := range all {
		for i, leaf := range sortLeaves {
			d.see(leaf, []byte(c.values[i]))
		}
		d.add(&c.times)
	}
	return d.holds()
}
