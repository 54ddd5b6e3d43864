package message

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/seeds"
	"github.com/trailwarden/trailwarden/message/mask"
)

// What a message shows of a record is the same whether places that hold no secret
// are looked at again or not.
func TestPlainPlacesAreShownAsOthers(t *testing.T) {
	seed := seeds.Of(t)
	r := rand.New(rand.NewPCG(seed, 0))
	for _, limits := range []Limits{{}, {Text: 20, Raw: mask.Limits{Bytes: 2000, Text: 30, Items: 4, Depth: 3}}} {
		b, err := NewBuilder(Options{Limits: limits})
		if err != nil {
			t.Fatal(err)
		}
		plain := 0
		for range 2_000 {
			record := madeRecord(r)
			quick, slow := lookedAt(b, record, false), lookedAt(b, record, true)
			if quick.plain {
				plain++
			}
			if quick.plain = slow.plain; !reflect.DeepEqual(quick, slow) {
				t.Fatalf("seed %d: %.3000s\n%.3000v\n%.3000v", seed, record, quick, slow)
			}
		}
		if plain < 50 {
			t.Errorf("%d of 2,000 records have anything plain in their parameters", plain)
		}
	}
}

// shown is what a message tells of one record.
type shown struct {
	event  Event
	masked int
	who    Who
	what   What
	where  Where
	from   Origin
	plain  bool
}

func lookedAt(b *Builder, record string, slowly bool) (s shown) {
	v := b.view(&alert.Sample{Record: []byte(record)})
	defer b.release([]*view{v})
	v.careful = slowly
	s.event, s.masked = v.event()
	s.who, s.what, s.where, s.from = v.who(), v.what(), v.where(), v.origin()
	s.plain = v.plain.At("requestParameters")
	if slowly {
		if v.broken {
			return s
		}
		if raw, n := mask.JSON(v.rec.Value(), v.Limits.Raw); string(raw) != string(s.event.Raw) || n != s.masked {
			panic(fmt.Sprintf("%.3000s: %.3000s, %d masked; want %.3000s, %d", record, s.event.Raw, s.masked, raw, n))
		}
	}
	return s
}

// madeRecord is a record of which any part may hold a secret, be odd or be long.
func madeRecord(r *rand.Rand) string {
	one := func(of ...string) string { return of[r.IntN(len(of))] }
	policy := func() string {
		if r.IntN(4) == 0 { // many short members
			text := ""
			for c := 'A'; c < 'A'+rune(46+r.IntN(12)); c++ {
				text += `,"` + strings.Trim(string(c), `\<>`) + `":1`
			}
			return string(quote("{" + strings.TrimPrefix(text, ",") + "}"))
		}
		deep := 1 + r.IntN(14)*r.IntN(2)
		text := strings.Repeat(`{"a":`, deep) + object(r, func() string {
			return one(`"alice"`, `"true"`, `"password=x"`, `["*", 1]`, `{"Effect":"Allow","Action":"s3:*"}`, `"[1]"`, `"`+strings.Repeat("\x7f", 90)+`"`)
		}) + strings.Repeat("}", deep)
		return string(quote(text))
	}
	var value func(depth int) string
	value = func(depth int) string {
		switch n := r.IntN(12); {
		case n < 2 && depth < 14:
			return object(r, func() string { return value(depth + 3) })
		case n < 3 && depth < 14:
			var all []string
			for range many(r) {
				all = append(all, value(depth+12))
			}
			return "[" + strings.Join(all, ", ") + "]"
		case n < 4:
			return one("true", "null", "12", "1e400", strings.Repeat("7", 70), "{}", "{ }", "[ ]")
		}
		return one(`""`, `"alice"`, `"arn:aws:iam::111122223333:role/risk-role"`, `"AKIAIOSFODNN7EXAMPLE"`, `"i-0123456789abcdef0"`, `"AROAEXAMPLEEXAMPLEEX:alice"`, `"1.2.3.4"`,
			`"a \u00e9 \"quoted\" text"`, "\"\xff\"", `"password=hunter2hunter2"`, `"{\"Version\":\"2012-10-17\",\"password\":\"x\"}"`, `" [1, 2]"`, policy(), `"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"`,
			`"`+strings.Repeat("long ", 150)+`"`, `"--password"`, `"secretAccessKey"`, `"true"`, `"%41%42%43"`, `"HIDDEN_DUE_TO_SECURITY_REASONS"`)
	}
	members := []string{`"eventID":"0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"`}
	for _, key := range []string{"eventName", "eventSource", "awsRegion", "errorCode", "errorMessage", "sourceIPAddress", "userAgent", "recipientAccountId", "readOnly"} {
		if r.IntN(4) > 0 {
			members = append(members, `"`+key+`":`+value(13))
		}
	}
	identity := func() string { return one(`"alice"`, `"AssumedRole"`, `"IAMUser"`, value(12)) }
	members = append(members, `"userIdentity":{"type":`+identity()+`,"userName":`+identity()+`,"arn":`+identity()+`,"accessKeyId":"AKIAIOSFODNN7EXAMPLE","invokedBy":`+value(12)+`,"sessionContext":`+value(1)+`}`)
	for _, key := range []string{"requestParameters", "responseElements", "additionalEventData", "resources", "insightDetails", "other"} {
		if r.IntN(3) > 0 {
			members = append(members, `"`+key+`":`+value(1))
		}
	}
	r.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	return "{" + strings.Join(members, ", ") + "}"
}

// many is a small number, or seldom more than a list shows.
func many(r *rand.Rand) int {
	if r.IntN(30) == 0 {
		return 60
	}
	return r.IntN(4)
}

// object has any keys, twice now and then.
func object(r *rand.Rand, value func() string) string {
	keys := []string{"bucketName", "roleName", "name", "value", "Value", "key", "password", "sessionToken", "clientToken", "a.b", "", "k\\u0065y", "\xff", "AKIAIOSFODNN7EXAMPLE", "omitted", "reason", "Host", "userName", "tags", "x"}
	var all []string
	for range many(r) {
		all = append(all, `"`+keys[r.IntN(len(keys))]+strings.Repeat("z", r.IntN(2)*r.IntN(3))+`":`+value())
	}
	return "{" + strings.Join(all, ",") + "}"
}

// The key of what is not plain says where, and what follows it is.
func TestPlainSaysWhere(t *testing.T) {
	record := `{"userIdentity":{"type":"IAMUser","accessKeyId":"AKIAIOSFODNN7EXAMPLE","userName":"alice"},"requestParameters":{"a":{"b":"c"}},"responseElements":{"password":"x"},"tags":[{"key":"password","value":"x"}],"e":"x"}`
	var m mask.Masker
	_, _, plain := m.JSON(cloudtrail.ValueOf([]byte(record)), mask.DefaultLimits(), mask.Bounds{Text: 512, Items: 50, Depth: 12, Bytes: 1 << 15})
	for path, want := range map[string]bool{
		"userIdentity": false, "userIdentity.type": true, "userIdentity.userName": true, "userIdentity.accessKeyId": false, "requestParameters": true, "requestParameters.a.b": true,
		"responseElements": false, "responseElements.password": false, "tags": false, "e": true, "missing": true,
	} {
		if got := plain.At(strings.Split(path, ".")...); got != want {
			t.Errorf("%s: %t", path, got)
		}
	}
}
