package timeline

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/internal/visible"
)

//go:embed page.html
var pageText string

// maxRows bounds the events that a page shows.
const maxRows = 5000

// WriteHTML writes the timeline as one page that needs nothing else: no script,
// no picture, no network. All text is escaped for its place, and what would hide in
// it or turn its order round is shown.
func (t *Timeline) WriteHTML(w io.Writer) error {
	page, err := template.New("page").Funcs(template.FuncMap{
		"at": func(x time.Time) string {
			if x.IsZero() {
				return "–"
			}
			return x.UTC().Format("2006-01-02 15:04:05")
		},
		"on":    Session.on,
		"top":   func(n int, all []Seen) []Seen { return all[:min(n, len(all))] },
		"chain": func(keys []string) string { return strings.Join(keys, " → ") },
	}).Parse(pageText)
	if err != nil {
		return err
	}
	shown := t.Events[:min(len(t.Events), maxRows)]
	var b strings.Builder
	err = page.Execute(&b, map[string]any{
		"T": t, "Events": shown, "Hidden": t.More + int64(len(t.Events)-len(shown)),
		"Tops":  []list{{"Call", t.Actions}, {"Region", t.Regions}, {"Address", t.IPs}, {"Account", t.Accounts}, {"Error", t.Errors}, {"Who", t.Actors}},
		"Grids": []*grid{t.grid("By service", t.Services, func(e *Event) string { return e.Service }), t.grid("By region", t.Regions, func(e *Event) string { return e.Region })},
	})
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, visible.Lines(b.String()))
	return err
}

// list is a table of a page.
type list struct {
	Title string
	All   []Seen
}

// grid is a picture of activity: a row for each value, a column for each span of
// time, darker where more happened, red where calls failed.
type grid struct {
	Title         string
	Rows          []gridRow
	Ticks         []tick
	Width, Height int
	Step          string
}

type gridRow struct {
	Label string
	Y     int
	Cells []cell
}

type cell struct {
	X       int
	Opacity string
	Failed  bool
	Title   string
}

type tick struct {
	X    int
	Text string
}

const (
	maxColumns = 48
	rowsShown  = 14
	labelWidth = 150
	cellWidth  = 15
	cellHeight = 20
)

// steps are the spans that a column may stand for; the first that fits is taken.
var steps = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour}

// stepOver is the span of a column, so that all columns together reach from first
// to last.
func stepOver(first, last time.Time) time.Duration {
	for _, s := range steps {
		if last.Sub(first.Truncate(s)) < maxColumns*s {
			return s
		}
	}
	step := steps[len(steps)-1]
	for last.Sub(first.Truncate(step))/maxColumns >= step {
		step *= 2
	}
	return step
}

// spanText is the span of a column in words.
func spanText(step time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case step == day:
		return "a day"
	case step > day:
		return fmt.Sprintf("%d days", step/day)
	}
	return strings.TrimSuffix(strings.TrimSuffix(step.String(), "0s"), "0m")
}

func (t *Timeline) grid(title string, values []Seen, of func(*Event) string) *grid {
	first, last := t.Total.First, t.Total.Last
	step := stepOver(first, last)
	first = first.Truncate(step)
	columns := min(int(last.Sub(first)/step)+1, maxColumns)
	g := &grid{Title: title, Step: spanText(step), Width: labelWidth + columns*cellWidth + 10}
	for i := 0; i < columns; i += 6 {
		layout := "15:04"
		if step >= 24*time.Hour || i == 0 {
			layout = "01-02 15:04"
		}
		g.Ticks = append(g.Ticks, tick{labelWidth + i*cellWidth, first.Add(time.Duration(i) * step).Format(layout)})
	}
	for i, v := range values[:min(len(values), rowsShown)] {
		g.Rows = append(g.Rows, t.gridRow(v.Value, 24+i*(cellHeight+2), first, step, columns, of))
	}
	g.Height = 30 + len(g.Rows)*(cellHeight+2)
	return g
}

func (t *Timeline) gridRow(value string, y int, first time.Time, step time.Duration, columns int, of func(*Event) string) gridRow {
	counts, failed := make([]int, columns), make([]int, columns)
	for i := range t.Events {
		e := &t.Events[i]
		if n := int(e.Time.Sub(first) / step); of(e) == value && n >= 0 && n < columns {
			counts[n]++
			if e.Error != "" {
				failed[n]++
			}
		}
	}
	row := gridRow{Label: short(value, 22), Y: y}
	for n, c := range counts {
		if c == 0 {
			continue
		}
		opacity := 0.3 + 0.14*float64(len(fmt.Sprintf("%b", c))-1)
		row.Cells = append(row.Cells, cell{X: labelWidth + n*cellWidth, Opacity: fmt.Sprintf("%.2f", min(opacity, 1)), Failed: failed[n]*2 > c,
			Title: fmt.Sprintf("%s, %s: %d calls, %d failed", value, first.Add(time.Duration(n)*step).Format("2006-01-02 15:04"), c, failed[n])})
	}
	return row
}

func short(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
