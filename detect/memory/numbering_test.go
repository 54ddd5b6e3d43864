package memory_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect/memory"
	"github.com/trailwarden/trailwarden/internal/seeds"
)

// oddRecord is a record in which everything that decides a text may be there,
// missing, null, of another type, escaped or twice.
func oddRecord(r *rand.Rand) []byte {
	pick := func(texts ...string) string { return texts[r.IntN(len(texts))] }
	identity := pick(
		`{"type":"IAMUser","userName":"alice","accessKeyId":"A1","arn":"arn:aws:iam::1:user/alice"}`,
		`{"type":"IAMUser","userName":"bob","accessKeyId":"A2"}`, `{"type":"IAMUser","userName":"b\u006fb"}`,
		`{"type":"IdentityCenterUser","onBehalfOf":{"userId":"u1"}}`, `{"type":"\u0049dentityCenterUser","accountId":"9"}`,
		`{"type":"AssumedRole","arn":"arn:aws:sts::1:assumed-role/r/s","accountId":"7","sessionContext":{"sessionIssuer":{"userName":"r"}}}`,
		`"text"`, `null`, `[]`, `{}`, `{"type":"AWSService","invokedBy":"ec2"}`)
	switch r.IntN(4) {
	case 0:
		identity = oddSession(r)
	case 1:
		identity = usualSession(r)
	}
	b := fmt.Appendf(nil, `{"eventID":"e%d"`, r.IntN(1000))
	add := func(name string, texts ...string) {
		if r.IntN(4) > 0 {
			b = fmt.Appendf(b, `,%q:%s`, name, pick(texts...))
		}
	}
	add("userIdentity", identity)
	add("recipientAccountId", `"1"`, `"2"`, `null`, `3`, `""`, `"\u0031"`)
	add("accountId", `"5"`, `"6"`)
	add("additionalEventData", `{"UserName":"x"}`, `{"UserName":"y"}`)
	add("sourceIPAddress", `"203.0.113.1"`, `"2001:db8::1"`, `"ec2.amazonaws.com"`, `null`, `""`)
	add("eventName", `"A"`, `"B"`, `["A","B"]`, `""`)
	add("awsRegion", `"r1"`, `"r2"`)
	add("requestParameters", `{"userIdentity":{"accessKeyId":"deep"}}`, `{"bucketName":"b"}`)
	add("userIdentity.accessKeyId", `"dot1"`, `"dot2"`)
	add("EVENTNAME", `"a"`, `"b"`)
	if r.IntN(8) == 0 {
		add("userIdentity", identity)
	}
	return append(b, '}')
}

// oddSession is the userIdentity of a role's session, or nearly one: what tells
// of the session alone may stand where it decides who acted.
func oddSession(r *rand.Rand) string {
	pick := func(texts ...string) string { return texts[r.IntN(len(texts))] }
	var b strings.Builder
	b.WriteString(pick(`{"type":"AssumedRole"`, `{"type":"AssumedRole"`, `{"type":"AssumedRole"`, `{"type":"AWSAccount"`, `{"principalId":"a:b","type":"AssumedRole"`))
	add := func(key string, texts ...string) {
		if r.IntN(8) > 0 {
			fmt.Fprintf(&b, `,%q:%s`, key, pick(texts...))
		}
	}
	session := func() string { return pick("s1", "s2", "s3", "", "a/b", "x/", `\u0073`, "a:b", "IdentityCenterUser") }
	add("principalId", `"AROA1:`+session()+`"`, `"AROA2:`+session()+`"`, `"AROA1"`, `"a/AROA1:`+session()+`"`, `null`)
	add("arn", `"arn:aws:sts::1:assumed-role/r/`+session()+`"`, `"arn:aws:sts::1:assumed-role/q/`+session()+`"`,
		`"arn:aws:sts::1:assumed-role//`+session()+`"`, `"arn:aws:sts::1:assumed-role/`+session()+`"`, `"r//`+session()+`"`, `"no/r/`+session()+`"`, `7`)
	add("accountId", `"7"`, `"8"`)
	add("accessKeyId", `"ASIA1"`, `"ASIA2"`, `"ASIA3"`, `"\u0041"`, `""`)
	add("invokedBy", `"ec2"`)
	if r.IntN(4) > 0 {
		b.WriteString(`,"sessionContext":{"x":0`)
		if r.IntN(3) > 0 {
			b.WriteString(`,"sessionIssuer":{"x":0`)
			add("arn", `"arn:aws:iam::1:role/`+session()+`"`)
			add("userName", `"r"`, `"q"`, `"r/t"`, `"r:t"`, `""`, `null`, `"`+session()+`"`)
			b.WriteString("}")
		}
		add("attributes", `{"creationDate":"2026-03-14T09:00:00Z","mfaAuthenticated":"false"}`, `{"creationDate":"2026-03-14T09:00:01Z","mfaAuthenticated":"false"}`)
		add("sourceIdentity", `"who"`, `"a/b"`, `"arn:x:assumed-role/r/`+session()+`"`)
		b.WriteString("}")
	}
	add("type", `"AssumedRole"`, `"AWSAccount"`, `"SAMLUser"`, `"AssumedRole"`)
	b.WriteString("}")
	return b.String()
}

