package verify_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/cloudtrail/digest"
	"github.com/trailwarden/trailwarden/cloudtrail/digest/digesttest"
)

// change is one thing that somebody does to a bucket; it returns false where
// there is nothing to do it to.
type change struct {
	name string
	do   func(r *rand.Rand, w *world) bool
}

func pick[T any](r *rand.Rand, of []T) T { return of[r.IntN(len(of))] }

// bytesChange are what somebody does to the bytes of one file.
var bytesChange = map[string]func(r *rand.Rand, b []byte) []byte{
	"packed byte flipped":   func(r *rand.Rand, b []byte) []byte { b[r.IntN(len(b))] ^= 1 << r.IntN(8); return b },
	"header byte replaced":  func(r *rand.Rand, b []byte) []byte { b[r.IntN(12)] = byte(r.IntN(256)); return b },
	"trailer byte replaced": func(r *rand.Rand, b []byte) []byte { b[len(b)-1-r.IntN(8)] = byte(r.IntN(256)); return b },
	"cut":                   func(r *rand.Rand, b []byte) []byte { return b[:r.IntN(len(b))] },
	"trailer cut":           func(r *rand.Rand, b []byte) []byte { return b[:len(b)-1-r.IntN(12)] },
	"emptied":               func(*rand.Rand, []byte) []byte { return []byte{} },
	"bytes appended":        func(r *rand.Rand, b []byte) []byte { return append(b, make([]byte, 1+r.IntN(20))...) },
	"member appended":       func(_ *rand.Rand, b []byte) []byte { return append(b, digesttest.Pack([]byte("x"))...) },
	"stored unpacked":       func(_ *rand.Rand, b []byte) []byte { return digesttest.Unpack(b) },
	"text byte flipped": func(r *rand.Rand, b []byte) []byte {
		text := digesttest.Unpack(b)
		text[r.IntN(len(text))] ^= 1 << r.IntN(8)
		return digesttest.Pack(text)
	},
	"text extended": func(_ *rand.Rand, b []byte) []byte {
		return digesttest.Pack(append(digesttest.Unpack(b), ' '))
	},
	"text replaced": func(r *rand.Rand, _ []byte) []byte {
		return digesttest.Pack([]byte(pick(r, []string{"", "{}", "[]", "null", "1", `{"Records":[]}`, "\xff", "{"})))
	},
	"packed again": func(_ *rand.Rand, b []byte) []byte { return digesttest.Pack(digesttest.Unpack(b)) },
	"random bytes": func(r *rand.Rand, b []byte) []byte { return junk(r, b) },
	"name in header": func(r *rand.Rand, b []byte) []byte {
		name := bytes.Repeat([]byte("n"), r.IntN(900))
		out := append(append(slices.Clone(b[:10]), name...), 0)
		out[3] |= 8
		return append(out, b[10:]...)
	},
}

func junk(r *rand.Rand, b []byte) []byte {
	for i := range b {
		b[i] = byte(r.IntN(256))
	}
	if r.IntN(2) == 0 {
		copy(b, "\x1f\x8b\x08")
	}
	return b
}

// digestChange are what somebody does to the content of a digest.
var digestChange = map[string]func(r *rand.Rand, d map[string]any){
	"key removed": func(r *rand.Rand, d map[string]any) { delete(d, pick(r, slices.Sorted(maps.Keys(d)))) },
	"key renamed": func(r *rand.Rand, d map[string]any) {
		k := pick(r, slices.Sorted(maps.Keys(d)))
		d[strings.ToUpper(k)] = d[k]
		delete(d, k)
	},
	"key added":    func(_ *rand.Rand, d map[string]any) { d["more"] = true },
	"value null":   func(r *rand.Rand, d map[string]any) { d[pick(r, slices.Sorted(maps.Keys(d)))] = nil },
	"value text":   func(r *rand.Rand, d map[string]any) { d[pick(r, slices.Sorted(maps.Keys(d)))] = "x" },
	"value number": func(r *rand.Rand, d map[string]any) { d[pick(r, slices.Sorted(maps.Keys(d)))] = 7 },
	"log dropped": func(_ *rand.Rand, d map[string]any) {
		d["logFiles"] = d["logFiles"].([]any)[1:]
	},
	"logs reordered": func(_ *rand.Rand, d map[string]any) { slices.Reverse(d["logFiles"].([]any)) },
	"previous removed": func(_ *rand.Rand, d map[string]any) {
		d["previousDigestS3Object"], d["previousDigestS3Bucket"] = nil, nil
	},
}

