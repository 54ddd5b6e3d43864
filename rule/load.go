package rule

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
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
//     print, what aws logs describe-metric-filters prints, native rules and the
//     published regex configuration in JSON;
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
	opts  Options
	set   Set
	list  diagnostic.List
	seen  map[string]bool // files read, by absolute path
	files []*file         // in the order they are to be loaded
	bytes int             // of all files
	roots []*os.Root      // open until every reference is read

	referenced map[string]bool // files that rules name with file:
	sigma      sigmaRules
	cases      []caseFile
}

func newLoader(opts Options) *loader {
	return &loader{opts: opts, seen: map[string]bool{}, referenced: map[string]bool{}}
}

// file is one file being read.
type file struct {
	name  string // as diagnostics give it
	root  fs.FS  // what file: references may reach
	path  string // the file in root
	named bool   // given by the user, not found in a folder
	text  []byte

	pipeline bool // a Sigma processing pipeline

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

func (l *loader) path(p string) {
	info, err := os.Stat(p)
	if err != nil {
		l.say(diagnostic.Error, p, 0, CodeRead, "cannot be read: %v", reason(err))
		return
	}
	dir, base := p, "."
	if !info.IsDir() {
		dir, base = filepath.Split(p)
		if dir == "" {
			dir = "."
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		l.say(diagnostic.Error, p, 0, CodeRead, "cannot be read: %v", reason(err))
		return
	}
	l.roots = append(l.roots, root)
	if info.IsDir() {
		l.diskFolder(p, root.FS())
		return
	}
	l.diskFile(&file{name: p, root: root.FS(), path: base, named: true}, p)
}

// reason is the cause of a file error, without the path it repeats.
func reason(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}

// diskFolder walks a folder on disk. Rule files may be symbolic links to
// anywhere: who gave the folder trusts what is linked there. What a rule refers
// to with file: stays inside the folder, links included (os.Root).
func (l *loader) diskFolder(dir string, root fs.FS) {
	l.walk(dir, os.DirFS(dir), func(p string) {
		name := filepath.Join(dir, filepath.FromSlash(p))
		l.diskFile(&file{name: name, root: root, path: p}, name)
	})
}

// folder reads the rule files of a file system that is no disk.
func (l *loader) folder(name string, fsys fs.FS) {
	l.walk(name, fsys, func(p string) {
		f := &file{name: path.Join(name, p), root: fsys, path: p}
		r, err := fsys.Open(p)
		if err != nil {
			l.say(diagnostic.Error, f.name, 0, CodeRead, "cannot be read: %v", reason(err))
			return
		}
		defer r.Close()
		l.read(f, r)
	})
}

func (l *loader) walk(name string, fsys fs.FS, visit func(p string)) {
	files := 0
	_ = fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		full := path.Join(filepath.ToSlash(name), p)
		if err != nil {
			l.say(diagnostic.Error, full, 0, CodeRead, "cannot be read: %v", reason(err))
			return nil
		}
		if why := aside(p, d); why != "" {
			l.set.Ignored = append(l.set.Ignored, Ignored{full, why})
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return nil
		}
		if files++; files > MaxFiles {
			l.say(diagnostic.Error, name, 0, CodeRead, "more than %d files; give folders that hold rules only", MaxFiles)
			return fs.SkipAll
		}
		if !d.Type().IsRegular() && d.Type()&fs.ModeSymlink == 0 {
			l.set.Ignored = append(l.set.Ignored, Ignored{full, "not a regular file"})
			return nil
		}
		visit(p)
		return nil
	})
	if files == 0 {
		l.say(diagnostic.Warning, name, 0, CodeNoRules, "the folder holds no rule files (.yaml, .yml, .json, .filter)")
	}
}

// aside says why a file or folder found in a walk is no rule file.
func aside(p string, d fs.DirEntry) string {
	base := path.Base(p)
	switch {
	case p == ".":
		return ""
	case strings.HasPrefix(base, "."):
		return "hidden"
	case d.IsDir() && (base == "tests" || base == "testdata"):
		return "a folder of test events"
	case d.IsDir():
		return ""
	}
	switch strings.ToLower(path.Ext(base)) {
	case ".yaml", ".yml", ".json", ".filter":
		return ""
	}
	return "its ending is none of .yaml, .yml, .json, .filter"
}

func (l *loader) diskFile(f *file, p string) {
	if abs, err := filepath.Abs(p); err == nil {
		if l.seen[abs] {
			return // the same file by two of the paths given
		}
		l.seen[abs] = true
	}
	info, err := os.Stat(p)
	if err == nil && info.IsDir() {
		l.set.Ignored = append(l.set.Ignored, Ignored{f.name, "a link to a folder"})
		return
	}
	r, err := os.Open(p)
	if err != nil {
		l.say(diagnostic.Error, f.name, 0, CodeRead, "cannot be read: %v", reason(err))
		return
	}
	defer r.Close()
	l.read(f, r)
}

// read reads one file. It is loaded when all are there: a pipeline in the last
// one holds for rules in the first.
func (l *loader) read(f *file, r io.Reader) {
	text, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	switch {
	case err != nil:
		l.say(diagnostic.Error, f.name, 0, CodeRead, "cannot be read: %v", reason(err))
	case len(text) > MaxFile || len(text) > yamldoc.MaxBytes && !severalDocuments(f.path):
		l.say(diagnostic.Error, f.name, 0, CodeSyntax, "%d bytes, more than a rule file may have; split it", len(text))
	case l.bytes+len(text) > MaxBytes:
		l.say(diagnostic.Error, f.name, 0, CodeRead, "not read: the files before it have %d bytes together, nearly the limit of %d", l.bytes, MaxBytes)
	default:
		l.bytes += len(text)
		f.text = trimBOM(text)
		l.files = append(l.files, f)
	}
}

// severalDocuments tells whether a file's form splits it into documents, to each
// of which the smaller limit applies.
func severalDocuments(name string) bool {
	ext := strings.ToLower(path.Ext(name))
	return ext != ".json" && ext != ".filter"
}

func trimBOM(text []byte) []byte {
	if len(text) >= 3 && text[0] == 0xEF && text[1] == 0xBB && text[2] == 0xBF {
		return text[3:]
	}
	return text
}

// finish loads the files, links what stands in several of them and checks the
// set as a whole.
func (l *loader) finish() (*Set, diagnostic.List) {
	l.pipelines()
	before := l.list
	l.list = nil
	for _, f := range l.files {
		f.firstRule, f.firstFault = len(l.set.Rules), len(l.list)
		l.load(f)
		f.lastRule, f.lastFault = len(l.set.Rules), len(l.list)
	}
	l.dropReferenced()
	l.list = append(before, l.list...)
	l.close()
	l.linkSigma()
	l.attachCases()
	l.duplicates()
	return &l.set, l.list
}

// duplicates reports ids that several rules share.
func (l *loader) duplicates() {
	first := map[string]*Rule{}
	for _, r := range l.set.Rules {
		o := first[r.ID]
		if o == nil {
			first[r.ID] = r
			continue
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
