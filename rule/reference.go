package rule

import (
	"crypto/sha256"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"github.com/trailwarden/trailwarden/internal/yamldoc"
)

// beside is how diagnostics name a file that f refers to.
func (f *file) beside(ref string) string {
	return filepath.ToSlash(filepath.Join(filepath.Dir(f.name), filepath.FromSlash(ref)))
}

// reference reads the file that a rule names, relative to the rule's own file.
// It stays inside the folder given to Load.
func (n *native) reference(ref *yamldoc.Node) ([]byte, bool) {
	p := path.Join(path.Dir(n.file.path), ref.Text)
	if n.file.root == nil || path.IsAbs(ref.Text) || strings.Contains(ref.Text, `\`) || !fs.ValidPath(p) {
		n.fail(ref, CodeReference, "file %q: want a path below the folder of rules, relative to this file", clip(ref.Text))
		return nil, false
	}
	r, err := n.file.root.Open(p)
	if err != nil {
		n.fail(ref, CodeReference, "file %q cannot be read: %v", clip(ref.Text), reason(err))
		return nil, false
	}
	defer r.Close()
	text, err := io.ReadAll(io.LimitReader(r, yamldoc.MaxBytes+1))
	switch {
	case err != nil:
		n.fail(ref, CodeReference, "file %q cannot be read: %v", clip(ref.Text), reason(err))
	case len(text) > yamldoc.MaxBytes:
		n.fail(ref, CodeReference, "file %q is larger than %d bytes", clip(ref.Text), yamldoc.MaxBytes)
	default:
		n.referenced[n.file.beside(ref.Text)] = true
		sum := sha256.Sum256(text)
		n.file.quoted = append(n.file.quoted, sum[:]...)
		return trimBOM(text), true
	}
	return nil, false
}
