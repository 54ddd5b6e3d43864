package memory_test

import (
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/detect/memory"
)

// The tables of "Configuring how CloudWatch alarms treat missing data": points
// oldest first (0 good, X breaching, - missing), then the state for missing,
// ignore, breaching and notBreaching.
const alarmTables = `
3 3 | 0 - X - X | OK | OK | OK | OK
3 3 | 0 - - - - | OK | OK | OK | OK
3 3 | - - - - - | INSUFFICIENT_DATA | keep | ALARM | OK
3 3 | 0 X X - X | ALARM | ALARM | ALARM | ALARM
3 3 | - - X - - | ALARM | keep | ALARM | OK
2 3 | 0 - X - X | ALARM | ALARM | ALARM | ALARM
2 3 | 0 0 X 0 X | ALARM | ALARM | ALARM | ALARM
2 3 | 0 - X - - | OK | OK | ALARM | OK
2 3 | - - - - 0 | OK | OK | ALARM | OK
2 3 | - - - X - | ALARM | keep | ALARM | OK
3 3 | - - - - X | OK | keep | ALARM | OK
3 3 | - - - X - | OK | keep | ALARM | OK`

func TestAlarmTables(t *testing.T) {
	for line := range strings.SplitSeq(strings.TrimSpace(alarmTables), "\n") {
		cells := strings.Split(line, " | ")
		a := memory.AlarmSettings{Datapoints: int(cells[0][0] - '0'), Periods: int(cells[0][2] - '0')}
		var points []memory.Point
		for _, p := range strings.Fields(cells[1]) {
			points = append(points, map[string]memory.Point{"0": memory.Good, "X": memory.Breaching, "-": memory.NoData}[p])
		}
		for i, m := range []memory.Missing{"missing", "ignore", "breaching", "notBreaching"} {
			a.Missing = m
			for _, now := range []memory.AlarmState{memory.InsufficientData, memory.OK, memory.InAlarm} {
				want := cells[2+i]
				if want == "keep" {
					want = now.String()
				}
				if got := a.Judge(points, now).String(); got != want {
					t.Errorf("%s, %s, from %s: %s, want %s", line, m, now, got, want)
				}
			}
		}
	}
}

// An alarm names the records behind it, and a second actor who comes while it is
// on is told of too.
func TestAlarmNamesRecordsAndFurtherActors(t *testing.T) {
	s := &memory.Spec{Rule: "alarm", Kind: memory.Alarm, Inputs: inputs(1), Alarm: &memory.AlarmSettings{
		Name: "denied", Period: 5 * time.Minute, Periods: 1, Statistic: "Sum",
		Threshold: memory.Bound{Op: detect.NumGreaterEqual, Value: 3}, Missing: memory.MissingNotBreaching,
	}}
	h := memory.NewHistory([]*memory.Spec{s}, memory.HistoryOptions{})
	add := func(minute int, who, ref string) {
		x := memory.Hit{At: t0.Add(time.Duration(minute) * time.Minute), Number: 1, Value: memory.AppendValue(nil, []byte(who)), Ref: []byte(ref)}
		x.Key[0] = ref[0]
		if err := h.Add(&x); err != nil {
			t.Fatal(err)
		}
	}
	for i, ref := range []string{"a", "b", "c"} {
		add(i, "alice", ref)
	}
	add(5, "bob", "d")
	add(6, "alice", "e")
	all, err := h.Judge(t0.Add(time.Hour))
	if err != nil || len(all) != 2 {
		t.Fatalf("%v, %d detections: %+v", err, len(all), all)
	}
	alarm, bob := all[0], all[1]
	if alarm.Count != 4 || !alarm.At.Equal(t0.Add(3*time.Minute)) || len(alarm.Related) != 4 || alarm.Trigger.Ref != "c" {
		t.Errorf("%+v", alarm)
	}
	if bob.Subject != "bob" || bob.Count != 1 || bob.Related[0].Ref != "d" || bob.Summary != "1 record by bob while denied was in ALARM" {
		t.Errorf("%+v", bob)
	}
}

// An alarm speaks of everybody whose records are behind it, though its finding is
// the record of one.
func TestAnAlarmNamesItsActors(t *testing.T) {
	for _, c := range []struct{ actors, want string }{
		{"a", "1 record behind it"},
		{"a b", "2 records of a and b behind it"},
		{"a b c a", "4 records of a, b and c behind it"},
		{"a b c d e", "5 records of a, b, c and 2 more behind it"},
		{"a b c d e f g h i j k l", "12 records of a, b, c and others behind it"},
	} {
		who := strings.Fields(c.actors)
		s := &memory.Spec{Rule: "alarm", Kind: memory.Alarm, Inputs: inputs(1), Alarm: &memory.AlarmSettings{
			Name: "denied", Period: 5 * time.Minute, Periods: 1, Statistic: "Sum",
			Threshold: memory.Bound{Op: detect.NumGreaterEqual, Value: float64(len(who))}, Missing: memory.MissingNotBreaching,
		}}
		h := memory.NewHistory([]*memory.Spec{s}, memory.HistoryOptions{})
		for i, w := range who {
			x := memory.Hit{At: t0.Add(time.Duration(i) * time.Second), Number: 1, Value: memory.AppendValue(nil, []byte(w)), Ref: []byte{byte(i)}}
			x.Key[0] = byte(i)
			if err := h.Add(&x); err != nil {
				t.Fatal(err)
			}
		}
		all, err := h.Judge(t0.Add(time.Hour))
		if err != nil || len(all) != 1 {
			t.Fatalf("%v, %d detections: %+v", err, len(all), all)
		}
		if want := "denied went into ALARM: " + c.want; all[0].Summary != want {
			t.Errorf("%q, want %q", all[0].Summary, want)
		}
	}
}

// An alarm that the last records of all set off is told, as CloudWatch would at
// the end of their minute; records that others may follow do not end a minute.
func TestAlarmCountsTheMinuteOfTheLastRecord(t *testing.T) {
	for name, at := range map[string]time.Time{"within its minute": t0.Add(10 * time.Second), "as it begins": t0} {
		s := &memory.Spec{Rule: "alarm", Kind: memory.Alarm, Inputs: inputs(1), Alarm: &memory.AlarmSettings{
			Name: "denied", Period: time.Minute, Periods: 1, Statistic: "Sum",
			Threshold: memory.Bound{Op: detect.NumGreaterEqual, Value: 1}, Missing: memory.MissingNotBreaching,
		}}
		judged := func(judge func(*memory.History, time.Time) ([]memory.Detection, error)) []memory.Detection {
			h := memory.NewHistory([]*memory.Spec{s}, memory.HistoryOptions{})
			if err := h.Add(&memory.Hit{At: at, Number: 1, Ref: []byte("a")}); err != nil {
				t.Fatal(err)
			}
			all, err := judge(h, at)
			if err != nil {
				t.Fatal(err)
			}
			return all
		}
		if all := judged((*memory.History).Judge); len(all) != 0 {
			t.Errorf("%s, others may follow: %d detections", name, len(all))
		}
		if all := judged((*memory.History).JudgeWhole); len(all) != 1 || !all[0].At.Equal(t0.Add(time.Minute)) {
			t.Errorf("%s: %+v", name, all)
		}
	}
}
