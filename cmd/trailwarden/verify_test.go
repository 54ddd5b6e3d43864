package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trailwarden/trailwarden/cloudtrail/digest"
	"github.com/trailwarden/trailwarden/cloudtrail/digest/digesttest"
)

// A copy is verified without AWS; the exit code says whether it is sound.
func TestVerifyOfACopy(t *testing.T) {
	b := digesttest.NewBucket("logs")
	b.Add(digesttest.Trail{Account: "111122223333", Region: "us-east-1", Name: "main", Home: "us-east-1", Prefix: "all",
		Start: time.Date(2026, 3, 14, 20, 0, 0, 0, time.UTC), Hours: 3, LogsAnHour: 2})
	for _, c := range []struct {
		name string
		do   func(b *digesttest.Bucket, dir string)
		args []string
		code int
		want string
	}{
		{"sound", func(*digesttest.Bucket, string) {}, nil, exitDone, "3/3 digest files valid\n6/6 log files valid"},
		{"a log is gone", func(b *digesttest.Bucket, _ string) { delete(b.Objects, b.Logs[1]) }, nil, exitFinding, "5/6 log files valid, 1/6 INVALID"},
		{"no signatures", func(b *digesttest.Bucket, _ string) { clear(b.Meta) }, []string{"-f", "ndjson"}, exitFault, `"unverified":1`},
		{"another bucket", func(*digesttest.Bucket, string) {}, []string{"--bucket", "other", "-f", "json"}, exitFinding, `has been moved`},
		{"no keys", func(_ *digesttest.Bucket, dir string) { _ = os.Remove(filepath.Join(dir, digest.KeysFile)) }, nil, exitUsage, "no public keys"},
		{"no digests", func(b *digesttest.Bucket, _ string) {
			for key := range b.Objects {
				if strings.Contains(key, "CloudTrail-Digest") {
					delete(b.Objects, key)
				}
			}
		}, nil, exitFault, "there are log files (such as all/AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/14/"},
		{"nothing of that time", func(*digesttest.Bucket, string) {}, []string{"--from", "2026-03-14T23:50:00Z"}, exitFault, "no digests were found, so nothing was verified"},
		{"nothing of that account", func(*digesttest.Bucket, string) {}, []string{"--account", "444455556666"}, exitFault, "no digests were found, so nothing was verified"},
		{"export of a folder", func(*digesttest.Bucket, string) {}, []string{"--export", "x"}, exitUsage, "--export copies from a bucket"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, changed := t.TempDir(), b.Clone()
			c.do(changed, dir)
			if err := changed.Write(dir); err != nil {
				t.Fatal(err)
			}
			c.do(changed, dir) // once more, for what Write made
			var out bytes.Buffer
			args := append([]string{"verify", dir, "--to", "2026-03-15"}, c.args...)
			if code := run(args, strings.NewReader(""), &out, &out); code != c.code || !strings.Contains(out.String(), c.want) {
				t.Errorf("exit %d, want %d and %q:\n%s", code, c.code, c.want, out.String())
			}
		})
	}
}