// metaChange are what somebody does to the metadata of a digest.
var metaChange = map[string]func(r *rand.Rand, m *digest.Metadata){
	"signature removed": func(_ *rand.Rand, m *digest.Metadata) { m.Signature = "" },
	"algorithm removed": func(_ *rand.Rand, m *digest.Metadata) { m.Algorithm = "" },
	"algorithm other":   func(_ *rand.Rand, m *digest.Metadata) { m.Algorithm = "SHA1withRSA" },
	"signature upper":   func(_ *rand.Rand, m *digest.Metadata) { m.Signature = strings.ToUpper(m.Signature) },
	"signature digit": func(r *rand.Rand, m *digest.Metadata) {
		b := []byte(m.Signature)
		b[r.IntN(len(b))] = "0123456789abcdef"[r.IntN(16)]
		m.Signature = string(b)
	},
	"signature cut":     func(r *rand.Rand, m *digest.Metadata) { m.Signature = m.Signature[:1+r.IntN(len(m.Signature)-1)] },
	"signature no hex":  func(_ *rand.Rand, m *digest.Metadata) { m.Signature = "zz" + m.Signature[2:] },
	"timestamp removed": func(_ *rand.Rand, m *digest.Metadata) { m.Backfill = "" },
	"timestamp moved":   func(_ *rand.Rand, m *digest.Metadata) { m.Backfill = "2031-01-01T00:00:00Z" },
	"timestamp no time": func(_ *rand.Rand, m *digest.Metadata) { m.Backfill = "soon" },
}

// changes are all kinds of single changes, in an order that a seed can rely on.
var changes = func() (all []change) {
	add := func(name string, do func(*rand.Rand, *world) bool) { all = append(all, change{name, do}) }
	for _, name := range slices.Sorted(maps.Keys(bytesChange)) {
		do := bytesChange[name]
		add("log: "+name, func(r *rand.Rand, w *world) bool {
			b := pick(r, w.buckets)
			key := pick(r, b.Logs)
			b.Objects[key] = do(r, slices.Clone(b.Objects[key]))
			return true
		})
		add("digest: "+name, func(r *rand.Rand, w *world) bool {
			b := pick(r, w.buckets)
			key := pick(r, b.Digests)
			b.Objects[key] = do(r, slices.Clone(b.Objects[key]))
			return true
		})
	}
	for _, name := range slices.Sorted(maps.Keys(digestChange)) {
		do := digestChange[name]
		add("digest: "+name, func(r *rand.Rand, w *world) bool {
			b := pick(r, w.buckets)
			key := pick(r, b.Digests)
			d := content(b.Objects[key])
			do(r, d)
			text, err := json.Marshal(d)
			b.Objects[key] = digesttest.Pack(text)
			return err == nil
		})
	}
	for _, name := range slices.Sorted(maps.Keys(metaChange)) {
		do := metaChange[name]
		add("metadata: "+name, func(r *rand.Rand, w *world) bool {
			b := pick(r, w.buckets)
			key := pick(r, b.Digests)
			m := b.Meta[key]
			do(r, &m)
			b.Meta[key] = m
			return true
		})
	}
	return append(all, others...)
}()

func content(packed []byte) (d map[string]any) {
	if err := json.Unmarshal(digesttest.Unpack(packed), &d); err != nil {
		panic(err)
	}
	return d
}

