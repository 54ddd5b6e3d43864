package live

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/pipeline/intake"
	"github.com/trailwarden/trailwarden/severity"
	"github.com/trailwarden/trailwarden/source"
	"github.com/trailwarden/trailwarden/source/envelope"
)

// object is the object in hand.
type object struct {
	name   string // of its checkpoint; empty when it has none
	resume int    // records before this one were judged by an earlier try
	bytes  int    // of records since the last checkpoint
	marked bool   // a checkpoint was written
}

// checkpointed is what the store keeps of an object that is being read.
type checkpointed struct {
	Next  int    `json:"next"`  // index of the first record that was not committed
	Rules string `json:"rules"` // set that judged those before it
}

// resumable is the size of objects, in bytes as stored, from which on a
// checkpoint is looked for: smaller ones are judged between two checkpoints.
const resumable = 1 << 20

// created fetches and judges an object.
func (w *worker) created(it *envelope.Item) error {
	switch it.Object.Class() {
	case envelope.LogFile, envelope.Unclassified:
	case envelope.DigestFile:
		w.Ignored.Add("digest file", 1)
		return nil
	case envelope.FolderMark:
		w.Ignored.Add("folder", 1)
		return nil
	case envelope.SecurityLake:
		w.poison(&envelope.Item{Object: it.Object, Path: it.Path, Reason: "Security Lake files are Parquet of OCSF and hold no CloudTrail records: subscribe to the trail's own bucket"})
		return nil
	default:
		w.Ignored.Add("file of another service", 1)
		return nil
	}
	w.Objects.Add(1)
	err := w.read(it.Object)
	var changed *source.Changed
	if errors.As(err, &changed) {
		w.replaced(it.Object)
		it.Object.ETag, it.Object.VersionID = "", ""
		err = w.read(it.Object)
	}
	return w.unreadable(it, err)
}

// unreadable decides what becomes of an object that was not read.
func (w *worker) unreadable(it *envelope.Item, err error) error {
	var (
		deleted *source.Deleted
		parked  *source.Parked
		refused *source.Refused
	)
	switch {
	case err == nil:
	case errors.As(err, &deleted):
		w.finding(&deletedRule, "LogObjectMissing", it.Object)
	case errors.As(err, &parked), errors.As(err, &refused):
		w.trouble(w.delivery.Source, err)
		w.poison(&envelope.Item{Object: it.Object, Path: it.Path, Reason: err.Error()})
	default:
		return err
	}
	return nil
}

// read judges the records of an object.
func (w *worker) read(o source.Object) error {
	body, info, err := w.o.Fetch(w.delivery.Source).Open(w.ctx, o)
	if err != nil {
		return err
	}
	closing := sync.OnceValue(body.Close)
	defer func() { _ = closing() }()
	w.origin = intake.Origin{File: plain(info.Object).String(), Version: info.Object.VersionID, Mode: w.o.Mode, Arrived: w.delivery.Arrived}
	if err := w.resume(info); err != nil {
		return err
	}
	if info.Replaced {
		w.replaced(o)
	}
	tracked := &source.Tracked{R: body}
	sum, err := w.decode(tracked, info.Object.Size)
	if e := tracked.Err(); err == nil && e != nil {
		err = fmt.Errorf("%w: %w", errCut, e)
	}
	if err != nil {
		return err
	}
	if sum.Records == 0 && len(sum.Faults) > 0 && o.Class() == envelope.Unclassified {
		if w.o.Own != nil && w.o.Own(o.Bucket, o.Key) {
			w.Ignored.Add("own configuration", 1)
			return nil
		}
		_ = closing() // a fetcher may open only so many at once
		if opened, err := w.messages(o); opened || err != nil {
			return err
		}
	}
	return w.finish(sum)
}

// messages judges an object that is no log file, but may hold messages as
// Firehose gathers them. It reports false when it holds none: then what is wrong
// with the object is said of the log file that it is not.
func (w *worker) messages(o source.Object) (opened bool, err error) {
	body, _, err := w.o.Fetch(w.delivery.Source).Open(w.ctx, o)
	if err != nil {
		return false, err
	}
	defer body.Close()
	w.object = object{}
	index := 0
	var unread []envelope.Item // before the first that could be opened
	w.engage()
	err = envelope.Stream(w.ctx, body, envelope.DefaultLimits(), func(it envelope.Item) error {
		if it.Kind == envelope.Poison {
			it.Object = o
			unread = append(unread, it)
		}
		if opened = opened || it.Kind != envelope.Poison || len(unread) > maxUnread; !opened {
			return nil
		}
		for i := range unread {
			w.poison(&unread[i])
		}
		unread = unread[:0]
		return w.opened(&it, &index)
	})
	w.disengage()
	return opened, err
}

// maxUnread is how many values of a file may be no messages before it counts as
// one of messages all the same.
const maxUnread = 100

// opened judges what a message in a file holds.
func (w *worker) opened(it *envelope.Item, index *int) error {
	switch it.Kind {
	case envelope.Poison:
		return nil
	case envelope.Record:
	default: // a file that announces others is not followed: it could announce itself
		w.Ignored.Add(it.What, 1)
		return nil
	}
	*index++
	rec, err := cloudtrail.ParseRecord(it.Record)
	if err != nil {
		w.refuse(cloudtrail.Fault{File: w.origin.File, Offset: -1, Record: *index - 1, Reason: err.Error()}, it.Record)
		return nil
	}
	return w.record(rec, *index-1)
}

// plain is an object by its name alone: the version stands beside it.
func plain(o source.Object) source.Object { return source.Object{Bucket: o.Bucket, Key: o.Key} }

