package region_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// records are all records of the data beside the project.
func records(t *testing.T) [][]byte {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil && dir != filepath.Dir(dir) {
		if _, missing := os.Stat(filepath.Join(dir, "shared/data/cloudtrail")); missing == nil {
			return recordsBelow(t, filepath.Join(dir, "shared/data/cloudtrail"))
		}
		dir = filepath.Dir(dir)
	}
	t.Skip("shared/data/cloudtrail is not beside the project")
	return nil
}

func recordsBelow(t *testing.T, root string) [][]byte {
	t.Helper()
	var out [][]byte
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(path, ".json") {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if bytes.HasPrefix(b, []byte{0x1f, 0x8b}) {
			z, err := gzip.NewReader(bytes.NewReader(b))
			if err != nil {
				return err
			}
			if b, err = io.ReadAll(z); err != nil {
				return err
			}
		}
		var file struct{ Records []json.RawMessage }
		if json.Unmarshal(b, &file.Records) != nil {
			if err := json.Unmarshal(b, &file); err != nil {
				return err
			}
		}
		for _, r := range file.Records {
			out = append(out, r)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestHitsEqualAPlainReadingOfThePolicyOnRealRecords(t *testing.T) {
	recs := records(t)
	// The sample's regions are few or invented; move some records to real ones.
	places := []string{"eu-north-1", "us-west-2", "us-east-2", "eu-west-2", "ap-southeast-2", "us-west-1"}
	for i := range recs {
		if i%3 == 0 {
			recs[i] = bytes.ReplaceAll(recs[i], []byte(`"us-east-1"`), []byte(`"`+places[i/3%len(places)]+`"`))
		}
	}
	differ(t, recs)
}
