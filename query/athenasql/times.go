package athenasql

import (
	"fmt"
	"strings"
)

// timeUnits are Trino's units and the engine's functions that make intervals.
var timeUnits = map[string]string{
	"millisecond": "to_milliseconds", "second": "to_seconds", "minute": "to_minutes", "hour": "to_hours", "day": "to_days",
	"week": "to_weeks", "month": "to_months", "quarter": "to_quarters", "year": "to_years",
}

// unit is the first argument, which names a unit.
func (c *callSite) unit() (string, error) {
	u, ok := c.literal(0)
	u = strings.ToLower(u)
	if _, known := timeUnits[u]; !ok || !known {
		return "", c.errorf(codeArguments, "the first argument is a unit in single quotes: 'day', 'hour', 'minute', 'second', 'week', 'month' or 'year'")
	}
	return u, nil
}

// asTime writes argument i as a time; a text is a mistake that Athena refuses.
func (c *callSite) asTime(i int) string {
	if c.types[i].kind == varchar {
		c.t.warn(c.x.at, codeImplicit, "%s of a text: Athena wants a date or a timestamp, such as from_iso8601_timestamp(…)", c.x.name)
		return "CAST(" + c.args[i] + " AS TIMESTAMPTZ)"
	}
	return c.args[i]
}

// dateDiff counts whole units, as Trino does; the engine's own date_diff counts
// how often a unit begins.
func dateDiff(c *callSite) (string, typ, error) {
	u, err := c.unit()
	if err != nil {
		return "", typ{}, err
	}
	if c.types[1].kind == date && c.types[2].kind == date {
		if err := c.dayUnit(u); err != nil {
			return "", typ{}, err
		}
	}
	a, b := c.asTime(1), c.asTime(2)
	if c.types[1].kind != c.types[2].kind || c.types[1].kind == unknown {
		a, b = "CAST("+a+" AS TIMESTAMPTZ)", "CAST("+b+" AS TIMESTAMPTZ)"
	}
	if zone := c.types[1]; byCalendar(u) { // of the zone in which the first is shown
		a, b = inZone(zone, a), inZone(zone, b)
	}
	return fmt.Sprintf("date_sub('%s', %s, %s)", u, a, b), of(integer), nil
}

// byCalendar tells whether a unit is one of days, which are not all of one length.
func byCalendar(unit string) bool {
	switch unit {
	case "millisecond", "second", "minute", "hour":
		return false
	}
	return true
}

// dayUnit refuses a unit that a date does not have.
func (c *callSite) dayUnit(unit string) error {
	if byCalendar(unit) {
		return nil
	}
	return c.errorf(codeArguments, "'%s' is not a valid DATE field; CAST(… AS timestamp) makes a time of a date", unit)
}

func dateAdd(c *callSite) (string, typ, error) {
	u, err := c.unit()
	if err != nil {
		return "", typ{}, err
	}
	kind := c.types[2]
	if kind.kind == date {
		if err := c.dayUnit(u); err != nil {
			return "", typ{}, err
		}
	}
	clock := kind
	if !byCalendar(u) { // an hour is one whatever clocks are set to
		clock.zone = ""
	}
	text := fmt.Sprintf("(%s + %s(CAST(%s AS INTEGER)))", inZone(clock, c.asTime(2)), timeUnits[u], c.args[1])
	text = fromZone(clock, text)
	switch kind.kind {
	case date:
		text = "CAST(" + text + " AS DATE)"
	case varchar:
		kind = of(timestampTZ)
	}
	return text, kind, nil
}

func dateTrunc(c *callSite) (string, typ, error) {
	u, err := c.unit()
	if err != nil {
		return "", typ{}, err
	}
	kind := c.types[1]
	if kind.kind == date {
		if err := c.dayUnit(u); err != nil {
			return "", typ{}, err
		}
	}
	if kind.zone != "" {
		return fromZone(kind, fmt.Sprintf("CAST(date_trunc('%s', %s) AS TIMESTAMP)", u, inZone(kind, c.args[1]))), kind, nil
	}
	text := fmt.Sprintf("date_trunc('%s', %s)", u, c.asTime(1))
	if kind.kind == date {
		return "CAST(" + text + " AS DATE)", kind, nil
	}
	if kind.kind == timestamp { // the engine gives a date for a day
		return "CAST(" + text + " AS TIMESTAMP)", kind, nil
	}
	if kind.kind == varchar {
		kind = of(timestampTZ)
	}
	return text, kind, nil
}

