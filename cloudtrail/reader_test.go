package cloudtrail_test

import (
	"fmt"
	"testing"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

// A Reader's record is ParseRecord's, whatever was read before.
func TestReaderReadsAsParseRecord(t *testing.T) {
	texts := []string{
		`{"eventName":"A","userIdentity":{"type":"IAMUser","arn":"a"},"requestParameters":{"b":[1,{"c":"d"}]},"own":1}`,
		`{"eventName":"B"}`, `{`, `[]`, `{} x`, ` {"other":"x","eventName":null} `, `{"eventName":"A","eventName":"Z","eventID":"1"}`, `{}`,
	}
	var r cloudtrail.Reader
	for range 2 {
		for _, text := range texts {
			got, err := r.Read([]byte(text))
			want, e := cloudtrail.ParseRecord([]byte(text))
			if fmt.Sprint(err) != fmt.Sprint(e) {
				t.Fatalf("%s: got %v, want %v", text, err, e)
			}
			if err != nil {
				continue
			}
			for _, key := range []string{"eventName", "eventID", "own", "other", "userIdentity", "requestParameters"} {
				if g, w := string(got.Get(key).Raw()), string(want.Get(key).Raw()); g != w {
					t.Errorf("%s: %s: got %s, want %s", text, key, g, w)
				}
			}
			if got.Key() != want.Key() {
				t.Errorf("%s: another key", text)
			}
		}
	}
}
