// Package faults makes made-up logs with incidents in them, and does to running
// programs what power cuts, full disks and busy networks do. It is for tests.
package faults

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Record is one CloudTrail record of a Corpus.
type Record struct {
	At              time.Time
	Account, Region string
	JSON            string
}

// Object is one log file as CloudTrail delivers it.
type Object struct {
	Key       string
	Body      []byte // gzip
	Records   int
	Delivered time.Time
}

// Corpus says how large a made-up log is. The same Corpus gives the same
// records on every machine.
type Corpus struct {
	Seed      uint64
	Records   int           // 0 means 20,000
	Incidents int           // of each kind; 0 means 4
	Start     time.Time     // zero means 2026-03-14 01:00 UTC
	Span      time.Duration // 0 means 10 h
}

// writer makes the records of one corpus.
type writer struct {
	Corpus
	r   *rand.Rand
	all []Record
}

const accounts = 4

func account(i int) string { return fmt.Sprintf("1111222233%02d", i%accounts) }

var regions = []string{"eu-west-1", "us-east-1", "us-west-2"}

// Make makes the records, in the order of event time.
func (c Corpus) Make() []Record {
	if c.Records == 0 {
		c.Records = 20_000
	}
	if c.Incidents == 0 {
		c.Incidents = 4
	}
	if c.Start.IsZero() {
		c.Start = time.Date(2026, 3, 14, 1, 0, 0, 0, time.UTC)
	}
	if c.Span == 0 {
		c.Span = 10 * time.Hour
	}
	w := &writer{Corpus: c, r: rand.New(rand.NewPCG(c.Seed, 0xfa))}
	for i := range c.Incidents {
		w.incidents(i)
	}
	for len(w.all) < c.Records {
		w.ordinary()
	}
	slices.SortStableFunc(w.all, func(a, b Record) int { return a.At.Compare(b.At) })
	return w.all
}

// event is what a record says.
type event struct {
	at              time.Time
	account, region string
	source, name    string
	user, kind      string // userIdentity: name and type, IAMUser when empty
	key, ip, err    string
	readOnly        bool
	more            string // further members, each with a comma before it
}

func (w *writer) add(e event) {
	if e.kind == "" {
		e.kind = "IAMUser"
	}
	if e.region == "" {
		e.region = regions[0]
	}
	if e.ip == "" {
		e.ip = "203.0.113.7"
	}
	if e.key == "" {
		e.key = "ASIA" + strings.ToUpper(fmt.Sprintf("%016x", len(e.user)*7919))
	}
	arn := fmt.Sprintf("arn:aws:iam::%s:user/%s", e.account, e.user)
	if e.kind == "Root" {
		arn = fmt.Sprintf("arn:aws:iam::%s:root", e.account)
	}
	fault := ""
	if e.err != "" {
		fault = `,"errorCode":"` + e.err + `","errorMessage":"User is not authorized to perform this"`
	}
	text := fmt.Sprintf(`{"eventVersion":"1.11","userIdentity":{"type":"%s","principalId":"AIDA%s","arn":"%s","accountId":"%s","accessKeyId":"%s","userName":"%s"},"eventTime":"%s","eventSource":"%s.amazonaws.com","eventName":"%s","awsRegion":"%s","sourceIPAddress":"%s","userAgent":"aws-cli/2.31 md/prompt#off","readOnly":%t,"eventID":"%s","eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"%s","eventCategory":"Management"%s%s}`,
		e.kind, strings.ToUpper(e.user), arn, e.account, e.key, e.user, e.at.UTC().Format(time.RFC3339), e.source, e.name, e.region, e.ip, e.readOnly, w.uuid(), e.account, fault, e.more)
	w.all = append(w.all, Record{At: e.at.Truncate(time.Second), Account: e.account, Region: e.region, JSON: text})
}

func (w *writer) uuid() string {
	a, b := w.r.Uint64(), w.r.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", uint32(a), uint16(a>>32), uint16(a>>48)&0xfff, uint16(b)&0xfff, b>>16)
}

// moment is some time in the corpus with room for an incident after it.
func (w *writer) moment() time.Time {
	return w.Start.Add(time.Duration(w.r.Int64N(int64(w.Span - 40*time.Minute)))).Truncate(time.Second)
}

var reads = []string{"ec2 DescribeInstances", "ec2 DescribeVolumes", "s3 GetBucketLocation", "sts GetCallerIdentity", "kms Decrypt", "logs DescribeLogGroups", "lambda ListFunctions20150331", "dynamodb DescribeTable"}

// ordinary is what nobody cares about, and now and then a single event that
// somebody does.
func (w *writer) ordinary() {
	i := w.r.IntN(accounts)
	e := event{at: w.Start.Add(time.Duration(w.r.Int64N(int64(w.Span)))), account: account(i), region: regions[w.r.IntN(len(regions))],
		user: fmt.Sprintf("service-%d", w.r.IntN(20)), readOnly: true, ip: fmt.Sprintf("198.51.100.%d", w.r.IntN(20))}
	source, name, _ := strings.Cut(reads[w.r.IntN(len(reads))], " ")
	e.source, e.name = source, name
	if n := w.r.IntN(w.Records); n < w.Incidents*20 {
		w.single(&e, n)
	}
	w.add(e)
}

