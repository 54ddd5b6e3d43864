package re2_test

import (
	"strings"
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
	f.Add(`a{1000}(b|c)*[\d-x]`)
	f.Fuzz(func(t *testing.T, expr string) {
		if re, err := re2.Compile(expr, true); err == nil {
			re.MatchString("AKIAEXAMPLE")
		}
	})
}
