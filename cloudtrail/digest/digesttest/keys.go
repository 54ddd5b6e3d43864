package digesttest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail/digest"
)

// ListPublicKeys answers CloudTrail's API call of that name, and no other, out
// of the bundle that keys returns. With size over 0 a page has so many keys.
func ListPublicKeys(keys func() digest.KeyBundle, size int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".ListPublicKeys") {
			http.Error(w, `{"__type":"UnsupportedOperationException"}`, http.StatusBadRequest)
			return
		}
		var ask struct {
			StartTime, EndTime float64
			NextToken          string
		}
		if err := json.NewDecoder(r.Body).Decode(&ask); err != nil {
			http.Error(w, `{"__type":"SerializationException"}`, http.StatusBadRequest)
			return
		}
		from, to := time.Unix(int64(ask.StartTime), 0), time.Unix(int64(ask.EndTime), 0)
		var list []map[string]any
		for _, k := range keys()[regionOf(r)] {
			if k.ValidityStartTime.After(to) || k.ValidityEndTime.Before(from) {
				continue
			}
			list = append(list, map[string]any{"Fingerprint": k.Fingerprint, "Value": k.Value,
				"ValidityStartTime": k.ValidityStartTime.Unix(), "ValidityEndTime": k.ValidityEndTime.Unix()})
		}
		at, _ := strconv.Atoi(ask.NextToken)
		answer := map[string]any{"PublicKeyList": list[min(at, len(list)):]}
		if size > 0 && at+size < len(list) {
			answer["PublicKeyList"], answer["NextToken"] = list[at:at+size], strconv.Itoa(at+size)
		}
		_ = json.NewEncoder(w).Encode(answer) // a client that went away needs no answer
	})
}

// regionOf is the region that a request is signed for.
func regionOf(r *http.Request) string {
	_, scope, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	if parts := strings.Split(scope, "/"); len(parts) > 2 {
		return parts[2]
	}
	return ""
}
