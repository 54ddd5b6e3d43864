package cloudtrail_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// event is a small record with number n as its event's identity.
func event(n int) string {
	return fmt.Sprintf(`{"eventVersion":"1.08","userIdentity":{"type":"Root"},"eventTime":"2026-03-01T00:00:00Z","eventSource":"iam.amazonaws.com","eventName":"N%d","requestParameters":{"list":[1,{"a":"}]"}]},"eventID":"00000000-0000-4000-8000-%012d","recipientAccountId":"111122223333"}`, n, n)
}

func events(from, to int, sep string) string {
	var s []string
	for n := from; n < to; n++ {
		s = append(s, event(n))
	}
	return strings.Join(s, sep)
}

func logFile(records string) string { return `{"Records":[` + records + `]}` }

func gz(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, s)
	w.Close()
	return b.String()
}

func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// asUsed gives text to the Decoder in the ways that choose another path inside
// it, and expects the same from each.
func asUsed(t *testing.T, text string, check func(t *testing.T, g got)) {
	tiny := cloudtrail.DefaultLimits()
	tiny.Whole = 1
	ways := []struct {
		name   string
		limits cloudtrail.Limits
		text   string
		size   int64
		wrap   func(io.Reader) io.Reader
	}{
		{"plain", cloudtrail.DefaultLimits(), text, int64(len(text)), nil},
		{"plain, byte by byte", cloudtrail.DefaultLimits(), text, -1, iotest.OneByteReader},
	}
	if !strings.HasPrefix(text, "\x1f\x8b") {
		ways = append(ways, ways[0], ways[0])
		ways[2].name, ways[2].text = "gzip", gz(text)
		ways[3].name, ways[3].text, ways[3].limits = "gzip, streamed", gz(text), tiny
	} else {
		ways[1].name, ways[1].limits = "streamed", tiny
	}
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			var g got
			var r io.Reader = strings.NewReader(w.text)
			if w.wrap != nil {
				r = w.wrap(r)
			}
			sum, err := cloudtrail.NewDecoder(w.limits).Decode(context.Background(), "x", r, w.size, func(r *cloudtrail.Record, i int) error {
				g.raw = append(g.raw, string(r.Raw()))
				g.indexes = append(g.indexes, i)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			g.Summary = sum
			check(t, g)
		})
	}
}

