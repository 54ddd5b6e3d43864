package alert

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strconv"
	"time"
)

// Fingerprint is the ID of the alert of a rule, a group and the start of a
// bucket: hex SHA-256 over all of them, each with its length before it, so that
// no two different inputs read the same. The order of the labels does not
// matter.
func Fingerprint(ruleID string, group []Label, bucket time.Time) string {
	sorted := slices.Clone(group)
	slices.SortFunc(sorted, compareLabels)
	parts := append(make([]string, 0, 12), "alert", ruleID, strconv.FormatInt(bucket.Unix(), 10))
	for _, l := range sorted {
		parts = append(parts, l.Name, l.Value)
	}
	return digest(parts...)
}

// FindingKey identifies a finding in every store: the rule's ID and the
// record's identity, hashed. The alert is no part of it, so that a changed
// bucket or grouping does not make news of what was counted before.
func FindingKey(f *Finding) [16]byte {
	sum := digestBytes("finding", f.Rule.ID, f.Identity)
	return [16]byte(sum[:16])
}

// deliveryID is the same for the same step of an alert on a sink, whoever makes
// it, so that two workers cannot both put it into the outbox.
func deliveryID(alertID, sink string, sequence int64) string {
	return digest("delivery", alertID, sink, strconv.FormatInt(sequence, 10))[:32]
}

func digest(parts ...string) string {
	sum := digestBytes(parts...)
	return hex.EncodeToString(sum[:])
}

func digestBytes(parts ...string) [sha256.Size]byte {
	buf := make([]byte, 0, 512)
	for _, p := range parts {
		buf = binary.AppendUvarint(buf, uint64(len(p)))
		buf = append(buf, p...)
	}
	return sha256.Sum256(buf)
}

func compareLabels(a, b Label) int {
	if a.Name != b.Name {
		if a.Name < b.Name {
			return -1
		}
		return 1
	}
	switch {
	case a.Value < b.Value:
		return -1
	case a.Value > b.Value:
		return 1
	}
	return 0
}