// fromISO reads times as CloudTrail writes them by the engine's own cast, which
// knows no other forms of ISO 8601. An offset that is written in the query is the
// zone in which the time is shown.
func fromISO(c *callSite) (string, typ, error) {
	kind := of(timestampTZ)
	if text, ok := c.literal(0); ok && len(text) > 16 && strings.Contains(text[10:], "T") && isOffset(text[len(text)-6:]) {
		kind = zoneType(text[len(text)-6:])
	}
	return c.fill("coalesce(CASE WHEN substr($1, 11, 1) = 'T' THEN TRY_CAST($1 AS TIMESTAMPTZ) END, CAST(ct_iso_time($1) AS TIMESTAMPTZ))"), kind, nil
}

func fromUnix(c *callSite) (string, typ, error) {
	text := c.fill("to_timestamp(CAST($1 AS DOUBLE))")
	switch len(c.args) {
	case 2:
		kind, err := c.zoned(1)
		return text, kind, err
	case 3:
		hours, isHours := c.number(1)
		minutes, isMinutes := c.number(2)
		if !isHours || !isMinutes || hours < -14 || hours > 14 || minutes < 0 || minutes > 59 {
			return "", typ{}, c.errorf(codeRefused, "hours and minutes of the zone must be written in the query")
		}
		return text, zoneType(fmt.Sprintf("%+03d:%02d", hours, minutes)), nil
	}
	return text, of(timestampTZ), nil
}

// zoneShift is a part of how far the clocks of a time's zone are from UTC.
func zoneShift(part string) func(*callSite) (string, typ, error) {
	return func(c *callSite) (string, typ, error) {
		if c.types[0].zone == "" {
			return "0", of(integer), nil
		}
		return fmt.Sprintf("(date_sub('minute', timezone('UTC', %s), %s) %s)", c.args[0], inZone(c.types[0], c.args[0]), part), of(integer), nil
	}
}

func toISO(c *callSite) (string, typ, error) {
	if zone := c.types[0]; zone.zone != "" {
		return fmt.Sprintf("ct_iso_text(%s, %s)", c.args[0], inZone(zone, c.args[0])), of(varchar), nil
	}
	format := map[kind]string{date: "%Y-%m-%d", timestamp: "%Y-%m-%dT%H:%M:%S.%g"}[c.types[0].kind]
	if format == "" {
		format = "%Y-%m-%dT%H:%M:%S.%gZ"
	}
	return "strftime(" + c.args[0] + ", '" + format + "')", of(varchar), nil
}

// formatTime writes a function whose second argument is a date format.
func formatTime(engine string, convert func(format string, parse bool) (string, error)) func(*callSite) (string, typ, error) {
	return func(c *callSite) (string, typ, error) {
		format, ok := c.literal(1)
		if !ok {
			return "", typ{}, c.errorf(codeRefused, "the format must be written in the query")
		}
		parse := engine == "strptime"
		to, err := convert(format, parse)
		if err != nil {
			return "", typ{}, c.errorf(codeFormat, "%v", err)
		}
		if to == "" && !parse { // of which the engine makes an error
			return "CASE WHEN " + c.args[0] + " IS NOT NULL THEN '' END", of(varchar), nil
		}
		if !parse {
			if c.x.name == "format_datetime" && c.types[0].kind == timestamp && strings.ContainsAny(unquoted(format), "Zz") {
				return "", typ{}, c.errorf(codeFormat, "a timestamp without a time zone has no zone to write; with_timezone(t, 'UTC') has one")
			}
			if zone := c.types[0].zone; c.x.name == "format_datetime" && zone != "" && !isOffset(zone) && strings.Contains(unquoted(format), "z") {
				return "", typ{}, c.errorf(codeFormat, "z: the short name of %s is not to be had here; ZZZ gives the zone's name", zone)
			}
			at := c.asTime(0)
			return late(to, c.types[0].zone, at, inZone(c.types[0], at)), of(varchar), nil
		}
		from := c.args[0]
		if strings.HasSuffix(to, "%z") { // where Z may stand for +0000
			from = "regexp_replace(" + from + ", 'Z$', '+0000')"
		}
		if !strings.ContainsAny(strings.ReplaceAll(to, "%%", ""), "YyG") {
			from, to = "'1970 ' || "+from, "%Y "+to
		}
		if letters := strings.ReplaceAll(to, "%%", ""); strings.Contains(letters, "%I") && !strings.Contains(letters, "%p") {
			from, to = "("+from+" || ' AM')", to+" %p" // twelve without a half of the day is midnight
		}
		text := "strptime(" + from + ", " + quoteText(to) + ")"
		if c.x.name == "parse_datetime" {
			return "CAST(" + text + " AS TIMESTAMPTZ)", of(timestampTZ), nil
		}
		return "CAST(" + text + " AS TIMESTAMP)", of(timestamp), nil
	}
}

