package main

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// delay is how long after an event its file comes.
const delay = 5 * time.Minute

// files puts deliveries into log files, one for each account, region and two
// hours, as the content by path. One file is there twice under two names, as
// happens when two trails write to one bucket.
func files(all []delivery) map[string][]byte {
	slices.SortStableFunc(all, func(a, b delivery) int { return a.at.Compare(b.at) })
	type slot struct {
		account, region string
		at              time.Time
	}
	records := map[slot][]*record{}
	for _, d := range all {
		s := slot{d.account, d.record.AWSRegion, d.at.Truncate(2 * time.Hour)}
		records[s] = append(records[s], d.record)
	}
	slots := make([]slot, 0, len(records))
	for s := range records {
		slots = append(slots, s)
	}
	slices.SortFunc(slots, func(a, b slot) int {
		return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.region, b.region), a.at.Compare(b.at))
	})
	out := map[string][]byte{}
	for i, s := range slots {
		delivered := s.at.Add(2*time.Hour + delay)
		content := logFile(records[s])
		out[path(s.account, s.region, delivered, i)] = content
		if s.account == development && s.region == second && len(records[s]) == 3 {
			out[path(s.account, s.region, delivered, 500+i)] = content
		}
	}
	return out
}

// path is the object key that CloudTrail gives a file of an organization's trail.
func path(account, region string, at time.Time, n int) string {
	return fmt.Sprintf("AWSLogs/o-exampleorgid/%s/CloudTrail/%s/%s/%s_CloudTrail_%s_%s_%s.json.gz",
		account, region, at.Format("2006/01/02"), account, region, at.Format("20060102T1504Z"), pad(fmt.Sprint(n, account, region)))
}

// logFile is the records as CloudTrail writes them: one line, no line break.
func logFile(records []*record) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(map[string][]*record{"Records": records}); err != nil {
		panic(err) // maps, strings and numbers always encode
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// write stores the files, compressed, below dir.
func write(dir string, files map[string][]byte) error {
	for name, content := range files {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			return err
		}
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write(content); err != nil {
			return err
		}
		if err := z.Close(); err != nil {
			return err
		}
		if err := os.WriteFile(p, b.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}
