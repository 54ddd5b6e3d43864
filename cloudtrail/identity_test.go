package cloudtrail_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

const (
	id1 = `"eventID":"293ba626-3be5-4a26-ab1b-0f4c54f49959"`
	id2 = `"eventID":"293ba626-3be5-4a26-ab1b-0f4c54f49958"`
	to1 = `"recipientAccountId":"111122223333"`
	to2 = `"recipientAccountId":"111122223334"`
)

func TestKeyTellsEventsApart(t *testing.T) {
	different := []string{
		`{` + id1 + `,` + to1 + `}`,
		`{` + id1 + `,` + to2 + `}`,
		`{` + id2 + `,` + to1 + `}`,
		`{` + id1 + `}`,
		`{"eventID":"293BA626-3BE5-4A26-AB1B-0F4C54F49959",` + to1 + `}`,
		`{"eventID":"short",` + to1 + `}`,
		`{"eventID":"sho","recipientAccountId":"rt111122223333"}`,
		`{"eventID":"",` + to1 + `}`,
		`{"eventID":7,` + to1 + `}`,
		`{` + to1 + `}`,
		`{` + to2 + `}`,
		`{"eventTime":"2013-01-01T00:00:00Z","eventName":"A"}`,
		`{"eventTime":"2013-01-01T00:00:00Z","eventName":"B"}`,
		`{"eventName":"2013-01-01T00:00:00Z","eventTime":"B"}`,
		`{` + id1 + `,` + to1 + `,"insightDetails":{"state":"Start"}}`,
		`{` + id1 + `,` + to1 + `,"insightDetails":{"state":"End"}}`,
		`{` + id1 + `,` + to1 + `,"addendum":{"reason":"UPDATED_DATA","updatedFields":"a"}}`,
		`{` + id1 + `,` + to1 + `,"addendum":{"reason":"UPDATED_DATA","updatedFields":"b"}}`,
		`{` + id1 + `,` + to1 + `,"addendum":{"reason":"UPDATED_DATA"}}`,
		`{"eventId":"x","accountId":"111122223333","timeWindow":{}}`,
		`{"eventId":"y","accountId":"111122223333","timeWindow":{}}`,
		`{"a":[1,[2]]}`, `{"a":[[1],2]}`, `{"a":{"b":1}}`, `{"a":{},"b":1}`, `{"a":"1"}`, `{"a":1}`, `{"a":null}`, `{}`,
	}
	keys := map[cloudtrail.Key]string{}
	for _, text := range different {
		k := record(t, text).Key()
		if other, ok := keys[k]; ok {
			t.Errorf("%s and %s have one key", text, other)
		}
		keys[k] = text
	}
}

