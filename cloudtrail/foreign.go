package cloudtrail

import (
	"bytes"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/internal/re2"
)

const noRecords = "no CloudTrail records were found in it"

// foreignJSON is a kind of JSON that people take for CloudTrail logs.
type foreignJSON struct {
	what   string
	advice string
	benign bool // belongs beside log files: no fault
}

// The kinds that are told apart, by the keys that their makers document.
var (
	kindS3       = &foreignJSON{what: "an Amazon S3 event notification", advice: "it only names log files (bucket and key): fetch those objects and scan them"}
	kindS3Test   = &foreignJSON{what: "the test message that Amazon S3 sends when a notification is configured", advice: "nothing is in it to judge"}
	kindSQS      = &foreignJSON{what: "Amazon SQS messages", advice: "scan what their bodies name or hold"}
	kindSNS      = &foreignJSON{what: "an Amazon SNS notification", advice: "scan what its Message names or holds"}
	kindKinesis  = &foreignJSON{what: "Amazon Kinesis records", advice: "scan what their data holds"}
	kindLambda   = &foreignJSON{what: "an AWS event source's batch, not a log", advice: "scan what its records name or hold"}
	kindEvent    = &foreignJSON{what: "an Amazon EventBridge event", advice: "scan the record in its \"detail\""}
	kindLogs     = &foreignJSON{what: "a CloudWatch Logs subscription message", advice: "scan the messages in its \"logEvents\""}
	kindFirehose = &foreignJSON{what: "a Firehose delivery", advice: "scan what its records hold"}
	kindTrailSNS = &foreignJSON{what: "CloudTrail's notification of a delivery", advice: "it only names log files: fetch those objects and scan them"}
	kindDigest   = &foreignJSON{what: "digest file", benign: true}
	kindConfig   = &foreignJSON{what: "AWS Config file", benign: true}
	kindOther    = &foreignJSON{what: "JSON without any field of a CloudTrail record", advice: "check that this is a CloudTrail log file"}
)

// foreignKind is what the object is instead of a record, or nil when it has a
// record's fields, whatever their types.
func foreignKind(r *Record) *foreignJSON {
	src := r.Field(EventSource).Raw()
	switch {
	case bytes.HasPrefix(src, []byte(`"aws:s3"`)):
		return kindS3
	case bytes.HasPrefix(src, []byte(`"aws:sqs"`)):
		return kindSQS
	case bytes.HasPrefix(src, []byte(`"aws:kinesis"`)):
		return kindKinesis
	case bytes.HasPrefix(src, []byte(`"aws:`)):
		return kindLambda
	}
	if r.anyLeading() {
		return nil
	}
	for _, s := range shapes {
		if !slices.ContainsFunc(s.keys, func(k string) bool { return !r.Get(k).Exists() }) {
			return s.kind
		}
	}
	return kindOther
}

// shapes tell kinds by keys that stand together in them alone.
var shapes = []struct {
	kind *foreignJSON
	keys []string
}{
	{kindDigest, []string{"digestS3Object", "digestEndTime"}},
	{kindDigest, []string{"digestPublicKeyFingerprint"}},
	{kindConfig, []string{"configurationItems"}},
	{kindEvent, []string{"detail-type", "source"}},
	{kindSNS, []string{"TopicArn", "Message"}},
	{kindSNS, []string{"Sns"}},
	{kindTrailSNS, []string{"s3Bucket", "s3ObjectKey"}},
	{kindLogs, []string{"messageType", "logEvents"}},
	{kindLogs, []string{"awslogs"}},
	{kindFirehose, []string{"deliveryStreamArn", "records"}},
	{kindS3Test, []string{"Service", "Event"}},
	{kindSQS, []string{"Messages"}},
	{kindSQS, []string{"ReceiptHandle", "Body"}},
	{kindSQS, []string{"receiptHandle", "body"}},
}

// anyLeading tells whether the object has a field that only records have.
func (r *Record) anyLeading() bool {
	for f, ok := range leadingFields {
		if ok && r.slots[f].end != 0 {
			return true
		}
	}
	return r.slots[LowerEventID].end != 0 || r.slots[TimeWindow].end != 0
}

// foreign reports, once a file, that an object is no record.
func (f *file) foreign(kind *foreignJSON, offset int64, index int, top bool) {
	if top {
		f.next--
		index = -1
	}
	if kind.benign {
		f.sum.Ignored = kind.what
		return
	}
	if slices.Contains(f.named, kind.what) {
		return
	}
	f.named = append(f.named, kind.what)
	f.fault(offset, index, "this is "+kind.what+", not a CloudTrail log: "+kind.advice)
}

// notJSON says what a file without JSON may be, from its first bytes: its mark, or
// the names in its first line.
func notJSON(b []byte) string {
	for _, m := range magics {
		if bytes.HasPrefix(b, []byte(m.magic)) {
			return "this is " + m.what + ", not JSON: unpack or convert it first"
		}
	}
	line, _, _ := bytes.Cut(b, []byte("\n"))
	switch head := strings.ToLower(string(line)); {
	case strings.Contains(head, "event name") && strings.Contains(head, "event time"):
		return "this is the event history as the console writes it as CSV, which leaves most of each record out: download it as JSON, or use aws cloudtrail lookup-events"
	case strings.HasPrefix(head, "version account-id "):
		return "this is a VPC flow log, not a CloudTrail log: " + noRecords
	}
	return notCSV
}

const notCSV = "not JSON, and no CSV export of CloudTrail either: no record was found here; what follows is judged"

// isQueryResult tells from its name whether Athena wrote a file: the answer to a
// query, or the list of the files that one made (Athena User Guide, query output
// files). It belongs beside log files unless it is an export of records.
func isQueryResult(name string) bool {
	base := name[strings.LastIndexAny(name, `/\`)+1:]
	base, isCSV := strings.CutSuffix(base, ".csv")
	return isCSV && uuid.MatchString(strings.TrimSuffix(base, "-manifest"))
}

var uuid = re2.Own(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

var magics = []struct{ magic, what string }{
	{"\x1f\x8b", "a gzip file inside a gzip file"},
	{"PK\x03\x04", "a ZIP archive"},
	{"BZh", "a bzip2 file"},
	{"\xfd7zXZ", "an xz file"},
	{"\x28\xb5\x2f\xfd", "a Zstandard file"},
	{"PAR1", "a Parquet file"},
	{"ORC", "an ORC file"},
	{"\xff\xfe", "UTF-16 text"},
	{"\xfe\xff", "UTF-16 text"},
	{"Obj\x01", "an Avro file"},
}