// mysqlFormat turns a format of date_format and date_parse into the engine's.
func mysqlFormat(format string, parse bool) (string, error) {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b.WriteByte(format[i])
			continue
		}
		if i++; i == len(format) {
			return "", fmt.Errorf("the format %q ends in %%", format)
		}
		to, ok := mysqlLetters[format[i]]
		if !ok && strings.IndexByte("DUuVwX", format[i]) >= 0 {
			return "", fmt.Errorf("%%%c is not to be had on Athena", format[i])
		}
		if !ok { // any other letter stands for itself
			to = string(format[i])
		}
		b.WriteString(parsing(to, parse))
	}
	return b.String(), nil
}

var mysqlLetters = map[byte]string{
	'Y': "%Y", 'y': "%y", 'm': "%m", 'd': "%d", 'H': "%H", 'I': "%I", 'h': "%I", 'S': "%S", 's': "%S", 'p': "%p", 'j': "%j", 'a': "%a", 'b': "%b",
	'f': "%f", '%': "%%", 'i': "%M", 'M': "%B", 'c': "%-m", 'e': "%-d", 'k': "%-H", 'l': "%-I", 'W': "%A", 'T': "%H:%M:%S", 'r': "%I:%M:%S %p",
	'v': "%V", 'x': "%G",
}

// zoneLetters are what the letters Z, ZZ and ZZZ become until the zone is known:
// +0900, +09:00, and the zone's name.
var zoneLetters = [...]string{"%z", "%:z", "%Z"}

// later begins a letter that the engine's formats do not have: it, and how often the
// letter comes, stand for what is put in its place in the text.
const later = '\ue000'

// late writes the formatted text of a time, what the engine's formats do not have
// put in. at is the time, clock what clocks in its zone show.
func late(format, zone, at, clock string) string {
	offset := either(zone == "", "+00:00", zone)
	changes := zone != "" && !isOffset(zone)
	if changes {
		offset = mark('Z', 2)
	}
	format = strings.NewReplacer("%%", "%%", zoneLetters[0], either(changes, mark('Z', 1), strings.ReplaceAll(offset, ":", "")),
		zoneLetters[1], offset, zoneLetters[2], either(zone == "", "UTC", zone)).Replace(format)
	text := "strftime(" + clock + ", " + quoteText(format) + ")"
	done := map[string]bool{}
	for rest := []rune(format); len(rest) > 2; rest = rest[1:] {
		if m := string(rest[:3]); rest[0] == later && !done[m] {
			text, done[m] = "replace("+text+", '"+m+"', "+inPlace(rest[1], int(rest[2]-later), at, clock)+")", true
		}
	}
	return text
}

// mark is n times the letter c in a format, as late reads it.
func mark(c rune, n int) string { return string([]rune{later, c, later + rune(n)}) }

// inPlace is what n times the letter c of Joda's gives.
func inPlace(c rune, n int, at, clock string) string {
	number := map[rune]string{'K': "hour(" + clock + ") % 12", 'k': "(hour(" + clock + ") + 23) % 24 + 1", 'C': "year(" + clock + ") // 100", 'x': "isoyear(" + clock + ") % 100",
		'w': "weekofyear(" + clock + ")"}
	switch c {
	case 'S':
		return fmt.Sprintf("left(rpad(strftime(%s, '%%f'), %d, '0'), %d)", clock, n, n)
	case 'Z':
		minutes := "date_sub('minute', timezone('UTC', " + at + "), " + clock + ")"
		return "printf('%s%02d" + either(n > 1, ":", "") + "%02d', CASE WHEN " + minutes + " < 0 THEN '-' ELSE '+' END, abs(" + minutes + ") // 60, abs(" + minutes + ") % 60)"
	}
	return fmt.Sprintf("printf('%%0%dd', %s)", n, number[c])
}

