package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
)

// Finding is one finding as its NDJSON line tells it. A field that the record
// lacks, or that is no text there, is empty.
type Finding struct {
	Rule            string          `json:"rule"`
	Title           string          `json:"title"`
	Severity        string          `json:"severity"`
	EventID         string          `json:"eventID"`
	EventTime       string          `json:"eventTime"`
	EventSource     string          `json:"eventSource"`
	EventName       string          `json:"eventName"`
	AWSRegion       string          `json:"awsRegion"`
	Account         string          `json:"account"`
	Actor           string          `json:"actor"`
	SourceIPAddress string          `json:"sourceIPAddress"`
	ErrorCode       string          `json:"errorCode"`
	ReadOnly        *bool           `json:"readOnly"`
	File            string          `json:"file"`
	Record          int             `json:"record"`
	Author          string          `json:"author"`
	Link            string          `json:"link"`
	Detection       *Detection      `json:"detection"`
	Event           json.RawMessage `json:"event"`
}

// ParseFinding reads one NDJSON line.
func ParseFinding(line []byte) (Finding, error) {
	var f Finding
	if err := json.Unmarshal(line, &f); err != nil {
		return f, fmt.Errorf("not a finding: %w", err)
	}
	return f, nil
}

// eachLine is every line of a block, without its line break.
func eachLine(block []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for len(block) > 0 {
			line, rest, _ := bytes.Cut(block, []byte("\n"))
			if !yield(line) {
				return
			}
			block = rest
		}
	}
}

// eachFinding parses every line of a block.
func eachFinding(block []byte, visit func(f *Finding) error) error {
	for line := range eachLine(block) {
		f, err := ParseFinding(line)
		if err == nil {
			err = visit(&f)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readOnlyText is "true", "false", or "" when the record does not say.
func (f *Finding) readOnlyText() string {
	if f.ReadOnly == nil {
		return ""
	}
	if *f.ReadOnly {
		return "true"
	}
	return "false"
}
