package yamldoc

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// Text is a string as a node to be written. One that begins with a tab stands in
// quotes: as a block, which the encoder takes for several lines, programs built
// on libyaml refuse it.
func Text(s string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	if strings.HasPrefix(s, "\t") {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}