// unquoted is a format of Joda's without what stands in quotes.
func unquoted(format string) string {
	var b strings.Builder
	for i := 0; i < len(format); {
		if format[i] == '\'' {
			_, n := quotedPart(format[i:])
			i += n
			continue
		}
		b.WriteByte(format[i])
		i++
	}
	return b.String()
}

// parsing takes the dash out of a letter: reading, one digit or two are the same.
func parsing(letter string, parse bool) string {
	if parse {
		return strings.ReplaceAll(letter, "%-", "%")
	}
	return letter
}

// jodaFormat turns a format of format_datetime and parse_datetime, which are
// Joda-Time's, into the engine's.
func jodaFormat(format string, parse bool) (string, error) {
	var b strings.Builder
	for i := 0; i < len(format); {
		c := format[i]
		switch {
		case c == '\'':
			text, n := quotedPart(format[i:])
			b.WriteString(strings.ReplaceAll(text, "%", "%%"))
			i += n
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			n := 1
			for i+n < len(format) && format[i+n] == c {
				n++
			}
			to, err := jodaLetter(c, n, parse)
			if err != nil {
				return "", err
			}
			b.WriteString(to)
			i += n
		default:
			b.WriteString(strings.ReplaceAll(string(c), "%", "%%"))
			i++
		}
	}
	return b.String(), nil
}

// quotedPart reads 'text' at the beginning of s, where two quotes are one. A
// quote that does not end goes to the end, as published formats rely on.
func quotedPart(s string) (text string, n int) {
	if strings.HasPrefix(s, "''") {
		return "'", 2
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != '\'' {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == '\'' {
			b.WriteByte('\'')
			i++
			continue
		}
		return b.String(), i + 1
	}
	return b.String(), len(s)
}

// jodaNumbers are letters of Joda's for numbers, once and twice.
var jodaNumbers = map[byte][2]string{
	'd': {"%-d", "%d"}, 'H': {"%-H", "%H"}, 'h': {"%-I", "%I"}, 'm': {"%-M", "%M"}, 's': {"%-S", "%S"}, 'D': {"%-j", "%j"}, 'M': {"%-m", "%m"},
}

// jodaWords are letters that are the same however often they come. In Joda Y is the
// year of the era, not that of the week.
var jodaWords = map[byte]string{'y': "%Y", 'Y': "%Y", 'e': "%u", 'G': "AD", 'a': "%p", 'x': "%G", 'w': "%V"}

// jodaLetter is the engine's for n times the letter c.
func jodaLetter(c byte, n int, parse bool) (string, error) {
	two, number := jodaNumbers[c]
	word, same := jodaWords[c]
	switch {
	case c == 'M' && n >= 3:
		return either(n == 3, "%b", "%B"), nil
	case number:
		return either(n == 1, parsing(two[0], parse), two[1]), nil
	case (c == 'y' || c == 'Y') && n == 2:
		return "%y", nil
	case c == 'E':
		return either(n <= 3, "%a", "%A"), nil
	case c == 'Z':
		return either(parse, "%z", zoneLetters[min(n, len(zoneLetters))-1]), nil
	case c == 'z' && !parse && n < 4:
		return zoneLetters[2], nil
	case c == 'S' && jodaFraction(n, parse) != "":
		return jodaFraction(n, parse), nil
	case !parse && n < 10 && (strings.IndexByte("KkCSw", c) >= 0 || c == 'x' && n == 2):
		return mark(rune(c), n), nil
	case same:
		return word, nil
	}
	return "", fmt.Errorf("%s is not to be had here", strings.Repeat(string(c), n))
}

// jodaFraction is the engine's for n digits of a second, if it has them.
func jodaFraction(n int, parse bool) string {
	if n == 3 {
		return "%g"
	}
	return either(n == 6 || parse && n < 6, "%f", "")
}

// dateOf is date(x), which is CAST(x AS date).
func dateOf(c *callSite) (string, typ, error) {
	return "CAST(" + c.t.strictly(c.args[0], c.types[0], of(date)) + " AS DATE)", of(date), nil
}

// ofSpan writes a part of a time, or of an interval: 27 hours are a day and 3 hours.
func ofSpan(engine, span string) func(*callSite) (string, typ, error) {
	return func(c *callSite) (string, typ, error) {
		if c.types[0].kind == intervalKind {
			return c.fill("CAST(ct_span($1) " + span + " AS BIGINT)"), of(integer), nil
		}
		return c.fill(engine), of(integer), nil
	}
}
