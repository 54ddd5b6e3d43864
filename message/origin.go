package message

import (
	"net/netip"
	"strings"
	"sync"

	"github.com/trailwarden/trailwarden/internal/re2"
)

// origin is where the call came from.
func (v *view) origin() Origin {
	return v.originOf(v.at("sourceIPAddress"), v.str(v.rec.Lookup("userAgent")), v.str(v.rec.Lookup("sessionCredentialFromConsole")) == "true")
}

func (b *Builder) originOf(ip, agent string, fromConsole bool) Origin {
	o := Origin{IP: ip, UserAgent: b.clean(agent), Client: b.clean(b.clients.of(agent, fromConsole))}
	if a, err := netip.ParseAddr(ip); err == nil && b.Addresses != nil {
		if country, city, asn, ok := b.Addresses.Address(a.Unmap().WithZone("")); ok {
			o.Country, o.City, o.ASN = b.clean(country), b.clean(city), b.clean(asn)
		}
	}
	return o
}

// tool is a client that is known by a mark in its user agent.
type tool struct {
	mark string // where its version follows
	name string
}

// tools in the order of telling: a tool names the SDK beneath it too.
var tools = []tool{
	{"Terraform/", "Terraform"}, {"HashiCorp-terraform-exec/", "Terraform by terraform-exec"}, {"terraform-provider-aws/", "Terraform AWS provider"}, {"OpenTofu/", "OpenTofu"},
	{"Pulumi/", "Pulumi"}, {"pulumi-aws/", "Pulumi"}, {"aws-cdk/", "AWS CDK"}, {"CloudFormation", "AWS CloudFormation"}, {"Ansible/", "Ansible"}, {"CloudCustodian/", "Cloud Custodian"}, {"c7n/", "Cloud Custodian"},
	{"crossplane-provider-aws/", "Crossplane"}, {"stratus-red-team", "Stratus Red Team"}, {"Pacu", "Pacu"}, {"rclone/", "rclone"}, {"S3 Browser/", "S3 Browser"}, {"Cyberduck/", "Cyberduck"}, {"Hadoop ", "Hadoop"},
	{"exec-env/CloudShell", "AWS CloudShell"}, {"AWSPowerShell", "AWS Tools for PowerShell"}, {"aws-cli/", "AWS CLI"}, {"aws-sam-cli/", "AWS SAM CLI"}, {"aws-toolkit", "AWS Toolkit"},
	{"S3Console/", "AWS console (S3)"}, {"AWSConsole", "AWS console"}, {"console.amazonaws.com", "AWS console"}, {"signin.amazonaws.com", "AWS sign-in"}, {"Coral/", "AWS service"},
	{"Boto3/", "AWS SDK for Python (Boto3)"}, {"Botocore/", "AWS SDK for Python (Botocore)"}, {"aws-sdk-go-v2/", "AWS SDK for Go v2"}, {"aws-sdk-go/", "AWS SDK for Go"},
	{"aws-sdk-java/", "AWS SDK for Java"}, {"aws-sdk-kotlin/", "AWS SDK for Kotlin"}, {"aws-sdk-swift/", "AWS SDK for Swift"}, {"aws-sdk-js/", "AWS SDK for JavaScript"}, {"aws-sdk-nodejs/", "AWS SDK for JavaScript"},
	{"aws-sdk-ruby3/", "AWS SDK for Ruby"}, {"aws-sdk-ruby/", "AWS SDK for Ruby"}, {"aws-sdk-php/", "AWS SDK for PHP"}, {"aws-sdk-dotnet", "AWS SDK for .NET"}, {"aws-sdk-rust/", "AWS SDK for Rust"}, {"aws-sdk-cpp/", "AWS SDK for C++"},
	{"Mozilla/", "browser"}, {"curl/", "curl"}, {"python-requests/", "Python requests"}, {"Go-http-client/", "Go program"},
}

var version = re2.Own(`^[0-9]+(\.[0-9]+){0,3}`)

// client reduces a user agent to the program that it claims to be. Any caller
// can claim anything.
func client(agent string, fromConsole bool) string {
	if len(agent) > 2048 {
		agent = agent[:2048]
	}
	for _, t := range tools {
		_, rest, ok := strings.Cut(agent, t.mark)
		if !ok {
			continue
		}
		if n := version.FindString(rest); n != "" && t.name != "browser" && !strings.HasPrefix(t.name, "AWS console") {
			return t.name + " " + n
		}
		return t.name
	}
	switch {
	case fromConsole:
		return "AWS console"
	case strings.HasPrefix(agent, "AWS Internal"):
		return "AWS itself"
	case strings.HasSuffix(agent, ".amazonaws.com") && !strings.ContainsAny(agent, " /"):
		return "AWS service " + agent
	}
	return ""
}

// clients remembers what user agents claim to be: most records have one of a few.
type clients struct {
	mu    sync.Mutex
	known map[string]string // by agent
}

// Bounds of what is remembered: any caller can claim anything.
const (
	mostAgents   = 1024
	longestAgent = 512 // bytes
)

// of is the function client.
func (c *clients) of(agent string, fromConsole bool) string {
	if fromConsole || len(agent) > longestAgent {
		return client(agent, fromConsole)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	is, ok := c.known[agent]
	if !ok {
		if len(c.known) >= mostAgents || c.known == nil {
			c.known = map[string]string{}
		}
		is = client(agent, false)
		c.known[strings.Clone(agent)] = is // which is part of a record
	}
	return is
}
