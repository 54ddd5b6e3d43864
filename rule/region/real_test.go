package region_test

import (
	"bytes"
	"testing"

	"github.com/trailwarden/trailwarden/internal/publicdata"
)

func TestHitsEqualAPlainReadingOfThePolicyOnRealRecords(t *testing.T) {
	var recs [][]byte
	for _, r := range publicdata.Records(t, "cloudtrail") {
		recs = append(recs, r.Raw)
	}
	// The sample's regions are few or invented; move some records to real ones.
	places := []string{"eu-north-1", "us-west-2", "us-east-2", "eu-west-2", "ap-southeast-2", "us-west-1"}
	for i := range recs {
		if i%3 == 0 {
			recs[i] = bytes.ReplaceAll(recs[i], []byte(`"us-east-1"`), []byte(`"`+places[i/3%len(places)]+`"`))
		}
	}
	differ(t, recs)
}
