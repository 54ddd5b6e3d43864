package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/trailwarden/trailwarden/internal/columns"
	"github.com/trailwarden/trailwarden/internal/visible"
)

// groups prints the summary: who, where and by which rule, and when.
func (t *textTable) groups(b *strings.Builder) {
	for _, g := range []struct {
		name   string
		groups *Groups
	}{
		{"RULE", &t.summary.Rules}, {"ACCOUNT", &t.summary.Accounts},
		{"REGION", &t.summary.Regions}, {"ACTOR", &t.summary.Actors},
	} {
		b.WriteByte('\n')
		t.group(b, g.name, g.groups)
	}
	b.WriteByte('\n')
}

func (t *textTable) group(b *strings.Builder, name string, g *Groups) {
	top, left := g.Top(maxGroupRows)
	w := t.style(b)
	head := table.Row{"FINDINGS BY " + name, "COUNT", "FIRST", "LAST"}
	w.SetColumnConfigs([]table.ColumnConfig{{Number: 2, Align: text.AlignRight, AlignHeader: text.AlignRight}})
	width, shown := maxCell, len(head)
	if t.l.Width > 0 {
		const least, numbers, date = 20, 2 + 7, 2 + 20
		for shown > 2 && t.l.Width < least+numbers+(shown-2)*date {
			shown-- // the last time first, then when it began
		}
		width = max(least, t.l.Width-numbers-(shown-2)*date)
	}
	w.AppendHeader(head[:shown])
	for _, x := range top {
		w.AppendRow(table.Row{label(x, width), count(x.Count), instant(x.First), instant(x.Last)}[:shown])
	}
	w.Render()
	if left > 0 {
		more := ""
		if g.More() {
			more = "at least "
		}
		fmt.Fprintf(b, "… and %s%s more\n", more, count(int64(left)))
	}
}

// label is a group's name, with the severity when it is a rule.
func label(g Group, width int) string {
	s := "(none)"
	if g.Name != "" {
		s = visible.Text(columns.Cut(g.Name, width))
	}
	if g.Severity != "" {
		return columns.Cut(s, width-len(g.Severity)-3) + " (" + g.Severity + ")"
	}
	return columns.Cut(s, width)
}

func instant(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}

// totals prints what was scanned and how completely.
func (t *textTable) totals(b *strings.Builder, x Totals) {
	fmt.Fprintf(b, "%s %s", count(x.Findings), plural(x.Findings, "finding", "findings"))
	var by []string
	for _, s := range severities {
		if n := t.summary.Severities[s]; n > 0 {
			by = append(by, count(n)+" "+s)
		}
	}
	if len(by) > 0 {
		fmt.Fprintf(b, " (%s)", strings.Join(by, ", "))
	}
	fmt.Fprintf(b, " in %s %s of %s %s, %s of JSON, %s.\n",
		count(x.Records), plural(x.Records, "record", "records"),
		count(int64(x.Files)), plural(int64(x.Files), "file", "files"), Size(x.DecompressedBytes), seconds(x.Seconds))
	if x.Duplicates > 0 {
		fmt.Fprintf(b, "%s %s seen before and not judged again.\n", count(x.Duplicates), plural(x.Duplicates, "record was", "records were"))
	}
	if x.Faults > 0 {
		fmt.Fprintf(b, "Incomplete: %s %s could not be read; see the messages.\n", count(x.Faults), plural(x.Faults, "thing", "things"))
	}
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// count writes n with commas between thousands.
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Size writes a number of bytes in decimal units, such as 13.1 kB.
func Size(n int64) string {
	for _, u := range []struct {
		bytes float64
		name  string
	}{{1e12, "TB"}, {1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}} {
		if f := float64(n); f >= u.bytes {
			return fmt.Sprintf("%.1f %s", f/u.bytes, u.name)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}

func seconds(s float64) string {
	if s < 1 {
		return fmt.Sprintf("%.0f ms", s*1000)
	}
	return fmt.Sprintf("%.1f s", s)
}
