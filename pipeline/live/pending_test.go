package live_test

import (
	"context"
	"fmt"
	"io"
	"testing"
	"testing/fstest"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/pipeline/intake"
	"github.com/trailwarden/trailwarden/pipeline/live"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/source"
)

// slowly opens one object only when it may be read.
type slowly struct {
	objects
	key            string
	asked, allowed chan struct{}
}

func (s slowly) Open(ctx context.Context, o source.Object) (io.ReadCloser, source.Info, error) {
	if o.Key == s.key {
		close(s.asked)
		<-s.allowed
	}
	return s.objects.Open(ctx, o)
}

const thrice = `
id: thrice
title: Three failed sign-ins
severity: high
match: {where: {eventName: {equals: ConsoleLogin}}}
threshold: {count: 3, within: 10m}
group_by: [sourceIPAddress]
`

// What a file in hand holds is not late because files of hours later overtake it, as
// they do where little is delivered and a backlog is read: the rule finds what a scan
// finds. Nor is anybody waited for who takes too long.
func TestAFileThatIsOvertakenIsNotLate(t *testing.T) {
	set, list := rule.LoadFS(fstest.MapFS{"thrice.yaml": {Data: []byte(thrice)}}, "", rule.Options{})
	if list.Err() != nil {
		t.Fatal(list)
	}
	rules := intake.Prepare(set.Rules, nil)
	for name, c := range map[string]struct {
		takes time.Duration // by the clock, until the file can be read
		late  int64
		found int
	}{"in time": {time.Second, 0, 1}, "too late": {time.Hour, 2, 0}} {
		t.Run(name, func(t *testing.T) {
			files := map[string][]byte{}
			file := func(delivered string, minutes ...string) string {
				records := ""
				for _, m := range minutes {
					if records != "" {
						records += ","
					}
					records += fmt.Sprintf(`{"eventVersion":"1.11","eventTime":"2026-03-14T%s:00Z","eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","awsRegion":"us-east-1",`+
						`"sourceIPAddress":"203.0.113.9","eventID":"%s","recipientAccountId":"111122223333"}`, m, m)
				}
				key := "AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/14/111122223333_CloudTrail_us-east-1_20260314T" + delivered + "Z_a.json.gz"
				files[key] = pack(`{"Records":[` + records + `]}`)
				return key
			}
			before, large, after := file("0905", "09:00"), file("0910", "09:03", "09:05"), file("1405", "14:00")
			fetch := slowly{objects{files: files}, large, make(chan struct{}), make(chan struct{})}
			clock, q := now, newQuiet(t)
			p := start(t, q.store, fetch, func(o *live.Options) {
				o.Rules, o.Now, o.Tick = func() *intake.Rules { return rules }, func() time.Time { return clock }, time.Hour
			})
			handled := make(chan error, 1)
			handle := func(key string) {
				t.Helper()
				if err := p.Handle(t.Context(), announce(key)); err != nil {
					t.Fatal(err)
				}
			}
			handle(before)
			go func() { handled <- p.Handle(t.Context(), announce(large)) }()
			<-fetch.asked
			clock = clock.Add(c.takes)
			handle(after)
			close(fetch.allowed)
			if err := <-handled; err != nil {
				t.Fatal(err)
			}
			p.Close()
			all, _, err := q.store.Alerts(t.Context(), alert.Query{Limit: 100})
			if err != nil {
				t.Fatal(err)
			}
			if p.Late.Load() != c.late || len(all) != c.found {
				t.Errorf("%d late and %d alerts, want %d and %d", p.Late.Load(), len(all), c.late, c.found)
			}
		})
	}
}
