package s3

import (
	"context"
	"time"
)

// queue runs some jobs at once and tells which are done in the order in which
// they were added: a job counts only when all before it succeeded.
type queue struct {
	ahead time.Duration // how much later an object may be than one that is in hand
	slots chan struct{}
	jobs  []job
	err   error // of the first that failed
}

type job struct {
	object listed
	result chan error
}

func newQueue(workers int, ahead time.Duration) *queue {
	return &queue{ahead: ahead, slots: make(chan struct{}, workers)}
}

// mostJobs is the most jobs that are done or in hand behind one that is not done.
const mostJobs = 1000

// add starts a job as soon as there is room, and nothing that is much older is in
// hand: where little was delivered a few files are hours, and what is overtaken by
// so much is late for rules that remember. It reports false when ctx has ended
// before.
func (q *queue) add(ctx context.Context, o listed, run func() error) bool {
	for _, j := range q.jobs {
		if at := j.object.at.Time; !at.IsZero() && o.at.Time.Sub(at) > q.ahead {
			j.result <- <-j.result // wait for it
		}
	}
	select {
	case q.slots <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	if len(q.jobs) >= mostJobs {
		q.jobs[0].result <- <-q.jobs[0].result // the first holds up all others: wait for it
	}
	j := job{o, make(chan error, 1)}
	q.jobs = append(q.jobs, j)
	go func() {
		j.result <- run()
		<-q.slots
	}()
	return true
}

// done gives the objects whose jobs are done, in order, and forgets them. With
// all it waits for every job.
func (q *queue) done(all bool) (objects []listed) {
	for len(q.jobs) > 0 {
		j := q.jobs[0]
		var err error
		if all {
			err = <-j.result
		} else {
			select {
			case err = <-j.result:
			default:
				return objects
			}
		}
		q.jobs = q.jobs[1:]
		if q.err == nil {
			q.err = err
		}
		if q.err == nil {
			objects = append(objects, j.object)
		}
	}
	return objects
}
