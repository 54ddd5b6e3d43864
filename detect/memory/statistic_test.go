package memory_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/detect/memory"
)

// statisticTable is what "CloudWatch statistics definitions" says of samples:
// name, samples, value; - where there is none.
const statisticTable = `
SampleCount | 1 2 3 | 3
Sum | 1 2 3.5 | 6.5
Average | 1 2 6 | 3
Minimum | 4 2 6 | 2
Maximum | 4 2 6 | 6
p0 | 4 2 6 | 2
p50 | 4 2 6 | 4
p100 | 4 2 6 | 6
p90 | 0 1 2 3 4 5 6 7 8 9 10 | 9
p99.5 | 7 | 7
tm90 | 1 2 3 4 5 6 7 8 9 100 | 5
tm100 | 1 2 3 | 2
tm0 | 1 2 3 | 1
TM(10%:90%) | 1 2 3 4 5 6 7 8 9 100 | 5.5
TM(2%:98%) | 5 5 5 5 | 5
TM(:90%) | 1 2 3 4 5 6 7 8 9 100 | 5
TM(10%:) | -100 2 3 4 5 6 7 8 9 10 | 6
TM(150:1000) | 150 151 1000 1001 | 575.5
TM(150:) | 150 151 153 | 152
TM(150:1000) | 1 2 | -
IQM | 1 2 3 4 5 6 7 8 | 4.5
iqm | 1 | refused
wm90 | 0 1 2 3 4 5 6 7 8 9 100 | 4.909090909090909
WM(10%:90%) | -100 1 2 3 4 5 6 7 8 9 100 | 5
WM(2:4) | 1 2 3 4 5 | 3
PR(:300) | 100 300 301 400 | 50
PR(100:2000) | 100 101 2000 2001 | 50
PR(100:) | 100 101 | 50
PR(500:600) | 100 | 0
PR(10%:20%) | 1 | refused
PR90 | 1 | refused
tc90 | 1 2 3 4 5 6 7 8 9 100 | 9
TC(0.005:0.030) | 0.005 0.006 0.030 0.031 | 2
TC(80%:) | 1 2 3 4 5 6 7 8 9 10 11 | 3
TC(5:6) | 1 | 0
ts90 | 1 2 3 4 5 6 7 8 9 100 | 45
TS(80%:) | 1 2 3 4 5 6 7 8 9 10 11 | 30
TS(5:6) | 1 | 0
TM(90%:10%) | 1 | refused
TM(10%:90) | 1 | refused
TM(:) | 1 | refused
TM() | 1 | refused
TM(0%:101%) | 1 | refused
tm101 | 1 | refused
p101 | 1 | refused
p-1 | 1 | refused
p | 1 | refused
p1e1 | 1 | refused
p(1:2) | 1 | refused
pNaN | 1 | refused
Median | 1 | refused
average | 1 | refused
 | 1 | refused`

func TestStatistics(t *testing.T) {
	for line := range strings.SplitSeq(strings.TrimPrefix(statisticTable, "\n"), "\n") {
		cells := strings.Split(line, " | ")
		name, want := strings.TrimSpace(cells[0]), cells[2]
		if err := memory.CheckStatistic(name); err != nil {
			if want != "refused" || !strings.Contains(err.Error(), fmt.Sprintf("%q", name)) {
				t.Errorf("%s: %v", line, err)
			}
			continue
		}
		if want == "refused" {
			t.Errorf("%s: accepted", line)
			continue
		}
		var value float64
		exists := want != "-"
		if _, err := fmt.Sscan(want, &value); err != nil && exists {
			t.Fatal(line, err)
		}
		at := alarms(t, name, cells[1], memory.Bound{Op: detect.NumLessEqual, Value: value + 1e-9})
		above := alarms(t, name, cells[1], memory.Bound{Op: detect.NumLessEqual, Value: value - 1e-6})
		if at != exists || above {
			t.Errorf("%s: at most the value %t, at most less %t", line, at, above)
		}
	}
}

// alarms tells whether an alarm on one period with the samples goes off.
func alarms(t *testing.T, statistic, samples string, threshold memory.Bound) bool {
	t.Helper()
	s := &memory.Spec{Rule: "s", Kind: memory.Alarm, Inputs: inputs(1), Alarm: &memory.AlarmSettings{
		Period: time.Minute, Periods: 1, Statistic: statistic, Threshold: threshold, Missing: memory.MissingNotBreaching}}
	h := memory.NewHistory([]*memory.Spec{s}, memory.HistoryOptions{})
	for i, text := range strings.Fields(samples) {
		x := hitAt(i, time.Duration(i)*time.Second)
		x.Group = nil
		if _, err := fmt.Sscan(text, &x.Number); err != nil {
			t.Fatal(text, err)
		}
		if err := h.Add(x); err != nil {
			t.Fatal(err)
		}
	}
	all, err := h.Judge(clock)
	if err != nil {
		t.Fatal(err)
	}
	return len(all) > 0
}
