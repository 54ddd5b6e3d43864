package lint_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trailwarden/trailwarden/cloudtrail/catalog"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/lint"
)

const (
	remembers = "id: r\nseverity: low\nmatch: {where: {eventName: {equals: ConsoleLogin}}}\n"
	signIns   = `
title: Sign-in
name: sign_in
logsource: {product: aws, service: cloudtrail}
detection: {a: {eventName: ConsoleLogin}, condition: a}
---
title: Many
name: many
correlation:
  type: event_count
  rules: [sign_in]
  group-by: [sourceIPAddress, who]
  aliases: {who: {sign_in: userIdentity.userName}}
  timespan: 5m
  condition: {gte: 10}
---
title: Then one
name: then_one
`
)

// What a rule remembers has a warning for each way in which it counts nothing,
// too little or too much; and none where a name is an alias, or one that the
// correlation below or its records give.
func TestLintOnWhatIsRemembered(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"as it should be":           {remembers + "threshold: {count: 5, within: 5m, by: [account, principal]}\n", nil},
		"a threshold of one":        {remembers + "threshold: {count: 1, within: 5m, by: [account]}\n", []string{"TL18"}},
		"everybody together":        {remembers + "threshold: {count: 5, within: 5m}\n", []string{"TL20"}},
		"as long as its memory":     {remembers + "first_seen: {value: awsRegion, by: [account], within: 30d, warm_up: 30d}\n", []string{"TL19"}},
		"by a field of no record":   {remembers + "threshold: {count: 5, within: 5m, by: [userName]}\n", []string{"TL15"}},
		"by a field of one session": {remembers + "threshold: {count: 5, within: 5m, by: [userIdentity.arn]}\n", []string{"TL14"}},
		"by aliases, in a chain": {signIns + "correlation: {type: temporal_ordered, rules: [many, sign_in], group-by: [user], aliases: {user: {many: who, sign_in: userIdentity.userName}}, timespan: 1h}\n",
			nil},
		"by a field of the record below": {signIns + "correlation: {type: temporal_ordered, rules: [many, sign_in], group-by: [userIdentity.userName], timespan: 1h}\n", nil},
		"by a field that the record below cannot have": {signIns + "correlation: {type: temporal_ordered, rules: [many, sign_in], group-by: [userName], timespan: 1h}\n",
			[]string{"TL15"}},
		"of the count of the correlation below": {signIns + "correlation: {type: value_sum, rules: [many], group-by: [who], timespan: 1h, condition: {gte: 50, field: count}}\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			set, list := rule.Load([]string{write(t, "r.yaml", c.text)}, rule.Options{})
			if list.Err() != nil {
				t.Fatal(list)
			}
			var codes []string
			for _, d := range lint.Rules(set.Rules, catalog.Default(), nil) {
				codes = append(codes, d.Code)
			}
			slices.Sort(codes)
			if d := cmp.Diff(c.want, slices.Compact(codes)); d != "" {
				t.Error(d)
			}
		})
	}
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
