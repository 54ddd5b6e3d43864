package rule

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/trailwarden/trailwarden/rule/diagnostic"
	"github.com/trailwarden/trailwarden/rule/where"
)

// Set is what was loaded: the valid rules, and what was left aside.
type Set struct {
	Rules   []*Rule   // in the order of the paths given, files of a folder sorted by name
	Ignored []Ignored // files that hold no rules, with the reason
}

// Ignored is a file or folder that holds no rules.
type Ignored struct {
	File   string
	Reason string
}

// Limits of one Load.
const (
	MaxFiles = 100_000   // files below one folder
	MaxFile  = 64 << 20  // bytes of one file; a document in it has at most 2 MiB
	MaxBytes = 512 << 20 // bytes of all files
)

// Load reads rule files, and folders of them with their subfolders, in any
// mixture of languages:
//
//   - .yaml, .yml: native rules (one, several documents, or a list under
//     rules), Sigma rules, filters and processing pipelines, which hold for all
//     Sigma rules loaded together, the published regex configuration;
//   - .json: EventBridge patterns, what aws events describe-rule and list-rules
//     print, what aws logs describe-metric-filters and aws cloudwatch
//     describe-alarms print, native rules and the published regex configuration
//     in JSON;
//   - .filter: CloudWatch Logs filter patterns, see filterpattern.ReadFile;
//   - NAME.tests.yaml: tests of the rules in the file NAME beside it.
//
// In a folder, other files, hidden ones and folders named tests or testdata are
// left aside; Set.Ignored says why. A path that names a file is read whatever
// its ending. An invalid rule never stops the others: it is left out of the set
// and the list says why, naming file and line.
func Load(paths []string, opts Options) (*Set, diagnostic.List) {
	opts.ApprovedRegions = nil
	l := newLoader(opts)
	for _, p := range paths {
		l.path(p)
	}
	return l.finish()
}

// LoadFS reads all rule files in fsys as Load does a folder. File names in
// diagnostics start with name, which may be empty.
func LoadFS(fsys fs.FS, name string, opts Options) (*Set, diagnostic.List) {
	l := newLoader(opts)
	l.folder(name, fsys)
	return l.finish()
}

// loader gathers rules from many files.
type loader struct {
	opts    Options
	set     Set
	list    diagnostic.List
	seen    map[string]bool // files read, by absolute path
	files   []*file         // in the order they are to be loaded
	bytes   int             // of all files
	roots   []*os.Root      // open until every reference is read
	ahead   ahead           // of the files that are YAML: no rule keeps a node
	where   where.Reader
	current part // of the rule that is being read: one does for all, one after the other

	referenced map[string]bool  // files that rules name with file:
	groups     map[*Rule]string // log groups of metric filters
	sigma      sigmaRules
	cases      []caseFile
	alarms     alarms
}

func newLoader(opts Options) *loader {
	return &loader{opts: opts, seen: map[string]bool{}, referenced: map[string]bool{}, groups: map[*Rule]string{}}
}

// file is one file being read.
type file struct {
	name  string // as diagnostics give it
	root  fs.FS  // what file: references may reach
	path  string // the file in root
	named bool   // given by the user, not found in a folder
	text  []byte
	// quoted are hashes of the texts that it refers to.
	quoted []byte

	pipeline bool // a Sigma processing pipeline
	ahead    bool // its YAML is read before its turn

	sum [sha256.Size]byte // of text, if it was read ahead

	// What loading it added, as half-open ranges.
	firstRule, lastRule, firstFault, lastFault int
}

// stem is the file's base name without its endings.
func (f *file) stem() string {
	base := path.Base(filepath.ToSlash(f.name))
	if e := path.Ext(base); e != "" && e != base {
		base = strings.TrimSuffix(base, e)
	}
	return base
}

// say reports something about a file.
func (l *loader) say(severity diagnostic.Severity, file string, line int, code, format string, args ...any) {
	l.list = append(l.list, diagnostic.Diagnostic{
		Code: code, Severity: severity, File: file, Line: line, Message: fmt.Sprintf(format, args...),
	})
}

// testBytes is about how many bytes of rules there are for each test that no
// rule before made.
const testBytes = 256

// finish loads the files, links what stands in several of them and checks the
// set as a whole.
func (l *loader) finish() (*Set, diagnostic.List) {
	l.pipelines()
	before := l.list
	l.list = nil
	l.where.Expect(l.bytes / testBytes)
	l.readAhead()
	for _, f := range l.files {
		f.firstRule, f.firstFault = len(l.set.Rules), len(l.list)
		l.load(f)
		f.lastRule, f.lastFault = len(l.set.Rules), len(l.list)
	}
	l.dropReferenced()
	l.list = append(before, l.list...)
	l.close()
	l.linkSigma()
	l.linkAlarms()
	l.locate()
	l.attachCases()
	l.duplicates()
	l.versions()
	return &l.set, l.list
}

// versions marks each rule with its text: of its file and of what it refers to.
func (l *loader) versions() {
	texts := make(map[string][]byte, len(l.files))
	for _, f := range l.files {
		if f.sum == [sha256.Size]byte{} {
			f.sum = sha256.Sum256(f.text)
		}
		texts[f.name] = append(f.sum[:len(f.sum):len(f.sum)], f.quoted...)
	}
	var text []byte
	for _, r := range l.set.Rules {
		text = append(append(text[:0], texts[r.File]...), r.ID...)
		sum := sha256.Sum256(text)
		r.Version = hex.EncodeToString(sum[:8])
	}
}

// duplicates reports ids that several rules share. A rule whose matches another one
// counts has no findings that could be mistaken: people give an alarm and its metric
// filter one name.
func (l *loader) duplicates() {
	first := make(map[string]*Rule, len(l.set.Rules))
	for _, r := range l.set.Rules {
		if r.CountedBy != "" {
			continue
		}
		o := first[r.ID]
		if o == nil {
			first[r.ID] = r
			continue
		}
		if l.groups[r] != l.groups[o] && l.groups[r] != "" && l.groups[o] != "" {
			continue // metric filters of two log groups, whose names are each group's own
		}
		l.list = append(l.list, diagnostic.Diagnostic{
			Code: CodeDuplicate, Severity: diagnostic.Warning, File: r.File, Rule: r.ID, Line: r.Line,
			Message: fmt.Sprintf("id %q is already used in %s:%d", r.ID, o.File, o.Line),
			Why:     "both rules judge, and their findings cannot be told apart",
			Fix:     "give each rule an id of its own",
		})
	}
}

func (l *loader) close() {
	for _, r := range l.roots {
		_ = r.Close() // opened for reading
	}
	l.roots = nil
}

// dropReferenced takes out what files found in a folder gave by themselves when
// a rule refers to them: a pattern or a test event is not a rule of its own.
func (l *loader) dropReferenced() {
	if len(l.referenced) == 0 || len(l.files) == 0 {
		return
	}
	var rules []*Rule
	var list diagnostic.List
	for _, f := range l.files {
		if l.referenced[filepath.ToSlash(f.name)] && !f.named {
			l.set.Ignored = append(l.set.Ignored, Ignored{f.name, "part of a rule that refers to it"})
			l.sigma.forget(f.name)
			continue
		}
		rules = append(rules, l.set.Rules[f.firstRule:f.lastRule]...)
		list = append(list, l.list[f.firstFault:f.lastFault]...)
	}
	l.set.Rules, l.list = rules, list
}
