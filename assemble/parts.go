package assemble

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/config"
	"github.com/trailwarden/trailwarden/deliver"
	"github.com/trailwarden/trailwarden/pipeline/intake"
	"github.com/trailwarden/trailwarden/query/schedule"
	"github.com/trailwarden/trailwarden/rule"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/source"
)

// Parts are what one configuration comes to. They are never changed: a reload
// makes new ones.
type Parts struct {
	Config   *config.Config
	Assembly *Assembly
	Rules    *intake.Rules
	Policy   *alert.Policy
	Dispatch deliver.Options // all but the store and what watches
	Sources  []MadeSource
	Queries  []*schedule.Query // that run by the clock
}

// Loader makes Parts from a configuration file.
type Loader struct {
	Path string
	o    Options
	// Remark is told of rules that are invalid at the first load: the others
	// judge all the same. At a reload an invalid rule refuses the whole set.
	Remark func(diagnostic.List)
	// Folder is what relative paths in the configuration are relative to; empty
	// means the file's own folder.
	Folder string
	// Level, when set, follows the configuration's log level.
	Level *slog.LevelVar

	loaded bool
	stamp  string    // of the files behind the parts
	paths  []string  // that the configuration names
	again  time.Time // when parts are made again that could not be, or whose names of accounts are old by then, or whose own name is not known; zero for never
	failed int       // how often in a row they could not be, or had no names
}

// NewLoader makes a Loader for the file at path.
func NewLoader(path string, o Options, remark func(diagnostic.List)) *Loader {
	if o.Shared == nil {
		o.Shared = new(Shared)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Loader{Path: path, o: o, Remark: remark}
}

// Strict refuses a set with an invalid rule at the first load already, as a
// reload does.
func (l *Loader) Strict() { l.loaded = true }

// Load reads the configuration and the rules as they are now.
func (l *Loader) Load(ctx context.Context, cursor source.Cursor) (*Parts, error) {
	l.stamp = l.files(l.paths) // a broken configuration is read again when it changes
	l.again = time.Time{}
	cfg, err := config.LoadIn(cmp.Or(l.Folder, filepath.Dir(l.Path)), l.Path)
	if err != nil {
		return nil, err
	}
	l.paths = append(slices.Clone(cfg.Rules), cfg.Reads()...)
	l.stamp = l.files(l.paths)
	a := New(cfg, l.o)
	set, list := Rules(cfg.Rules, cfg)
	faults := errorsIn(list)
	if len(faults) > 0 {
		if l.loaded {
			return nil, fmt.Errorf("the rules: %w", faults.Err())
		}
		if l.Remark != nil {
			l.Remark(faults)
		}
	}
	p, err := a.parts(ctx, set.Rules, cursor)
	if err != nil {
		l.retry()
		return nil, err
	}
	l.loaded = true
	l.plan(a, len(faults) > 0)
	a.tellMissing(ctx)
	if l.Level != nil {
		_ = l.Level.UnmarshalText([]byte(cfg.Serve.LogLevel)) // config has checked it
	}
	return p, nil
}

// plan says when parts that are in force are made again though no file changes: when
// names of accounts are old, or something that lies elsewhere did not answer.
func (l *Loader) plan(a *Assembly, faulty bool) {
	names := a.known.org
	if faulty || names == nil && !a.unnamed { // a set with faults would be refused
		l.failed = 0
		return
	}
	if names != nil && !a.unnamed {
		if due := names.Due(); due > 0 {
			l.failed, l.again = 0, l.o.Now().Add(due)
			return
		}
	}
	l.retry()
}

// retry has what lies elsewhere tried again: after a minute, then twice as long each
// time, up to an hour.
func (l *Loader) retry() {
	l.again = l.o.Now().Add(min(time.Minute<<min(l.failed, 10), time.Hour))
	l.failed++
}

// parts makes everything else of the configuration.
func (a *Assembly) parts(ctx context.Context, judging []*rule.Rule, cursor source.Cursor) (*Parts, error) {
	rules := intake.Prepare(judging, Adjust(a.Config))
	queries, err := a.Queries(false)
	if err != nil {
		return nil, err
	}
	queries = append(queries, a.RuleQueries(judging)...)
	if rules.Len() == 0 && len(queries) == 0 {
		return nil, errors.New("no rule is left to judge by")
	}
	sinks, err := a.Sinks(ctx)
	if err != nil {
		return nil, err
	}
	builder, err := a.Builder(ctx)
	if err != nil {
		return nil, err
	}
	a.Refresh(ctx) // routes go by names of accounts, too
	sources, err := a.Sources(ctx, cursor)
	if err != nil {
		return nil, err
	}
	rules.LeaveOut(a.ownActivity(ctx))
	return &Parts{Config: a.Config, Assembly: a, Rules: rules, Policy: a.Policy(sinks), Dispatch: a.Dispatcher(sinks, builder), Sources: sources, Queries: queries}, nil
}

// PartsOf makes the parts of a configuration that is in no file; its rules must
// be sound.
func PartsOf(ctx context.Context, cfg *config.Config, o Options) (*Parts, error) {
	set, list := Rules(cfg.Rules, cfg)
	if err := errorsIn(list).Err(); err != nil {
		return nil, err
	}
	return New(cfg, o).parts(ctx, set.Rules, &source.MemoryCursor{})
}

func errorsIn(list diagnostic.List) (out diagnostic.List) {
	for _, d := range list {
		if d.Severity == diagnostic.Error {
			out = append(out, d)
		}
	}
	return out
}

// Changed tells whether the configuration, a rule file or what is read with them
// (see config.Config.Reads) changed since the last Load, by names, sizes and times;
// whether it is time to ask AWS Organizations for names of accounts, by which alerts
// are routed; or to try again who we are, or what failed for a reason that lies elsewhere and may
// have passed, such as a file of a sink's that was not there.
func (l *Loader) Changed() bool {
	return l.files(l.paths) != l.stamp || !l.again.IsZero() && !l.o.Now().Before(l.again)
}

// files describes the configuration file and those that it names. A folder may be
// a link, as where configurations are mounted: what is behind it counts.
func (l *Loader) files(paths []string) string {
	var lines []string
	add := func(path string, info fs.FileInfo) {
		lines = append(lines, fmt.Sprintf("%s %d %d", path, info.Size(), info.ModTime().UnixNano()))
	}
	for _, p := range append([]string{l.Path}, paths...) {
		if real, err := filepath.EvalSymlinks(p); err == nil {
			p = real
		}
		_ = filepath.WalkDir(p, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return nil // what cannot be read now is noticed when it can
			}
			if info, err := os.Stat(path); err == nil {
				add(path, info)
			}
			return nil
		})
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
