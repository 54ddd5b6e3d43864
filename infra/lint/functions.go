package lint

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/infra/value"
	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/rule/diagnostic"
)

// retired are the runtimes that Lambda no longer updates (Lambda Developer Guide,
// "Lambda runtimes", deprecated up to November 2026).
const retired = " nodejs nodejs4.3 nodejs4.3-edge nodejs6.10 nodejs8.10 nodejs10.x nodejs12.x nodejs14.x nodejs16.x nodejs18.x nodejs20.x" +
	" python2.7 python3.6 python3.7 python3.8 python3.9 python3.10 ruby2.5 ruby2.7 ruby3.2 java8 go1.x provided" +
	" dotnetcore1.0 dotnetcore2.0 dotnetcore2.1 dotnetcore3.1 dotnet5.0 dotnet6 dotnet7 dotnet8 "

// Retired tells whether Lambda no longer updates a runtime.
func Retired(runtime string) bool {
	return runtime != "" && strings.Contains(retired, " "+runtime+" ")
}

// SecretInClear tells whether a variable seems to hold a secret, and not only the
// name of one.
func SecretInClear(name, text string) bool {
	named := secretName.MatchString(name) && !secretNot.MatchString(name) && text != "" && !reference.MatchString(text)
	return named || slackHook.MatchString(text) || accessKeyID.MatchString(text)
}

// shortTimeout is the most seconds that are too few for a large log file.
const shortTimeout = 10

// function judges a Lambda function.
func (l *linter) function(r *resource, typ string) {
	if v := r.get("Runtime"); v != nil && Retired(v.String()) {
		l.add("S0.D6-retired-runtime", diagnostic.Warning, r.place(v), fmt.Sprintf("runtime %s is retired", v.String()),
			"It gets no security updates, and functions can no longer be created with it.", "provided.al2023, or a current release of the language")
	}
	l.timeout(r)
	for i, k := range firstOf(r.get("Environment").Get("Variables"), &value.Value{}).Keys {
		l.secret(r.place(r.get("Environment").Get("Variables").Items[i]), k.Name, r.get("Environment").Get("Variables").Items[i])
	}
	if typ == "AWS::Serverless::Function" {
		l.samEvents(r)
	}
}

// timeout is about functions that read log files, as far as that can be told.
func (l *linter) timeout(r *resource) {
	v := r.get("Timeout")
	n, err := strconv.Atoi(v.String())
	if v != nil && (err != nil || n > shortTimeout) || !strings.Contains(strings.ToLower(string(encode(r.body))), "trail") {
		return
	}
	if v == nil && r.get("FunctionName") == nil && r.get("Handler") == nil && r.get("Runtime") == nil {
		return
	}
	given := "no timeout is given: it is 3 seconds"
	if v != nil {
		given = fmt.Sprintf("a timeout of %d seconds", n)
	}
	l.add("S0.D6-short-timeout", diagnostic.Warning, r.place(v), given, "A busy account's log file takes longer; the file is tried twice more, and lost.", "300")
}

var (
	secretName = re2.Own(`(?i)pass(word|wd|phrase)|secret|token|api_?key|webhook|credential`)
	secretNot  = re2.Own(`(?i)_(arn|name|id|path|parameter|param|ref|version|key_?name|user)$|secret_?(arn|name|id)`)
	reference  = re2.Own(`(?i)^(arn:|env:|file:|ssm:|secretsmanager:|\{\{resolve:|/|\$|<|true$|false$|[0-9]{1,6}$)`)
	slackHook  = re2.Own(`https://hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9]+/[A-Za-z0-9/]+`)
	// accessKeyID leaves out the keys of AWS's documentation, which end in EXAMPLE.
	accessKeyID = re2.Own(`\b(?:AKIA|ASIA)[A-Z2-7]{9}(?:[^\WE][A-Z2-7]{6}|E[^\WX][A-Z2-7]{5}|EX[^\WA][A-Z2-7]{4}|EXA[^\WM][A-Z2-7]{3}|EXAM[^\WP][A-Z2-7]{2}|EXAMP[^\WL][A-Z2-7]|EXAMPL[^\WE])\b`)
)

