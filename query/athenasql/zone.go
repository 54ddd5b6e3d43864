package athenasql

import (
	"fmt"
	"strings"
)

// A time with a zone is an instant here, whatever zone it is shown in: the zone
// is part of its type, and comes into play where something of it is shown. So it
// compares and sorts as on Athena, and its hours and days are those of its zone.

// inZone writes a time as what clocks in its zone show.
func inZone(k typ, text string) string {
	switch step := offsetOf(k.zone); {
	case k.zone == "":
		return text
	case step != "":
		return "(timezone('UTC', " + text + ") + " + step + ")"
	}
	return "timezone(" + quoteText(k.zone) + ", " + text + ")"
}

// fromZone is the inverse of inZone.
func fromZone(k typ, text string) string {
	switch step := offsetOf(k.zone); {
	case k.zone == "":
		return text
	case step != "":
		return "timezone('UTC', (" + text + ") - " + step + ")"
	}
	return "timezone(" + quoteText(k.zone) + ", " + text + ")"
}

// offsetOf is a zone such as +05:30 as an interval, which the engine does not
// know as a zone.
func offsetOf(zone string) string {
	if len(zone) != 6 || zone[0] != '+' && zone[0] != '-' || zone[3] != ':' || strings.Trim(zone[1:3]+zone[4:], "0123456789") != "" {
		return ""
	}
	sign := strings.TrimPrefix(zone[:1], "+")
	return fmt.Sprintf("INTERVAL '%s%s hours %s%s minutes'", sign, zone[1:3], sign, zone[4:])
}

// isOffset tells whether a name is an offset.
func isOffset(zone string) bool { return offsetOf(zone) != "" }

// instant takes AT TIME ZONE off where only the instant matters.
func instant(x expr) expr {
	if z, ok := x.(*atZone); ok {
		return instant(z.x)
	}
	return x
}

// zoneType is the type of a time that is shown in the zone.
func zoneType(zone string) typ {
	if isUTC(zone) {
		zone = ""
	}
	return typ{kind: timestampTZ, zone: zone}
}

// zoned is the type of a time in the zone that argument i names.
func (c *callSite) zoned(i int) (typ, error) {
	zone, ok := c.literal(i)
	if !ok {
		return typ{}, c.errorf(codeRefused, "the zone must be written in the query, as in 'Europe/Berlin'")
	}
	if !plainZone(zone) {
		return typ{}, c.errorf(codeArguments, "%q is no zone; want a name such as 'Asia/Tokyo' or an offset such as '+09:00'", zone)
	}
	return zoneType(zone), nil
}

func plainZone(zone string) bool {
	for _, c := range zone {
		if c >= 0x80 || c != '/' && c != '_' && c != '-' && c != '+' && c != ':' && !isWordByte(byte(c)) {
			return false
		}
	}
	return zone != ""
}

func atTimezone(c *callSite) (string, typ, error) {
	kind, err := c.zoned(1)
	if c.types[0].kind != timestampTZ {
		return "CAST(" + c.asTime(0) + " AS TIMESTAMPTZ)", kind, err
	}
	return c.args[0], kind, err
}

// withTimezone takes what clocks show and says in which zone they do.
func withTimezone(c *callSite) (string, typ, error) {
	kind, err := c.zoned(1)
	local := "CAST(" + c.args[0] + " AS TIMESTAMP)"
	if kind.zone == "" {
		return "timezone('UTC', " + local + ")", kind, err
	}
	return fromZone(kind, local), kind, err
}

func (t *translator) atZone(x *atZone, s *scope) (string, typ, error) {
	return t.call(&call{node: x.node, name: "at_timezone", args: []expr{x.x, x.zone}}, s)
}

// zonedLiteral writes TIMESTAMP '2026-03-14 10:00:00 Asia/Tokyo'.
func zonedLiteral(text string) (string, typ, error) {
	i := strings.LastIndexByte(text, ' ')
	if i > 0 && strings.Count(text[:i], ":") == 1 { // the engine wants seconds before a zone
		text = text[:i] + ":00" + text[i:]
		i += len(":00")
	}
	engine := "CAST(" + quoteText(text) + " AS TIMESTAMPTZ)"
	if i > 0 && isOffset(text[i+1:]) { // which the engine wants without a blank before it
		engine = "CAST(" + quoteText(text[:i]+text[i+1:]) + " AS TIMESTAMPTZ)"
	}
	if zone := text[i+1:]; i > 10 && (strings.Contains(zone, "/") || isOffset(zone)) && plainZone(zone) {
		return engine, zoneType(zone), nil
	}
	return engine, of(timestampTZ), nil
}

// shown writes the columns of a whole query whose times are shown in other zones
// as texts, and gives fields without names those that Athena shows.
func shown(sql string, columns []column) string {
	changed := false
	from, list := make([]string, len(columns)), make([]string, len(columns))
	for i, c := range columns {
		from[i] = fmt.Sprintf("c%d", i)
		list[i] = from[i] + " AS " + quoteName(c.name)
		if c.typ.zone != "" {
			changed = true
			list[i] = toText(from[i], c.typ) + " AS " + quoteName(c.name)
		}
		if engine := engineName(c.typ); engine != "" && c.typ.unnamed() {
			changed = true
			list[i] = "CAST(" + from[i] + " AS " + engine + ") AS " + quoteName(c.name)
		}
	}
	if !changed {
		return sql
	}
	return "SELECT " + strings.Join(list, ", ") + " FROM (" + sql + "\n) AS ct_shown(" + strings.Join(from, ", ") + ")"
}
