//go:build !(linux && (amd64 || arm64))

package pipeline

import "os"

// read adds the members of the folder dir to l.members, sorted by name, each with
// prefix before its name.
func (l *Listing) read(dir, prefix string) error {
	names, err := os.ReadDir(dir)
	for _, d := range names {
		path := prefix + d.Name()
		l.members = append(l.members, member{path: path, length: len(path), mode: d.Type()})
	}
	return err
}
