package lambda_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// answers are the results by record, in Firehose's order.
func answers(t *testing.T, out []byte) (results []string, data []bool) {
	t.Helper()
	var answer struct {
		Records []struct {
			RecordID string  `json:"recordId"`
			Result   string  `json:"result"`
			Data     *string `json:"data"`
		} `json:"records"`
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatal(err)
	}
	for i, r := range answer.Records {
		if want := fmt.Sprint("r", i); r.RecordID != want {
			t.Errorf("record %d is answered as %q, want %q", i, r.RecordID, want)
		}
		results, data = append(results, r.Result), append(data, r.Data != nil)
	}
	return results, data
}

func delivery(data ...string) []byte {
	var records []string
	for i, d := range data {
		records = append(records, fmt.Sprintf(`{"recordId":"r%d","approximateArrivalTimestamp":1773480413000%s}`, i, d))
	}
	return []byte(`{"invocationId":"i","deliveryStreamArn":"arn:aws:firehose:eu-west-1:111122223333:deliverystream/d","records":[` + strings.Join(records, ",") + `]}`)
}

// Firehose wants an answer to every record: what is no data at all cannot be given
// back as sound.
func TestFirehoseRecordsWithoutData(t *testing.T) {
	f := start(t, options(t, &heard{keys: map[string]int{}}, nil))
	sound := base64.StdEncoding.EncodeToString([]byte(`{"eventVersion":"1.11","eventSource":"iam.amazonaws.com","eventName":"ListUsers","eventID":"1"}`))
	out, err := f.Invoke(t.Context(), delivery(`,"data":"`+sound+`"`, `,"data":"%%%"`, ``, `,"data":null`, `,"data":7`, `,"data":"`+base64.StdEncoding.EncodeToString([]byte("no record"))+`"`))
	if err != nil {
		t.Fatal(err)
	}
	results, data := answers(t, out)
	if got, want := fmt.Sprint(results, data), "[Ok ProcessingFailed ProcessingFailed ProcessingFailed ProcessingFailed Ok] [true false false false false true]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// An answer has 6 MB: what has no room in it is left where Firehose keeps it, and
// every record is answered.
func TestFirehoseAnswerFits(t *testing.T) {
	f := start(t, options(t, &heard{keys: map[string]int{}}, nil))
	large := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(" ", 3<<20)))
	small := base64.StdEncoding.EncodeToString([]byte("{}"))
	out, err := f.Invoke(t.Context(), delivery(`,"data":"`+large+`"`, `,"data":"`+large+`"`, `,"data":"`+small+`"`))
	if err != nil {
		t.Fatal(err)
	}
	if len(out) > 6<<20 {
		t.Errorf("the answer has %d bytes", len(out))
	}
	if results, _ := answers(t, out); fmt.Sprint(results) != "[Ok ProcessingFailed Ok]" {
		t.Errorf("got %v", results)
	}
}
