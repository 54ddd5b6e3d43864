package dynamodb

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Spread of what has no natural partition.
const (
	listShards   = 8
	deadShards   = 16
	letterShards = 16
	stateShards  = 16
)

// last is after every other sort key that the store uses.
const last = "\U0010ffff"

// bounded is a name that fits into a key: at most 900 bytes (the most that a
// sort key may have is 1,024) of valid UTF-8; another one with its hash.
func bounded(name string) string {
	if name != "" && len(name) <= 900 && utf8.ValidString(name) {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return strings.ToValidUTF8(name[:min(len(name), 800)], "?") + "#" + hex.EncodeToString(sum[:])
}

// alertPart is the partition of the alerts whose IDs begin alike.
func alertPart(id string) string { return "alert#" + id[:min(3, len(id))] }

func alertKey(id string) key { return key{alertPart(id), id} }

func ownKey(delivery string) key { return key{"own#" + bounded(delivery), "own"} }

func sampleKey(id, identity, hash string) key {
	return key{alertPart(id), id + "#s#" + bounded(identity) + "#" + hash}
}

func findingKey(k [16]byte) key { return key{"finding#" + hex.EncodeToString(k[:]), "f"} }

func sinkKey(name string) key { return key{"sink#" + bounded(name), "sink"} }

func sinkListed(name string) key { return key{"sinks", bounded(name)} }

func putKey(id string) key { return key{"put#" + bounded(id), "put"} }

func deadKey(id string) key { return key{"dead#" + shard(id, deadShards), bounded(id)} }

func letterKey(id string) key { return key{"letter#" + shard(id, letterShards), bounded(id)} }

func silenceKey(id string) key { return key{"silence", bounded(id)} }

func positionKey(name string) key { return key{"position#" + bounded(name), "position"} }

func stateKey(name string) key { return key{"state#" + shard(name, stateShards), bounded(name)} }

func auditKey(at time.Time) key {
	return key{"audit#" + at.UTC().Format("2006-01"), fmt.Sprintf("%013d#%s", at.UnixMilli(), randomID())}
}

func duePart(sink string) string { return "due#" + bounded(sink) }

// dueKey is where the next delivery of a holder to a sink stands.
func dueKey(sink string, ms, sequence int64, holder key) key {
	kind, id := "a", holder.sk
	if strings.HasPrefix(holder.pk, "own#") {
		kind, id = "o", strings.TrimPrefix(holder.pk, "own#")
	}
	return key{duePart(sink), fmt.Sprintf("%013d#%08d#%s#%s", max(ms, 0), max(sequence, 0), kind, id)}
}

// holderOf is the item that a pointer leads to.
func holderOf(k key) (holder key, ok bool) {
	parts := strings.SplitN(k.sk, "#", 4)
	if len(parts) != 4 {
		return key{}, false
	}
	if parts[2] == "o" {
		return key{"own#" + parts[3], "own"}, true
	}
	return alertKey(parts[3]), true
}

// dueUntil is after every pointer that is due at a time.
func dueUntil(now time.Time) string { return fmt.Sprintf("%013d", now.UnixMilli()+1) }

// orderKey sorts the list of alerts by the last event's time and then ID. Times
// count from the year 0, so that none is negative.
func orderKey(at time.Time, id string) string { return fmt.Sprintf("%015d#%s", sinceZero(at), id) }

func sinceZero(at time.Time) int64 { return max(at.UnixMilli()+62_167_219_200_000, 0) }

// cursorOf reads what orderKey wrote.
func cursorOf(s string) (order string, ok bool) {
	at, id, found := strings.Cut(s, "#")
	_, err := strconv.ParseInt(at, 10, 64)
	return s, found && err == nil && len(at) == 15 && id != ""
}
