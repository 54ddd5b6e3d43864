package cloudtrail_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/internal/seeds"
)

// callerFields are the fields that CallerRaw knows, by their paths.
var callerFields = map[cloudtrail.CallerField]string{
	cloudtrail.CallerType: "type", cloudtrail.CallerName: "userName", cloudtrail.CallerAccount: "accountId",
	cloudtrail.CallerARN: "arn", cloudtrail.CallerPrincipal: "principalId", cloudtrail.CallerInvokedBy: "invokedBy",
	cloudtrail.CallerProvider: "identityProvider", cloudtrail.CallerAccessKey: "accessKeyId",
	cloudtrail.CallerIssuerType: "sessionContext.sessionIssuer.type", cloudtrail.CallerIssuerName: "sessionContext.sessionIssuer.userName",
	cloudtrail.CallerIssuerAccount: "sessionContext.sessionIssuer.accountId", cloudtrail.CallerIssuerARN: "sessionContext.sessionIssuer.arn",
	cloudtrail.CallerIssuerPrincipal: "sessionContext.sessionIssuer.principalId",
	cloudtrail.CallerMFA:             "sessionContext.attributes.mfaAuthenticated", cloudtrail.CallerCreated: "sessionContext.attributes.creationDate",
	cloudtrail.CallerSource: "sessionContext.sourceIdentity",
}

func TestCallerFieldsAreFoundByTheirPaths(t *testing.T) {
	for f, path := range callerFields {
		if got := cloudtrail.CallerFieldOf(strings.Split(path, ".")...); got != f {
			t.Errorf("%s is %d, want %d", path, got, f)
		}
	}
	for _, keys := range [][]string{{}, {""}, {"Type"}, {"sessionContext"}, {"sessionContext.sourceIdentity"}, {"sessionContext.sessionIssuer", "type"}} {
		if got := cloudtrail.CallerFieldOf(keys...); got != cloudtrail.NoCallerField {
			t.Errorf("%q is %d", keys, got)
		}
	}
}

// callers writes userIdentity elements of a few shapes, and some that nearly
// have them.
type callers struct{ *rand.Rand }

func (g callers) oneOf(s ...string) string { return s[g.IntN(len(s))] }

func (g callers) text() string {
	return g.oneOf(`"a"`, `"Role"`, `"arn:aws:sts::1:assumed-role/R/S"`, `"a/b/c"`, `""`, `"\u0041\"b"`, `"é"`, `"x:y"`, `"\",\"type\":\""`, `"{"`)
}

func (g callers) member(key, value string) string {
	if g.IntN(40) == 0 {
		key = g.oneOf("Type", "ARN", "type", "a.b", "sessioncontext", `t\u0079pe`, ",", "", "more", strings.Repeat("k", 30), "é")
	}
	if g.IntN(40) == 0 {
		value = g.oneOf("1", "null", "true", "[]", `["a"]`, `{}`, `{"type":"x"}`, "-1.5e3")
	}
	space := ""
	if g.IntN(60) == 0 {
		space = " "
	}
	return `"` + key + `"` + space + `:` + value
}

func (g callers) object(members ...string) string {
	if g.IntN(40) == 0 {
		members = append(members, g.member("extra", "1"))
	}
	if g.IntN(40) == 0 && len(members) > 1 {
		members = members[1:]
	}
	return "{" + strings.Join(members, ",") + "}"
}

func (g callers) texts(keys ...string) (members []string) {
	for _, k := range keys {
		members = append(members, g.member(k, g.text()))
	}
	return members
}

func (g callers) identity() string {
	kind := g.oneOf("AssumedRole", "IAMUser", "Root", "AWSService", "AWSAccount", "FederatedUser", "SAMLUser", "IdentityCenterUser")
	members := []string{g.member("type", `"`+kind+`"`)}
	switch g.IntN(5) {
	case 0:
		return g.object(append(members, g.texts("invokedBy")...)...)
	case 1:
		return g.object(append(members, g.texts("principalId", "arn", "accountId", "accessKeyId", "userName")...)...)
	case 2:
		more := g.texts("principalId", "accountId")
		return g.object(append(append(members, more...), g.member("credentialId", "7"), g.member("onBehalfOf", g.object(g.texts("userId")...)))...)
	}
	session := g.object(
		g.member("sessionIssuer", g.object(g.texts("type", "principalId", "arn", "accountId", "userName")...)),
		g.member("webIdFederationData", "{}"),
		g.member("attributes", g.object(g.texts("creationDate", "mfaAuthenticated")...)),
		g.member("sourceIdentity", g.text()))
	members = append(members, g.texts("principalId", "arn", "accountId", "accessKeyId")...)
	return g.object(append(members, g.member("sessionContext", session), g.member("identityProvider", g.text()))...)
}