// usualSession is a role's session in the form in which AWS writes it, with texts
// of which some make the actor more than the issuer's name and a session.
func usualSession(r *rand.Rand) string {
	pick := func(texts ...string) string { return texts[r.IntN(len(texts))] }
	session := func() string { return pick("s1", "s2", "", "a/b", "x/", `\u0073`, `\u002f`, "a:b") }
	return fmt.Sprintf(`{"type":%q,"principalId":"AROA1:%s","arn":"%s/%s","accountId":"7","accessKeyId":"ASIA%d","sessionContext":{`+
		`"sessionIssuer":{"type":"Role","principalId":"AROA1","userName":"%s"},"attributes":{"creationDate":"2026-03-14T09:00:0%dZ"},"sourceIdentity":"%s"}}`,
		pick("AssumedRole", "AssumedRole", "AssumedRole", "SAMLUser", "FederatedUser", "IdentityCenterUser"), session(),
		pick("arn:aws:sts::1:assumed-role/r", "arn:aws:sts::1:assumed-role", "r"), session(), r.IntN(5),
		pick("r", "q", "r/t", "r:t", "", `\u0072`, `r\/t`), r.IntN(5), pick("", "", "who", "a/b"))
}

// What Numbering remembers of earlier records never changes what it says of one:
// its numbers stand for the texts that are read of that record alone.
func TestNumberingSaysWhatTheRecordHas(t *testing.T) {
	var sets memory.FieldSets
	var lists [][]memory.Field
	for _, names := range [][]string{
		{}, {"account"}, {"actor"}, {"account", "principal"}, {"account", "userIdentity.accessKeyId"}, {"network"}, {"eventName", "awsRegion"},
		{"userIdentity.arn", "sourceIPAddress"}, {"recipientAccountId", "actor"}, {"requestParameters.bucketName"}, {"userIdentity.type"}, {"account", "eventName", "network"},
		{"principal"}, {"principal", "actor"}, {"account", "userIdentity.arn"},
	} {
		var fields []memory.Field
		for _, n := range names {
			fields = append(fields, memory.FieldOf(n))
		}
		if got := sets.Add(fields); got != len(lists) {
			t.Fatalf("%v is set %d, want %d", names, got, len(lists))
		}
		lists = append(lists, fields)
	}
	if sets.Add(lists[3]) != 3 {
		t.Error("the same list has two numbers")
	}
	seed := seeds.Of(t)
	r := rand.New(rand.NewPCG(seed, 8))
	numbering := memory.NewNumbering(&sets)
	var rd cloudtrail.Reader // as in a scan, it knows callers by those before
	for range 20_000 {
		raw := oddRecord(r)
		rec, err := rd.Read(raw)
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		var reading memory.Reading
		reading.Begin(rec)
		numbering.Begin(rec)
		for set, fields := range lists {
			want, all := reading.Texts(nil, fields)
			number, ok := numbering.Number(set)
			page := numbering.Page()
			if got := page.Text(number); ok != all || all && got != string(want) {
				t.Fatalf("%s: set %d is %q, %v; want %q, %v", raw, set, got, ok, want, all)
			}
		}
	}
}

// Hits under the numbers of pages are judged as hits with texts, also when the
// log is written to the temporary file between them and Lexicons change.
func TestPagesStandForTheirTexts(t *testing.T) {
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 9))
		specs := randomSpecs(r)
		hits := randomHits(r, specs, 20+r.IntN(60))
		want := history(t, specs, hits, memory.HistoryOptions{})
		h := memory.NewHistory(specs, memory.HistoryOptions{Bytes: 1 + r.IntN(8000), Dir: t.TempDir()})
		lexicons := []*memory.Lexicon{memory.NewLexicon(), memory.NewLexicon()}
		for i := range hits {
			x := &hits[i]
			n := r.IntN(len(lexicons))
			if r.IntN(40) == 0 {
				lexicons[n] = memory.NewLexicon()
			}
			group, value := lexicons[n].Number(x.Group), lexicons[n].Number(x.Value)
			page := lexicons[n].Page()
			h.Active(x.At)
			if err := h.Record(x.At, x.Key, x.Ref); err != nil {
				t.Fatal(err)
			}
			h.Hit(x.Spec, x.Input, h.Group(&page, group), h.Value(&page, value), x.Number)
		}
		got, err := h.Judge(clock)
		if err != nil {
			t.Fatal(err)
		}
		if !equal(t, seed, "history by pages", want, got) {
			return
		}
	}
}
