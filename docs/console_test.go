package docs_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/internal/needs"
	"github.com/trailwarden/trailwarden/internal/publicdata"
)

// TestConsoleBlocks runs what the pages show. In a page,
//
//	```console checked
//	$ trailwarden version
//	trailwarden …
//	```
//
// is run, and what it prints (both streams) must be what stands below it; "…"
// stands for any text within a line and, alone, for any lines. A block whose
// opening line says file=NAME is written to that file first. Each page has a
// folder of its own, in which "examples" is the repository's. "$ echo $?" gives
// the exit code of the command before.
func TestConsoleBlocks(t *testing.T) {
	sh := needs.Program(t, "sh")
	bin := build(t)
	for _, page := range pages(t) {
		blocks := blocksOf(read(t, page))
		if !strings.Contains(read(t, page), "```console checked\n") {
			continue
		}
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			s := session{t: t, sh: sh, dir: scratch(t), bin: bin, page: page, info: "console checked"}
			for _, b := range blocks {
				s.block(b)
			}
		})
	}
}

// TestPublishedBlocks runs the blocks whose opening line says "console
// published": they read logs that others published, in "aws_dataset".
func TestPublishedBlocks(t *testing.T) {
	logs := publicdata.Path(t, "cloudtrail/invictus")
	sh := needs.Program(t, "sh")
	const page = "backtest.md"
	s := session{t: t, sh: sh, dir: scratch(t), bin: build(t), page: page, info: "console published"}
	if err := os.Mkdir(filepath.Join(s.dir, "aws_dataset"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(logs, filepath.Join(s.dir, "aws_dataset", "CloudTrail")); err != nil {
		t.Fatal(err)
	}
	for _, b := range blocksOf(read(t, page)) {
		s.block(b)
	}
}

func build(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.Command("go", "build", "-ldflags=-w -s", "-o", dir+string(os.PathSeparator), "./cmd/trailwarden")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return dir
}

// scratch is a folder with the sample logs in it.
func scratch(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	samples, err := filepath.Abs(filepath.Join(root, "examples"))
	if err == nil {
		err = os.Symlink(samples, filepath.Join(dir, "examples"))
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// block is a fenced block of a page.
type block struct {
	info string // behind the opening fence
	text string
	line int // of the page, of the text's first line
}

func blocksOf(page string) []block {
	var out []block
	var b *block
	line := 0
	for text := range strings.Lines(page) {
		line++
		fence, isFence := strings.CutPrefix(text, "```")
		switch {
		case isFence && b == nil:
			b = &block{info: strings.TrimSpace(fence), line: line + 1}
		case isFence:
			out = append(out, *b)
			b = nil
		case b != nil:
			b.text += text
		}
	}
	return out
}

// session runs one page's blocks from top to bottom.
type session struct {
	t    *testing.T
	sh   string
	dir  string
	bin  string
	page string
	info string // behind the fences of the blocks that are run
	exit int    // of the last command
}

func (s *session) block(b block) {
	if _, name, ok := strings.Cut(b.info, "file="); ok {
		s.file(name, b.text)
	}
	if b.info != s.info {
		return
	}
	s.t.Run(fmt.Sprintf("line %d", b.line), func(t *testing.T) { s.commands(t, b) })
}

// commands runs those of a block and compares what they print.
func (s *session) commands(t *testing.T, b block) {
	if strings.Contains(b.text, "jq ") {
		needs.Program(t, "jq")
	}
	command, want := "", ""
	for text := range strings.Lines(b.text) {
		switch next, is := strings.CutPrefix(text, "$ "); {
		case strings.HasSuffix(command, "\\\n"):
			command += text
		case is:
			s.check(t, b, command, want)
			command, want = next, ""
		default:
			want += text
		}
	}
	s.check(t, b, command, want)
}

func (s *session) file(name, text string) {
	path := filepath.Join(s.dir, name)
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(path, []byte(text), 0o644)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *session) check(t *testing.T, b block, command, want string) {
	t.Helper()
	if command == "" {
		return
	}
	got := s.run(command)
	if !expectation(want).MatchString(tidy(got)) {
		t.Errorf("%s:%d: $ %sprints\n%s\nbut the page says\n%s", s.page, b.line, command, got, want)
	}
}

func (s *session) run(command string) string {
	cmd := exec.Command(s.sh, "-c", fmt.Sprintf("(exit %d)\n%s", s.exit, command))
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "PATH="+s.bin+string(os.PathListSeparator)+os.Getenv("PATH"), "COLUMNS=", "NO_COLOR=1", "LC_ALL=C", "TZ=UTC")
	out, _ := cmd.CombinedOutput() // the exit code is the next command's to ask for
	s.exit = cmd.ProcessState.ExitCode()
	return string(out)
}

var blankEnd = regexp.MustCompile(`(?m)[ \t]+$`)

func tidy(text string) string {
	return strings.TrimRight(blankEnd.ReplaceAllString(text, ""), "\n") + "\n"
}

// expectation turns what a page shows into an expression over the whole output.
func expectation(want string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString(`\A`)
	for line := range strings.Lines(tidy(want)) {
		if line == "…\n" {
			b.WriteString(`(?:.*\n)*?`)
			continue
		}
		parts := strings.Split(line, "…")
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		b.WriteString(strings.Join(parts, `.*`))
	}
	return regexp.MustCompile(b.String() + `\z`)
}
