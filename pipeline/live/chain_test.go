package live_test

import (
	"fmt"
	"testing"
	"testing/fstest"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/pipeline/intake"
	"github.com/trailwarden/trailwarden/pipeline/live"
	"github.com/trailwarden/trailwarden/rule"
)

const chain = `
title: Failed
name: failed
logsource: {product: aws, service: cloudtrail}
detection: {s: {eventName: ConsoleLogin, errorMessage: Failed authentication}, condition: s}
---
title: Signed in
name: signed_in
logsource: {product: aws, service: cloudtrail}
detection: {s: {eventName: ConsoleLogin, errorMessage: null}, condition: s}
---
title: Spray
name: spray
correlation: {type: value_count, rules: [failed], group-by: [sourceIPAddress], timespan: 10m, condition: {field: userIdentity.userName, gte: 3}}
---
title: Then in
id: then-in
correlation: {type: temporal_ordered, rules: [spray, signed_in], group-by: [userIdentity.userName], timespan: 1h}
`

// A correlation goes by a field of the record behind another's finding also where
// each record comes to a process of its own, late and twice: what that needs of
// the record is kept in the store.
func TestAChainRemembersTheRecordBelow(t *testing.T) {
	set, list := rule.LoadFS(fstest.MapFS{"chain.yml": {Data: []byte(chain)}}, "", rule.Options{})
	if list.Err() != nil {
		t.Fatal(list)
	}
	fetch := objects{files: map[string][]byte{}}
	signIn := func(n int, minute, user, more string) string {
		key, _ := harmless(fmt.Sprint("r", n), "")
		fetch.files[key] = pack(fmt.Sprintf(`{"Records":[{"eventVersion":"1.11","eventTime":"2026-03-14T%s:00Z","eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","awsRegion":"us-east-1",`+
			`"sourceIPAddress":"203.0.113.9","userIdentity":{"type":"IAMUser","userName":%q,"accountId":"111122223333"},"eventID":"%d","recipientAccountId":"111122223333"%s}]}`, minute, user, n, more))
		return key
	}
	const failed = `,"errorMessage":"Failed authentication"`
	ann, bob, cid := signIn(1, "09:00", "ann", failed), signIn(2, "09:01", "bob", failed), signIn(3, "09:02", "cid", failed)
	annIn, cidIn := signIn(4, "09:20", "ann", ""), signIn(5, "09:21", "cid", "")
	later, text := harmless("later", "2026-03-14T11:00:00Z")
	fetch.files[later] = text
	for name, shared := range map[string]bool{"a server": false, "a function": true} {
		t.Run(name, func(t *testing.T) {
			q, rules := newQuiet(t), intake.Prepare(set.Rules, nil)
			change := func(o *live.Options) { o.Rules, o.Shared = func() *intake.Rules { return rules }, shared }
			for _, key := range []string{cid, ann, bob, cid, annIn, cidIn, ann, later} {
				p := start(t, q.store, fetch, change)
				if err := p.Handle(t.Context(), announce(key)); err != nil {
					t.Fatal(err)
				}
				p.Close()
			}
			if err := start(t, q.store, fetch, change).ByClock(t.Context()); err != nil {
				t.Fatal(err)
			}
			all, _, err := q.store.Alerts(t.Context(), alert.Query{Limit: 100})
			if err != nil {
				t.Fatal(err)
			}
			var users []string
			for _, a := range all {
				if a.Rule.ID == "then-in" {
					users = append(users, a.Group[0].Value)
				}
			}
			if len(users) != 1 || users[0] != "cid" {
				t.Errorf("alerts for %q of %d; want one for cid, whose sign-in was the last to fail", users, len(all))
			}
		})
	}
}
