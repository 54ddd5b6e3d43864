package dynamodb

import (
	"bytes"
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
//
// Where the findings are too much for that transaction, they are in the journal,
// too: then the one item decides whether they are told, and telling them follows.

// journal is the content of a journal; one without findings is the list of its ops.
type journal struct {
	Findings []found     `json:"findings"`
	Ops      []journaled `json:"ops"`
}

// found is a finding as a journal holds it: its record to the byte.
type found struct {
	alert.Finding
	Record []byte `json:"event"`
}

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

// journalKept is how long a journal is there that a process left behind, where
// nobody calls Purge: a table of functions alone. One that counts is read as soon as
// anything is judged.
const journalKept = 365 * day

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

// journal writes the state of a tail into a journal, with findings that follow from
// it, and leaves the one op in the tail that leads there; nil when there is none, or
// it is too much for a journal. State without versions is written after it, as
// positions are.
func (s *Store) journal(ctx context.Context, t *tail, findings []found) (guard *op, err error) {
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
	if last < 0 || rest[last].del {
		return nil, nil
	}
	guard, rest = &rest[last], rest[:last]
	text, err := journalOf(rest, findings)
	if err != nil || len(text) > maxUnpacked {
		return nil, err
	}
	packed := s.packer.pack(text)
	sum := sha256.Sum256(append([]byte(randomID()), packed...))
	n, ttl := 0, until(time.UnixMilli(guard.at), journalKept)
	for piece := range slices.Chunk(packed, maxData) {
		blobs = append(blobs, op{item: item{key: blobKey(sum[:], n), rev: 1, at: guard.at, ttl: ttl, data: piece, words: guard.pk + "\n" + guard.sk}})
		n++
	}
	guard.words = journalMark + hex.EncodeToString(sum[:]) + "\n" + strconv.Itoa(n)
	t.state, t.positions = []op{*guard}, append(loose, t.positions...)
	return guard, s.t.put(ctx, blobs)
}

func journalOf(ops []op, findings []found) ([]byte, error) {
	all := make([]journaled, len(ops))
	for i, o := range ops {
		all[i] = journaled{o.pk, o.sk, o.rev, o.at, o.data, o.del}
	}
	if len(findings) == 0 {
		return json.Marshal(all)
	}
	return json.Marshal(journal{findings, all})
}

// foundIn are the findings of groups, as a journal holds them.
func foundIn(groups [][]*alert.Incoming) (all []found) {
	for _, g := range groups {
		for _, in := range g {
			for _, f := range in.Facts {
				all = append(all, found{*f.Finding, f.Record})
			}
		}
	}
	return all
}

// finish writes what the journal holds that an item leads to, if it still does, and
// tells what is found there, unless that is told.
func (s *Store) finish(ctx context.Context, guard key, told bool) error {
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
		j, err := s.readJournal(ctx, it, keys)
		if err == nil {
			if !told {
				err = s.tell(ctx, j.findings(), time.UnixMilli(it.at))
			}
			if err != nil {
				return err
			}
			return s.replay(ctx, it, keys, j.ops())
		}
		if now, e := s.t.get(ctx, []key{guard}); e != nil || now[guard].words == it.words {
			return errors.Join(err, e)
		} // else another did it meanwhile, and it is gone
	}
}

func (s *Store) readJournal(ctx context.Context, it item, keys []key) (j journal, err error) {
	found, err := s.t.get(ctx, keys)
	if err != nil {
		return j, err
	}
	var packed []byte
	for _, k := range keys {
		if _, ok := found[k]; !ok {
			return j, fmt.Errorf("item %s, %s: %w: its journal %s is missing", it.pk, it.sk, alert.ErrCorrupt, k.pk)
		}
		packed = append(packed, found[k].data...)
	}
	text, err := unpack(it.key, packed)
	if err != nil {
		return j, err
	}
	if bytes.HasPrefix(text, []byte("[")) {
		err = json.Unmarshal(text, &j.Ops)
	} else {
		err = json.Unmarshal(text, &j)
	}
	if err != nil {
		return j, fmt.Errorf("item %s, %s: its journal: %w: %w", it.pk, it.sk, alert.ErrCorrupt, err)
	}
	return j, nil
}

func (j *journal) ops() []op {
	ops := make([]op, len(j.Ops))
	for i, o := range j.Ops {
		ops[i] = op{item: item{key: key{o.PK, o.SK}, rev: o.Rev, at: o.At, data: o.Data}, del: o.Del}
	}
	return ops
}

func (j *journal) findings() []alert.Finding {
	all := make([]alert.Finding, len(j.Findings))
	for i, f := range j.Findings {
		f.Finding.Record = f.Record
		all[i] = f.Finding
	}
	return all
}

// tell adds findings that were decided on at a time; those that are told already are
// known.
func (s *Store) tell(ctx context.Context, findings []alert.Finding, at time.Time) error {
	b, p := alert.Batch{Findings: findings, Now: at}, s.policy()
	in, _, _ := alert.Gather(&b, p)
	c := commit{s: s, b: &b, sinks: p.SinkNames(), seen: map[string]bool{}}
	return c.write(ctx, c.groups(in), tail{})
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
			if err := s.finish(ctx, k, false); err != nil {
				return nil, err
			}
		}
		if !again {
			return found, nil
		}
	}
}