// single makes e an event that a rule on single records finds.
func (w *writer) single(e *event, n int) {
	e.readOnly, e.user = false, fmt.Sprintf("admin-%d", w.r.IntN(8))
	switch n % 6 {
	case 0:
		e.source, e.name, e.kind = "signin", "ConsoleLogin", "Root"
		e.more = `,"responseElements":{"ConsoleLogin":"Success"},"additionalEventData":{"MFAUsed":"Yes"}`
	case 1:
		e.source, e.name, e.more = "kms", "ScheduleKeyDeletion", `,"requestParameters":{"keyId":"k"}`
	case 2:
		e.source, e.name, e.more = "guardduty", "DeleteDetector", `,"requestParameters":{"detectorId":"d"}`
	case 3:
		e.source, e.name, e.more = "iam", "CreateUser", `,"requestParameters":{"userName":"new"}`
	case 4:
		e.source, e.name, e.more = "config", "StopConfigurationRecorder", `,"requestParameters":{"configurationRecorderName":"default"}`
	case 5:
		e.source, e.name, e.err = "s3", "GetBucketPolicy", "AccessDenied"
	}
}

// incidents adds one of each kind.
func (w *writer) incidents(i int) {
	burst := func(user, source, name, err, more string, n int, within time.Duration) {
		e := event{account: account(i), user: fmt.Sprintf("%s-%d", user, i), source: source, name: name, err: err, more: more}
		for at, k := w.moment(), 0; k < n; k++ {
			e.at = at.Add(within * time.Duration(k) / time.Duration(n))
			w.add(e)
		}
	}
	burst("prober", "ec2", "RunInstances", "Client.UnauthorizedOperation", "", 30, 4*time.Minute)
	burst("wiper", "ec2", "DeleteSnapshot", "", `,"requestParameters":{"snapshotId":"s"}`, 25, 8*time.Minute)
	at, name := w.moment(), fmt.Sprintf("trail-%d", i)
	w.add(event{at: at, account: account(i), user: "ops", source: "cloudtrail", name: "StopLogging", more: `,"requestParameters":{"name":"` + name + `"}`})
	if i%2 == 1 {
		w.add(event{at: at.Add(5 * time.Minute), account: account(i), user: "ops", source: "cloudtrail", name: "StartLogging", more: `,"requestParameters":{"name":"` + name + `"}`})
	}
	w.guess(i)
	w.stolen(i)
}

// guess is a sign-in after many that failed.
func (w *writer) guess(i int) {
	at := w.moment()
	e := event{account: account(i), user: fmt.Sprintf("victim-%d", i), source: "signin", name: "ConsoleLogin", ip: fmt.Sprintf("192.0.2.%d", i%250)}
	for k := range 7 {
		e.at, e.more = at.Add(time.Duration(k)*time.Minute), `,"responseElements":{"ConsoleLogin":"Failure"},"additionalEventData":{"MFAUsed":"No"}`
		if k == 6 {
			e.more = `,"responseElements":{"ConsoleLogin":"Success"},"additionalEventData":{"MFAUsed":"Yes"}`
		}
		w.add(e)
	}
}

// stolen is an access key that is used as soon as it is made.
func (w *writer) stolen(i int) {
	at, key := w.moment(), fmt.Sprintf("AKIAIOSFODNN7%07d", i)
	w.add(event{at: at, account: account(i), user: "admin-1", source: "iam", name: "CreateAccessKey",
		more: `,"responseElements":{"accessKey":{"accessKeyId":"` + key + `","userName":"backup","status":"Active"}}`})
	w.add(event{at: at.Add(3 * time.Minute), account: account(i), user: "backup", key: key, source: "sts", name: "GetCallerIdentity", readOnly: true})
}

// slot is how often CloudTrail delivers.
const slot = 5 * time.Minute

// Deliver packs records into log files, each into that of the five minutes in
// which it is delivered, in the order of delivery. late says how much later than
// its event a record is delivered; nil means at once.
func Deliver(records []Record, late func(i int) time.Duration) []Object {
	type place struct {
		account, region string
		at              time.Time
	}
	files := map[place][]string{}
	for i := range records {
		r := &records[i]
		at := r.At
		if late != nil {
			at = at.Add(late(i))
		}
		p := place{r.Account, r.Region, at.Truncate(slot).Add(slot)}
		files[p] = append(files[p], r.JSON)
	}
	var out []Object
	for p, texts := range files {
		key := fmt.Sprintf("AWSLogs/%s/CloudTrail/%s/%s/%s_CloudTrail_%s_%s_%016d.json.gz", p.account, p.region, p.at.Format("2006/01/02"),
			p.account, p.region, p.at.Format("20060102T1504Z"), len(texts))
		out = append(out, Object{Key: key, Body: Pack(texts), Records: len(texts), Delivered: p.at})
	}
	slices.SortFunc(out, func(a, b Object) int {
		if c := a.Delivered.Compare(b.Delivered); c != 0 {
			return c
		}
		return strings.Compare(a.Key, b.Key)
	})
	return out
}

// Pack makes a log file of records.
func Pack(records []string) []byte {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is a constant
	}
	_, _ = z.Write([]byte(`{"Records":[` + strings.Join(records, ",") + `]}`)) // into memory
	_ = z.Close()
	return b.Bytes()
}
