// Package keyword reads the regular-expression configuration that the AWS
// Security Blog published in "How to Receive Alerts When Specific APIs Are
// Called by Using AWS CloudTrail, Amazon SNS, and AWS Lambda":
//
//	{
//	  "source": "iam|signin|sts",
//	  "regexp": "Password|AccessKey|PutRolePolicy|User|Token|Login",
//	  "sns": {"region": "us-west-2", "topicARN": "arn:aws:sns:us-west-2:123456789012:alerts"}
//	}
//
// A record matches when source is found somewhere in its eventSource and regexp
// somewhere in its eventName: both searches are unanchored and case-sensitive.
// Nothing else is looked at: reads, failed calls and calls of AWS services match
// as well. A record whose eventSource or eventName is missing or no text does
// not match (the published function failed on it, and with it on the whole
// file). An expression that is left out or empty finds everything, as a
// JavaScript RegExp does; that is reported, and one of the two must be there.
//
// The published function ran on JavaScript regular expressions. Here they are
// RE2, which has no look-around and no back-references: such an expression is
// refused by name.
package keyword

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/internal/nearest"
	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// The codes of this package's diagnostics.
const (
	CodeSyntax  = "TW001" // neither YAML nor JSON
	CodeKey     = "TW003" // unknown key
	CodeMissing = "TW004" // neither source nor regexp
	CodeType    = "TW005" // a value of the wrong type
	CodeRegex   = "TW040" // regular expression RE2 cannot run
	CodeAll     = "TW041" // warning: an expression that finds everything
)

// Config is a configuration as published.
type Config struct {
	Source string // searched in eventSource
	Regexp string // searched in eventName
	SNS    SNS

	source, name *regexp.Regexp
}

// SNS says where the published function sends its notifications.
type SNS struct {
	Region    string
	TopicARN  string
	TargetARN string // an endpoint's ARN, in place of a topic's
}

// Predicate judges CloudTrail records.
func (c *Config) Predicate() detect.Node {
	return detect.All{
		found("eventSource", "source", c.source),
		found("eventName", "regexp", c.name),
	}
}

func found(field, key string, re *regexp.Regexp) detect.Node {
	path := detect.Keys(field)
	src := fmt.Sprintf("%s %q found in %s", key, re.String(), field)
	if re.String() == "" {
		return detect.Test{Path: path, Match: detect.Is(detect.Strings), Src: src}
	}
	return detect.Test{Path: path, Match: detect.Regexp{Re: re, Kinds: detect.Strings}, Src: src}
}

// Parse reads the configuration from JSON, as published, or YAML.
func Parse(text []byte) (*Config, diagnostic.List) {
	n, err := document(text)
	if err != nil {
		d := diagnostic.Diagnostic{Code: CodeSyntax, Message: err.Error()}
		if y, ok := errors.AsType[*yamldoc.Error](err); ok {
			d.Line, d.Message = y.Line, y.Message
		}
		return nil, diagnostic.List{d}
	}
	return ParseNode(n)
}

func document(text []byte) (*yamldoc.Node, error) {
	if t := strings.TrimSpace(string(text)); strings.HasPrefix(t, "{") {
		if n, err := yamldoc.ParseJSON(text); err == nil {
			return n, nil
		}
	}
	docs, err := yamldoc.Parse(text)
	if err != nil {
		return nil, err
	}
	if len(docs) != 1 {
		return nil, &yamldoc.Error{Line: 1, Message: fmt.Sprintf("want one document, found %d", len(docs))}
	}
	return docs[0], nil
}

// ParseNode reads the configuration from a node of a larger file; the
// diagnostics carry that file's lines. Unknown keys are warned of, for the
// published function ignored them.
func ParseNode(n *yamldoc.Node) (*Config, diagnostic.List) { return parse(n, diagnostic.Warning) }

// ParseMatch reads match.keyword of a native rule, in which an unknown key is an
// error.
func ParseMatch(n *yamldoc.Node) (*Config, diagnostic.List) { return parse(n, diagnostic.Error) }

func parse(n *yamldoc.Node, unknown diagnostic.Severity) (*Config, diagnostic.List) {
	r := reader{config: &Config{}, unknown: unknown}
	r.read(n)
	if r.list.Err() != nil {
		return nil, r.list
	}
	return r.config, r.list
}

type reader struct {
	config  *Config
	list    diagnostic.List
	unknown diagnostic.Severity // of an unknown key
}

func (r *reader) say(severity diagnostic.Severity, n *yamldoc.Node, code, message string) {
	r.list = append(r.list, diagnostic.Diagnostic{Code: code, Severity: severity, Line: n.Line, Column: n.Column, Message: message})
}

func (r *reader) read(n *yamldoc.Node) {
	if n.Kind != yamldoc.Map {
		r.say(diagnostic.Error, n, CodeType, fmt.Sprintf("want a mapping with source and regexp; found a %s", n.Kind))
		return
	}
	for i, k := range n.Keys {
		r.key(k, n.Values[i])
	}
	if n.Get("source") == nil && n.Get("regexp") == nil {
		r.say(diagnostic.Error, n, CodeMissing, "neither source nor regexp is given; without them every record would match")
	}
	r.config.source = r.expression(n, "source", r.config.Source)
	r.config.name = r.expression(n, "regexp", r.config.Regexp)
}

func (r *reader) key(k, v *yamldoc.Node) {
	switch k.Text {
	case "source":
		r.config.Source = r.text(k, v)
	case "regexp":
		r.config.Regexp = r.text(k, v)
	case "sns":
		r.sns(v)
	default:
		r.unknownKey(k, "the regex configuration", "source", "regexp", "sns")
	}
}

func (r *reader) unknownKey(k *yamldoc.Node, where string, known ...string) {
	message := fmt.Sprintf("unknown key %q in %s", k.Text, where)
	if near := nearest.Of(k.Text, known); near != "" {
		message += "; did you mean " + near + "?"
	}
	message += " (keys are " + strings.Join(known, ", ") + ")"
	r.say(r.unknown, k, CodeKey, message)
}

func (r *reader) text(k, v *yamldoc.Node) string {
	if v.Kind != yamldoc.String {
		r.say(diagnostic.Error, v, CodeType, fmt.Sprintf("%s: want text, a regular expression; found a %s", k.Text, v.Kind))
	}
	return v.Text
}

func (r *reader) sns(v *yamldoc.Node) {
	if v.Kind != yamldoc.Map {
		r.say(diagnostic.Error, v, CodeType, fmt.Sprintf("sns: want a mapping with region and topicARN; found a %s", v.Kind))
		return
	}
	into := map[string]*string{"region": &r.config.SNS.Region, "topicARN": &r.config.SNS.TopicARN, "targetARN": &r.config.SNS.TargetARN}
	for i, k := range v.Keys {
		if p := into[k.Text]; p != nil {
			*p = r.text(k, v.Values[i])
			continue
		}
		r.unknownKey(k, "sns", "region", "topicARN", "targetARN")
	}
}

func (r *reader) expression(n *yamldoc.Node, key, expr string) *regexp.Regexp {
	at := n
	if v := n.Get(key); v != nil {
		at = v
	}
	re, err := re2.Compile(expr, false)
	if err != nil {
		r.say(diagnostic.Error, at, CodeRegex, fmt.Sprintf("%s: %v", key, err))
		return nil
	}
	if expr == "" {
		what := map[string]string{"source": "service", "regexp": "API"}[key]
		r.say(diagnostic.Warning, at, CodeAll, fmt.Sprintf("without %s, every %s matches", key, what))
	}
	return re
}
