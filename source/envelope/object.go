package envelope

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/re2"
)

// Object names an object in S3, or a file in a folder that stands in for a
// bucket. All of it is text from outside.
type Object struct {
	Bucket string
	// Key is the object's name as S3 knows it, never percent-encoded.
	Key       string
	VersionID string // empty in a bucket without versions
	ETag      string // without quotes; a hint, it may be stale
	Region    string // of the bucket, empty when the message does not say
	// Sequencer orders events of one key: a hexadecimal number of any length (S3
	// User Guide, event ordering).
	Sequencer string
	Size      int64     // bytes as stored, -1 when unknown; a hint
	Time      time.Time // of the event, UTC; zero when the message does not say
	// Requester is who wrote the object, as EventBridge says: an account or a
	// service such as cloudtrail.amazonaws.com.
	Requester string
}

// String is the object as s3://bucket/key, or as a file: URL when Bucket is one.
// It is not safe for a terminal; see internal/visible.
func (o Object) String() string {
	u := "s3://" + o.Bucket + "/" + o.Key
	if strings.HasPrefix(o.Bucket, "file:") {
		u = o.Bucket + "/" + o.Key
	}
	if o.VersionID != "" {
		u += "?versionId=" + o.VersionID
	}
	return u
}

// Identity is the same for two messages about the same contents of the same
// object, whatever path they came by, where the messages tell: it holds the
// version, or else the ETag.
func (o Object) Identity() string {
	mark := o.VersionID
	if mark == "" || mark == "null" {
		mark = "etag " + o.ETag
	}
	return o.Bucket + "\x00" + o.Key + "\x00" + mark
}

// Class is what an object's key says about its contents.
type Class uint8

// The classes of object.
const (
	Unclassified Class = iota // outside CloudTrail's layout: its contents decide
	LogFile                   // a CloudTrail log file
	DigestFile                // a digest of CloudTrail's integrity validation
	FolderMark                // an empty object that stands for a folder
	ForeignFile               // of another service in the same bucket, or a query result
	SecurityLake              // a Parquet file of Security Lake, in OCSF
)

// foreignEndings are endings of what Athena, S3 and people leave in log buckets.
var foreignEndings = []string{".csv.metadata", ".metadata", "_$folder$", "/ConfigWritabilityCheckFile", "/VPCFlowLogs"}

var lakeKey = re2.Own(`(^|/)aws/[A-Z0-9_]+/[0-9.]+/region=[^/]+/account(Id|id)=[^/]+/eventDay=\d{8}/`)

// Class tells what the object is, by its key alone (CloudTrail User Guide,
// finding log files; Security Lake User Guide, source data partitions).
func (o Object) Class() Class {
	if strings.HasSuffix(o.Key, "/") {
		return FolderMark
	}
	// Every key that matches has the literal, and looking for that costs next to nothing.
	if strings.Contains(o.Key, "/eventDay=") && lakeKey.MatchString(o.Key) {
		return SecurityLake
	}
	for _, e := range foreignEndings {
		if strings.HasSuffix(o.Key, e) {
			return ForeignFile
		}
	}
	k, ok := cloudtrail.ParseObjectKey(o.Key)
	switch {
	case !ok || k.Kind == "":
		return Unclassified
	case k.Kind == cloudtrail.FileDigest:
		return DigestFile
	case !k.Kind.HoldsRecords():
		return ForeignFile
	case k.File == "":
		return FolderMark
	}
	return LogFile
}

// maxKey is the most bytes in an object's key (S3 User Guide, object key names).
const maxKey = 1024

var bucketName = re2.Own(`^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$`)

// Check tells whether bucket and key can name an object at all. Names come from
// messages, and a bucket's name becomes part of a host name.
func (o Object) Check() error {
	switch {
	case o.Bucket == "":
		return errors.New("the message names no bucket")
	case !bucketName.MatchString(o.Bucket):
		return fmt.Errorf("%.80q is no name of a bucket", o.Bucket)
	case o.Key == "":
		return errors.New("the message names no object key")
	case len(o.Key) > maxKey:
		return fmt.Errorf("the object key has %d bytes, and S3 allows %d", len(o.Key), maxKey)
	}
	return nil
}
