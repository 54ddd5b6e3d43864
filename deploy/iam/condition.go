package iam

import (
	"slices"
	"strings"
)

// operatorOf is how an operator compares a value of the policy with one of the
// request, and whether it asks for the opposite (IAM User Guide, Condition
// operators).
func operatorOf(name string) (same func(policy, request string) bool, negated, ok bool) {
	switch strings.TrimSuffix(name, "IfExists") {
	case "StringEquals":
		return func(p, r string) bool { return p == r }, false, true
	case "StringNotEquals":
		return func(p, r string) bool { return p == r }, true, true
	case "StringLike":
		return Like, false, true
	case "StringNotLike":
		return Like, true, true
	case "ArnLike", "ArnEquals":
		return ARNLike, false, true
	case "ArnNotLike", "ArnNotEquals":
		return ARNLike, true, true
	case "Bool":
		return strings.EqualFold, false, true
	case "Null":
		return nil, false, name == "Null"
	}
	return nil, false, false
}

// condition tells whether one key holds. A key that the request lacks fails what
// asks for a value, and passes what asks for the opposite or says IfExists.
func condition(operator string, values []string, context map[string]string, key string) bool {
	got, there := context[key]
	if operator == "Null" {
		return slices.Contains(values, "true") != there
	}
	same, negated, ok := operatorOf(operator)
	switch {
	case !ok:
		return false
	case !there:
		return negated || strings.HasSuffix(operator, "IfExists")
	}
	return slices.ContainsFunc(values, func(v string) bool { return same(v, got) }) != negated
}

// Like tells whether a text matches a pattern in which * stands for any
// characters and ? for one.
func Like(pattern, text string) bool {
	p, t := []rune(pattern), []rune(text)
	star, mark, i := -1, 0, 0
	for j := 0; j < len(t); {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == t[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}

// ARNLike is Like for each of the six parts of an ARN: no wildcard reaches over a
// colon, except in the last part.
func ARNLike(pattern, arn string) bool {
	p, a := strings.SplitN(pattern, ":", 6), strings.SplitN(arn, ":", 6)
	if len(p) != 6 || len(a) != 6 {
		return false
	}
	for i := range p {
		if !Like(p[i], a[i]) {
			return false
		}
	}
	return true
}