// What is known of a userIdentity by its shape is what a walk through it finds.
func TestCallersOfAKnownShapeAreReadAsAtFirst(t *testing.T) {
	seed := seeds.Of(t)
	g := callers{rand.New(rand.NewPCG(seed, 0))}
	var rd cloudtrail.Reader
	known := 0
	for range 30_000 {
		text := fmt.Sprintf(`{"recipientAccountId":null,"userIdentity":%s,"eventName":"E"}`, g.identity())
		fresh := record(t, text)
		rec, err := rd.Read([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := rec.CallerRaw(cloudtrail.CallerType); ok {
			known++
		}
		if got, want := rec.Identity(), fresh.Identity(); got != want {
			t.Fatalf("%s: %+v, want %+v", text, got, want)
		}
		if got, want := rec.Actor()+rec.Account(), fresh.Actor()+fresh.Account(); got != want {
			t.Fatalf("%s: %q, want %q", text, got, want)
		}
		for f, path := range callerFields {
			want := fresh.Get("userIdentity").Lookup(strings.Split(path, ".")...).Raw()
			if raw, ok := rec.CallerRaw(f); ok && string(raw) != string(want) {
				t.Fatalf("%s: %s is %s, want %s", text, path, raw, want)
			}
		}
	}
	if known < 5_000 {
		t.Errorf("of 30,000 records only %d had a known shape", known)
	}
}

// The forms in which AWS writes most userIdentities are all known at once, whichever
// come in turn: none takes another's place.
func TestUsualFormsOfCallersAreKnownSideBySide(t *testing.T) {
	const (
		issuer  = `"sessionIssuer":{"type":"Role","principalId":"AROA","arn":"arn:aws:iam::111122223333:role/R","accountId":"111122223333","userName":"R"},`
		dates   = `"attributes":{"creationDate":"2026-03-14T08:00:00Z","mfaAuthenticated":"false"}`
		who     = `"principalId":"AROA:s","arn":"arn:aws:sts::111122223333:assumed-role/R/s","accountId":"111122223333","accessKeyId":"ASIA"`
		service = `,"invokedBy":"eks.amazonaws.com"`
	)
	forms := []string{
		`{"type":"AssumedRole",` + who + `,"sessionContext":{` + issuer + dates + `}}`,
		`{"type":"AssumedRole",` + who + `,"sessionContext":{` + issuer + dates + `,"ec2RoleDelivery":"2.0"}}`,
		`{"type":"AssumedRole",` + who + `,"sessionContext":{` + issuer + dates + `}` + service + `}`,
		`{"type":"AssumedRole",` + who + `,"sessionContext":{` + issuer + dates + `,"ec2RoleDelivery":"2.0"}` + service + `}`,
		`{"type":"IAMUser",` + who + `,"userName":"u"}`,
		`{"type":"IAMUser",` + who + `,"userName":"u","sessionContext":{` + dates + `}}`,
		`{"type":"IAMUser",` + who + `,"userName":"u","sessionContext":{"sessionIssuer":{},"webIdFederationData":{},` + dates + `}` + service + `}`,
		`{"type":"Root",` + who + `,"sessionContext":{` + dates + `}}`,
		`{"type":"AWSService"` + service + `}`,
	}
	var rd cloudtrail.Reader
	for round := range 6 {
		for _, form := range forms {
			rec, err := rd.Read([]byte(`{"userIdentity":` + form + `,"eventTime":"2026-03-14T09:00:00Z"}`))
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := rec.CallerRaw(cloudtrail.CallerType); !ok && round > 4 {
				t.Errorf("round %d: %s is not known", round, form)
			}
		}
	}
}