// secret judges a variable of a function's environment.
func (l *linter) secret(p place, name string, v *value.Value) {
	if !v.Known() || !SecretInClear(name, v.String()) {
		return
	}
	l.add("S0.D5-secret-in-plain-text", diagnostic.Error, p, fmt.Sprintf("the variable %s holds a secret", name),
		"Everybody who may read the function, the template or its history has it.", "the ARN of a secret in Secrets Manager, which the function reads")
}

// samEvents judges the events of a SAM function.
func (l *linter) samEvents(r *resource) {
	events := firstOf(r.get("Events"), &value.Value{})
	for i, k := range events.Keys {
		e := events.Items[i]
		p := firstOf(e.Get("Properties"), &value.Value{Kind: value.Map})
		sub := &resource{kind: eventRule, file: r.file, address: r.name + "." + k.Name + " (" + e.Get("Type").String() + ")", name: r.name + k.Name, body: p}
		switch e.Get("Type").String() {
		case "S3":
			r.async = true
			if p.Get("Filter") == nil {
				l.unfiltered(sub, &value.Value{Line: k.Line, Column: k.Column})
			}
		case "EventBridgeRule", "CloudWatchEvent":
			r.async = true
			if doc := p.Get("Pattern"); doc != nil {
				l.resources = append(l.resources, sub)
				l.pattern(sub, doc, firstOf(p.Get("State"), &value.Value{}).String())
			}
		case "SNS":
			r.async = true
		}
	}
}

// lost says of functions that are started without anybody waiting for them, and
// whose failures go nowhere.
func (l *linter) lost() {
	for _, r := range l.resources {
		if r.kind != function || r.script && r.get("FunctionName") == nil || !r.async && !l.started(r) {
			continue
		}
		if firstOf(r.get("DeadLetterConfig"), r.get("DeadLetterQueue"), r.get("EventInvokeConfig").Get("DestinationConfig")) != nil || l.destination(r) {
			continue
		}
		l.add("S0.D9-failures-lost", diagnostic.Warning, r.place(nil), "what the function fails on three times goes nowhere",
			"Amazon S3, SNS and EventBridge do not wait for the function: its log file, or the alert, is lost.", "an on-failure destination or a dead-letter queue")
	}
}

// started tells whether a bucket or a rule of these files starts the function, or
// may: it is permitted to those who do not wait for it.
func (l *linter) started(f *resource) bool {
	for _, r := range l.resources {
		if r.kind == permission && waitsNot(r.get("Principal")) && l.names(r.get("FunctionName"), f) {
			return true
		}
		for _, v := range r.functions {
			if l.names(v, f) {
				return true
			}
		}
		for _, t := range r.targets { // a rule's own, or a target that is a resource of its own
			if l.names(t.Get("Arn"), f) {
				return true
			}
		}
	}
	return false
}

// waitsNot tells whether a service starts functions without waiting for them.
func waitsNot(principal *value.Value) bool {
	switch principal.String() {
	case "s3.amazonaws.com", "sns.amazonaws.com", "events.amazonaws.com":
		return true
	}
	return false
}

// destination tells whether a configuration of its own catches the function's
// failures.
func (l *linter) destination(f *resource) bool {
	for _, r := range l.resources {
		if r.kind == invokeConfig && l.names(r.get("FunctionName"), f) && r.get("DestinationConfig").Get("OnFailure") != nil {
			return true
		}
	}
	return false
}

// names tells whether a value names the function: by reference, name or ARN.
func (l *linter) names(v *value.Value, f *resource) bool {
	if v == nil {
		return false
	}
	if f.name != "" && slices.Equal(v.Refs, []string{f.name}) {
		return true
	}
	name := f.get("FunctionName")
	return name.Known() && v.Known() && (v.Text == name.Text || strings.HasSuffix(v.Text, ":function:"+name.Text))
}
