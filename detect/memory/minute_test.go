package memory_test

import (
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect/memory"
)

// An alarm that is certain is told as soon as a minute ends, by whatever record
// brings time there, and not when its next sample comes or none can come any more.
func TestACertainAlarmIsToldAtTheEndOfAMinute(t *testing.T) {
	spec := &memory.Spec{Rule: "stopped", Kind: memory.Alarm, Inputs: inputs(1), Alarm: &memory.AlarmSettings{
		Statistic: "Sum", Period: 5 * time.Minute, Periods: 1, Threshold: memory.AtLeast(1)[0]}}
	e := memory.NewEngine([]*memory.Spec{spec}, memory.EngineOptions{State: new(memory.Volatile)})
	if err := e.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 14, 9, 0, 24, 0, time.UTC)
	e.Add(&memory.Hit{At: at, Number: 1, Key: cloudtrail.Key{1}, Ref: []byte("r")})
	for _, step := range []struct {
		observed time.Duration
		told     int
	}{{0, 0}, {30 * time.Second, 0}, {36 * time.Second, 1}, {time.Minute, 0}, {2 * time.Hour, 0}} {
		e.Observe(at.Add(step.observed))
		out, err := e.Judge(t.Context())
		if err != nil || len(out.Detections) != step.told {
			t.Errorf("%s after the record %d detections are told, want %d (%v)", step.observed, len(out.Detections), step.told, err)
		}
	}
}