func TestKeyIsTheSameForTheSameEvent(t *testing.T) {
	tests := []struct{ name, a, b string }{
		{"by another path, with other white space and fields", `{` + id1 + `,` + to1 + `}`, ` {"eventName":"A", ` + to1 + ` , ` + id1 + `,"eventContext":{}}`},
		{"escaped", `{"eventID":"a/b",` + to1 + `}`, `{"eventID":"a\/b",` + to1 + `}`},
		{"late, not changed", `{` + id1 + `,` + to1 + `}`, `{` + id1 + `,` + to1 + `,"addendum":{"reason":"DELIVERY_DELAY"}}`},
		{"no id, keys in another order", `{"eventTime":"t","a":{"x":1,"y":["z"]}}`, `{ "a" : {"y":["\u007a"],"x":1}, "eventTime":"t" }`},
		{"no id, duplicate key", `{"a":2}`, `{"a":1,"a":2}`},
		{"aggregated", `{"eventId":"x","accountId":"1"}`, `{"accountId":"1","summary":{},"eventId":"x"}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if record(t, test.a).Key() != record(t, test.b).Key() {
				t.Errorf("%s and %s have different keys", test.a, test.b)
			}
		})
	}
}

func TestSupersedesNamesTheRecordThatIsRepaired(t *testing.T) {
	tests := []struct{ name, original, update string }{
		{"same eventID", `{` + id1 + `,` + to1 + `}`, `{` + id1 + `,` + to1 + `,"addendum":{"reason":"UPDATED_DATA"}}`},
		{"originalEventID", `{` + id1 + `,` + to1 + `}`, `{` + id2 + `,` + to1 + `,"addendum":{"reason":"UPDATED_DATA","original` + strings.ToUpper(id1[1:2]) + id1[2:] + `}}`},
		{"no UUID", `{"eventID":"x",` + to1 + `}`, `{"eventID":"y",` + to1 + `,"addendum":{"reason":"UPDATED_DATA","originalEventID":"x"}}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			u := record(t, test.update)
			k, ok := u.Supersedes()
			if original := record(t, test.original).Key(); !ok || k != original || u.Key() == original {
				t.Errorf("supersedes %x %v, want %x; own key %x", k, ok, original, u.Key())
			}
		})
	}
	if _, ok := record(t, `{`+id1+`,"addendum":{"reason":"DELIVERY_DELAY"}}`).Supersedes(); ok {
		t.Error("a late record supersedes")
	}
}

func TestKeyAllocatesNothing(t *testing.T) {
	r := record(t, event(1))
	if n := testing.AllocsPerRun(100, func() { r.Key() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestActor(t *testing.T) {
	role := `"arn":"arn:aws:sts::111122223333:assumed-role/Admin/alice","sessionContext":{"sessionIssuer":{"userName":"Admin"}`
	tests := []struct{ name, identity, want string }{
		{"root", `{"type":"Root","arn":"arn:aws:iam::1:root"}`, "root"},
		{"root with an alias", `{"type":"Root","userName":"acme"}`, "root (acme)"},
		{"user", `{"type":"IAMUser","userName":"alice","arn":"arn:aws:iam::1:user/alice"}`, "alice"},
		{"user without a name", `{"type":"IAMUser","arn":"arn:aws:iam::1:user/alice"}`, "arn:aws:iam::1:user/alice"},
		{"role", `{"type":"AssumedRole",` + role + `}}`, "Admin/alice"},
		{"role with source identity", `{"type":"AssumedRole",` + role + `,"sourceIdentity":"bob"}}`, "Admin/alice (bob)"},
		{"role without context", `{"type":"AssumedRole","arn":"arn:aws:sts::1:assumed-role/Admin/alice"}`, "Admin/alice"},
		{"role without ARN", `{"type":"AssumedRole","principalId":"AROA:alice","sessionContext":{"sessionIssuer":{"userName":"Admin"}}}`, "Admin/alice"},
		{"federated", `{"type":"FederatedUser","arn":"arn:aws:sts::1:federated-user/carol","sessionContext":{"sessionIssuer":{"userName":"dan"}}}`, "carol"},
		{"SAML", `{"type":"SAMLUser","userName":"eve","identityProvider":"idp"}`, "eve (idp)"},
		{"web identity", `{"type":"WebIdentityUser","userName":"repo:x","identityProvider":"token.actions.githubusercontent.com"}`, "repo:x (token.actions.githubusercontent.com)"},
		{"service", `{"type":"AWSService","invokedBy":"ec2.amazonaws.com"}`, "ec2.amazonaws.com"},
		{"account", `{"type":"AWSAccount","principalId":"AIDAX","accountId":"444455556666"}`, "AIDAX"},
		{"anonymous", `{"type":"AWSAccount","principalId":"","accountId":"anonymous"}`, "anonymous"},
		{"identity center", `{"type":"IdentityCenterUser","onBehalfOf":{"userId":"u-1"}}`, "u-1"},
		{"unknown", `{"type":"Unknown","userName":"x","principalId":"y"}`, "x"},
		{"no type", `{"invokedBy":"a.amazonaws.com","principalId":"y"}`, "a.amazonaws.com"},
		{"empty", `{}`, ""},
		{"text", `"x"`, ""},
		{"null", `null`, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := record(t, `{"userIdentity":`+test.identity+`}`)
			if got, appended := r.Actor(), string(r.AppendActor([]byte("by "))); got != test.want || appended != "by "+test.want {
				t.Errorf("%q and %q, want %q", got, appended, test.want)
			}
		})
	}
	named := record(t, `{"userIdentity":{"type":"IdentityCenterUser","onBehalfOf":{"userId":"u-1"}},"additionalEventData":{"UserName":"zoe"}}`)
	if named.Actor() != "zoe" {
		t.Errorf("%q", named.Actor())
	}
}

func TestAccount(t *testing.T) {
	for text, want := range map[string]string{
		`{"recipientAccountId":"1","accountId":"2","userIdentity":{"accountId":"3"}}`: "1",
		`{"accountId":"2","userIdentity":{"accountId":"3"}}`:                          "2",
		`{"recipientAccountId":7,"userIdentity":{"accountId":"3"}}`:                   "3",
		`{"userIdentity":[]}`: "",
	} {
		if got := record(t, text).Account(); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestTime(t *testing.T) {
	for text, want := range map[string]string{
		`{"eventTime":"2026-03-01T12:34:56Z"}`:                "2026-03-01T12:34:56Z",
		`{"eventTime":"2026-03-01T12:34:56.789Z"}`:            "2026-03-01T12:34:56.789Z",
		`{"eventTime":"2026-03-01T14:34:56+02:00"}`:           "2026-03-01T12:34:56Z",
		`{"eventTime":"2026-03-01 12:34:56.000"}`:             "2026-03-01T12:34:56Z",
		`{"eventTime":"2026-03-01 12:34:56.000 UTC"}`:         "2026-03-01T12:34:56Z",
		`{"timeWindow":{"windowEnd":"2026-03-01T12:35:00Z"}}`: "2026-03-01T12:35:00Z",
		`{"eventTime":"2024-02-29T00:00:00Z"}`:                "2024-02-29T00:00:00Z",
		`{"eventTime":"2023-02-29T00:00:00Z"}`:                "",
		`{"eventTime":"2016-12-31T23:59:60Z"}`:                "2017-01-01T00:00:00Z",
		`{"eventTime":"2016-12-31T23:59:60"}`:                 "",
		`{"eventTime":"2016-12-31T23:59:61Z"}`:                "",
		`{"eventTime":"9999-12-31T23:59:59Z"}`:                "9999-12-31T23:59:59Z",
		`{"eventTime":"9999-12-31T23:59:60Z"}`:                "", // the others lie in no year that can be written
		`{"eventTime":"9999-12-31T23:59:59-12:00"}`:           "",
		`{"eventTime":"0000-01-01T00:00:00+12:00"}`:           "",
		`{"eventTime":"0001-01-01T00:00:00Z"}`:                "", // stands for no time
		`{"eventTime":"yesterday"}`:                           "",
		`{"eventTime":1700000000}`:                            "",
		`{}`:                                                  "",
	} {
		got, ok := record(t, text).Time()
		if ok != (want != "") || ok && got.Format(time.RFC3339Nano) != want {
			t.Errorf("%s: %v %v, want %q", text, got, ok, want)
		}
	}
}

func TestExportRowsBecomeRecords(t *testing.T) {
	header := "eventversion,useridentity,eventtime,eventsource,eventname,awsregion,requestparameters,readonly,resources,eventid,recipientaccountid,region\n"
	row := `"1.08","{type=AssumedRole, principalid=AROA:s, arn=arn:aws:sts::1:assumed-role/R/s, accountid=111122223333, invokedby=null, accesskeyid=ASIA, username=null, sessioncontext={attributes={mfaauthenticated=false, creationdate=2026-03-01T00:00:00Z}, sessionissuer={type=Role, username=R}}}","2026-03-01T00:00:00Z","iam.amazonaws.com","CreateUser","us-east-1","{""userName"":""x, y""}","false","[{arn=arn:aws:iam::1:user/x, accountid=1, type=AWS::IAM::User}]","293ba626-3be5-4a26-ab1b-0f4c54f49959","111122223333","us-east-1"` + "\n"
	fields := `"eventversion":"1.08","eventtime":"2026-03-01T00:00:00Z","eventsource":"iam.amazonaws.com","eventname":"CreateUser","awsregion":"us-east-1","requestparameters":"{\"userName\":\"x, y\"}","readonly":false,"resources":[{"arn":"arn:aws:iam::1:user/x","accountid":"1","type":"AWS::IAM::User"}],"eventid":"293ba626-3be5-4a26-ab1b-0f4c54f49959","recipientaccountid":"111122223333"`
	identity := `{"type":"AssumedRole","principalid":"AROA:s","arn":"arn:aws:sts::1:assumed-role/R/s","accountid":"111122223333","accesskeyid":"ASIA","sessioncontext":{"attributes":{"mfaauthenticated":"false"},"sessionissuer":{"type":"Role","username":"R"}}}`
	tests := map[string]string{
		"Athena CSV":                header + row + row,
		"Athena CSV, Windows":       strings.ReplaceAll(header+row+row, "\n", "\r\n"),
		"JSON rows":                 `{` + fields + `,"useridentity":` + identity + "}\n{" + fields + `,"useridentity":` + identity + "}\n",
		"JSON rows, struct as text": `[{` + fields + `,"useridentity":` + quote(strings.NewReplacer("principalid", "principalId").Replace(identity)) + `},{"useridentity":` + identity + `,` + fields + `}]`,
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			asUsed(t, text, func(t *testing.T, g got) {
				if g.Records != 2 || len(g.Faults) != 0 || fmt.Sprint(g.indexes) != "[0 1]" {
					t.Fatalf("%+v %v", g.Summary, g.indexes)
				}
				checkExportedRecord(t, record(t, g.raw[1]))
			})
		})
	}
}

func checkExportedRecord(t *testing.T, r *cloudtrail.Record) {
	t.Helper()
	for path, want := range map[string]string{
		"eventName": `"CreateUser"`, "readOnly": "false", "requestParameters": `{"userName":"x, y"}`,
		"userIdentity.type": `"AssumedRole"`, "userIdentity.principalId": `"AROA:s"`, "userIdentity.accountId": `"111122223333"`,
		"userIdentity.sessionContext.sessionIssuer.userName":      `"R"`,
		"userIdentity.sessionContext.attributes.mfaAuthenticated": `"false"`,
	} {
		if got := string(r.Lookup(strings.Split(path, ".")...).Raw()); got != want {
			t.Errorf("%s is %s, want %s in %s", path, got, want, r.Raw())
		}
	}
	r.Get("resources").Elements(func(_ int, v cloudtrail.Value) bool {
		if v.Get("ARN").Str() != "arn:aws:iam::1:user/x" || v.Get("accountId").Str() != "1" {
			t.Errorf("resource %s", v.Raw())
		}
		return true
	})
	if r.Actor() != "R/s" || r.Key() != record(t, `{`+id1+`,`+to1+`}`).Key() {
		t.Errorf("actor %s, key %x", r.Actor(), r.Key())
	}
}
