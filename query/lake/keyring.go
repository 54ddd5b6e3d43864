package lake

import (
	"context"
	"hash/maphash"
	"sync"
	"time"

	"github.com/trailwarden/trailwarden/query/schema"
)

// keyring knows the identities of records that are in the lake, or were added by
// this run, for the days at hand. It keeps hashes of 128 bits.
type keyring struct {
	seeds [2]maphash.Seed

	mu   sync.Mutex
	days map[string]map[[2]uint64]struct{} // by day of delivery; "" for objects without one
	all  bool                              // every day was loaded
}

func newKeyring() *keyring {
	return &keyring{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, days: map[string]map[[2]uint64]struct{}{}}
}

// add notes the identity of a record of a day, unless it is known: copies are
// delivered on the same day, the one before or the one after. A record without a
// day may be a copy of any.
func (k *keyring) add(day, before, after string, key []byte) (added bool) {
	h := [2]uint64{maphash.Bytes(k.seeds[0], key), maphash.Bytes(k.seeds[1], key)}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.all {
		for _, keys := range k.days {
			if _, ok := keys[h]; ok {
				return false
			}
		}
	} else {
		for _, d := range [...]string{day, before, after, ""} {
			if _, ok := k.days[d][h]; ok {
				return false
			}
		}
	}
	k.put(day, h)
	return true
}

func (k *keyring) put(day string, h [2]uint64) {
	keys, ok := k.days[day]
	if !ok {
		keys = map[[2]uint64]struct{}{}
		k.days[day] = keys
	}
	keys[h] = struct{}{}
}

// prepare loads the identities that records of the days may be copies of, from
// the files that were there before the run, and forgets days that are over.
func (k *keyring) prepare(ctx context.Context, l *Lake, o *Options, days map[string]bool, files []File) error {
	wanted := map[string]bool{"": true}
	for day := range days {
		if day == "" {
			k.all = true
		}
		for _, d := range near(day) {
			wanted[d] = true
		}
	}
	if !k.all {
		for day := range k.days {
			if !wanted[day] {
				delete(k.days, day)
			}
		}
	}
	load := map[string][]string{}
	for _, f := range files {
		day := f.day()
		if _, loaded := k.days[day]; !loaded && (k.all || wanted[day]) {
			load[day] = append(load[day], l.Path(f))
		}
	}
	for day := range wanted {
		if _, ok := k.days[day]; !ok {
			k.days[day] = map[[2]uint64]struct{}{}
		}
	}
	for day, paths := range load {
		if err := k.load(ctx, l, o, day, paths); err != nil {
			return err
		}
	}
	return nil
}

func (k *keyring) load(ctx context.Context, l *Lake, o *Options, day string, paths []string) error {
	k.days[day] = map[[2]uint64]struct{}{}
	sql := "SELECT coalesce(ct_key, eventid || '/' || recipientaccountid) FROM read_parquet([" + quoteAll(paths) + "], hive_partitioning = false, union_by_name = true)"
	return l.eachRow(ctx, o, sql, func(text []byte) error {
		k.put(day, [2]uint64{maphash.Bytes(k.seeds[0], text), maphash.Bytes(k.seeds[1], text)})
		return nil
	})
}

// day is the day of a file's records; empty when their objects told none.
func (f File) day() string {
	if d := f.Place().Key.Date; !d.IsZero() {
		return d.Format(time.DateOnly)
	}
	return ""
}

// near are a day, the one before and the one after.
func near(day string) [3]string {
	d, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return [3]string{day, day, day}
	}
	return [3]string{day, d.AddDate(0, 0, -1).Format(time.DateOnly), d.AddDate(0, 0, 1).Format(time.DateOnly)}
}

// dayOf is the day of an object; empty when its name tells none.
func dayOf(at *schema.Place) string {
	if at.Key.Date.IsZero() {
		return ""
	}
	return at.Key.Date.Format(time.DateOnly)
}
