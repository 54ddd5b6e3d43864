package sink_test

import (
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/internal/seeds"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/sinktest"
)

// A cut text says how much is gone, in code points.
func TestCutMarksWhatIsGone(t *testing.T) {
	for _, c := range []struct {
		name, in string
		limit    int
		meter    sink.Meter
		want     string
	}{
		{"short enough", "abc", 3, sink.Bytes, "abc"},
		{"ascii", strings.Repeat("a", 50), 40, sink.Characters, strings.Repeat("a", 18) + "… (32 more characters)"},
		{"no room for the mark", "abcdef", 3, sink.Bytes, "abc"},
		{"bytes between code points", "ééé", 3, sink.Bytes, "é"},
		{"surrogate pairs", "😀😀😀", 3, sink.UTF16, "😀"},
		{"family stays whole", "a👨‍👩‍👧b", 4, sink.Characters, "a"},
		{"accent stays with its letter", "xe\u0301yz", 2, sink.Characters, "x"},
		{"flags stay in pairs", "🇩🇪🇫🇷", 3, sink.Characters, "🇩🇪"},
		{"CR LF stays together", "a\r\nb", 2, sink.Characters, "a"},
		{"nothing fits", "abc", 0, sink.Bytes, ""},
		{"invalid UTF-8", "\xff\xfe", 10, sink.Bytes, "\uFFFD"},
		{"escaped length", "<<<<", 8, sink.SlackEscaped, "<<"},
	} {
		if got := sink.Cut(c.in, c.limit, c.meter); got != c.want {
			t.Errorf("%s: Cut(%q, %d) = %q, want %q", c.name, c.in, c.limit, got, c.want)
		}
	}
}

var mark = regexp.MustCompile(`… \((\d+) more characters\)$`)

// Whatever the text, the limit and the unit: within the limit, valid UTF-8, a
// prefix, and an honest count.
func TestCutProperties(t *testing.T) {
	seed := seeds.Of(t)
	rnd := rand.New(rand.NewPCG(seed, 0))
	meters := []sink.Meter{sink.Bytes, sink.Characters, sink.UTF16, sink.SlackEscaped, sink.MarkdownEscaped}
	var corpus []string
	for _, p := range sinktest.Payloads() {
		corpus = append(corpus, p.Text)
	}
	for range 20000 {
		var b strings.Builder
		for range rnd.IntN(20) {
			b.WriteString(corpus[rnd.IntN(len(corpus))])
		}
		in, limit, m := b.String(), rnd.IntN(300), meters[rnd.IntN(len(meters))]
		got := sink.Cut(in, limit, m)
		clean := strings.ToValidUTF8(in, "\uFFFD")
		if !utf8.ValidString(got) || m.Len(got) > limit {
			t.Fatalf("seed %d: Cut(%q, %d) = %q: %d units", seed, in, limit, got, m.Len(got))
		}
		kept := got
		if at := mark.FindStringSubmatchIndex(got); got != clean && at != nil {
			kept = got[:at[0]]
			gone, _ := strconv.Atoi(got[at[2]:at[3]])
			if gone != utf8.RuneCountInString(clean)-utf8.RuneCountInString(kept) {
				t.Fatalf("seed %d: Cut(%q, %d) = %q: wrong count", seed, in, limit, got)
			}
		}
		if !strings.HasPrefix(clean, kept) {
			t.Fatalf("seed %d: Cut(%q, %d) = %q: not a prefix", seed, in, limit, got)
		}
	}
}

// A grapheme of a million marks is cut, not dropped and not dwelt upon.
func TestCutOfEndlessGrapheme(t *testing.T) {
	got := sink.Cut("a"+strings.Repeat("\u0301", 1e6), 1000, sink.Characters)
	if n := utf8.RuneCountInString(got); n < 950 || n > 1000 {
		t.Errorf("%d characters, want nearly 1000", n)
	}
}

