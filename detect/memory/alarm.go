package memory

import (
	"slices"
	"time"
)

// AlarmSettings are those of a CloudWatch metric alarm (CloudWatch User Guide,
// "Alarm evaluation" and "Configuring how CloudWatch alarms treat missing
// data").
type AlarmSettings struct {
	Name       string
	Period     time.Duration // 10, 20 or 30 seconds, or a multiple of a minute
	Periods    int           // evaluation periods, N
	Datapoints int           // to alarm, M ≤ N; 0 means N
	Statistic  string        // SampleCount, Sum, p99, TM(2%:98%) and so on, see CheckStatistic
	Threshold  Bound
	Missing    Missing
	// KeepWhenFew says that the state stays what it is while there are too few
	// samples for a percentile to mean anything.
	KeepWhenFew bool
	// Default, when set, is the sample of a minute in which records came but
	// none matched.
	Default *float64
}

// Missing says how periods without data count.
type Missing string

// The treatments; the empty one is MissingMissing.
const (
	MissingMissing      Missing = "missing"
	MissingIgnore       Missing = "ignore"
	MissingBreaching    Missing = "breaching"
	MissingNotBreaching Missing = "notBreaching"
)

// AlarmState is where an alarm stands.
type AlarmState uint8

// The states. An alarm begins without data.
const (
	InsufficientData AlarmState = iota
	OK
	InAlarm
)

// String is the state's name in the CloudWatch API.
func (s AlarmState) String() string { return [...]string{"INSUFFICIENT_DATA", "OK", "ALARM"}[s] }

// Point is the data point of one period.
type Point uint8

// The points.
const (
	NoData Point = iota
	Good
	Breaching
)

// Range is how many periods an evaluation looks at: more than Periods, so that
// late data can be reached (the guide's tables have 5 for 3).
func (a *AlarmSettings) Range() int { return a.Periods + 2 }

func (a *AlarmSettings) datapoints() int {
	if a.Datapoints <= 0 || a.Datapoints > a.Periods {
		return a.Periods
	}
	return a.Datapoints
}

// Judge is the state that follows current when the evaluation range, oldest
// first, is points.
func (a *AlarmSettings) Judge(points []Point, current AlarmState) AlarmState {
	breaching, good, oldest := 0, 0, 0
	for i := len(points) - 1; i >= 0 && breaching+good < a.Periods; i-- {
		switch points[i] {
		case Good:
			good++
		case Breaching:
			breaching, oldest = breaching+1, len(points)-i
		}
	}
	short, need := a.Periods-breaching-good, a.datapoints()
	switch {
	case breaching >= need || a.Missing == MissingBreaching && breaching+short >= need:
		return InAlarm
	case short == 0 || good > 0 || a.Missing == MissingNotBreaching || a.Missing == MissingBreaching:
		return OK
	case a.Missing == MissingIgnore:
		return current
	case breaching == 0:
		return InsufficientData
	case oldest >= need: // early: nothing good, and old enough
		return InAlarm
	}
	return OK
}

// bucket is what a metric holds of one minute, or of ten seconds where the
// alarm's period is less than a minute.
type bucket struct {
	n        int64 // number of the bucket since 1970
	count    float64
	sum      float64
	min, max float64
	numbers  []float64 // of statistics that look at each
}

func (b *bucket) add(x, weight float64, keep bool) {
	if b.count == 0 {
		b.min, b.max = x, x
	}
	b.count, b.sum = b.count+weight, b.sum+x*weight
	b.min, b.max = min(b.min, x), max(b.max, x)
	if keep && len(b.numbers) < MaxWindowHits {
		i, _ := slices.BinarySearch(b.numbers, x)
		b.numbers = slices.Insert(b.numbers, i, x)
	}
}

// join adds what o holds.
func (b *bucket) join(o *bucket) {
	if b.count == 0 {
		b.min, b.max = o.min, o.max
	}
	b.count, b.sum = b.count+o.count, b.sum+o.sum
	b.min, b.max = min(b.min, o.min), max(b.max, o.max)
	b.numbers = append(b.numbers, o.numbers...)
}
