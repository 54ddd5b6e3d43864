package cloudtrail_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trailwarden/trailwarden/cloudtrail"
)

func TestParseObjectKey(t *testing.T) {
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	at := time.Date(2026, 3, 1, 23, 55, 0, 0, time.UTC)
	log := cloudtrail.ObjectKey{Account: "111122223333", Kind: cloudtrail.FileEvents, Region: "us-east-1", Date: day,
		File: "111122223333_CloudTrail_us-east-1_20260301T2355Z_aBcDeFgHiJkLmNoP.json.gz", Delivered: at, Unique: "aBcDeFgHiJkLmNoP"}
	rest := "111122223333/CloudTrail/us-east-1/2026/03/01/" + log.File
	with := func(change func(k *cloudtrail.ObjectKey)) *cloudtrail.ObjectKey {
		k := log
		change(&k)
		return &k
	}
	digest := func(trail string, backfill bool) *cloudtrail.ObjectKey {
		file := "111122223333_CloudTrail-Digest_us-east-1_" + trail + "_eu-west-1_20260301T235512Z"
		if backfill {
			file += "_backfill"
		}
		return &cloudtrail.ObjectKey{Account: log.Account, Kind: cloudtrail.FileDigest, Region: "us-east-1", Date: day, File: file + ".json.gz",
			Delivered: at.Add(12 * time.Second), Trail: trail, HomeRegion: "eu-west-1", Backfill: backfill}
	}
	key := func(k *cloudtrail.ObjectKey) string {
		return "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/03/01/" + k.File
	}
	org := "o-abcdefghij"
	tests := []struct {
		name, key string
		want      *cloudtrail.ObjectKey
	}{
		{"plain", "AWSLogs/" + rest, &log},
		{"prefix", "logs/of us/AWSLogs/" + rest, with(func(k *cloudtrail.ObjectKey) { k.Prefix = "logs/of us" })},
		{"prefix named AWSLogs", "AWSLogs/AWSLogs/" + rest, with(func(k *cloudtrail.ObjectKey) { k.Prefix = "AWSLogs" })},
		{"organization", "AWSLogs/" + org + "/" + rest, with(func(k *cloudtrail.ObjectKey) { k.Organization = org })},
		{"Control Tower", org + "/AWSLogs/" + org + "/" + rest, with(func(k *cloudtrail.ObjectKey) { k.Prefix, k.Organization = org, org })},
		{"local path", "/var/logs/AWSLogs/" + rest, with(func(k *cloudtrail.ObjectKey) { k.Prefix = "/var/logs" })},
		{"digest", key(digest("trail", false)), digest("trail", false)},
		{"digest of a trail with underscores", key(digest("my_trail-1.x_y", false)), digest("my_trail-1.x_y", false)},
		{"backfill digest", key(digest("my_trail", true)), digest("my_trail", true)},
		{"another file name", "AWSLogs/111122223333/CloudTrail-Insight/us-east-1/2026/03/01/x.json.gz", &cloudtrail.ObjectKey{Account: log.Account, Kind: cloudtrail.FileInsights, Region: "us-east-1", Date: day, File: "x.json.gz"}},
		{"placeholder", "AWSLogs/111122223333/CloudTrail/", &cloudtrail.ObjectKey{Account: log.Account, Kind: cloudtrail.FileEvents}},
		{"another service", "AWSLogs/111122223333/Config/ConfigWritabilityCheckFile", &cloudtrail.ObjectKey{Account: log.Account, Kind: "Config", File: "ConfigWritabilityCheckFile"}},
		{"Config, months without zero", "AWSLogs/111122223333/Config/us-east-1/2026/3/1/ConfigHistory/f.json.gz", &cloudtrail.ObjectKey{Account: log.Account, Kind: "Config", Region: "us-east-1"}},
		{"no layout", "some/file.json.gz", nil},
		{"flat file", log.File, nil},
		{"short account", "AWSLogs/1111/CloudTrail/us-east-1/2026/03/01/f", nil},
		{"impossible day", "AWSLogs/111122223333/CloudTrail/us-east-1/2026/02/30/f", nil},
		{"organization too short", "AWSLogs/o-abc/" + rest, nil},
		{"empty", "", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, ok := cloudtrail.ParseObjectKey(test.key)
			if ok != (test.want != nil) {
				t.Fatalf("%+v %v", got, ok)
			}
			if ok {
				if diff := cmp.Diff(*test.want, got); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func FuzzParseObjectKey(f *testing.F) {
	f.Add("AWSLogs/o-abcdefghij/111122223333/CloudTrail/us-east-1/2026/03/01/x_y_Z.json.gz")
	f.Fuzz(func(t *testing.T, key string) {
		if k, ok := cloudtrail.ParseObjectKey(key); ok && len(k.Account) != 12 {
			t.Errorf("%q has account %q", key, k.Account)
		}
	})
}