func TestEveryContainerGivesItsRecords(t *testing.T) {
	e, two := event(1), events(1, 3, ",")
	spaced := strings.ReplaceAll(event(2), `,"`, " ,\n\t\"")
	tests := []struct {
		name, text string
		want       []string
	}{
		{"log file", logFile(two), []string{e, event(2)}},
		{"white space everywhere", " \n{ \"Records\" : [ " + e + " , " + spaced + " ] , \"more\" : 1 } \n", []string{e, spaced}},
		{"other keys around", `{"a":{"Records":[1]},"b":[{}],"Records":[` + two + `],"c":"x"}`, []string{e, event(2)}},
		{"escaped key", `{"\u0052ecords":[` + two + `]}`, []string{e, event(2)}},
		{"no records", `{"Records":[]}`, nil},
		{"bare array", `[` + two + `]`, []string{e, event(2)}},
		{"empty array", `[]`, nil},
		{"one a line", events(1, 4, "\n") + "\n", []string{e, event(2), event(3)}},
		{"one a line, Windows line ends", events(1, 3, "\r\n"), []string{e, event(2)}},
		{"one behind the other", events(1, 4, ""), []string{e, event(2), event(3)}},
		{"single record", e, []string{e}},
		{"record whose first key is unknown", `{"zzz":1,` + e[1:], []string{`{"zzz":1,` + e[1:]}},
		{"log files behind each other", logFile(e) + logFile(event(2)), []string{e, event(2)}},
		{"log files, one a line", logFile(e) + "\n" + logFile(event(2)) + "\n", []string{e, event(2)}},
		{"records behind a record's key", `{"eventVersion":"1.0","Records":[` + two + `],"x":1}`, []string{e, event(2)}},
		{"byte order mark", "\ufeff" + logFile(two), []string{e, event(2)}},
		{"LookupEvents", `{"Events":[{"EventId":"1","Username":"x","CloudTrailEvent":` + quote(e) + `},{"CloudTrailEvent":` + quote(event(2)) + `}],"NextToken":"t"}`, []string{e, event(2)}},
		{"LookupEvents, Events only", `[{"EventId":"1","CloudTrailEvent":` + quote(e) + `}]`, []string{e}},
		{"LookupEvents, one event", `{"EventId":"1","CloudTrailEvent":` + quote(e) + `}`, []string{e}},
		{"LookupEvents, texts only", `[` + quote(e) + `,` + quote(event(2)) + `]`, []string{e, event(2)}},
		{"LookupEvents with the event as an object", `{"Events":[{"CloudTrailEvent":` + e + `}]}`, []string{e}},
		{"Lake's JSON column", `{"eventJson":` + quote(e) + `}` + "\n" + `{"eventjson":` + quote(event(2)) + `}`, []string{e, event(2)}},
		{"Lake's JSON column in CSV", "eventID,eventJson\n1,\"" + strings.ReplaceAll(e, `"`, `""`) + "\"\n2,\"" + strings.ReplaceAll(event(2), `"`, `""`) + "\"\n", []string{e, event(2)}},
		{"gzip members", gz(logFile(e)) + gz(logFile(event(2))), []string{e, event(2)}},
		{"gzip members that split a record", gz(logFile(two)[:99]) + gz(logFile(two)[99:]), []string{e, event(2)}},
		{"gzip with zero padding", gz(logFile(e)) + "\x00\x00\x00", []string{e}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			asUsed(t, test.text, func(t *testing.T, g got) {
				if fmt.Sprint(g.raw) != fmt.Sprint(test.want) {
					t.Errorf("records\n%q\nwant\n%q", g.raw, test.want)
				}
				if len(g.Faults) > 0 || len(g.Notes) > 0 || g.Ignored != "" || g.Records != len(test.want) {
					t.Errorf("summary %+v", g.Summary)
				}
				for i, at := range g.indexes {
					if i != at {
						t.Errorf("index %d at %d", at, i)
					}
				}
			})
		})
	}
}

// A fault as it is expected: where, which record, and words of its reason.
type wantFault struct {
	record int
	at     string // text that stands at the fault's offset; "" for any
	reason string
}

