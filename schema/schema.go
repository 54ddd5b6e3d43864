// Package schema holds the published JSON Schema of native rules, which editors
// use to complete and check rule files.
package schema

import _ "embed"

//go:embed rule.schema.json
var rule []byte

// Rule is the JSON Schema (draft 2020-12) of a native rule file.
func Rule() []byte { return append([]byte(nil), rule...) }
