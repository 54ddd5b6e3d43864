package athenasql

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// constText is the text that an expression always gives, if that can be told.
func (t *translator) constText(x expr) (string, bool) {
	switch x := x.(type) {
	case *literal:
		return x.text, x.kind == litString
	case *binary:
		a, ok := t.constText(x.x)
		b, ok2 := t.constText(x.y)
		return a + b, x.op == "||" && ok && ok2
	case *call:
		return t.constCall(x)
	case *cast:
		to, _, err := x.to.resolve()
		if err != nil || to.kind != varchar || len(x.to.number) > 0 {
			return "", false
		}
		if at, ok := t.constTime(x.x); ok && t.isDate(x.x) {
			return at.Format(time.DateOnly), true
		}
		return t.constText(x.x)
	}
	return "", false
}

func (t *translator) constCall(x *call) (string, bool) {
	if x.name == "concat" {
		all := ""
		for _, a := range x.args {
			s, ok := t.constText(a)
			if !ok {
				return "", false
			}
			all += s
		}
		return all, true
	}
	if len(x.args) != 2 || x.name != "format_datetime" && x.name != "date_format" {
		return "", false
	}
	at, ok := t.constTime(x.args[0])
	format, ok2 := t.constText(x.args[1])
	if !ok || !ok2 {
		return "", false
	}
	convert := mysqlFormat
	if x.name == "format_datetime" {
		convert = jodaFormat
	}
	to, err := convert(format, false)
	if err != nil || strings.ContainsRune(to, later) {
		return "", false
	}
	return strftime(at, to)
}

// isDate tells that an expression is a date and not a time.
func (t *translator) isDate(x expr) bool {
	switch x := x.(type) {
	case *special:
		return x.name == "current_date"
	case *typed:
		return x.typeName == "DATE"
	case *binary:
		return t.isDate(x.x)
	case *call:
		return x.name == "date" || (x.name == "date_add" || x.name == "date_trunc") && len(x.args) > 1 && t.isDate(x.args[len(x.args)-1])
	case *cast:
		to, _, err := x.to.resolve()
		return err == nil && to.kind == date
	}
	return false
}

// constTime is the instant that an expression always gives, if that can be told.
func (t *translator) constTime(x expr) (time.Time, bool) {
	switch x := x.(type) {
	case *special:
		switch x.name {
		case "current_timestamp", "localtimestamp":
			return t.o.Now.UTC(), true
		case "current_date":
			return t.o.Now.UTC().Truncate(24 * time.Hour), true
		}
	case *typed:
		if x.typeName == "DATE" || x.typeName == "TIMESTAMP" {
			return constInstant(x.text)
		}
	case *binary:
		return t.constSum(x)
	case *atZone:
		if zone, ok := t.constText(x.zone); !ok || !isUTC(zone) {
			return time.Time{}, false // its day and hour are not those of UTC
		}
		return t.constTime(x.x)
	case *call:
		return t.constTimeCall(x)
	case *cast:
		to, _, err := x.to.resolve()
		if err != nil || !to.isTime() {
			return time.Time{}, false
		}
		at, ok := t.constTime(x.x)
		if !ok {
			s, isText := t.constText(x.x)
			at, ok = constInstant(s)
			ok = ok && isText
		}
		if to.kind == date {
			at = at.Truncate(24 * time.Hour)
		}
		return at, ok
	}
	return time.Time{}, false
}

func constInstant(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateTime, "2006-01-02 15:04", time.DateOnly, "2006-01-02 15:04:05 UTC"} {
		if at, err := time.Parse(layout, strings.TrimSpace(s)); err == nil {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}

func (t *translator) constSum(x *binary) (time.Time, bool) {
	at, ok := t.constTime(x.x)
	step, isInterval := x.y.(*interval)
	if !ok || !isInterval || step.to != "" || x.op != "+" && x.op != "-" {
		return time.Time{}, false
	}
	n, err := strconv.Atoi(strings.TrimSpace(step.text))
	if err != nil {
		return time.Time{}, false
	}
	if (x.op == "-") != step.minus {
		n = -n
	}
	return addUnit(at, strings.ToLower(step.from), n)
}

func addUnit(at time.Time, unit string, n int) (time.Time, bool) {
	switch unit {
	case "second":
		return at.Add(time.Duration(n) * time.Second), true
	case "minute":
		return at.Add(time.Duration(n) * time.Minute), true
	case "hour":
		return at.Add(time.Duration(n) * time.Hour), true
	case "day":
		return at.AddDate(0, 0, n), true
	case "week":
		return at.AddDate(0, 0, 7*n), true
	case "year":
		n *= 12
		fallthrough
	case "month":
		to := at.AddDate(0, n, 0)
		return to, to.Day() == at.Day() // the ends of months are the engine's business
	}
	return at, false
}

func (t *translator) constTimeCall(x *call) (time.Time, bool) {
	switch {
	case x.name == "now" && len(x.args) == 0:
		return t.o.Now.UTC(), true
	case x.name == "date" && len(x.args) == 1:
		at, ok := t.constTime(x.args[0])
		if !ok {
			s, isText := t.constText(x.args[0])
			at, ok = constInstant(s)
			ok = ok && isText
		}
		return at.Truncate(24 * time.Hour), ok
	case x.name == "from_iso8601_timestamp" && len(x.args) == 1:
		s, ok := t.constText(x.args[0])
		at, ok2 := constInstant(s)
		return at, ok && ok2
	case x.name == "date_trunc" && len(x.args) == 2:
		return t.constTrunc(x)
	case x.name == "date_add" && len(x.args) == 3:
		unit, ok := t.constText(x.args[0])
		n, ok2 := (&callSite{x: x}).number(1)
		at, ok3 := t.constTime(x.args[2])
		if !ok || !ok2 || !ok3 {
			return at, false
		}
		return addUnit(at, strings.ToLower(unit), n)
	}
	return time.Time{}, false
}

func (t *translator) constTrunc(x *call) (time.Time, bool) {
	unit, ok := t.constText(x.args[0])
	at, ok2 := t.constTime(x.args[1])
	if !ok || !ok2 {
		return at, false
	}
	switch strings.ToLower(unit) {
	case "second":
		return at.Truncate(time.Second), true
	case "minute":
		return at.Truncate(time.Minute), true
	case "hour":
		return at.Truncate(time.Hour), true
	case "day":
		return at.Truncate(24 * time.Hour), true
	case "month":
		return time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC), true
	}
	return at, false
}

// goLayouts are the engine's letters of formats as layouts of package time.
var goLayouts = map[string]string{
	"%Y": "2006", "%y": "06", "%m": "01", "%-m": "1", "%b": "Jan", "%B": "January", "%d": "02", "%-d": "2", "%H": "15", "%I": "03", "%-I": "3",
	"%M": "04", "%-M": "4", "%S": "05", "%-S": "5", "%p": "PM", "%a": "Mon", "%A": "Monday",
}

// strftime formats as the engine does, for the letters of days.
func strftime(at time.Time, format string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b.WriteByte(format[i])
			continue
		}
		n := 2
		if strings.HasPrefix(format[i:], "%-") {
			n = 3
		}
		letter := format[i:min(i+n, len(format))]
		switch layout, ok := goLayouts[letter]; {
		case ok:
			b.WriteString(at.Format(layout))
		case letter == "%%":
			b.WriteByte('%')
		case letter == "%-H":
			b.WriteString(strconv.Itoa(at.Hour()))
		case letter == "%j":
			fmt.Fprintf(&b, "%03d", at.YearDay())
		default:
			return "", false
		}
		i += n - 1
	}
	return b.String(), true
}
