package eventbridge

import "github.com/trailwarden/trailwarden/rule/diagnostic"

// Lint is to come.
func (p *Pattern) Lint(cat diagnostic.Catalogue) diagnostic.List { return nil }
