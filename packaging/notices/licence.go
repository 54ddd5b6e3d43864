package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// licence is a licence text apart from its owners.
type licence struct {
	name   string // SPDX identifier
	owners []string
	body   string
}

var ownerLine = regexp.MustCompile(`(?i)^\s*[*#/]*\s*(?:all )?copyright (?:\(c\)|©|[0-9]{4}|the |[A-Z].*[0-9]{4})`)

// licenceOf takes a text apart.
func licenceOf(text string) licence {
	l := licence{}
	var body []string
	for _, line := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		if ownerLine.MatchString(line) && !strings.Contains(line, "[yyyy]") && !strings.Contains(line, "{yyyy}") {
			l.owners = append(l.owners, strings.TrimSpace(line))
			continue
		}
		body = append(body, strings.TrimRight(line, " \t"))
	}
	l.body = strings.Trim(strings.Join(body, "\n"), "\n")
	l.name = spdx(text)
	return l
}

// spdx names a licence by words that only it has.
func spdx(text string) string {
	flat := flatten(text)
	has := func(s string) bool { return strings.Contains(flat, s) }
	switch {
	case has("apache license version 2.0"), has("apache license, version 2.0"):
		return "Apache-2.0"
	case has("mozilla public license version 2.0"), has("mozilla public license, version 2.0"):
		return "MPL-2.0"
	case has("permission is hereby granted, free of charge"):
		return "MIT"
	case has("permission to use, copy, modify, and/or distribute"), has("permission to use, copy, modify, and distribute this software for any purpose"):
		return "ISC"
	case has("redistribution and use in source and binary forms") && (has("neither the name") || has("names of its contributors") || has("may be used to endorse")):
		return "BSD-3-Clause"
	case has("redistribution and use in source and binary forms"):
		return "BSD-2-Clause"
	case has("this is free and unencumbered software"):
		return "Unlicense"
	case has("creative commons") && has("cc0"):
		return "CC0-1.0"
	case has("public domain"):
		return "public domain"
	}
	return "see below"
}

// flatten makes texts comparable that differ in their line breaks only.
func flatten(s string) string { return strings.Join(strings.Fields(strings.ToLower(s)), " ") }

// table lists the modules.
func table(all []module) string {
	var b strings.Builder
	b.WriteString("## Modules\n\n| module | licence |\n|---|---|\n")
	for _, m := range all {
		var names []string
		for _, l := range m.licences {
			names = append(names, l.name)
		}
		slices.Sort(names)
		fmt.Fprintf(&b, "| `%s` | %s |\n", m.Path, strings.Join(slices.Compact(names), ", "))
	}
	return b.String()
}

// fence is longer than any in a licence.
const fence = "`````"

// group is a text and the modules that are under it.
type group struct {
	name, body string
	owners     []string // module: owner
}

// texts prints every licence once, with the modules and owners.
func texts(all []module) string {
	var groups []*group
	byBody := map[string]*group{}
	for _, m := range all {
		for _, l := range m.licences {
			key := flatten(l.body)
			if l.name == "Apache-2.0" {
				key = l.name // the one in LICENSE
			}
			g := byBody[key]
			if g == nil {
				g = &group{name: l.name, body: l.body}
				byBody[key], groups = g, append(groups, g)
			}
			g.add(m, l)
		}
	}
	slices.SortStableFunc(groups, func(a, b *group) int { return strings.Compare(a.name, b.name) })
	var b strings.Builder
	for _, g := range groups {
		b.WriteString(g.String())
	}
	return b.String() + noticesOf(all)
}

func (g *group) add(m module, l licence) {
	line := "- `" + m.Path + "`"
	if len(l.owners) > 0 {
		line += ": " + strings.Join(l.owners, "; ")
	}
	g.owners = append(g.owners, line)
}

func (g *group) String() string {
	head := fmt.Sprintf("\n## %s\n\n%s\n\n", g.name, strings.Join(g.owners, "\n"))
	if g.name == "Apache-2.0" {
		return head + "The text is that of [LICENSE](LICENSE).\n"
	}
	return head + fence + "text\n" + g.body + "\n" + fence + "\n"
}

// noticesOf are the NOTICE files, which the Apache License asks to pass on.
func noticesOf(all []module) string {
	var b strings.Builder
	under := map[string][]string{}
	var order []string
	for _, m := range all {
		for _, n := range m.notices {
			if under[n] == nil {
				order = append(order, n)
			}
			under[n] = append(under[n], "`"+m.Path+"`")
		}
	}
	b.WriteString("\n## Notices\n")
	for _, n := range order {
		fmt.Fprintf(&b, "\nOf %s:\n\n%[3]stext\n%[2]s\n%[3]s\n", strings.Join(under[n], ", "), n, fence)
	}
	return b.String()
}