func TestBadInputIsNamedAndTheRestIsJudged(t *testing.T) {
	e := event
	cut := logFile(events(0, 3, ","))
	cut = cut[:strings.Index(cut, "N2")]
	tests := []struct {
		name, text string
		names      string // the numbers of the records judged
		indexes    string
		faults     []wantFault
		ignored    string
	}{
		{"empty", "", "", "", nil, "empty file"},
		{"white space only", " \n ", "", "", nil, "empty file"},
		{"text", "hello, world", "", "", []wantFault{{-1, "hello", "not JSON"}}, ""},
		{"an XML page", "<Error>no</Error>", "", "", []wantFault{{-1, "<", "not JSON"}}, ""},
		{"the console's event history as CSV", "Event name,AWS access key,Event time\r\nX,,2026\r\n", "", "", []wantFault{{-1, "Event name", "download it as JSON"}}, ""},
		{"a VPC flow log", "version account-id interface-id\n2 111122223333 eni-1\n", "", "", []wantFault{{-1, "version", "VPC flow log"}}, ""},
		{"a ZIP archive", "PK\x03\x04zzz", "", "", []wantFault{{-1, "PK", "ZIP archive"}}, ""},
		{"gzip in gzip", gz(gz(logFile(e(1)))), "", "", []wantFault{{-1, "", "gzip file inside a gzip file"}}, ""},
		{"a JSON string", `"x"`, "", "", []wantFault{{-1, `"x"`, "not JSON"}}, ""},
		{"cut in a record", cut, "0 1", "0 1", []wantFault{{2, "", "fetch it again"}, {-1, "", "ends inside the array"}}, ""},
		{"cut between records", logFile(e(0) + ",")[:len(logFile(e(0)))-1], "0", "0", []wantFault{{-1, "", "incomplete"}}, ""},
		{"cut before the array", `{"Records"`, "", "", []wantFault{{-1, "", "incomplete"}}, ""},
		{"records that are no objects", logFile(`1,null,"x",[2],` + e(4)), "4", "4", []wantFault{{0, "1", "number"}, {1, "null", "null"}, {2, `"x"`, "no JSON object"}, {3, "[2]", "array"}}, ""},
		{"Records is no array", `{"Records":{"a":1}}`, "", "", []wantFault{{-1, "{", "no array"}}, ""},
		{"literal misspelt", logFile(e(0) + `,{"eventVersion":"1.08","a":tru},` + e(2)), "0 2", "0 2", []wantFault{{1, "tru}", "misspelt"}}, ""},
		{"quote missing", logFile(e(0) + `,{"eventVersion":"1.08","eventName":"x,"b":"y"},` + e(2) + "," + e(3)), "0 2 3", "0 2 3", []wantFault{{1, `b":"y`, "not valid JSON"}}, ""},
		{"bracket missing", logFile(e(0) + `,{"eventVersion":"1.08","a":{"b":1},` + e(2) + "," + e(3)), "0 2 3", "0 2 3", []wantFault{{1, "{", "not valid JSON"}}, ""},
		{"wrong bracket", logFile(e(0) + `,{"eventVersion":"1.08","a":[1}},` + e(2)), "0 2", "0 2", []wantFault{{1, "}", "other kind"}}, ""},
		{"bad escape", logFile(e(0) + `,{"eventVersion":"1.08","a":"\x"},` + e(2)), "0 2", "0 2", []wantFault{{1, `\x`, "escape"}}, ""},
		{"control character", logFile(e(0) + ",{\"eventVersion\":\"1.08\",\"a\":\"\n\"}," + e(2)), "0 2", "0 2", []wantFault{{1, "\n", "control character"}}, ""},
		{"garbage between records", logFile(e(0) + `,%%garbage%%,` + e(2)), "0 2", "0 2", []wantFault{{1, "%%", "not valid JSON"}}, ""},
		{"comma missing", logFile(e(0) + e(1)), "0 1", "0 1", []wantFault{{1, "{", "comma"}}, ""},
		{"comma too many", logFile(e(0) + ",," + e(1) + ","), "0 1", "0 1", []wantFault{{-1, ",", "comma"}, {-1, "]", "comma"}}, ""},
		{"bad line", e(0) + "\n{\"eventVersion\":}\n" + e(2) + "\n", "0 2", "0 2", []wantFault{{1, "}", "not valid JSON"}}, ""},
		{"line of text", e(0) + "\nsome text\n" + e(2), "0 2", "0 1", []wantFault{{-1, "some", "no JSON"}}, ""},
		{"text before lines", "some text\n" + e(1) + "\n" + e(2), "1 2", "0 1", []wantFault{{-1, "some", "not JSON"}}, ""},
		{"words before each line", "03:01 cli " + e(1) + "\n03:02 cli " + e(2), "1 2", "0 1", []wantFault{{-1, "03:01", "not JSON"}, {-1, "03:02", "no JSON"}}, ""},
		{"words before a log file", "x " + logFile(e(1)+","+e(2)), "1 2", "0 1", []wantFault{{-1, "x", "not JSON"}, {-1, ",", "no JSON"}, {-1, "]", "no JSON"}}, ""},
		{"text after", logFile(e(0)) + "trailing", "0", "0", []wantFault{{-1, "trailing", "no JSON"}}, ""},
		{"truncated gzip", gz(logFile(events(0, 200, ",")))[:900], "", "", []wantFault{{-2, "", "too early"}}, ""},
		{"garbage after gzip", gz(logFile(e(0))) + "garbage", "0", "0", []wantFault{{-1, "", "follow the gzip data"}}, ""},
		{"bad checksum", flip(gz(logFile(e(0))), -8), "0", "0", []wantFault{{-1, "", "checksum"}}, ""},
		{"gzip of nothing", gz(""), "", "", nil, "empty file"},
		{"gzip header only", "\x1f\x8b", "", "", []wantFault{{-1, "", "too early"}}, ""},
		{"digest", `{"awsAccountId":"1","digestStartTime":"a","digestEndTime":"b","digestS3Object":"c","logFiles":[]}`, "", "", nil, "digest file"},
		{"Config snapshot", `{"fileVersion":"1.0","configSnapshotId":"x","configurationItems":[]}`, "", "", nil, "AWS Config file"},
		{"S3 notification", logFile(`{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"us-west-2","eventTime":"1970-01-01T00:00:00.000Z","eventName":"ObjectCreated:Put","userIdentity":{"principalId":"X"},"s3":{"bucket":{"name":"b"},"object":{"key":"k"}}}`), "", "", []wantFault{{0, "{", "Amazon S3 event notification"}}, ""},
		{"S3 test message", `{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"t","Bucket":"b"}`, "", "", []wantFault{{-1, "{", "test message"}}, ""},
		{"SQS batch", logFile(`{"messageId":"1","receiptHandle":"r","body":"{}","eventSource":"aws:sqs"}`), "", "", []wantFault{{0, "{", "SQS"}}, ""},
		{"SNS in Lambda", logFile(`{"EventSource":"aws:sns","EventVersion":"1.0","Sns":{"Message":"m"}}`), "", "", []wantFault{{0, "{", "SNS"}}, ""},
		{"SNS", `{"Type":"Notification","MessageId":"m","TopicArn":"t","Message":"m"}`, "", "", []wantFault{{-1, "{", "SNS"}}, ""},
		{"EventBridge", `{"version":"0","id":"i","detail-type":"AWS API Call via CloudTrail","source":"aws.iam","detail":` + e(0) + `}`, "", "", []wantFault{{-1, "{", "EventBridge"}}, ""},
		{"CloudWatch Logs", `{"messageType":"DATA_MESSAGE","owner":"1","logEvents":[]}`, "", "", []wantFault{{-1, "{", "CloudWatch Logs"}}, ""},
		{"CloudTrail's notification", `{"s3Bucket":"b","s3ObjectKey":["k"]}`, "", "", []wantFault{{-1, "{", "notification of a delivery"}}, ""},
		{"some JSON", `{"a":1}`, "", "", []wantFault{{-1, "{", "without any field"}}, ""},
		{"LookupEvents with broken text", `{"Events":[{"CloudTrailEvent":"{"},{"CloudTrailEvent":` + quote(e(1)) + `}]}`, "1", "1", []wantFault{{0, "{", "kept as text"}}, ""},
		{"deep nesting", logFile(e(0) + `,{"eventVersion":"1","a":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `},` + e(2)), "0 2", "0 2", []wantFault{{1, "{", "nested too deeply"}}, ""},
		{"deep nesting without end", logFile(e(0) + `,{"a":` + strings.Repeat(`{"a":`, 100_000)), "0", "0", []wantFault{{1, "{", "nested too deeply"}, {-1, "", "ends inside"}}, ""},
		{"deep nesting without end among records", logFile(e(0) + `,{"eventVersion":"1","a":` + strings.Repeat("[", 100_000) + `,` + events(2, 4, ",")), "0 2 3", "0 2 3", []wantFault{{1, "{", "nested too deeply"}}, ""},
		{"deep nesting without end in a large file", logFile(e(0) + `,{"eventVersion":"1","a":` + strings.Repeat("[", 100_000) + strings.Repeat("1,", 3<<20)), "0", "0", []wantFault{{1, "{", "nested too deeply"}, {-1, "", "ends inside"}}, ""},
		{"line too deep, without end", e(0) + "\n" + `{"a":` + strings.Repeat("[", 100_000) + strings.Repeat("1,", 3<<20), "0", "0", []wantFault{{-1, "[", "does not end"}}, ""},
		{"deep line without end", e(0) + "\n" + strings.Repeat(`{"a":`, 300) + e(1) + "\n" + e(2) + "\n" + e(3), "0 2 3", "0 1 2", []wantFault{{-1, "{", "does not end"}}, ""},
		{"deep line", e(0) + "\n" + strings.Repeat(`{"a":`, 300) + e(1) + strings.Repeat("}", 300) + "\n" + e(2), "0 2", "0 1", []wantFault{{-1, "{", "beyond the limits"}}, ""},
		{"too many keys", logFile(e(0) + `,{"eventVersion":"1"` + strings.Repeat(`,"k":0`, 50_000) + `},` + e(2)), "0 2", "0 2", []wantFault{{1, "{", "too many keys"}}, ""},
		{"record too large", logFile(e(0) + `,{"eventVersion":"1","a":"` + strings.Repeat("x", 6<<20) + `"},` + e(2)), "0 2", "0 2", []wantFault{{1, "{", "larger than"}}, ""},
		{"record too large, many values", logFile(e(0) + `,{"eventVersion":"1","a":[` + strings.Repeat("1,", 3<<20) + `1]},` + e(2)), "0 2", "0 2", []wantFault{{1, "{", "larger than"}}, ""},
		{"line too large", e(0) + "\n" + `{"eventVersion":"1","a":"` + strings.Repeat("x", 6<<20) + `"}` + "\n" + e(2), "0 2", "0 2", []wantFault{{1, "{", "larger than"}}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			asUsed(t, test.text, func(t *testing.T, g got) {
				if test.name != "truncated gzip" {
					if names := judged(g); names != test.names {
						t.Errorf("judged %q, want %q", names, test.names)
					}
					if at := strings.Trim(fmt.Sprint(g.indexes), "[]"); at != test.indexes {
						t.Errorf("indexes %q, want %q", at, test.indexes)
					}
				} else if g.Records == 0 {
					t.Error("no record before the cut was judged")
				}
				checkFaults(t, g, test.text, test.faults)
				if g.Ignored != test.ignored {
					t.Errorf("ignored %q, want %q", g.Ignored, test.ignored)
				}
			})
		})
	}
}

// judged are the numbers in the names of the events.
func judged(g got) string {
	var names []string
	for _, r := range g.raw {
		rec, err := cloudtrail.ParseRecord([]byte(r))
		if err != nil {
			return err.Error()
		}
		names = append(names, strings.TrimPrefix(rec.Get("eventName").Str(), "N"))
	}
	return strings.Join(names, " ")
}

func checkFaults(t *testing.T, g got, text string, want []wantFault) {
	t.Helper()
	if len(g.Faults) != len(want) {
		t.Errorf("faults %v, want %d", g.Faults, len(want))
		return
	}
	for i, w := range want {
		f := g.Faults[i]
		if f.File != "x" || w.record != -2 && f.Record != w.record || !strings.Contains(f.Reason, w.reason) {
			t.Errorf("fault %+v, want %+v", f, w)
		}
		if w.at != "" && !strings.HasPrefix(text, "\x1f\x8b") && (f.Offset < 0 || !strings.HasPrefix(text[f.Offset:], w.at)) {
			t.Errorf("fault %+v does not stand at %q", f, w.at)
		}
	}
}

func flip(s string, at int) string {
	b := []byte(s)
	b[len(b)+at] ^= 0xff
	return string(b)
}

func TestDecodeStopsWhenTold(t *testing.T) {
	text := logFile(events(0, 5000, ","))
	stop := errors.New("stop")
	n := 0
	_, err := cloudtrail.NewDecoder(cloudtrail.DefaultLimits()).Decode(t.Context(), "x", strings.NewReader(text), -1, func(*cloudtrail.Record, int) error {
		if n++; n == 3 {
			return stop
		}
		return nil
	})
	if err != stop || n != 3 {
		t.Errorf("%v after %d records", err, n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	n = 0
	sum, err := cloudtrail.NewDecoder(cloudtrail.DefaultLimits()).Decode(ctx, "x", strings.NewReader(gz(text)), -1, func(*cloudtrail.Record, int) error {
		n++
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) || n > 1000 || len(sum.Faults) > 0 {
		t.Errorf("%v after %d records, %v", err, n, sum.Faults)
	}
}

func TestUnreadableInputIsAFault(t *testing.T) {
	broken := io.MultiReader(strings.NewReader(logFile(events(0, 2, ","))[:400]), iotest.ErrReader(errors.New("device gone")))
	sum, err := cloudtrail.NewDecoder(cloudtrail.DefaultLimits()).Decode(t.Context(), "x", broken, -1, func(*cloudtrail.Record, int) error { return nil })
	if err != nil || sum.Records == 0 || len(sum.Faults) != 1 || !strings.Contains(sum.Faults[0].Reason, "device gone") {
		t.Errorf("%+v, %v", sum, err)
	}
}

// TestEveryPrefixOfAFileIsSafe cuts a packed and a plain file at every place.
func TestEveryPrefixOfAFileIsSafe(t *testing.T) {
	d := cloudtrail.NewDecoder(cloudtrail.DefaultLimits())
	whole := logFile(events(0, 4, ","))
	for _, text := range []string{whole, gz(whole)} {
		last := 0
		for n := range len(text) {
			g := decode(t, d, []byte(text[:n]))
			if g.Records < last || g.Records > 4 || n > 0 && len(g.Faults) == 0 {
				t.Fatalf("cut at %d: %+v", n, g.Summary)
			}
			last = g.Records
		}
	}
}

func TestBombsAreRefusedBySize(t *testing.T) {
	small := cloudtrail.DefaultLimits()
	small.Decompressed, small.RatioAfter, small.Whole = 1<<20, 64<<10, 128<<10
	var members bytes.Buffer
	for range 2000 {
		members.WriteString(gz("\n"))
	}
	tests := []struct {
		name, text, reason string
		records            int
	}{
		{"ratio", gz("[" + event(0) + "," + strings.Repeat(" ", 1<<20)), "decompression bomb", 1},
		{"size", "[" + event(0) + "," + strings.Repeat(" ", 2<<20), "more than 1048576 bytes", 1},
		{"members", gz(event(0)) + members.String(), "gzip members", 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := decode(t, cloudtrail.NewDecoder(small), []byte(test.text))
			if g.Records != test.records || len(g.Faults) != 1 || !strings.Contains(g.Faults[0].Reason, test.reason) {
				t.Errorf("%+v", g.Summary)
			}
		})
	}
}

// TestWindowsChangeNothing reads a file of several windows, with broken records
// scattered over it, in one piece and through the window.
func TestWindowsChangeNothing(t *testing.T) {
	broken := []string{
		`{"eventVersion":"1.08","a":tru}`, `{"eventVersion":"1.08","a":"x,"b":"y"}`, `{"eventVersion":"1.08","a":{"b":1}`,
		`{"eventVersion":"1.08","a":[1}}`, `null`, `{"eventVersion":"1.08","a":"` + strings.Repeat("x", 5<<20) + `"}`,
	}
	var all []string
	for n := range 15_000 {
		if n%1000 == 500 {
			all = append(all, broken[n/1000%len(broken)])
			continue
		}
		all = append(all, event(n))
	}
	for _, sep := range []string{",", " ,\n"} {
		var first *got
		asUsed(t, logFile(strings.Join(all, sep)), func(t *testing.T, g got) {
			if g.Records != 14_985 || len(g.Faults) != 15 {
				t.Errorf("%d records, faults %v", g.Records, g.Faults)
			}
			g.Bytes = 0
			if first == nil {
				first = &g
				return
			}
			if fmt.Sprintf("%+v", g) != fmt.Sprintf("%+v", *first) {
				t.Errorf("%+v\n%+v", g.Summary, first.Summary)
			}
		})
	}
}
