package folder

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/trailwarden/trailwarden/source"
)

// place is the right of a file in hand to be read: there are as many as files may
// be read at once. A file gets it when it is offered, so that files are read in
// the order in which they are, and gives it back when it is closed.
type place struct{ taken bool } // by a reader

// enter waits for a place for the file and puts it in hand.
func (s *Source) enter(ctx context.Context, name string) bool {
	select {
	case s.gate <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy[name] = &place{}
	return true
}

// leave gives back the place of a file that nobody has read.
func (s *Source) leave(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.busy[name]; p != nil && !p.taken {
		p.taken = true
		<-s.gate
	}
}

// reader opens the files of a source in its places.
type reader struct {
	Files
	s *Source
}

// Open reads in the place that the file has, or waits for another one where it is
// read again. A file that is gone since it was listed was moved or taken away by
// whoever keeps the folder.
func (r reader) Open(ctx context.Context, o source.Object) (io.ReadCloser, source.Info, error) {
	if !r.s.takePlace(o.Key) {
		select {
		case r.s.gate <- struct{}{}:
		case <-ctx.Done():
			return nil, source.Info{}, ctx.Err()
		}
	}
	body, info, err := r.Files.Open(ctx, o)
	if err != nil {
		<-r.s.gate
		var deleted *source.Deleted
		if errors.As(err, &deleted) {
			err = &source.Gone{Object: o, Err: err}
		}
		return nil, info, err
	}
	return &placedFile{body, sync.OnceFunc(func() { <-r.s.gate })}, info, nil
}

// takePlace takes the place of a file that is to be read.
func (s *Source) takePlace(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.busy[name]
	if p == nil || p.taken {
		return false
	}
	p.taken = true
	return true
}

// placedFile gives its place back when it is closed.
type placedFile struct {
	io.ReadCloser
	leave func()
}

func (f *placedFile) Close() error {
	defer f.leave()
	return f.ReadCloser.Close()
}
