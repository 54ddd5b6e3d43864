package alarm_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect/memory"
	"github.com/trailwarden/trailwarden/rule/alarm"
)

// vector is one statement about filters and alarms, see testdata/vectors.yaml.
type vector struct {
	Name    string
	Filters []struct {
		Event, Pattern, Value, Metric, Namespace, Unit string
		Default                                        *float64
		Dimensions                                     map[string]string
		Same                                           bool // a further transformation of the filter before it
	}
	Alarm   map[string]any
	Events  []string
	Want    []string
	Refused string
}

func vectors(t *testing.T) (all []vector) {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors.yaml")
	if err == nil {
		err = yaml.Unmarshal(text, &all)
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func encode(t *testing.T, x any) []byte {
	t.Helper()
	b, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// filters are the vector's as the AWS CLI prints them.
func (v *vector) filters(t *testing.T) []alarm.Filter {
	var all []map[string]any
	for i, f := range v.Filters {
		tr := map[string]any{"metricName": or(f.Metric, "M"), "metricNamespace": or(f.Namespace, "N"), "metricValue": or(f.Value, "1")}
		if f.Default != nil {
			tr["defaultValue"] = *f.Default
		}
		if f.Dimensions != nil {
			tr["dimensions"] = f.Dimensions
		}
		if f.Unit != "" {
			tr["unit"] = f.Unit
		}
		if f.Same {
			last := all[len(all)-1]
			last["metricTransformations"] = append(last["metricTransformations"].([]any), tr)
			continue
		}
		all = append(all, map[string]any{"filterName": fmt.Sprint("f", i), "filterPattern": or(f.Pattern, "{ $.eventName = "+f.Event+" }"), "metricTransformations": []any{tr}})
	}
	filters, err := alarm.ParseFilters(encode(t, map[string]any{"metricFilters": all}))
	if err != nil {
		t.Fatal(err)
	}
	return filters
}

func (v *vector) spec(t *testing.T) (*memory.Spec, string) {
	a := map[string]any{"AlarmName": "it", "MetricName": "M", "Namespace": "N", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1,
		"Threshold": 1, "ComparisonOperator": "GreaterThanOrEqualToThreshold", "TreatMissingData": "notBreaching"}
	maps.Copy(a, v.Alarm)
	if ds, ok := a["Dimensions"].(map[string]any); ok {
		var list []any
		for name, value := range ds {
			list = append(list, map[string]any{"Name": name, "Value": value})
		}
		a["Dimensions"] = list
	}
	all, err := alarm.ParseAlarms(encode(t, map[string]any{"MetricAlarms": []any{a}}))
	if err != nil || len(all) != 1 {
		t.Fatal(err, len(all))
	}
	s, _, why := all[0].Spec(v.filters(t))
	return s, why
}

// record makes a record of "MM:SS NAME ACTOR key=value …".
func record(t *testing.T, n int, text string) *cloudtrail.Record {
	t.Helper()
	f := strings.Fields(text)
	var minute, second int
	if _, err := fmt.Sscanf(f[0], "%d:%d", &minute, &second); err != nil {
		t.Fatal(text, err)
	}
	r := map[string]any{"eventID": fmt.Sprint("e", n), "eventTime": nine.Add(time.Duration(minute*60+second) * time.Second), "eventName": f[1],
		"userIdentity": map[string]any{"type": "IAMUser", "userName": f[2]}}
	for _, kv := range f[3:] {
		key, value, _ := strings.Cut(kv, "=")
		in := r
		if outer, inner, ok := strings.Cut(key, "."); ok {
			in, key = map[string]any{}, inner
			r[outer] = in
		}
		if in[key] = value; json.Valid([]byte(value)) {
			in[key] = json.RawMessage(value)
		}
	}
	rec, err := cloudtrail.ParseRecord(encode(t, r))
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

var nine = time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)

func judged(t *testing.T, s *memory.Spec, events []string) []string {
	t.Helper()
	specs := []*memory.Spec{s}
	w, h, last := memory.NewWatch(specs, memory.CompileInputs(specs)), memory.NewHistory(specs, memory.HistoryOptions{}), nine
	for i, e := range events {
		rec := record(t, i, e)
		at, _ := rec.Time()
		if h.Active(at); at.After(last) {
			last = at
		}
		w.Hits(rec, fmt.Append(nil, i), func(x *memory.Hit) {
			if err := h.Add(x); err != nil {
				t.Error(err)
			}
		})
	}
	all, err := h.Judge(last.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	told := []string{}
	for _, d := range all {
		after := d.At.Sub(nine)
		told = append(told, strings.TrimSpace(fmt.Sprintf("%02d:%02d %d %s", int(after.Minutes()), int(after.Seconds())%60, d.Count, d.Subject)))
		if len(d.Related) != int(d.Count) {
			t.Errorf("%d records, %d named", d.Count, len(d.Related))
		}
	}
	return told
}

// What a metric filter publishes, what an alarm makes of it, and what is
// refused and why; each alarm names the records behind it.
func TestVectors(t *testing.T) {
	all := vectors(t)
	for i := range all {
		v := &all[i]
		t.Run(v.Name, func(t *testing.T) {
			s, why := v.spec(t)
			if s == nil || v.Refused != "" {
				if v.Refused == "" || !strings.Contains(why, v.Refused) {
					t.Errorf("refused: %q, want %q", why, v.Refused)
				}
				return
			}
			if d := cmp.Diff(v.Want, judged(t, s, v.Events)); d != "" {
				t.Error(d)
			}
		})
	}
}
