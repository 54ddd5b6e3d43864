package memory

import (
	"fmt"
	"strconv"
	"strings"
)

// Words says in plain English when the Spec gives a detection: the part of a
// sentence that begins "It tells when …".
func (s *Spec) Words() string {
	return s.condition() + s.group()
}

// Contribution says what a hit is to the Spec: the soFar-th of its group, whose
// values are as AppendValue wrote them.
func (s *Spec) Contribution(input, soFar int, group []byte) string {
	what := strconv.Itoa(soFar)
	if n, ok := s.enough(); ok && s.Kind == Count {
		what += " of " + strconv.Itoa(n)
	}
	switch s.Kind {
	case Inputs, Expression, Ordered, Absence:
		what = fmt.Sprintf("%q, %s of the records", s.input(input), what)
	}
	var names []string
	for _, l := range s.labels(string(group)) {
		names = append(names, l.Name+" "+l.Value)
	}
	if len(names) == 0 {
		return what + " of all"
	}
	return what + " for " + strings.Join(names, ", ")
}

func (s *Spec) group() string {
	if len(s.By) == 0 {
		return ", all records together"
	}
	return ", for each " + strings.Join(s.By, ", ") + " by itself"
}

func (s *Spec) condition() string {
	within, over := " within "+Span(s.Window), strings.Join(s.Over, " / ")
	late := ""
	if s.AtClose() {
		late = "; it is told once the time is over"
	}
	switch s.Kind {
	case Distinct:
		return s.limits() + " different values of " + over + " come" + within + late
	case Sum, Average, Percentile:
		return fmt.Sprintf("the %s of %s is %s%s", s.aggregate(), over, s.limits(), within) + late
	case Inputs:
		return fmt.Sprintf("%s of these match%s: %s", s.limits(), within, s.inputNames()) + late
	case Expression:
		return s.Expr.words(s) + within + late
	case Ordered:
		return "these come in this order" + within + ": " + s.steps()
	case Absence:
		return fmt.Sprintf("%s is not followed by %s%s", s.input(0), s.input(1), within)
	case FirstSeen:
		return fmt.Sprintf("%s has a value that did not come for %s; a group is only watched for its first %s", over, Span(s.Window), Span(s.Warmup))
	case Rate:
		return s.rateWords()
	case Alarm:
		return s.Alarm.words()
	}
	return s.limits() + " records come" + within + late
}

func (s *Spec) aggregate() string {
	switch {
	case s.Kind == Percentile && s.Percentile == 0:
		return "minimum"
	case s.Kind == Percentile && s.Percentile == 100:
		return "maximum"
	case s.Kind == Percentile:
		return number(s.Percentile) + "th percentile"
	}
	return s.Kind.String()
}

func (s *Spec) rateWords() string {
	season := [...]string{"the same time of earlier days", "the same time of earlier weeks", "the periods before"}[s.Rate.Season]
	return fmt.Sprintf("at least %s records come in %s, and more than %s times the usual highest at %s within %s; a group is only watched for its first %s",
		number(s.Rate.Least), Span(s.Window), number(s.Rate.Factor), season, Span(s.Rate.Baseline), Span(s.Warmup))
}

func (a *AlarmSettings) words() string {
	missing := a.Missing
	if missing == "" {
		missing = MissingMissing
	}
	return fmt.Sprintf("the metric's %s is %s in %d of %d periods of %s, as CloudWatch counts them (missing data: %s); then also for each further actor while that lasts",
		a.Statistic, a.Threshold, a.datapoints(), a.Periods, Span(a.Period), missing)
}

// words is the expression with the names of the inputs.
func (e *Expr) words(s *Spec) string {
	switch e.Op {
	case 'i':
		return s.input(e.Input)
	case 'n':
		return "no " + e.Parts[0].words(s)
	}
	join := map[byte]string{'a': " and ", 'o': " or "}[e.Op]
	var all []string
	for _, p := range e.Parts {
		w := p.words(s)
		if len(p.Parts) > 1 {
			w = "(" + w + ")"
		}
		all = append(all, w)
	}
	return strings.Join(all, join)
}