// others are changes to more than the content of one file.
var others = []change{
	{"log deleted", func(r *rand.Rand, w *world) bool {
		b := pick(r, w.buckets)
		delete(b.Objects, pick(r, b.Logs))
		return true
	}},
	{"digest deleted", func(r *rand.Rand, w *world) bool {
		b := pick(r, w.buckets)
		delete(b.Objects, pick(r, b.Digests))
		return true
	}},
	{"newest digest deleted", func(_ *rand.Rand, w *world) bool { b := w.newest(); delete(b.Objects, b.Digests[0]); return true }},
	{"log replaced by another", func(r *rand.Rand, w *world) bool {
		b := pick(r, w.buckets)
		b.Objects[pick(r, b.Logs)] = b.Objects[pick(r, b.Logs)]
		return true
	}},
	{"logs exchanged", func(r *rand.Rand, w *world) bool {
		b := pick(r, w.buckets)
		x, y := pick(r, b.Logs), pick(r, b.Logs)
		b.Objects[x], b.Objects[y] = b.Objects[y], b.Objects[x]
		return true
	}},
	{"log smuggled in", func(r *rand.Rand, w *world) bool {
		b := pick(r, w.buckets)
		b.Objects[strings.Replace(pick(r, b.Logs), "T", "T", 1)+"x.json.gz"] = digesttest.Pack([]byte(`{"Records":[]}`))
		key := pick(r, b.Logs)
		b.Objects[key[:len(key)-len("000000.json.gz")]+"Fake00.json.gz"] = digesttest.Pack([]byte(`{"Records":[]}`))
		return true
	}},
	{"digest replaced by another", func(r *rand.Rand, w *world) bool {
		b := pick(r, w.buckets)
		x, y := pick(r, b.Digests), pick(r, b.Digests)
		b.Objects[x], b.Meta[x] = b.Objects[y], b.Meta[y]
		return true
	}},
	{"digests exchanged", func(r *rand.Rand, w *world) bool {
		b := pick(r, w.buckets)
		x, y := pick(r, b.Digests), pick(r, b.Digests)
		b.Objects[x], b.Objects[y] = b.Objects[y], b.Objects[x]
		b.Meta[x], b.Meta[y] = b.Meta[y], b.Meta[x]
		return true
	}},
	{"signatures exchanged", func(r *rand.Rand, w *world) bool {
		b := pick(r, w.buckets)
		x, y := pick(r, b.Digests), pick(r, b.Digests)
		b.Meta[x], b.Meta[y] = b.Meta[y], b.Meta[x]
		return true
	}},
	{"digest planted between", func(r *rand.Rand, w *world) bool {
		b := pick(r, w.buckets)
		x := pick(r, b.Digests)
		key := strings.Replace(x, "0000Z", "3000Z", 1)
		b.Objects[key], b.Meta[key] = b.Objects[x], b.Meta[x]
		return true
	}},
	{"digest planted as backfill", func(r *rand.Rand, w *world) bool {
		b := pick(r, w.buckets)
		x := pick(r, b.Digests)
		key := strings.TrimSuffix(strings.TrimSuffix(x, ".json.gz"), "_backfill") + "_backfill.json.gz"
		m := b.Meta[x]
		m.Backfill = start.Format("2006-01-02T15:04:05Z")
		b.Objects[key], b.Meta[key] = b.Objects[x], m
		return true
	}},
	{"digest of another bucket", func(r *rand.Rand, w *world) bool {
		if len(w.buckets) < 2 {
			return false
		}
		x, y := w.buckets[0], w.buckets[1]
		key := pick(r, x.Digests)
		y.Objects[key], y.Meta[key] = x.Objects[key], x.Meta[key]
		return true
	}},
	{"signed: logs forgotten", signed(func(_ *world, d map[string]any) { d["logFiles"] = []any{} })},
	{"signed: chain ends", signed(func(_ *world, d map[string]any) {
		d["previousDigestS3Object"], d["previousDigestS3Bucket"], d["previousDigestSignature"] = nil, nil, nil
	})},
	{"signed: previous elsewhere", signed(func(_ *world, d map[string]any) {
		d["previousDigestS3Object"] = strings.Replace(d["digestS3Object"].(string), "main", "gone", 1)
	})},
	{"signed: empty previous signature", signed(func(_ *world, d map[string]any) { d["previousDigestSignature"] = "" })},
	{"signed: to the other bucket", signed(func(w *world, d map[string]any) { d["previousDigestS3Bucket"] = w.buckets[0].Name })},
	{"key renamed", keys(func(k *digest.PublicKey) { k.Fingerprint = "00" })},
	{"key damaged", keys(func(k *digest.PublicKey) { k.Value = "AAAA" })},
	{"key expired, another there", func(_ *rand.Rand, w *world) bool {
		k := slices.Clone(w.keys["us-east-1"])
		k[0].ValidityEndTime = start.AddDate(-1, 0, 0)
		k[0].ValidityStartTime = k[0].ValidityEndTime
		another := w.keys["us-east-1"][0]
		another.Fingerprint = "11"
		w.keys["us-east-1"] = append(k, another)
		return true
	}},
}

// signed changes a digest and signs it with CloudTrail's key.
func signed(do func(w *world, d map[string]any)) func(r *rand.Rand, w *world) bool {
	return func(r *rand.Rand, w *world) bool {
		b := pick(r, w.buckets)
		key := pick(r, b.Digests)
		d := content(b.Objects[key])
		if d["previousDigestS3Object"] == nil {
			return false
		}
		do(w, d)
		tr := w.trail
		tr.Backfill = strings.Contains(key, "_backfill")
		b.Put(tr, d)
		b.Digests = slices.Clone(b.Digests[1:])
		return true
	}
}

func keys(do func(k *digest.PublicKey)) func(*rand.Rand, *world) bool {
	return func(_ *rand.Rand, w *world) bool {
		k := slices.Clone(w.keys["us-east-1"])
		do(&k[0])
		w.keys["us-east-1"] = k
		return true
	}
}