func TestDefang(t *testing.T) {
	for in, want := range map[string]string{
		"https://evil.example.com/a.b": "hxxps[:]//evil[.]example[.]com/a.b",
		"HTTP://evil.com":              "HxxP[:]//evil[.]com",
		"ftp://evil.com":               "ftp[:]//evil[.]com",
		"www.evil.com":                 "www[.]evil[.]com",
		"WWW.evil.madeup":              "WWW[.]evil.madeup",
		"evil.co.uk/x":                 "evil[.]co[.]uk/x",
		"evil\u3002com":                "evil[.]com",
		`https:\\evil.com`:             `hxxps[:]\\evil[.]com`,
		"javascript:alert(1)":          "javascript[:]alert(1)",
		"user:pw@evil.com/x":           "user:pw@evil[.]com/x",
		"s3://logs/AWSLogs/a.json.gz":  "s3://logs/AWSLogs/a.json.gz",
		"alice@example.com":            "alice@example.com",
		"cloudtrail.amazonaws.com":     "cloudtrail.amazonaws.com",
		"signin.aws.amazon.com":        "signin.aws.amazon.com",
		"evil.s3.amazonaws.com":        "evil[.]s3[.]amazonaws[.]com",
		"arn:aws:iam::1:role/x":        "arn:aws:iam::1:role/x",
		"aws-cli/2.15.30 Python/3.11":  "aws-cli/2.15.30 Python/3.11",
		"metadata: x, data: y":         "metadata: x, data: y",
		"10.0.0.1":                     "10.0.0.1",
		"xjavascript:alert(1)":         "xjavascript[:]alert(1)",
		"view-source:x ms-settings:y":  "view-source[:]x ms-settings[:]y",
		"tel:1 metadata:1 x_tel:1":     "tel[:]1 metadata:1 x_tel:1",
		"ahttps://evil.com S3://b/k":   "ahttps[:]//evil[.]com S3://b/k",
	} {
		if got := sink.Defang(in); got != want {
			t.Errorf("Defang(%q) = %q, want %q", in, got, want)
		}
	}
}

// What is defanged stays so, and no payload keeps a link to the attacker's host.
func TestDefangLeavesNoLink(t *testing.T) {
	for _, p := range sinktest.Payloads() {
		got := sink.Defang(sink.Line(p.Text))
		if again := sink.Defang(got); again != got {
			t.Errorf("%s: Defang twice: %q, then %q", p.Name, got, again)
		}
		if strings.Contains(strings.ToLower(got), "://"+sinktest.EvilHost) ||
			strings.Contains(got, sinktest.EvilHost) && !strings.Contains(got, "@"+sinktest.EvilHost) {
			t.Errorf("%s: %q keeps a link", p.Name, got)
		}
	}
}

var printable = regexp.MustCompile(`^([A-Za-z0-9!-/:-@\[-` + "`" + `{-~][ -~]*)?$`)

// A subject is printable ASCII on one line, whatever the text.
func TestSubjectIsOnePrintableLine(t *testing.T) {
	for _, p := range sinktest.Payloads() {
		got := sink.Subject(p.Text+strings.Repeat("x", 90), sink.SNSSubject.Max())
		if !printable.MatchString(got) || len(got) > 99 {
			t.Errorf("%s: Subject = %q", p.Name, got)
		}
	}
	if got := sink.Subject("Zürich: 東京", 99); got != "Zurich: ??" {
		t.Errorf("Subject = %q", got)
	}
}

// Every bound has a line in the table, with number, unit and source.
func TestLimitsAreComplete(t *testing.T) {
	for i, l := range sink.Limits() {
		if l.Target == "" || l.Part == "" || l.Max <= 0 || l.Unit == "" || l.Source == "" {
			t.Errorf("bound %d: %+v", i, l)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, p := range sinktest.Payloads() {
		f.Add(p.Text, 40)
	}
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit %= 1000
		for _, out := range []string{sink.Clean(s), sink.Line(s), sink.Cut(s, limit, sink.Bytes), sink.Defang(sink.Line(s)), sink.Markdown(sink.Line(s)), sink.SlackText(sink.Clean(s)), sink.Subject(s, 99)} {
			if !utf8.ValidString(out) {
				t.Fatalf("%q: %q is not UTF-8", s, out)
			}
		}
	})
}
