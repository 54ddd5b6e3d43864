package folder

import (
	"context"
	"path"
	"sync"

	"github.com/fsnotify/fsnotify"
)

// notices are the operating system's. Without them, listing alone does the job.
type notices struct {
	w    *fsnotify.Watcher
	mu   sync.Mutex
	ctx  context.Context
	fire context.CancelFunc
	done chan struct{}
}

func watch() *notices {
	n := &notices{done: make(chan struct{})}
	n.ctx, n.fire = context.WithCancel(context.Background())
	w, err := fsnotify.NewWatcher()
	if err != nil {
		close(n.done)
		return n
	}
	n.w = w
	go n.listen()
	return n
}

func (n *notices) listen() {
	defer close(n.done)
	for {
		select {
		case e, ok := <-n.w.Events:
			if !ok {
				return
			}
			if !e.Has(fsnotify.Chmod) || e.Has(fsnotify.Write) {
				n.mu.Lock()
				n.fire()
				n.mu.Unlock()
			}
		case _, ok := <-n.w.Errors:
			if !ok {
				return
			}
			n.mu.Lock()
			n.fire() // notices were lost: list
			n.mu.Unlock()
		}
	}
}

// next ends at the next notice since the last reset.
func (n *notices) next() context.Context {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.ctx
}

func (n *notices) reset() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.fire()
	n.ctx, n.fire = context.WithCancel(context.Background())
}

// add watches a folder too; adding it again does no harm.
func (n *notices) add(root, name string) {
	if n.w != nil {
		_ = n.w.Add(path.Join(root, name))
	}
}

func (n *notices) close() {
	n.mu.Lock()
	n.fire()
	n.mu.Unlock()
	if n.w != nil {
		n.w.Close()
	}
	<-n.done
}
