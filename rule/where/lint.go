package where

import (
	"fmt"

	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// Lint warns of fields, services and APIs that CloudTrail does not have.
func (c *Condition) Lint(cat diagnostic.Catalogue) diagnostic.List {
	var list diagnostic.List
	for _, u := range c.uses {
		list = append(list, u.lint(cat)...)
	}
	return list
}

func (u use) lint(cat diagnostic.Catalogue) diagnostic.List {
	if known, _, near := cat.Field(u.path); !known {
		return diagnostic.List{u.warning(CodeField, near,
			fmt.Sprintf("CloudTrail records have no field %s", u.path),
			"a test on a field that is never there never holds")}
	}
	var list diagnostic.List
	for _, v := range u.equals {
		known, near, what := true, "", ""
		switch u.path {
		case "eventSource":
			what = "service"
			known, near = cat.Source(v)
		case "eventName":
			what = "API"
			known, near = cat.API("", v)
		}
		if !known && !u.fold {
			list = append(list, u.warning(CodeNoSuchName, near,
				fmt.Sprintf("no AWS %s is named %q in %s", what, v, u.path),
				"a rule on a name that is never recorded never matches"))
		}
	}
	return list
}

func (u use) warning(code, fix, message, why string) diagnostic.Diagnostic {
	if fix != "" {
		message += "; did you mean " + fix + "?"
	}
	return diagnostic.Diagnostic{Code: code, Severity: diagnostic.Warning, Line: u.line, Column: u.column, Message: message, Why: why, Fix: fix}
}
