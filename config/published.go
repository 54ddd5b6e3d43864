package config

import (
	"path/filepath"
	"reflect"

	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/keyword"
)

// PublishedSink is the name of the sink that a published configuration object
// stands for.
const PublishedSink = "sns"

// published tells whether a document is the configuration object of the AWS
// Security Blog's walk-through: source and regexp at the top, nothing of ours.
func published(n *yamldoc.Node) bool {
	if n.Kind != yamldoc.Map || n.Get("source") == nil && n.Get("regexp") == nil {
		return false
	}
	ours := fields(reflect.TypeFor[Config]())
	for _, k := range n.Keys {
		if _, ok := lookup(ours, k.Text); ok {
			return false
		}
	}
	return true
}

// publish reads a published configuration object: its file is the rule, its
// topic the sink, and all alerts go there in the published form.
func (c *Config) publish(r *reader, n *yamldoc.Node) {
	c.root, c.Published = n, true
	prefill(reflect.ValueOf(c).Elem())
	k, list := keyword.ParseNode(n)
	for _, d := range list {
		d.File = r.file
		r.list = append(r.list, d)
	}
	if k == nil {
		return
	}
	c.Rules = []string{filepath.Clean(c.File)}
	c.RuleSettings.Paths = c.Rules
	if k.SNS == (keyword.SNS{}) {
		return // rules alone; Check says that nobody is told
	}
	s := Sink{Name: PublishedSink, SNS: &SNS{}}
	prefill(reflect.ValueOf(&s).Elem())
	prefill(reflect.ValueOf(s.SNS).Elem())
	s.SNS.Topic, s.SNS.Target, s.SNS.Region, s.SNS.Style = k.SNS.TopicARN, k.SNS.TargetARN, k.SNS.Region, "lines"
	if s.SNS.Target != "" {
		s.SNS.Topic = ""
	}
	c.Sinks = []Sink{s}
}
