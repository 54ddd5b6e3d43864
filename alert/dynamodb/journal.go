package dynamodb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/alert"
)

// What rules remember may be more than a transaction takes, and must be written
// whole all the same, together with the findings that follow from it: half of a
// judgement counts records twice, or forgets when to look again. So it is written
// into a journal first, which nobody reads. The last of its pieces, which everybody
// changes who writes any (alert.Batch.State), then leads to the journal: with that
// item, in the transaction of the findings, all of it is written. The other pieces
// follow. Whoever reads or replaces that item while it leads to a journal first
// writes them, too: he may come after a process that ended on the way.

// journaled is an op as a journal holds it.
type journaled struct {
	PK   string `json:"p"`
	SK   string `json:"s"`
	Rev  int64  `json:"r"`
	At   int64  `json:"t"`
	Data []byte `json:"d,omitempty"`
	Del  bool   `json:"x,omitempty"`
}

// journalMark begins the words of an item that leads to a journal.
const journalMark = "journal\n"

// journal are the keys of the journal that an item leads to, if it does.
func (i *item) journal() []key {
	hash, n, _ := strings.Cut(strings.TrimPrefix(i.words, journalMark), "\n")
	pieces, err := strconv.ParseUint(n, 10, 16)
	of, err2 := hex.DecodeString(hash)
	if err != nil || err2 != nil || !strings.HasPrefix(i.words, journalMark) {
		return nil
	}
	keys := make([]key, pieces)
	for n := range keys {
		keys[n] = blobKey(of, n)
	}
	return keys
}

// journal writes the state of a tail into a journal, where it is more than can be
// written with the findings, and leaves the one op in the tail that leads there.
// State without versions is written after it, as positions are.
func (s *Store) journal(ctx context.Context, t *tail, findings bool) (guard *op, err error) {
	if t.fits() || !findings && t.single() {
		return nil, nil
	}
	var rest, loose, blobs []op
	for _, o := range t.state {
		switch {
		case strings.HasPrefix(o.pk, "blob#"):
			blobs = append(blobs, o)
		case o.when == always:
			loose = append(loose, o)
		default:
			rest = append(rest, o)
		}
	}
	last := len(rest) - 1
	if last < 1 || rest[last].del {
		return nil, nil
	}
	guard, rest = &rest[last], rest[:last]
	text, err := journalOf(rest)
	if err != nil || len(text) > maxUnpacked {
		return nil, err
	}
	packed := s.packer.pack(text)
	sum := sha256.Sum256(append([]byte(randomID()), packed...))
	n := 0
	for piece := range slices.Chunk(packed, maxData) {
		blobs = append(blobs, op{item: item{key: blobKey(sum[:], n), rev: 1, at: guard.at, data: piece, words: guard.pk + "\n" + guard.sk}})
		n++
	}
	guard.words = journalMark + hex.EncodeToString(sum[:]) + "\n" + strconv.Itoa(n)
	t.state, t.positions = []op{*guard}, append(loose, t.positions...)
	return guard, s.t.put(ctx, blobs)
}

func journalOf(ops []op) ([]byte, error) {
	all := make([]journaled, len(ops))
	for i, o := range ops {
		all[i] = journaled{o.pk, o.sk, o.rev, o.at, o.data, o.del}
	}
	return json.Marshal(all)
}

// finish writes what the journal holds that an item leads to, if it still does.
func (s *Store) finish(ctx context.Context, guard key) error {
	for {
		found, err := s.t.get(ctx, []key{guard})
		if err != nil {
			return err
		}
		it := found[guard]
		keys := it.journal()
		if keys == nil {
			return nil
		}
		ops, err := s.readJournal(ctx, it, keys)
		if err == nil {
			return s.replay(ctx, it, keys, ops)
		}
		if now, e := s.t.get(ctx, []key{guard}); e != nil || now[guard].words == it.words {
			return errors.Join(err, e)
		} // else another did it meanwhile, and it is gone
	}
}

func (s *Store) readJournal(ctx context.Context, it item, keys []key) (ops []op, err error) {
	found, err := s.t.get(ctx, keys)
	if err != nil {
		return nil, err
	}
	var packed []byte
	for _, k := range keys {
		if _, ok := found[k]; !ok {
			return nil, fmt.Errorf("item %s, %s: %w: its journal %s is missing", it.pk, it.sk, alert.ErrCorrupt, k.pk)
		}
		packed = append(packed, found[k].data...)
	}
	text, err := unpack(it.key, packed)
	if err != nil {
		return nil, err
	}
	var all []journaled
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("item %s, %s: its journal: %w: %w", it.pk, it.sk, alert.ErrCorrupt, err)
	}
	for _, j := range all {
		ops = append(ops, op{item: item{key: key{j.PK, j.SK}, rev: j.Rev, at: j.At, data: j.Data}, del: j.Del})
	}
	return ops, nil
}

// replay writes the ops of a journal, each part as long as the item that leads to
// it is as it was: then nobody has written anything newer. Several may do so at
// once.
func (s *Store) replay(ctx context.Context, guard item, journal []key, ops []op) error {
	plain := op{item: guard, when: ifRev, was: guard.rev}
	plain.words = ""
	parts := append(pieces(ops, maxOps-1), []op{plain})
	hold := op{item: item{key: guard.key}, check: true, when: ifRev, was: guard.rev}
	for i, some := range parts {
		if i < len(parts)-1 {
			some = append(some, hold)
		}
		over := false
		err := s.attempt(ctx, time.Time{}, mostAttempts, func(t *tx) error {
			found, err := s.t.get(ctx, []key{guard.key})
			if over = err == nil && found[guard.key].words != guard.words; !over {
				t.extra = some
			}
			return err
		})
		if err != nil || over {
			return err
		}
	}
	return s.t.put(ctx, removals(journal))
}

func removals(keys []key) []op {
	ops := make([]op, len(keys))
	for i, k := range keys {
		ops[i] = op{item: item{key: k}, del: true}
	}
	return ops
}

// state reads pieces of state, after what is still to be written of them is.
func (s *Store) state(ctx context.Context, keys []key) (map[key]item, error) {
	for {
		found, err := s.t.get(ctx, keys)
		if err != nil {
			return nil, err
		}
		again := false
		for k, it := range found {
			if it.journal() == nil {
				continue
			}
			again = true
			if err := s.finish(ctx, k); err != nil {
				return nil, err
			}
		}
		if !again {
			return found, nil
		}
	}
}
