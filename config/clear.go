package config

import "regexp"

// shapes are the forms of secrets that are recognized wherever they stand.
var shapes = []struct {
	what string
	form *regexp.Regexp
}{
	{"a Slack webhook", regexp.MustCompile(`hooks\.slack(-gov)?\.com/`)},
	{"a Slack token", regexp.MustCompile(`\bxox[abeprs]-|\bxapp-`)},
	{"a Teams webhook", regexp.MustCompile(`webhook\.office\.com/|/workflows/[0-9a-f]{16,}.*[?&]sig=|[?&]sig=[A-Za-z0-9%_-]{16,}`)},
	{"an AWS secret access key", regexp.MustCompile(`^[A-Za-z0-9/+]{40}$`)},
	{"a private key", regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY`)},
	{"a URL with a password", regexp.MustCompile(`^[a-z][a-z0-9+.-]*://[^/?#\s]*:[^/?#\s]*@`)},
	{"a GitHub token", regexp.MustCompile(`\bgh[opsu]_[A-Za-z0-9]{30,}|\bgithub_pat_`)},
	{"a bearer token", regexp.MustCompile(`^(?i:bearer|basic) [A-Za-z0-9._~+/=-]{12,}$`)},
	{"a signed token", regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.`)},
}

// looksSecret says what secret a text looks like; "" for none.
func looksSecret(text string) string {
	if len(text) < 8 {
		return ""
	}
	for _, s := range shapes {
		if s.form.MatchString(text) {
			return s.what
		}
	}
	return ""
}
