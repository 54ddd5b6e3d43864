package main

import (
	"os"
	"path/filepath"
	"testing"
)

// Copies of a record differ in their event ID and in nothing else, and a copy
// packs and unpacks to what it was made of.
func TestRepeatGivesEachCopyItsOwnEventIDs(t *testing.T) {
	const record = `{"Records":[{"eventID":"293ba626-3be5-4a26-ab1b-0f4c54f49959","requestID":"293ba626-3be5"}]}`
	var r repetition
	packed, err := r.pack([]byte(record))
	if err != nil {
		t.Fatal(err)
	}
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "real")
	if err := os.WriteFile(filepath.Join(from, "log.json.gz"), packed, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := repeat(from, to, 3*len(record)); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, n := range []string{"0", "1", "2"} {
		json, err := unpackFile(filepath.Join(to, n, "log.json.gz"))
		if err != nil {
			t.Fatal(err)
		}
		const before, digits = len(`{"Records":[{"eventID":"`), 8
		if string(json[:before])+record[before:before+digits]+string(json[before+digits:]) != record {
			t.Errorf("copy %s differs in more than its event ID: %s", n, json)
		}
		seen[string(json[before:before+digits])] = true
	}
	if len(seen) != 3 || !seen["293ba626"] {
		t.Errorf("event IDs %v, want that of the original and two others", seen)
	}
}
