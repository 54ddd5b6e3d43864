package memory_test

import (
	"context"
	"fmt"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail"
	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/detect/memory"
)

// Three refused calls of one actor within five minutes, told as they come.
func Example() {
	actor := memory.FieldOf("actor")
	specs := []*memory.Spec{{
		Rule: "refused", Kind: memory.Count, Window: 5 * time.Minute, Bounds: memory.AtLeast(3), By: []string{"actor"},
		Inputs: []memory.Input{{
			Node: detect.Test{Path: detect.Keys("errorCode"), Match: detect.Text{Op: detect.Equal, Values: []string{"AccessDenied"}, Kinds: detect.Strings}},
			By:   []memory.Field{actor},
		}},
	}}
	engine := memory.NewEngine(specs, memory.EngineOptions{State: new(memory.Volatile)})
	watch := memory.NewWatch(specs, memory.CompileInputs(specs))
	for i := range 4 {
		rec, err := cloudtrail.ParseRecord(fmt.Appendf(nil, `{"eventTime":"2026-03-14T09:00:%02dZ","eventID":"event-%d",
			"errorCode":"AccessDenied","userIdentity":{"type":"IAMUser","userName":"alice"}}`, i*10, i))
		if err != nil {
			fmt.Println(err)
			return
		}
		watch.Hits(rec, fmt.Append(nil, "event-", i), engine.Add)
		out, err := engine.Step(context.Background())
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, d := range out.Detections {
			fmt.Println(d.Group[0].Value, d.Count, d.Summary)
		}
	}
	// Output:
	// alice 3 3 records within 20s; at least 3 within 5m found
	// alice 4 4 records within 30s; at least 3 within 5m found
}
