package report_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/internal/columns"
	"github.com/trailwarden/trailwarden/report"
	"github.com/trailwarden/trailwarden/rule"
)

func findings(t *testing.T, severity rule.Severity, n int) []byte {
	t.Helper()
	r := &rule.Rule{ID: severity.String() + "-rule", Severity: severity}
	var recs []string
	for i := range n {
		recs = append(recs, fmt.Sprintf(`{"eventTime":"2026-03-14T%02d:%02d:00Z","eventSource":"iam.amazonaws.com","eventName":"CreateUser","awsRegion":"us-east-1","recipientAccountId":"111122223333","userIdentity":{"type":"IAMUser","userName":"user-%d"}}`, i/60%24, i%60, i%40))
	}
	return encode(t, r, false, recs...)
}

// A table that would be too long keeps the highest severities, says how many
// findings it leaves out, and counts them all.
func TestTableIsBounded(t *testing.T) {
	lines := append(findings(t, rule.Low, 300), findings(t, rule.Critical, 20)...)
	out := render(t, "table", report.Layout{MaxRows: 50}, lines)
	if n := strings.Count(out, "critical  critical-rule"); n != 20 {
		t.Errorf("%d critical rows; want all 20", n)
	}
	if n := strings.Count(out, "low       low-rule"); n != 30 {
		t.Errorf("%d low rows; want 30", n)
	}
	for _, want := range []string{
		"270 more findings are not shown", "--format ndjson", "low-rule (low)", "300", "… and 25 more",
		"(20 critical, 300 low)",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the table does not say %q:\n%s", want, out)
		}
	}
	if strings.Index(out, "critical-rule (critical)") > strings.Index(out, "low-rule (low)") {
		t.Error("the critical rule does not come first in the summary")
	}
}

// A person reads the table by time, whatever file a record was in.
func TestTableIsByTime(t *testing.T) {
	late, early := findings(t, rule.Low, 90), findings(t, rule.High, 3)
	out := render(t, "table", report.Layout{}, append(late, early...))
	var times []string
	for line := range strings.Lines(out) {
		if strings.HasPrefix(line, "2026-") {
			times = append(times, line[:20])
		}
	}
	if len(times) != 93 || !slices.IsSorted(times) {
		t.Errorf("%d rows, by time: %t", len(times), slices.IsSorted(times))
	}
}

// The summary has the first and last event of each value, not of the listing.
func TestSummaryFirstAndLast(t *testing.T) {
	lines := findings(t, rule.High, 90)
	s := report.NewSummary()
	for _, l := range strings.Split(strings.TrimSpace(string(lines)), "\n") {
		f, err := report.ParseFinding([]byte(l))
		if err != nil {
			t.Fatal(err)
		}
		s.Add(&f)
	}
	top, left := s.Actors.Top(3)
	if left != 37 || top[0].Name != "user-0" || top[0].Count != 3 || top[0].First.Format("15:04") != "00:00" || top[0].Last.Format("15:04") != "01:20" {
		t.Errorf("%+v, %d left", top[0], left)
	}
}

// A row fits the terminal, at any width that leaves room for time and severity.
func TestTableFitsTheTerminal(t *testing.T) {
	lines := append(findings(t, rule.Informational, 3), hostileFindings(t)...)
	for width := 40; width < 200; width += 7 {
		out := render(t, "table", report.Layout{Terminal: true, Width: width}, lines)
		tables := out[:strings.LastIndex(out, "\n\n")] // behind them are sentences
		for _, l := range strings.Split(tables, "\n") {
			if n := columns.Width(l); n > width {
				t.Fatalf("width %d: a row has %d columns: %s", width, n, l)
			}
		}
	}
}

// Names in wide characters, and with marks upon letters, stand in their columns.
func TestTableOfOtherScripts(t *testing.T) {
	r := &rule.Rule{ID: "r", Severity: rule.High}
	var recs []string
	for _, name := range []string{"alice", "東京の管理者", "Ze\u0301phyrine"} {
		recs = append(recs, fmt.Sprintf(`{"eventTime":"2026-03-14T00:00:00Z","eventName":"X","sourceIPAddress":"198.51.100.7","userIdentity":{"type":"IAMUser","userName":%q}}`, name))
	}
	lines := encode(t, r, false, recs...)
	for _, width := range []int{0, 70, 100} {
		out := render(t, "table", report.Layout{Terminal: true, Width: width}, lines)
		rows, _, _ := strings.Cut(out, "FINDINGS BY")
		var at []int
		for line := range strings.Lines(rows) {
			if before, _, ok := strings.Cut(line, "198.51.100.7"); ok {
				at = append(at, columns.Width(before))
			}
			if n := columns.Width(strings.TrimSpace(line)); width > 0 && n > width {
				t.Errorf("width %d: a row takes %d columns: %s", width, n, line)
			}
		}
		if width != 70 && (len(at) != 3 || at[0] != at[1] || at[1] != at[2]) {
			t.Errorf("width %d: the addresses begin at %v:\n%s", width, at, rows)
		}
	}
}

// Colours are for terminals that want them.
func TestTableColours(t *testing.T) {
	lines := findings(t, rule.Critical, 1)
	if out := render(t, "table", report.Layout{Terminal: true}, lines); strings.Contains(out, "\x1b") {
		t.Error("colours although none were asked for")
	}
	if out := render(t, "table", report.Layout{Terminal: true, Color: true}, lines); !strings.Contains(out, "\x1b[1;91mcritical") {
		t.Errorf("no colours: %q", out)
	}
}

// A small table is no wider than the terminal, and what would be cut to little of
// the last column stands below its row. In a pipe nothing is cut.
func TestListsFitTheTerminal(t *testing.T) {
	group := "account=111122223333 actor=AWSReservedSSO_Admin"
	list := report.Table{
		Head: []string{"ALERT", "LAST EVENT", "RULE", "GROUP"}, Cut: []int{2},
		Rows: [][]string{{"316f13d307bb", "2026-03-14T09:33:24Z", "unapproved-region-write", group}, {"e961fb0e1f2f", "2026-03-14T09:01:00Z", "quiet", ""}},
	}
	write := func(width int) string {
		list.Layout = report.Layout{Terminal: true, Width: width}
		var b strings.Builder
		if err := list.Write(&b); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(b.String()) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); width > 0 && n > width {
				t.Errorf("width %d: a line has %d columns: %s", width, n, line)
			}
		}
		return b.String()
	}
	for width := 52; width < 130; width++ {
		out := write(width)
		if !strings.Contains(out, "account=111122223333 actor=A") || !strings.Contains(out, "e961fb0e1f2f  2026-03-14T09:01:00Z  quiet") {
			t.Errorf("width %d:\n%s", width, out)
		}
	}
	want := `ALERT         LAST EVENT            RULE
    GROUP
─────────────────────────────────────────────────────────
316f13d307bb  2026-03-14T09:33:24Z  unapproved-region-wr…
    account=111122223333 actor=AWSReservedSSO_Admin
e961fb0e1f2f  2026-03-14T09:01:00Z  quiet
`
	if out := write(57); out != want {
		t.Errorf("%s\nwant\n%s", out, want)
	}
	if out := write(0); !strings.Contains(out, "  unapproved-region-write  "+group+"\n") {
		t.Errorf("cut in a pipe:\n%s", out)
	}
}
