// Package lint finds in existing infrastructure the mistakes that published
// designs for watching CloudTrail have spread: in policies, notifications,
// trails, metric filters, alarms, event rules, functions, tables and queries, as
// JSON, Terraform, CloudFormation, SQL, shell scripts, function code, or an
// article with pieces of all of these.
//
// A finding's code is the item of the mistake (S4.D1) and a name that stays the
// same over releases. What rules are wrong about comes from the linters of the
// rule languages, what queries are wrong about from package athenasql.
package lint

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/trailwarden/trailwarden/infra/policy"
	"github.com/trailwarden/trailwarden/infra/read"
	"github.com/trailwarden/trailwarden/infra/value"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// File is one file to look at.
type File struct {
	Name string // as the user named it; its ending says what it holds
	Text []byte
}

// Result is what there is to say about some files.
type Result struct {
	// Findings are in the order of the files and of their lines. A finding's Rule
	// is the object at fault: a resource's address, a JSON pointer.
	Findings diagnostic.List
	// Unread are the files that could not be read, each with why; what could be
	// read of them is judged.
	Unread []diagnostic.Diagnostic
}

// MaxFiles is how many files are looked at together.
const MaxFiles = 10_000

// maxFindings bounds what is said of one file.
const maxFindings = 1000

// Files looks at files that belong together: a bucket's policy in one and the
// trail in another are held to each other. Files of one folder in Terraform's
// language are one module.
func Files(files []File, now time.Time) Result {
	l := &linter{now: now, given: files, taken: map[string]bool{}}
	l.terraform(files)
	for _, f := range files { // first, because they say what other files are for
		if isScript(f.Name) {
			l.script(f, string(f.Text))
		}
	}
	for _, f := range files {
		if !l.taken[f.Name] {
			l.file(f)
		}
	}
	for _, judge := range l.deferred {
		judge()
	}
	l.relations()
	l.benchmark()
	l.order(files)
	return l.result
}

// linter collects what the files hold and what there is to say.
type linter struct {
	now       time.Time
	given     []File
	taken     map[string]bool // files that a command of a script was given
	resources []*resource
	deferred  []func()
	filters   []placed // metric filters that are valid
	result    Result
	count     map[string]int
}

// place is where a finding is.
type place struct {
	file   string
	object string
	at     *value.Value
}

// where is the file that the place is in.
func (p place) where() string {
	if p.at != nil && p.at.File != "" {
		return p.at.File
	}
	return p.file
}

func (l *linter) add(code string, s diagnostic.Severity, p place, message, why, fix string) {
	d := diagnostic.Diagnostic{Code: code, Severity: s, File: p.where(), Rule: p.object, Message: message, Why: why, Fix: fix}
	if p.at != nil {
		d.Line, d.Column = p.at.Line, p.at.Column
	}
	l.keep(d)
}

func (l *linter) keep(d diagnostic.Diagnostic) {
	if l.count == nil {
		l.count = map[string]int{}
	}
	if l.count[d.File]++; l.count[d.File] <= maxFindings {
		l.result.Findings = append(l.result.Findings, d)
	}
}

func (l *linter) unread(file string, err error) {
	d := policy.NotJSON(err)
	d.File, d.Code, d.Message = file, "unread", strings.TrimPrefix(d.Message, "not JSON: ")
	l.result.Unread = append(l.result.Unread, d)
}

// order sorts the findings and takes out those that are said twice.
func (l *linter) order(files []File) {
	rank := map[string]int{}
	for i, f := range files {
		rank[f.Name] = i
	}
	slices.SortStableFunc(l.result.Findings, func(a, b diagnostic.Diagnostic) int {
		return cmp.Or(cmp.Compare(rank[a.File], rank[b.File]), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	l.result.Findings = slices.CompactFunc(l.result.Findings, func(a, b diagnostic.Diagnostic) bool {
		return a.Code == b.Code && a.File == b.File && a.Line == b.Line && a.Column == b.Column && a.Message == b.Message
	})
}

// file looks at one file by what its name says it holds.
func (l *linter) file(f File) {
	if isTerraform(f.Name) {
		return // read with its module
	}
	switch strings.ToLower(filepath.Ext(f.Name)) {
	case ".json", ".template":
		l.json(f)
	case ".yaml", ".yml":
		l.yaml(f)
	case ".sql", ".ddl", ".hql":
		l.sqlFile(f)
	case ".filter":
		l.filterFile(f)
	case ".sh", ".bash", ".zsh":
		// read before all others
	case ".py", ".js", ".mjs", ".cjs", ".ts", ".java", ".rb", ".cs", ".go", ".rs":
		l.code(f, string(f.Text))
	default:
		l.article(f)
	}
}

// isTerraform tells a file of a Terraform module by its name.
func isTerraform(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, ".tf") || strings.HasSuffix(name, ".tf.json")
}

// isScript tells a script by its name.
func isScript(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".sh", ".bash", ".zsh":
		return true
	}
	return false
}

// tooLong refuses a file that no reader would take.
func (l *linter) tooLong(f File) bool {
	if len(f.Text) <= value.MaxBytes {
		return false
	}
	l.unread(f.Name, &value.Error{Message: "larger than 2 MiB"})
	return true
}

func (l *linter) json(f File) {
	r, err := value.ParseJSON(f.Text)
	if err != nil {
		if !strings.EqualFold(filepath.Ext(f.Name), ".json") {
			l.yaml(f)
			return
		}
		l.unread(f.Name, err)
	}
	for _, d := range policy.Problems(r.Problems) {
		d.File = f.Name
		l.keep(d)
	}
	if err == nil {
		l.document(f.Name, "", r.Value)
	}
}

func (l *linter) yaml(f File) {
	all, err := read.YAML(f.Text)
	if err != nil {
		l.unread(f.Name, err)
		return
	}
	for _, v := range all {
		if sigma(v) {
			l.rules("sigma", place{file: f.Name, at: v}, f.Text, true)
			return
		}
		l.document(f.Name, "", v)
	}
}

// sigma tells whether a document is a Sigma rule.
func sigma(v *value.Value) bool { return v.Get("logsource") != nil && v.Get("detection") != nil }

// terraform reads the modules, one for each folder.
func (l *linter) terraform(files []File) {
	modules := map[string]map[string][]byte{}
	var folders []string
	for _, f := range files {
		if !isTerraform(f.Name) {
			continue
		}
		folder := filepath.Dir(f.Name)
		if modules[folder] == nil {
			modules[folder] = map[string][]byte{}
			folders = append(folders, folder)
		}
		modules[folder][f.Name] = f.Text
	}
	for _, folder := range folders {
		blocks, faults := read.Terraform(modules[folder])
		for _, f := range files {
			if faults[f.Name] != nil && modules[folder][f.Name] != nil {
				l.unread(f.Name, faults[f.Name])
			}
			if filepath.Dir(f.Name) == folder {
				l.blocks(f.Name, blocks[f.Name])
			}
		}
	}
}

// documentOf reads what a text holds as JSON, and says what in it is no JSON.
func (l *linter) documentOf(p place, v *value.Value) *value.Value {
	r, ok := v.Decode()
	for _, d := range policy.Problems(r.Problems) {
		d.File, d.Rule = p.where(), p.object
		l.keep(d)
	}
	if !ok {
		return nil
	}
	if v.File != "" && r.Value != v {
		r.Value.Walk(func(_ string, x *value.Value) { x.File = v.File })
	}
	return r.Value
}
