package rule

import (
	"crypto/sha256"
	"path"
	"strings"

	"github.com/trailwarden/trailwarden/internal/yamldoc"
)

// ahead reads the YAML of files before it is their turn: what one processor makes
// rules of, another has taken apart before. Order and messages are those of
// reading one after the other, for only the texts are read ahead.
type ahead struct {
	read chan yamlRead
	free chan *yamldoc.Reader // two: one is worked on, one is worked from
}

// yamlRead is a file's documents, which last until their reader is free again.
type yamlRead struct {
	docs   []yamldoc.Document
	reader *yamldoc.Reader
}

// readAhead begins with all files whose ending says that they are YAML. It ends
// by itself when each of them was asked for.
func (l *loader) readAhead() {
	var files []*file
	for _, f := range l.files {
		if f.ahead = !f.pipeline && isYAML(f.path); f.ahead {
			files = append(files, f)
		}
	}
	l.ahead = ahead{make(chan yamlRead, 1), make(chan *yamldoc.Reader, 2)}
	l.ahead.free <- new(yamldoc.Reader)
	l.ahead.free <- new(yamldoc.Reader)
	go l.ahead.through(files)
}

func (a *ahead) through(files []*file) {
	for _, f := range files {
		r := <-a.free
		f.sum = sha256.Sum256(f.text)
		a.read <- yamlRead{r.Documents(f.text), r}
	}
}

// documents are those of a file, and done gives back what they are made of.
func (l *loader) documents(f *file) (docs []yamldoc.Document, done func()) {
	if !f.ahead {
		return new(yamldoc.Reader).Documents(f.text), func() {}
	}
	f.ahead = false // a second reading of the same file is its own
	next := <-l.ahead.read
	return next.docs, func() { l.ahead.free <- next.reader }
}

// isYAML tells by the ending whether a file holds YAML other than tests.
func isYAML(name string) bool {
	base := strings.ToLower(path.Base(name))
	return !testsFile(base) && (path.Ext(base) == ".yaml" || path.Ext(base) == ".yml")
}
