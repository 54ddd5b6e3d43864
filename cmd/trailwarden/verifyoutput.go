package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail/digest"
	"github.com/trailwarden/trailwarden/internal/visible"
)

// verifyOutput prints results as they come, and the summary.
type verifyOutput struct {
	*verifyJob
	printed  int
	digests  int
	logs     int
	bad      int
	err      error
	progress bool
	shown    time.Time
}

func newVerifyOutput(j *verifyJob) *verifyOutput {
	o := &verifyOutput{verifyJob: j}
	o.progress = !j.cmd.NoProgress && isTerminal(j.err) && os.Getenv("TERM") != "dumb"
	switch j.cmd.Format {
	case "json":
		o.print(`{"results":[`)
	case "table":
		o.print("Validating %s from %s to %s\n", visible.Text(j.cmd.Place), o.start(), instantText(j.scope.To))
	}
	return o
}

func (o *verifyOutput) start() string {
	if o.scope.From.IsZero() {
		return "the beginning"
	}
	return instantText(o.scope.From)
}

func (o *verifyOutput) print(format string, args ...any) {
	if o.err == nil {
		_, o.err = fmt.Fprintf(o.out, format, args...)
	}
}

// result prints one result and moves the progress line on.
func (o *verifyOutput) result(r digest.Result) {
	switch {
	case r.Kind == digest.KindLog:
		o.logs++
	case r.Kind != digest.KindGap:
		o.digests++
	}
	if r.Verdict != digest.Valid && r.Kind != digest.KindGap {
		o.bad++
	}
	if r.Verdict != digest.Valid || o.cmd.All {
		o.wipe()
		o.show(r)
	}
	o.tick()
}

func (o *verifyOutput) show(r digest.Result) {
	if o.cmd.Format == "table" {
		o.print("%s\n", visible.Text(r.String()))
		return
	}
	text, err := json.Marshal(r)
	if err != nil {
		o.err = errors.Join(o.err, err)
		return
	}
	if o.cmd.Format == "ndjson" {
		o.print("%s\n", text)
		return
	}
	comma := ""
	if o.printed++; o.printed > 1 {
		comma = ","
	}
	o.print("%s\n%s", comma, text)
}

// tick shows how far it is, ten times a second at most. How much there is
// nobody knows before it is read.
func (o *verifyOutput) tick() {
	if !o.progress || time.Since(o.shown) < 100*time.Millisecond {
		return
	}
	o.shown = time.Now()
	fmt.Fprintf(o.streams.err, "\r\x1b[K%d digests, %d log files, %d not valid", o.digests, o.logs, o.bad)
}

func (o *verifyOutput) wipe() {
	if o.progress && !o.shown.IsZero() {
		fmt.Fprint(o.streams.err, "\r\x1b[K")
		o.shown = time.Time{}
	}
}

func (o *verifyOutput) stop() { o.wipe() }

// verifySummary is the summary of json and ndjson.
type verifySummary struct {
	*digest.Summary
	Invalid    int64    `json:"invalid"`
	Unverified int64    `json:"unverified"`
	Failures   []string `json:"failures,omitempty"`
}

// finish prints the summary; failed says which chains were not followed.
func (o *verifyOutput) finish(sum *digest.Summary, failed error) error {
	if failed != nil {
		o.say("%v", failed)
	}
	if o.cmd.Format == "table" {
		if failed == nil || sum.Chains > 0 {
			o.table(sum)
		}
		return o.err
	}
	out := verifySummary{Summary: sum, Invalid: sum.Invalid(), Unverified: sum.Unverified()}
	if failed != nil {
		out.Failures = []string{failed.Error()}
	}
	text, err := json.Marshal(out)
	if err != nil {
		return err
	}
	if o.cmd.Format == "ndjson" {
		o.print("{\"summary\":%s}\n", text)
	} else {
		o.print("\n],\n\"summary\":%s}\n", text)
	}
	return o.err
}

func (o *verifyOutput) table(sum *digest.Summary) {
	o.print("\n")
	if sum.Chains == 0 {
		o.print("No digests found.\n")
		return
	}
	if sum.From.IsZero() {
		o.print("%s, no valid digest.\n", count(sum.Chains, "chain"))
	} else {
		o.print("%s; valid digests from %s to %s.\n", count(sum.Chains, "chain"), instantText(sum.From), instantText(sum.To))
	}
	for _, k := range []digest.Kind{digest.KindDigest, digest.KindBackfill, digest.KindLog} {
		o.ratio(k, sum.Counts[k])
	}
	if sum.Gaps > 0 {
		o.print("%s in which no log files were delivered\n", count(int(sum.Gaps), "gap"))
	}
	for _, v := range slices.Sorted(maps.Keys(sum.Beyond)) {
		o.print("%d %s\n", sum.Beyond[v], v)
	}
}

func (o *verifyOutput) ratio(k digest.Kind, c *digest.Count) {
	if c == nil {
		return
	}
	total := c.Valid + c.Invalid + c.Unverified
	o.print("%d/%d %s files valid", c.Valid, total, k)
	if c.Invalid > 0 {
		o.print(", %d/%d INVALID", c.Invalid, total)
	}
	if c.Unverified > 0 {
		o.print(", %d/%d not verified", c.Unverified, total)
	}
	o.print("\n")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
