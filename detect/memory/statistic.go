package memory

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// statistic is what an alarm makes of a period's samples, as the CloudWatch User
// Guide has it ("CloudWatch statistics definitions").
type statistic struct {
	kind     byte // one of the constants below
	from, to edge
}

// The kinds of statistic: those of whole periods, then those of a part of the
// samples.
const (
	sampleCount byte = iota
	total
	average
	minimum
	maximum
	percentileOf
	trimmedMean
	trimmedCount
	trimmedSum
	winsorizedMean
	percentileRank
)

// edge is a boundary of the samples that count: a value, or the value at so many
// percent of them.
type edge struct {
	set, percent bool
	at           float64
}

var (
	plainStatistics  = []string{"SampleCount", "Sum", "Average", "Minimum", "Maximum"}
	partOfStatistics = []string{"p", "TM", "TC", "TS", "WM", "PR"}
)

// CheckStatistic tells whether name is a statistic of CloudWatch.
func CheckStatistic(name string) error {
	_, err := parseStatistic(name)
	return err
}

// parseStatistic reads the name of a statistic: one of the plain ones, IQM, a
// part up to a percentage such as p99, tm90 or wm98.5, or one between two
// boundaries, of which one may be left out: TM(2%:98%), TC(:300), PR(100:2000).
func parseStatistic(name string) (statistic, error) {
	if i := slices.Index(plainStatistics, name); i >= 0 {
		return statistic{kind: byte(i)}, nil
	}
	if name == "IQM" {
		name = "TM(25%:75%)"
	}
	for i, prefix := range slices.Backward(partOfStatistics) {
		if len(name) < len(prefix) || !strings.EqualFold(name[:len(prefix)], prefix) {
			continue
		}
		s := statistic{kind: percentileOf + byte(i)}
		if rest := name[len(prefix):]; s.upTo(rest) || s.between(rest) {
			return s, nil
		}
	}
	return statistic{}, fmt.Errorf("statistic %q is none of CloudWatch's: want SampleCount, Sum, Average, Minimum, Maximum, a percentile such as p99, IQM, tm90, tc90, ts90, wm90, TM, TC, TS or WM with two boundaries such as TM(2%%:98%%), or PR(0:100)", name)
}

// upTo reads the short form, whose number is a percentage.
func (s *statistic) upTo(text string) bool {
	if s.kind == percentileRank {
		return false
	}
	p, ok := decimal(text)
	s.to = edge{set: true, percent: true, at: p}
	return ok && p >= 0 && p <= 100
}

func (s *statistic) between(text string) bool {
	text, opens := strings.CutPrefix(text, "(")
	text, closes := strings.CutSuffix(text, ")")
	from, to, two := strings.Cut(text, ":")
	if !opens || !closes || !two || s.kind == percentileOf {
		return false
	}
	var okFrom, okTo bool
	s.from, okFrom = parseEdge(from)
	s.to, okTo = parseEdge(to)
	switch {
	case !okFrom || !okTo || !s.from.set && !s.to.set:
		return false
	case s.from.set && s.to.set && (s.from.percent != s.to.percent || s.from.at > s.to.at):
		return false
	}
	return s.kind != percentileRank || !s.from.percent && !s.to.percent
}

func parseEdge(text string) (e edge, ok bool) {
	text = strings.TrimSpace(text)
	if text == "" {
		return e, true
	}
	text, e.percent = strings.CutSuffix(text, "%")
	e.at, e.set = decimal(text)
	return e, e.set && (!e.percent || e.at >= 0 && e.at <= 100)
}

// decimal reads a number without an exponent.
func decimal(text string) (float64, bool) {
	if strings.Trim(text, "-.0123456789") != "" {
		return 0, false
	}
	x, err := strconv.ParseFloat(text, 64)
	return x, err == nil
}

// each tells whether every sample is looked at, not their sum and extremes alone.
func (s statistic) each() bool { return s.kind >= percentileOf }

// value is the statistic of the samples in b; ok is false where nothing is left
// to make a mean of.
func (s statistic) value(b *bucket) (v float64, ok bool) {
	switch s.kind {
	case sampleCount:
		return b.count, true
	case total:
		return b.sum, true
	case average:
		return b.sum / b.count, true
	case minimum:
		return b.min, true
	case maximum:
		return b.max, true
	}
	slices.Sort(b.numbers)
	return s.ofSorted(b.numbers)
}

func (s statistic) ofSorted(numbers []float64) (v float64, ok bool) {
	if s.kind == percentileOf {
		return quantile(numbers, s.to.at/100), true
	}
	n, sum, low, high := 0, 0.0, s.from.of(numbers), s.to.of(numbers)
	for _, x := range numbers {
		inside := (!s.from.set || x > low || s.from.percent && x == low) && (!s.to.set || x <= high)
		switch {
		case inside:
			n, sum = n+1, sum+x
		case s.kind != winsorizedMean:
		case s.from.set && x <= low:
			n, sum = n+1, sum+low
		default:
			n, sum = n+1, sum+high
		}
	}
	switch s.kind {
	case trimmedCount:
		return float64(n), true
	case trimmedSum:
		return sum, true
	case percentileRank:
		return 100 * float64(n) / float64(len(numbers)), true
	}
	return sum / float64(max(n, 1)), n > 0
}

// of is the boundary as a value. Samples at a percentage itself are inside; of a
// lower boundary that is a value, only those above it are.
func (e edge) of(sorted []float64) float64 {
	if e.percent {
		return quantile(sorted, e.at/100)
	}
	return e.at
}

// tooFew tells whether so many samples are too few for a percentile to mean
// anything ("Percentile-based alarms and low data samples").
func (s statistic) tooFew(samples float64) bool {
	p := s.to.at / 100
	switch {
	case s.kind != percentileOf || p <= 0 || p >= 1:
		return false
	case p >= 0.5:
		return samples < 10/(1-p)
	}
	return samples < 10/p
}