// resume looks for what an earlier try has judged.
func (w *worker) resume(info source.Info) error {
	sum := sha256.Sum256([]byte(info.Object.Identity()))
	w.object = object{name: "object/" + hex.EncodeToString(sum[:16])}
	if info.Object.Size >= 0 && info.Object.Size < resumable {
		return nil
	}
	return w.o.Store.State(w.ctx, w.object.name, func(p alert.Position) error {
		var c checkpointed
		if p.Name == w.object.name && json.Unmarshal(p.Data, &c) == nil {
			w.object.marked = true
			if c.Rules == w.rules.Version {
				w.object.resume = c.Next
			}
		}
		return nil
	})
}

// checkpoint commits what was found so far once enough was read.
func (w *worker) checkpoint(index int) error {
	if w.object.name == "" || w.object.bytes < w.o.CheckpointBytes && len(w.part.findings) < maxFindings && w.part.hits.Bytes < maxHitBytes {
		return nil
	}
	data, err := json.Marshal(checkpointed{index + 1, w.rules.Version})
	if err != nil {
		return err
	}
	w.part.state = append(w.part.state, alert.Position{Name: w.object.name, Data: data})
	w.object.bytes, w.object.marked = 0, true
	return w.commit()
}

// What one commit of one object holds at most: findings, and bytes of records
// that rules remember.
const (
	maxFindings = 1_000
	maxHitBytes = 4 << 20
)

// finish reports what was wrong with the object. A file that is damaged as a
// whole is read once more, for the damage may be on the way; then it is a dead
// letter.
func (w *worker) finish(sum cloudtrail.Summary) error {
	if sum.Ignored != "" {
		w.Ignored.Add(sum.Ignored, 1)
	}
	for _, f := range sum.Faults {
		if damaged(f) && w.delivery.Receives == 1 && w.delivery.MaxReceives > 1 {
			return fmt.Errorf("%w: %s", errCut, f.Reason)
		}
		w.refuse(f, nil)
	}
	w.Received.Add(int64(sum.MoreFaults))
	w.Failed.Add(int64(sum.MoreFaults))
	if w.object.marked {
		w.part.state = append(w.part.state, alert.Position{Name: w.object.name})
	}
	return nil
}

// damaged tells whether a fault is the whole file's: no record of it is to blame,
// or it was cut off inside one.
func damaged(f cloudtrail.Fault) bool {
	return f.Record < 0 || strings.Contains(f.Reason, "incomplete, fetch it again")
}

// removed makes a finding of a log file that somebody deleted.
func (w *worker) removed(o source.Object) {
	if c := o.Class(); c != envelope.LogFile && c != envelope.DigestFile {
		w.Ignored.Add("removal of another file", 1)
		return
	}
	w.finding(&removedRule, "LogObjectRemoved", o)
}

// replaced makes a finding of a log file that somebody has written over.
func (w *worker) replaced(o source.Object) {
	if o.Class() == envelope.LogFile {
		w.finding(&replacedRule, "LogObjectReplaced", o)
	}
}

// The rules about the log itself, which are always on.
var (
	removedRule = alert.Rule{ID: "trailwarden-log-removed", Title: "A log file was removed from the bucket", Severity: severity.High,
		Description: "S3 says that a CloudTrail log or digest file was deleted. Apart from the bucket's own lifecycle, nobody should do that.",
		Tags:        []string{"attack.t1070"}, GroupBy: []string{"requestParameters.bucketName"}, Language: "built in", Version: "1"}
	deletedRule = alert.Rule{ID: "trailwarden-log-missing", Title: "An announced log file is not in the bucket", Severity: severity.High,
		Description: "A log file was announced and is not there: it was deleted before it could be judged.",
		Tags:        []string{"attack.t1070"}, GroupBy: []string{"requestParameters.bucketName"}, Language: "built in", Version: "1"}
	replacedRule = alert.Rule{ID: "trailwarden-log-replaced", Title: "A log file was written again", Severity: severity.High,
		Description: "The object is not the one that was announced: somebody has written over a log file, which CloudTrail never does.",
		Tags:        []string{"attack.t1565"}, GroupBy: []string{"requestParameters.bucketName"}, Language: "built in", Version: "1"}
)

// finding makes a finding about an object; the record is one of our own that
// says what is known.
func (w *worker) finding(r *alert.Rule, name string, o source.Object) {
	at := o.Time
	if at.IsZero() {
		at = w.delivery.Arrived
	}
	k, _ := cloudtrail.ParseObjectKey(o.Key)
	id := sha256.Sum256([]byte(name + "\x00" + o.Identity() + o.Sequencer))
	rec, err := json.Marshal(map[string]any{
		"eventVersion": "1.11", "eventSource": "s3.amazonaws.com", "eventName": name,
		"eventTime": at.UTC().Format(time.RFC3339), "awsRegion": o.Region, "recipientAccountId": k.Account,
		"eventID": hex.EncodeToString(id[:16]), "readOnly": false, "eventType": "TrailwardenObservation",
		"userIdentity":      map[string]any{"type": "Unknown", "principalId": o.Requester},
		"requestParameters": map[string]any{"bucketName": o.Bucket, "key": o.Key, "versionId": o.VersionID},
		"resources":         []any{map[string]any{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::" + o.Bucket + "/" + o.Key}},
	})
	if err != nil {
		return // nothing in it can fail to marshal
	}
	w.Findings.Add(1)
	w.part.findings = append(w.part.findings, alert.Finding{
		Rule: r, Record: rec, Identity: hex.EncodeToString(id[:16]), Time: at.UTC(), Arrived: w.delivery.Arrived,
		Evidence: alert.Evidence{File: plain(o).String(), Version: o.VersionID, Record: -1}, Mode: w.o.Mode,
	})
}
