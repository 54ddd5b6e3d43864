package re2_test

import (
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/trailwarden/trailwarden/internal/re2"
)

func TestRefusalsNameTheConstruct(t *testing.T) {
	for expr, want := range map[string]string{
		`User(?!Pool)`:         `negative look-ahead "(?!" at character 5`,
		`(?=x)`:                `look-ahead "(?="`,
		`(?<=a)b`:              `look-behind "(?<="`,
		`(?<!a)b`:              `negative look-behind "(?<!"`,
		`(a)\1`:                `back-reference "\\1" at character 4`,
		`(?P<n>a)\k<n>`:        `back-reference "\\k"`,
		`(?>a)`:                `atomic group`,
		`a++`:                  `possessive quantifier "++"`,
		`a(`:                   `missing closing )`,
		`a**`:                  `invalid nested repetition operator`,
		`[z-a]`:                `invalid character class range`,
		`((a{100}){100}){100}`: `invalid repeat count`,
		strings.Repeat(`(abcdefghijklmn){900}`, 2):            `unrolls to more than`,
		strings.Repeat(`[^\pL\pN]`, 1000):                     `unrolls to more than`,
		strings.Repeat("a", re2.MaxLength+1):                  `at most`,
		strings.Repeat("(", 5000) + strings.Repeat(")", 5000): `nests too deeply`,
	} {
		if _, err := re2.Compile(expr, false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", expr, err, want)
		}
	}
}

func TestAccepts(t *testing.T) {
	for expr, text := range map[string]string{
		`iam|signin|sts`: "iam.amazonaws.com",
		`[\](?!]`:        "(",
		`[]1]\(`:         "1(",
		`(?i)user`:       "CreateUser",
		`(?<n>a)`:        "a",
		``:               "anything",
	} {
		re, err := re2.Compile(expr, false)
		if err != nil || !re.MatchString(text) {
			t.Errorf("%q on %q: %v", expr, text, err)
		}
	}
	if re, err := re2.Compile("a|b", true); err != nil || !re.MatchString("B") {
		t.Error("fold does not cover alternatives", err)
	}
}

func FuzzCompile(f *testing.F) {
	f.Add(`a{1000}(b|c)*[\d-x]`, "AKIAEXAMPLE")
	f.Add(`^(Create|Delete).*User$`, "DELETEUser")
	f.Fuzz(func(t *testing.T, expr, text string) { agree(t, expr, text) })
}

// agree holds an expression that is compiled later to the one compiled at once.
func agree(t *testing.T, expr, text string) {
	t.Helper()
	for _, fold := range []bool{false, true} {
		now, err := re2.Compile(expr, fold)
		later, lerr := re2.Check(expr, fold)
		if err != nil || lerr != nil {
			if err == nil || lerr == nil || err.Error() != lerr.Error() {
				t.Errorf("%q: at once %v, later %v", expr, err, lerr)
			}
			continue
		}
		is := now.MatchString(text)
		if later.String() != now.String() || later.MatchString(text) != is || later.Match([]byte(text)) != is {
			t.Errorf("%q on %q: want %v", expr, text, is)
		}
	}
}

func TestCompilingLaterChangesNothing(t *testing.T) {
	for _, expr := range []string{"", "a", "^a|B$", "(?i)x", "a(", `\pL+`, "[z-a]", "a{2,1}", "(?=a)", "é", "\xff", strings.Repeat("(", 1200) + strings.Repeat(")", 1200)} {
		agree(t, expr, "xAbé")
	}
}

// TestEveryMatchHasWhatItNeeds tries expressions on texts that they are found in.
func TestEveryMatchHasWhatItNeeds(t *testing.T) {
	for expr, text := range map[string]string{
		"^(Create|Delete).*(User|Role)$": "DeleteRole", "(?i)user": "xUSERx", "a+b*": "aab", "(ab){2,3}": "xababx", "[ab]c": "ac", "x?": "", "ab|": "zz",
	} {
		for _, fold := range []bool{false, true} {
			re, err := re2.Check(expr, fold)
			if err != nil || !re.MatchString(text) {
				t.Fatalf("%q on %q: %v", expr, text, err)
			}
			needs := re.Needs()
			has := len(needs) == 0
			for _, n := range needs {
				has = has || strings.Contains(text, n.Text) || n.Fold && strings.Contains(strings.ToLower(text), strings.ToLower(n.Text))
			}
			if !has || !reflect.DeepEqual(needs, re2.Needs(re.String())) {
				t.Errorf("%q is found in %q without any of %v", expr, text, needs)
			}
		}
	}
}

// TestSeveralMayAskFirst lets goroutines meet at an expression not yet compiled;
// the race detector watches.
func TestSeveralMayAskFirst(t *testing.T) {
	re, err := re2.Check("a+b", false)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if !re.MatchString("xaab") || re.Match([]byte("b")) {
				t.Error("a+b is found in b, or not in xaab")
			}
		})
	}
	wg.Wait()
}
