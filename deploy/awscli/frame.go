package awscli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trailwarden/trailwarden/deploy/plan"
)

// head is the beginning of the script: what it is, and its variables in one
// place.
func head(p *plan.Plan) string {
	var b strings.Builder
	fmt.Fprintf(&b, `#!/usr/bin/env bash
# %s
# Made by trailwarden deploy render; change the configuration rather than this file.
#
#   bash %s create [STACK…]   makes what is missing and changes what is different
#   bash %s remove [STACK…]   takes it away again, in the reverse order
#
# Stacks, in their order:
`, p.Title, Name, Name)
	for _, s := range p.Stacks {
		fmt.Fprintf(&b, "#   %s: %s\n", s.Name, s.Purpose)
	}
	b.WriteString("set -euo pipefail\n\n# Variables; the environment wins over what stands here.\n")
	set(&b, "HOME_REGION", p.Home, "Region of what stands once.")
	if slices.ContainsFunc(p.Stacks, func(s *plan.Stack) bool { return s.Reach == plan.Every }) {
		set(&b, "REGIONS", strings.Join(p.Regions, " "), "Regions of what stands in every region.")
	}
	set(&b, "CENTRAL_PROFILE", "", "Profile of the AWS CLI for the account that the watch runs in; empty for the credentials of the environment.")
	switch {
	case members(p):
		set(&b, "MANAGEMENT_PROFILE", "", "Profile for the organization's management account.")
		set(&b, "MEMBER_ROLE", "OrganizationAccountAccessRole", "Role that the management account assumes in the others.")
	case slices.ContainsFunc(p.Stacks, func(s *plan.Stack) bool { return s.Account == plan.Management }):
		set(&b, "MANAGEMENT_PROFILE", "", "Profile for the organization's management account.")
		b.WriteString("MEMBER_ROLE=\n")
	default:
		b.WriteString("MANAGEMENT_PROFILE=\nMEMBER_ROLE=\n")
	}
	set(&b, "TRAILWARDEN", "trailwarden", "The program, which merges notifications.")
	set(&b, "PURGE", "no", "yes makes remove take away tables, keys and log groups, too; buckets go only when they are empty.")
	set(&b, "RETRY_SECONDS", "3", "Seconds of the first wait for new roles.")
	parameters(&b, p)
	b.WriteString("export AWS_PAGER=\"\"\n\n")
	return b.String()
}

func set(b *strings.Builder, name, value, what string) {
	fmt.Fprintf(b, "%s=${%s:-%s} # %s\n", name, name, strings.Trim(quoted(value), "'"), what)
}

func parameters(b *strings.Builder, p *plan.Plan) {
	seen := map[string]bool{"HOME_REGION": true} // there is one region that is home
	for _, s := range p.Stacks {
		for _, q := range s.Parameters {
			if name := parameterVariable(p, s, q); !seen[name] {
				seen[name] = true
				what := q.Description
				if q.Required {
					what = "Needed. " + what
				}
				fmt.Fprintf(b, "%s=${%s:-%s} # %s\n", name, name, fallback(q.Default), what)
			}
		}
	}
}

// fallback is a default within braces.
func fallback(s string) string {
	if s == "" || strings.Trim(s, plainLetters) == "" {
		return s
	}
	return `"` + strings.ReplaceAll(escaped(s), `"`, `\"`) + `"`
}

func members(p *plan.Plan) bool {
	return slices.ContainsFunc(p.Stacks, func(s *plan.Stack) bool { return s.Account == plan.Members })
}

// ending is what the two verbs do.
func ending(p *plan.Plan) string {
	var b strings.Builder
	b.WriteString("# create STACK and remove STACK: in all its accounts and regions.\ncreate() {\n  case $1 in\n")
	for _, s := range p.Stacks {
		fmt.Fprintf(&b, "    %s)\n%s      ;;\n", s.Name, needed(p, s)+places(s, function("make", s)))
	}
	b.WriteString("    *) usage ;;\n  esac\n}\n\nremove() {\n  case $1 in\n")
	for _, s := range p.Stacks {
		fmt.Fprintf(&b, "    %s)\n%s      ;;\n", s.Name, needed(p, s)+places(s, function("drop", s)))
	}
	b.WriteString("    *) usage ;;\n  esac\n}\n\n")
	var names, reversed []string
	for _, s := range p.Stacks {
		names = append(names, s.Name)
	}
	for _, n := range slices.Backward(names) {
		reversed = append(reversed, n)
	}
	fmt.Fprintf(&b, `usage() {
  say "usage: $0 create|remove [STACK…], with STACK one of: %s"
  exit 2
}

verb=${1:-}
[ $# -eq 0 ] || shift
case $verb in
  create) [ $# -gt 0 ] || set -- %s ;;
  remove) [ $# -gt 0 ] || set -- %s ;;
  *) usage ;;
esac
for stack in "$@"; do
  say "== $verb $stack"
  "$verb" "$stack"
done
`, strings.Join(names, " "), strings.Join(names, " "), strings.Join(reversed, " "))
	return b.String()
}

// needed checks that parameters without default have a value, and that those with
// a list of values have one of it.
func needed(p *plan.Plan, s *plan.Stack) string {
	var b strings.Builder
	for _, q := range s.Parameters {
		name := parameterVariable(p, s, q)
		if q.Required {
			fmt.Fprintf(&b, "      : \"${%s:?set it: %s}\"\n", name, strings.Map(harmless, q.Description))
		}
		if len(q.Values) > 0 {
			fmt.Fprintf(&b, "      case $%s in %s) ;; *) say \"%s is $%s: want one of %s\" && exit 2 ;; esac\n", name, strings.Join(q.Values, " | "), name, name, strings.Join(q.Values, ", "))
		}
	}
	return b.String()
}

// harmless keeps a description from being expanded.
func harmless(r rune) rune {
	if strings.ContainsRune("`$\"\\{}'", r) {
		return ' '
	}
	return r
}

// places calls a function in each place of a stack.
func places(s *plan.Stack, function string) string {
	account, before, after := string(s.Account), "", ""
	if s.Account == plan.Members {
		before, after = "      for account in $(at management \"$HOME_REGION\" members); do\n", "      done\n"
		account = `"$account"`
	}
	if s.Reach == plan.Every {
		return before + "      for region in $REGIONS; do\n        at " + account + " \"$region\" " + function + "\n      done\n" + after
	}
	return before + "      at " + account + ` "$HOME_REGION" ` + function + "\n" + after
}

// words say how stacks are made and taken away with the script.
type words struct{ plan *plan.Plan }

// Make implements plan.Words.
func (w words) Make(s *plan.Stack) []string { return []string{"bash " + Name + " create " + s.Name} }

// Remove implements plan.Words.
func (w words) Remove(s *plan.Stack) []string { return []string{"bash " + Name + " remove " + s.Name} }
