package dynamodb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/alert"
)

// isSample tells the items that sampleKey names.
func isSample(k key) bool { return strings.HasPrefix(k.pk, "alert#") && strings.Contains(k.sk, "#") }

// sampleOps writes the samples that are new or changed, deletes those that are
// no longer kept, and names them all in the holding. Samples that were loaded
// without records are as they were.
func (t *tx) sampleOps(h *holder) (ops []op, err error) {
	a, now := h.doc.Alert, t.env.Now
	if h.doc.Kept == 0 {
		h.doc.Kept = longer(until(now, t.s.keep.alerts))
	}
	refs := make([]string, len(a.Samples))
	after := map[string]bool{}
	for i := range a.Samples {
		s := &a.Samples[i]
		if refs[i] = h.refs[s.Identity]; s.Record != nil {
			content, err := json.Marshal(s)
			if err != nil {
				return nil, fmt.Errorf("alert %s: sample %s: %w", a.ID, s.Identity, err)
			}
			sum := sha256.Sum256(content)
			hash := hex.EncodeToString(sum[:8])
			if hash != refs[i] {
				refs[i] = hash
				ops = append(ops, t.s.fill(op{item: item{key: sampleKey(a.ID, s.Identity, hash), rev: 1, at: now.UnixMilli(), ttl: h.doc.Kept}}, content)...)
			}
		}
		after[s.Identity+"#"+refs[i]] = true
	}
	h.doc.Refs = refs
	for identity, hash := range h.refs {
		if !after[identity+"#"+hash] {
			ops = append(ops, op{item: item{key: sampleKey(a.ID, identity, hash)}, del: true})
		}
	}
	return ops, nil
}

// sampleKeys are where the records of an alert's samples are.
func (h *holding) sampleKeys() []key {
	keys := make([]key, len(h.Refs))
	for i, hash := range h.Refs {
		keys[i] = sampleKey(h.Alert.ID, h.Alert.Samples[i].Identity, hash)
	}
	return keys
}

// lost stands for the record of a sample that is no longer there.
const lost = `{"omitted":true,"reason":"the table has lost the record"}`

// withSamples reads the records of the samples of several alerts. missing is set
// when there is none of one: it was just replaced, or is lost.
func (s *Store) withSamples(ctx context.Context, hs ...*holder) (missing bool, err error) {
	var keys []key
	for _, h := range hs {
		keys = append(keys, h.doc.sampleKeys()...)
	}
	found, err := s.t.get(ctx, keys)
	if err != nil {
		return false, err
	}
	for _, h := range hs {
		for i, k := range h.doc.sampleKeys() {
			it, ok := found[k]
			if !ok {
				h.doc.Alert.Samples[i].Record, missing = json.RawMessage(lost), true
				continue
			}
			content, err := s.content(ctx, it)
			if err != nil {
				return false, err
			}
			if err := json.Unmarshal(content, &h.doc.Alert.Samples[i]); err != nil {
				return false, fmt.Errorf("alert %s: sample %d: %w: %w", h.doc.Alert.ID, i, alert.ErrCorrupt, err)
			}
		}
	}
	return missing, nil
}

// compared loads the samples of which another copy says the same of where it
// was read: then the records themselves decide which one is shown.
func (t *tx) compared(h *holder, in *alert.Incoming) error {
	a := h.doc.Alert
	if a == nil {
		return nil
	}
	for i := range a.Samples {
		s := &a.Samples[i]
		same := func(f alert.Fact) bool {
			return f.Identity == s.Identity && f.Evidence.File == s.Evidence.File &&
				f.Evidence.Version == s.Evidence.Version && f.Evidence.Record == s.Evidence.Record
		}
		if s.Record == nil && (slices.ContainsFunc(in.Again, same) || slices.ContainsFunc(in.Facts, same)) {
			missing, err := t.s.withSamples(t.ctx, h)
			if missing && err == nil {
				return t.still(h)
			}
			return err
		}
	}
	return nil
}

// still returns errChanged when a holder is no longer as it was read.
func (t *tx) still(h *holder) error {
	found, err := t.s.t.get(t.ctx, []key{h.key})
	if err == nil && found[h.key].rev != h.rev {
		err = errChanged
	}
	return err
}

// refresh writes samples anew whose time to live would end before that of their
// alert.
func (t *tx) refresh(h *holder) error {
	kept := until(t.env.Now, t.s.keep.alerts)
	if h.doc.Alert == nil || h.doc.Kept == 0 || kept != 0 && h.doc.Kept >= kept {
		return nil
	}
	found, err := t.s.t.get(t.ctx, h.doc.sampleKeys())
	if err != nil {
		return err
	}
	h.doc.Kept = longer(kept)
	var ops []op
	for _, it := range found {
		for _, k := range it.blobs() {
			blob, err := t.s.t.get(t.ctx, []key{k})
			if err != nil {
				return err
			}
			if b, ok := blob[k]; ok {
				b.ttl = longer(h.doc.Kept)
				ops = append(ops, op{item: b})
			}
		}
		it.ttl = h.doc.Kept
		ops = append(ops, op{item: it})
	}
	return t.s.t.put(t.ctx, ops)
}
