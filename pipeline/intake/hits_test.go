package intake_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/pipeline/intake"
	"github.com/trailwarden/trailwarden/rule"
)

// Hits whose memory was used before are those that new ones are, for records of
// all sizes.
func TestResetHitsAreLikeNewOnes(t *testing.T) {
	loaded, list := rule.LoadFS(fstest.MapFS{"many.yaml": {Data: []byte("id: many\ntitle: Many\nseverity: high\nmatch: {where: {eventName: {equals: RunInstances}}}\nthreshold: {count: 3, within: 10m, by: [account]}\n")}}, "rules", rule.Options{})
	if list.Err() != nil || len(loaded.Rules) != 1 {
		t.Fatal(list)
	}
	set := intake.Prepare(loaded.Rules, nil)
	judge := set.NewJudge()
	hits := func(into *intake.Hits, round int) {
		judge.Keep = into
		for i := range 40 {
			text := fmt.Sprintf(`{"eventVersion":"1.11","eventID":"%08d-0000-4000-8000-%012d","eventTime":"2026-03-14T09:%02d:00Z","eventSource":"ec2.amazonaws.com","eventName":"RunInstances","awsRegion":"eu-west-1","recipientAccountId":"111122223333","userIdentity":{"type":"IAMUser","userName":"%s"}}`,
				round, i, i, strings.Repeat("u", (i*round*997)%40_000))
			rec, err := cloudtrail.ParseRecord([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			judge.Record(nil, rec, i, &intake.Origin{File: "f", Mode: "serve"})
		}
	}
	used := new(intake.Hits)
	for round := range 8 {
		fresh := new(intake.Hits)
		hits(fresh, round)
		hits(used, round)
		if len(used.All) != 40 || used.Bytes == 0 {
			t.Fatalf("round %d: %d hits, %d bytes", round, len(used.All), used.Bytes)
		}
		if d := cmp.Diff(fresh, used, cmpopts.IgnoreUnexported(intake.Hits{}), cmp.Comparer(bytes.Equal)); d != "" {
			t.Fatalf("round %d: %s", round, d)
		}
		used.Reset()
		if !used.Empty() || used.Bytes != 0 || len(used.Raw) != 0 || !used.Latest.IsZero() {
			t.Fatalf("round %d: something is left of %+v", round, used)
		}
	}
}
