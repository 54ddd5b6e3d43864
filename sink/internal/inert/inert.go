// Package inert looks at what sinks render, in their tests, for anything that
// a receiver's program would act upon.
package inert

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/internal/visible"
)

var (
	followed = regexp.MustCompile(`(?i)(https?://|\bwww\.)[^\s]*evil|(^|[^@\pL\pN._-])(www\.)?evil\.example\b|\b(javascript|mailto|vbscript):\S`)
	tag      = regexp.MustCompile(`<[^>]*>?`)
	tagName  = regexp.MustCompile(`^</?([a-zA-Z0-9!]+)`)
	handler  = regexp.MustCompile(`(?i)\son[a-z]+\s*=`)
	href     = regexp.MustCompile(`href="([^"]*)"`)
)

// Text finds what is active in plain text of several lines. Mail addresses may
// stay: they are what people are called.
func Text(s string) []string {
	var bad []string
	if !utf8.ValidString(s) {
		bad = append(bad, "invalid UTF-8")
	}
	for i, r := range s {
		if r != '\n' && r != '\t' && r != utf8.RuneError && visible.Hidden(r) {
			bad = append(bad, fmt.Sprintf("%U at %d", r, i))
			break
		}
	}
	if m := followed.FindString(s); m != "" {
		bad = append(bad, fmt.Sprintf("%q", m))
	}
	return bad
}

// HTML finds what is active in a document of ours: elements and attributes that
// its template does not have, and links to other places than those of hosts.
func HTML(s string, hosts ...string) []string {
	var bad []string
	for _, t := range tag.FindAllString(s, -1) {
		name := tagName.FindStringSubmatch(t)
		if name == nil || !strings.Contains(elements, " "+strings.ToLower(name[1])+" ") {
			bad = append(bad, "element "+t)
			continue
		}
		if handler.MatchString(t) || strings.Contains(t, "src=") || strings.Contains(t, "url(") {
			bad = append(bad, "attribute of "+t)
		}
	}
	for _, h := range href.FindAllStringSubmatch(s, -1) {
		if !oneOf(h[1], hosts) {
			bad = append(bad, "link to "+h[1])
		}
	}
	return append(bad, Text(strings.ReplaceAll(s, "\u00a0", " "))...)
}

const elements = " !doctype html head meta title style body div h1 h2 p table tr td th thead tbody ol li pre a span br "

func oneOf(link string, hosts []string) bool {
	for _, h := range hosts {
		if strings.HasPrefix(link, "https://"+h+"/") {
			return true
		}
	}
	return false
}
