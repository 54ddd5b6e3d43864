package where_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/internal/seeds"
	"github.com/trailwarden/trailwarden/rule/where"
)

// dice makes conditions and records out of few words, so that they often meet.
type dice struct{ *rand.Rand }

func (d dice) of(words ...string) string { return words[d.IntN(len(words))] }

func (d dice) many(n int, sep string, one func() string) string {
	parts := make([]string, 1+d.IntN(n))
	for i := range parts {
		parts[i] = one()
	}
	return strings.Join(parts, sep)
}

func (d dice) path() string {
	return d.of("eventName", "eventSource", "awsRegion", "errorCode", "readOnly", "p", "p.q", "p.q.r", "q.r", "n")
}

func (d dice) scalar() string {
	return d.of(`"a"`, `"A"`, `"ab"`, `"b a"`, `""`, "1", "1.0", `"1"`, "10", "-2.5e1", "true", "false", `"true"`, `"10.0.0.7"`, `"é"`)
}

func (d dice) condition(depth int) string {
	if depth > 0 {
		switch d.IntN(4) {
		case 0:
			return "{all: [" + d.many(3, ", ", func() string { return d.condition(depth - 1) }) + "]}"
		case 1:
			return "{any: [" + d.many(3, ", ", func() string { return d.condition(depth - 1) }) + "]}"
		case 2:
			return "{not: " + d.condition(depth-1) + "}"
		}
	}
	return "{" + d.path() + ": {" + d.test() + "}}"
}

func (d dice) test() string {
	fold := d.of("", "", ", ignore_case: true")
	list := "[" + d.many(3, ", ", d.scalar) + "]"
	text := func() string { return d.of(`"a"`, "1", `"b"`, "tr", `"0."`, `"É"`) }
	switch d.IntN(8) {
	case 0:
		return "equals: " + d.scalar() + fold
	case 1:
		return "in: " + list + fold
	case 2:
		return d.of("prefix", "suffix", "contains") + ": " + text() + fold
	case 3:
		return "wildcard: " + d.of(`"*"`, `"a*"`, `"?"`, `"*a?*"`, `"1*"`) + fold
	case 4:
		return "regex: " + d.of(`"^a"`, `"[0-9]+$"`, `"a|1"`, `""`) + fold
	case 5:
		return "cidr: " + d.of("10.0.0.0/8", "[10.0.0.7, 192.0.2.0/24]", `"::/0"`)
	case 6:
		return d.of("exists", "null") + ": " + d.of("true", "false")
	}
	return d.of("lt", "lte", "gt", "gte") + ": " + d.of("1", "1.5", "-3", "10")
}

func (d dice) value(depth int) string {
	if depth > 0 {
		switch d.IntN(4) {
		case 0:
			return "[" + d.of("", d.many(3, ",", func() string { return d.value(depth - 1) })) + "]"
		case 1:
			return d.object(depth-1, "q", "r", "q.r", "a")
		}
	}
	return d.of(d.scalar(), d.scalar(), "null")
}

func (d dice) object(depth int, keys ...string) string {
	return "{" + d.of("", d.many(4, ",", func() string { return fmt.Sprintf("%q:%s", d.of(keys...), d.value(depth)) })) + "}"
}

func (d dice) record() string {
	return d.object(3, "eventName", "eventSource", "awsRegion", "errorCode", "readOnly", "p", "p.q", "n")
}

// TestTheEngineJudgesAsTheNaiveTwin compares random conditions, compiled
// together, on random records.
func TestTheEngineJudgesAsTheNaiveTwin(t *testing.T) {
	seed := seeds.Of(t)
	d := dice{rand.New(rand.NewPCG(seed, 1))}
	const rules, records = 40, 60
	for range 10 {
		var texts []string
		var nodes []detect.Node
		for range rules {
			text := d.condition(3)
			c, list := where.Parse([]byte(text))
			if c == nil {
				t.Fatalf("seed %d: %s: %v", seed, text, list)
			}
			texts, nodes = append(texts, text), append(nodes, c.Predicate())
		}
		m := detect.Compile(nodes).NewMatcher()
		for range records {
			record := d.record()
			rec, err := cloudtrail.ParseRecord([]byte(record))
			if err != nil {
				t.Fatalf("seed %d: %s: %v", seed, record, err)
			}
			hits := map[int]bool{}
			m.Match(rec, func(i int) { hits[i] = true })
			for i, n := range nodes {
				want, err := detect.Naive(n, []byte(record))
				if err != nil || want != hits[i] {
					t.Fatalf("seed %d: %s\non %s: engine %v, naive %v, %v", seed, texts[i], record, hits[i], want, err)
				}
			}
		}
	}
}
