package doctor

import (
	"context"
	"fmt"
	"strings"
	"sync"
)

// parallel bounds the checks that run at once.
const parallel = 8

// Run makes the checks, several at once, until ctx ends; what was not done by
// then is said to be unknown. Results come in the order of the checks.
func Run(ctx context.Context, env *Env, checks []Check) Report {
	results := make([][]Result, len(checks))
	slots := make(chan struct{}, parallel)
	var all sync.WaitGroup
	for i, c := range checks {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			results[i] = c.run(ctx, env)
		})
	}
	all.Wait()
	var r Report
	for _, list := range results {
		r.Results = append(r.Results, list...)
	}
	return r
}

// run makes one check. A check that panics is a mistake of ours and says so; the
// others go on.
func (c Check) run(ctx context.Context, env *Env) (out []Result) {
	defer func() {
		if p := recover(); p != nil {
			out = []Result{c.graded(Result{State: Unknown, Cause: fmt.Sprintf("the check failed: %v", p), Fix: "This is a mistake in Trailwarden; please report it."})}
		}
	}()
	if ctx.Err() != nil {
		return []Result{c.graded(late())}
	}
	for _, r := range together(sorted(c.Run(ctx, env))) {
		out = append(out, c.graded(r))
	}
	return out
}

func late() Result {
	return Result{State: Unknown, Cause: "there was no time left for this check", Fix: "Give more time with --timeout, or look at fewer regions with --region."}
}

// shownObjects is how many objects one result names.
const shownObjects = 5

// together makes one result of many that could not be checked for the same
// reason, as when a call is refused in every region.
func together(list []Result) (out []Result) {
	objects := map[Result][]string{}
	var order []Result
	for _, r := range list {
		key := r
		if r.State == Unknown {
			key.Object = ""
		}
		if _, seen := objects[key]; !seen {
			order, objects[key] = append(order, key), nil
		}
		if r.Object != "" {
			objects[key] = append(objects[key], r.Object)
		}
	}
	for _, r := range order {
		all := objects[r]
		r.Object = strings.Join(all[:min(shownObjects, len(all))], ", ")
		if len(all) > shownObjects {
			r.Object += fmt.Sprintf(" and %d more", len(all)-shownObjects)
		}
		out = append(out, r)
	}
	return out
}
