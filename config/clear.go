package config

import "github.com/trailwarden/trailwarden/internal/re2"

// shapes are the forms of secrets that are recognized wherever they stand.
var shapes = []struct {
	what string
	form *re2.Lazy
}{
	{"a Slack webhook", re2.Own(`hooks\.slack(-gov)?\.com/`)},
	{"a Slack token", re2.Own(`\bxox[abeprs]-|\bxapp-`)},
	{"a Teams webhook", re2.Own(`webhook\.office\.com/|/workflows/[0-9a-f]{16,}.*[?&]sig=|[?&]sig=[A-Za-z0-9%_-]{16,}`)},
	{"an AWS secret access key", re2.Own(`^[A-Za-z0-9/+]{40}$`)},
	{"a private key", re2.Own(`-----BEGIN [A-Z ]*PRIVATE KEY`)},
	{"a URL with a password", re2.Own(`^[a-z][a-z0-9+.-]*://[^/?#\s]*:[^/?#\s]*@`)},
	{"a GitHub token", re2.Own(`\bgh[opsu]_[A-Za-z0-9]{30,}|\bgithub_pat_`)},
	{"a bearer token", re2.Own(`^(?i:bearer|basic) [A-Za-z0-9._~+/=-]{12,}$`)},
	{"a signed token", re2.Own(`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.`)},
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
