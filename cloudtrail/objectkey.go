package cloudtrail

import (
	"strings"
	"time"
)

// FileKind is the kind of files that a folder of the log bucket holds, named
// as in the key (User Guide, finding log files).
type FileKind string

// The kinds that CloudTrail delivers. Other services that deliver into the
// same layout, such as Config and elasticloadbalancing, keep their own names.
const (
	FileEvents          FileKind = "CloudTrail"
	FileInsights        FileKind = "CloudTrail-Insight"
	FileNetworkActivity FileKind = "CloudTrail-NetworkActivity"
	FileAggregated      FileKind = "CloudTrail-Aggregated"
	FileDigest          FileKind = "CloudTrail-Digest"
)

// HoldsRecords tells whether files of the kind hold CloudTrail records.
func (k FileKind) HoldsRecords() bool {
	return k == FileEvents || k == FileInsights || k == FileNetworkActivity || k == FileAggregated
}

// ObjectKey is what the key of an object in a log bucket tells:
//
//	[Prefix/]AWSLogs/[Organization/]Account/Kind/Region/YYYY/MM/DD/File
//
// Fields that a key does not reach down to are empty.
type ObjectKey struct {
	Prefix       string // without its final slash
	Organization string // o- and 10 to 32 letters or digits
	Account      string // 12 digits
	Kind         FileKind
	Region       string
	Date         time.Time // the day of delivery, UTC
	File         string    // the last part; empty for a folder
	Delivered    time.Time // from the file's name, UTC: to the minute, of digests to the second
	Unique       string    // the suffix of a log file's name, without meaning
	Trail        string    // digests only
	HomeRegion   string    // digests only
	Backfill     bool      // digests only
}

// ParseObjectKey reads an object key, or a local path in the same layout with
// slashes. Any prefix may stand before, even one that holds "AWSLogs": the last
// place where the layout fits counts. ok is false when it fits nowhere.
func ParseObjectKey(key string) (ObjectKey, bool) {
	parts := strings.Split(key, "/")
	for i := len(parts) - 1; i >= 0; i-- {
		if parts[i] != "AWSLogs" {
			continue
		}
		if k, ok := parseLayout(parts[i+1:]); ok {
			k.Prefix = strings.Join(parts[:i], "/")
			return k, true
		}
	}
	return ObjectKey{}, false
}

// parseLayout reads what follows "AWSLogs/".
func parseLayout(parts []string) (k ObjectKey, ok bool) {
	if len(parts) > 0 && isOrganization(parts[0]) {
		k.Organization, parts = parts[0], parts[1:]
	}
	if len(parts) < 2 || !isAccount(parts[0]) || parts[1] == "" {
		return k, false
	}
	k.Account, k.Kind, parts = parts[0], FileKind(parts[1]), parts[2:]
	if len(parts) > 1 {
		k.Region, parts = parts[0], parts[1:]
	}
	if len(parts) > 3 {
		day, err := time.Parse("2006/01/02", strings.Join(parts[:3], "/"))
		if err != nil {
			return k, !k.Kind.isCloudTrail()
		}
		k.Date, parts = day, parts[3:]
	}
	if len(parts) != 1 {
		return k, !k.Kind.isCloudTrail() && len(parts) > 0
	}
	k.File = parts[0]
	k.fileName()
	return k, true
}

func (k FileKind) isCloudTrail() bool { return k.HoldsRecords() || k == FileDigest }

// fileName takes apart the last part of the key.
func (k *ObjectKey) fileName() {
	stem, _ := strings.CutSuffix(k.File, ".gz")
	stem, _ = strings.CutSuffix(stem, ".json")
	stem, ok := strings.CutPrefix(stem, k.Account+"_"+string(k.Kind)+"_"+k.Region+"_")
	if !ok {
		return
	}
	if k.Kind == FileDigest {
		k.digestName(stem)
		return
	}
	stamp, unique, _ := strings.Cut(stem, "_")
	k.Unique = unique
	k.Delivered, _ = time.Parse("20060102T1504Z", stamp)
}

// digestName reads TRAIL_HOMEREGION_TIME from its end, for a trail's name may
// hold underscores.
func (k *ObjectKey) digestName(stem string) {
	stem, k.Backfill = strings.CutSuffix(stem, "_backfill")
	i := strings.LastIndexByte(stem, '_')
	if i < 0 {
		return
	}
	k.Delivered, _ = time.Parse("20060102T150405Z", stem[i+1:])
	stem = stem[:i]
	if i = strings.LastIndexByte(stem, '_'); i >= 0 {
		k.Trail, k.HomeRegion = stem[:i], stem[i+1:]
	}
}

func isAccount(s string) bool {
	if len(s) != 12 {
		return false
	}
	return strings.Trim(s, "0123456789") == ""
}

func isOrganization(s string) bool {
	id, ok := strings.CutPrefix(s, "o-")
	if !ok || len(id) < 10 || len(id) > 32 {
		return false
	}
	return strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}
