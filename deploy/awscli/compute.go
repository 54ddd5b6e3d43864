package awscli

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/trailwarden/trailwarden/deploy/plan"
)

func (g *script) role() {
	name := g.word("RoleName")
	g.do("ensure_role", name, document(g.json(g.get("AssumeRolePolicyDocument"))), g.word("Description"))
	for _, p := range maps(g.get("Policies")) {
		g.do("aws iam put-role-policy --role-name", name, "--policy-name", quoted(g.text(p.Get("PolicyName"))), "--policy-document", document(g.json(p.Get("PolicyDocument"))))
	}
	if l, ok := g.get("ManagedPolicyArns").(plan.List); ok {
		for _, arn := range l {
			g.do("aws iam attach-role-policy --role-name", name, "--policy-arn", quoted(g.text(arn)))
		}
	}
	g.undo("remove_role", name)
}

func (g *script) function() {
	name := g.word("FunctionName")
	settings := g.same("FunctionName", "Role", "Runtime", "Handler", "Description", "Timeout", "MemorySize", "Environment", "DeadLetterConfig", "LoggingConfig",
		"TracingConfig", "EphemeralStorage", "Layers")
	settings = append(settings, g.entry("KmsKeyArn", "KMSKeyArn")...)
	code, _ := g.get("Code").(plan.Map)
	definition := append(append(plan.Map{}, settings...), g.same("PackageType", "Architectures", "Code")...)
	if tags := maps(g.get("Tags")); tags != nil {
		var m plan.Map
		for _, t := range tags {
			m = append(m, plan.Entry{Key: g.text(t.Get("Key")), Value: t.Get("Value")})
		}
		definition = append(definition, plan.Entry{Key: "Tags", Value: m})
	}
	newer := append(append(g.same("FunctionName"), code...), g.same("Architectures")...)
	g.do("ensure_function", name, document(g.json(definition)), document(g.json(settings)), document(g.json(newer)))
	if v := g.get("ReservedConcurrentExecutions"); v != nil {
		g.do("aws lambda put-function-concurrency --function-name", name, "--reserved-concurrent-executions", quoted(g.text(v)), ">/dev/null")
	}
	g.undo("gone aws lambda delete-function --function-name", name)
}

// permission has an id that follows from what it says, so that a changed one is
// added and an unchanged one is left alone.
func (g *script) permission() {
	words := []string{}
	for _, o := range []struct{ property, option string }{
		{"Action", "--action"}, {"Principal", "--principal"}, {"SourceArn", "--source-arn"}, {"SourceAccount", "--source-account"}, {"PrincipalOrgID", "--principal-org-id"}} {
		if v := g.get(o.property); v != nil {
			words = append(words, o.option, quoted(g.text(v)))
		}
	}
	sum := sha256.Sum256([]byte(strings.Join(words, " ")))
	id := g.at.ID + "-" + hex.EncodeToString(sum[:4])
	g.do(append([]string{"ensure_permission", g.word("FunctionName"), id}, words...)...)
	g.undo("gone aws lambda remove-permission --function-name", g.word("FunctionName"), "--statement-id", id)
}

func (g *script) source() {
	words := []string{g.word("FunctionName"), g.word("EventSourceArn")}
	settings := g.same("BatchSize", "MaximumBatchingWindowInSeconds", "FunctionResponseTypes", "ScalingConfig", "Enabled", "FilterCriteria")
	g.do("ensure_source", words[0], words[1], document(g.json(settings)))
	g.undo("remove_source", words[0], words[1])
}

func (g *script) retries() {
	name := g.word("FunctionName")
	g.nothing("Qualifier")
	g.do("retry aws lambda put-function-event-invoke-config --function-name", name, "--cli-input-json",
		document(g.json(g.same("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig"))))
	g.undo("gone aws lambda delete-function-event-invoke-config --function-name", name)
}
