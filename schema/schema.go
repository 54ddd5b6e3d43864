// Package schema holds the published JSON Schemas, which editors use to complete
// and check rule files and trailwarden.yaml.
package schema

import _ "embed"

//go:embed rule.schema.json
var rule []byte

//go:embed trailwarden.schema.json
var configuration []byte

// Rule is the JSON Schema (draft 2020-12) of a native rule file.
func Rule() []byte { return append([]byte(nil), rule...) }

// Configuration is the JSON Schema (draft 2020-12) of trailwarden.yaml.
func Configuration() []byte { return append([]byte(nil), configuration...) }
