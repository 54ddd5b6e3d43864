package config

import (
	"math"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/internal/yamldoc"
	"github.com/trailwarden/trailwarden/severity"
)

var (
	arnForm     = re2.Own(`^arn:aws[a-z-]*:([a-z0-9-]+):([a-z0-9-]*):([0-9]{12}|):.+$`)
	accountForm = re2.Own(`^[0-9]{12}$`)
	bucketForm  = re2.Own(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
)

// arn holds a text to an ARN of a service and gives its region.
func (ch *checker) arn(n *yamldoc.Node, at, text, service string) (region string) {
	m := arnForm.FindStringSubmatch(text)
	if m == nil || m[1] != service {
		ch.fail(n, CodeValue, "%s: %s is no ARN of %s; want such as arn:aws:%s:eu-west-1:111122223333:name", at, quoted(text), service, service)
		return ""
	}
	return m[2]
}

// client checks the block that says how AWS is spoken with.
func (ch *checker) client(at string, c Client, keys ...any) {
	if c.Role != "" {
		ch.arn(ch.at(append(keys, "role")...), at+".role", c.Role, "iam")
	}
	if c.Region != "" {
		ch.region(ch.at(append(keys, "region")...), at+".region", c.Region)
	}
	if c.External != "" && c.Role == "" {
		ch.fail(ch.at(append(keys, "external_id")...), CodeSense, "%s.external_id: it is for role, and there is none", at)
	}
	if c.Endpoint != "" {
		ch.url(ch.at(append(keys, "endpoint")...), at+".endpoint", c.Endpoint)
	}
}

// url holds a text to an HTTP URL.
func (ch *checker) url(n *yamldoc.Node, at, text string) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		ch.fail(n, CodeValue, "%s: %s is no URL; want such as https://example.com", at, quoted(text))
		return
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		ch.warn(n, CodeSense, "%s: %s is not encrypted; use https", at, quoted(text))
	}
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func (ch *checker) address(n *yamldoc.Node, at, text string) (host string) {
	host, port, err := net.SplitHostPort(text)
	number, notNumber := strconv.Atoi(port) // names of services are numbers to the system
	if err != nil || port == "" || notNumber == nil && (number < 0 || number > 65535) {
		ch.fail(n, CodeValue, "%s: %s is no address; want host:port, such as 127.0.0.1:8181", at, quoted(text))
	}
	return host
}

func (ch *checker) accounts(at string, list []string, keys ...any) {
	for i, a := range list {
		if !accountForm.MatchString(a) {
			ch.fail(ch.at(append(keys, i)...), CodeValue, "%s: %s is no account id; want 12 digits, in quotes when they begin with 0", at, quoted(a))
		}
	}
}

func (ch *checker) sources() {
	for _, s := range ch.Sources {
		at := "sources." + s.Name
		switch {
		case s.S3 != nil:
			ch.bucketSource(at, s)
		case s.SQS != nil:
			ch.url(ch.at("sources", s.Name, "sqs", "queue"), at+".sqs.queue", s.SQS.Queue)
			ch.client(at+".sqs", s.SQS.Client, "sources", s.Name, "sqs")
		case s.HTTP != nil:
			ch.endpoint(at, s)
			ch.client(at+".http", s.HTTP.Client, "sources", s.Name, "http")
		case s.Logs != nil:
			ch.client(at+".logs", s.Logs.Client, "sources", s.Name, "logs")
		case s.Lookup != nil:
			ch.history(s)
			ch.client(at+".lookup", s.Lookup.Client, "sources", s.Name, "lookup")
			for i, r := range s.Lookup.Regions {
				ch.region(ch.at("sources", s.Name, "lookup", "regions", i), at+".lookup.regions", r)
			}
		}
	}
	ch.together()
}

func (ch *checker) bucketSource(at string, s Source) {
	if !bucketForm.MatchString(s.S3.Bucket) {
		ch.fail(ch.at("sources", s.Name, "s3", "bucket"), CodeValue, "%s.s3.bucket: %s is no name of a bucket; want the name alone, without s3://", at, quoted(s.S3.Bucket))
	}
	ch.accounts(at+".s3.accounts", s.S3.Accounts, "sources", s.Name, "s3", "accounts")
	for i, r := range s.S3.Regions {
		ch.region(ch.at("sources", s.Name, "s3", "regions", i), at+".s3.regions", r)
	}
	ch.span(s)
	ch.client(at+".s3", s.S3.Client, "sources", s.Name, "s3")
}

func (ch *checker) endpoint(at string, s Source) {
	h := s.HTTP
	host := ch.address(ch.at("sources", s.Name, "http", "listen"), at+".http.listen", h.Listen)
	for i, t := range h.Topics {
		ch.arn(ch.at("sources", s.Name, "http", "sns_topics", i), at+".http.sns_topics", t, "sns")
	}
	n := ch.at("sources", s.Name, "http")
	if len(h.Topics) == 0 && h.APIKey.IsZero() {
		ch.fail(n, CodeMissing, "%s.http: nothing may send to it; name sns_topics, or an eventbridge_api_key", at)
	}
	if (h.Certificate == "") != (h.Key == "") {
		ch.fail(n, CodeSense, "%s.http: tls_certificate and tls_key belong together", at)
	}
	if h.Certificate == "" && !loopback(host) && !h.APIKey.IsZero() {
		ch.warn(n, CodeSense, "%s.http: the API key crosses the network in clear; give tls_certificate and tls_key, or listen on 127.0.0.1 behind a proxy", at)
	}
	if !urlPath.MatchString(h.Path) || path.Clean(h.Path) != strings.TrimSuffix(h.Path, "/") && h.Path != "/" {
		ch.fail(ch.at("sources", s.Name, "http", "url_path"), CodeValue, "%s.http.url_path: %s is no path of an endpoint; want one such as /trail, of letters, digits and . _ ~ -", at, quoted(h.Path))
	}
}

var urlPath = re2.Own(`^/[A-Za-z0-9._~/-]*$`)

// together checks endpoints that share an address.
func (ch *checker) together() {
	for i, b := range ch.Sources {
		if b.HTTP == nil || !b.Enabled {
			continue
		}
		for _, a := range ch.Sources[:i] {
			if a.HTTP == nil || !a.Enabled || a.HTTP.Listen != b.HTTP.Listen {
				continue
			}
			n := ch.at("sources", b.Name, "http")
			switch {
			case a.HTTP.Path == b.HTTP.Path:
				ch.fail(n, CodeSense, "sources.%s.http: it has the address and the path of %s; give it a url_path of its own", b.Name, a.Name)
			case a.HTTP.Certificate != b.HTTP.Certificate || a.HTTP.Key != b.HTTP.Key:
				ch.fail(n, CodeSense, "sources.%s.http: it listens on %s as %s does, with another certificate; give both the same, or it an address of its own", b.Name, b.HTTP.Listen, a.Name)
			}
		}
	}
}

func (ch *checker) sinks() {
	for i := range ch.Sinks {
		s := &ch.Sinks[i]
		kind := s.Kind()
		if kind == "" || ch.Published {
			continue
		}
		t := sinkCheck{ch, s, "sinks." + s.Name + "." + kind, []any{"sinks", s.Name, kind}}
		t.check()
		if n := s.Quota.perMinute(); n != math.Round(n) || n < 1 {
			ch.warn(ch.at("sinks", s.Name, "quota"), CodeSense, "sinks.%s.quota: quotas are kept by the minute: this one becomes %d/m", s.Name, s.Quota.PerMinute())
		}
		if s.Template != "" {
			if !slices.ContainsFunc(ch.Messages.Templates, func(t Template) bool { return t.Name == s.Template }) {
				ch.fail(ch.at("sinks", s.Name, "template"), CodeReference, "sinks.%s.template: messages.templates has no %s", s.Name, quoted(s.Template))
			}
		}
	}
}

// sinkCheck checks one sink's block.
type sinkCheck struct {
	*checker
	sink *Sink
	name string
	keys []any
}

func (t sinkCheck) node(key string) *yamldoc.Node { return t.at(append(slices.Clip(t.keys), key)...) }

func (t sinkCheck) check() {
	s := t.sink
	switch {
	case s.Slack != nil:
		t.slack(s.Slack)
	case s.SNS != nil:
		t.sns(s.SNS)
	case s.SES != nil:
		t.mail(append(append([]string{s.SES.From}, s.SES.To...), append(s.SES.Cc, s.SES.ReplyTo...)...))
		t.client(t.name, s.SES.Client, t.keys...)
	case s.SMTP != nil:
		t.smtp(s.SMTP)
	case s.ServiceNow != nil:
		t.servicenow(s.ServiceNow)
	case s.SecurityHub != nil:
		if a := s.SecurityHub.Account; a != "" {
			t.accounts(t.name+".account", []string{a}, append(slices.Clip(t.keys), "account")...)
		}
		t.client(t.name, s.SecurityHub.Client, t.keys...)
	case s.EventBridge != nil:
		t.eventbridge(s.EventBridge)
	case s.Webhook != nil:
		t.webhook(s.Webhook)
	case s.PagerDuty != nil && s.PagerDuty.URL != "":
		t.url(t.node("events_url"), t.name+".events_url", s.PagerDuty.URL)
	}
	t.ranges()
}

func (t sinkCheck) eventbridge(s *EventBridge) {
	if low := strings.ToLower(s.Source); low == "aws" || strings.HasPrefix(low, "aws.") {
		t.fail(t.node("source"), CodeValue, "%s.source: EventBridge keeps sources that begin with aws. for AWS", t.name)
	}
	t.least("max_entry", s.MaxEntry, 32<<10)
	t.client(t.name, s.Client, t.keys...)
}

// least holds a number of bytes, when given, to what a message needs.
func (t sinkCheck) least(key string, n, least Bytes) {
	if n < least && t.at(t.keys...).Get(key) != nil {
		t.fail(t.node(key), CodeValue, "%s.%s: %d bytes hold no message; want %dKiB or more", t.name, key, n, least>>10)
	}
}

func (t sinkCheck) webhook(s *Webhook) {
	t.least("max_body", s.Max, 8<<10)
	if (s.Cert == "") != s.CertKey.IsZero() {
		t.fail(t.at(t.keys...), CodeSense, "%s: client_certificate and client_key belong together", t.name)
	}
	if s.Source != "trailwarden" && s.Format == "json" {
		t.warn(t.node("source"), CodeUnused, "%s.source: it is for CloudEvents, and the format is json", t.name)
	}
	if len(s.Source) > 256 || strings.ContainsAny(s.Source, " \t\r\n") || s.Source == "" {
		t.fail(t.node("source"), CodeValue, "%s.source: want a URI reference without spaces, such as /trailwarden/production", t.name)
	}
}

func (t sinkCheck) slack(s *Slack) {
	switch {
	case s.Webhook.IsZero() && s.Token.IsZero():
		t.fail(t.at(t.keys...), CodeMissing, "%s: want webhook, or token and channel", t.name)
	case !s.Webhook.IsZero() && !s.Token.IsZero():
		t.fail(t.at(t.keys...), CodeSense, "%s: webhook and token exclude each other", t.name)
	case !s.Token.IsZero() && s.Channel == "":
		t.fail(t.at(t.keys...), CodeMissing, "%s: token needs a channel to post in", t.name)
	case !s.Webhook.IsZero() && s.Channel != "":
		t.warn(t.node("channel"), CodeUnused, "%s.channel: a webhook posts in the channel that it was made for; this changes nothing", t.name)
	}
	if s.APIURL != "" {
		t.url(t.node("api_url"), t.name+".api_url", s.APIURL)
	}
}

func (t sinkCheck) sns(s *SNS) {
	switch {
	case (s.Topic == "") == (s.Target == ""):
		t.fail(t.at(t.keys...), CodeMissing, "%s: want topic or target, one of them", t.name)
		return
	case s.Topic != "":
		region := t.arn(t.node("topic"), t.name+".topic", s.Topic, "sns")
		if region != "" && s.Region != "" && region != s.Region {
			t.fail(t.node("region"), CodeSense, "%s.region: it is %s, and the topic is in %s", t.name, quoted(s.Region), region)
		}
	default:
		t.arn(t.node("target"), t.name+".target", s.Target, "sns")
	}
	t.client(t.name, s.Client, t.keys...)
}

func (t sinkCheck) mail(addresses []string) {
	for _, a := range addresses {
		if _, err := mail.ParseAddress(a); err != nil {
			t.fail(t.at(t.keys...), CodeValue, "%s: %s is no e-mail address", t.name, quoted(a))
		}
	}
}

func (t sinkCheck) smtp(s *SMTP) {
	t.mail(append(append([]string{s.From}, s.To...), append(s.Cc, s.ReplyTo...)...))
	host := t.address(t.node("server"), t.name+".server", s.Server)
	if s.Username.IsZero() != s.Password.IsZero() {
		t.fail(t.at(t.keys...), CodeSense, "%s: username and password belong together", t.name)
	}
	if s.TLS == "off" && !s.Password.IsZero() {
		t.fail(t.node("tls"), CodeSense, "%s.tls: a password is never sent without TLS", t.name)
	} else if s.TLS == "off" && !loopback(host) {
		t.warn(t.node("tls"), CodeSense, "%s.tls: messages cross the network in clear", t.name)
	}
}

func (t sinkCheck) servicenow(s *ServiceNow) {
	t.url(t.node("instance"), t.name+".instance", s.Instance)
	need := func(key string, missing bool) {
		if missing {
			t.fail(t.at(t.keys...), CodeMissing, "%s: auth %s needs %s", t.name, s.Auth, key)
		}
	}
	need("username", s.Auth != "client_credentials" && s.Username.IsZero())
	need("password", s.Auth != "client_credentials" && s.Password.IsZero())
	need("client_id", s.Auth != "basic" && s.ClientID.IsZero())
	need("client_secret", s.Auth != "basic" && s.ClientSecret.IsZero())
	for key, values := range map[string]map[string]int{"urgency": s.Urgency, "impact": s.Impact} {
		for level, n := range values {
			if _, err := severity.Parse(level); err != nil {
				t.fail(t.node(key), CodeValue, "%s.%v", t.name, notOneOf(key, level, severity.Names()))
			}
			if n < 1 || n > 3 {
				t.fail(t.node(key), CodeValue, "%s.%s.%s: want 1, 2 or 3; found %d", t.name, key, level, n)
			}
		}
	}
}

// ranges checks allow_private of whatever kind the sink is.
func (t sinkCheck) ranges() {
	v := reflect.ValueOf(t.sink).Elem()
	f, _ := lookup(fields(v.Type()), t.keys[2].(string))
	block := v.FieldByIndex(f.Index).Elem()
	list, ok := lookup(fields(block.Type()), "allow_private")
	if !ok {
		return
	}
	for i, text := range block.FieldByIndex(list.Index).Interface().([]string) {
		if _, err := netip.ParsePrefix(text); err != nil {
			if _, err := netip.ParseAddr(text); err != nil {
				t.fail(t.at(append(slices.Clip(t.keys), "allow_private", i)...), CodeValue, "%s.allow_private: %s is no range of addresses; want such as 10.1.2.0/24", t.name, quoted(text))
			}
		}
	}
}

func (ch *checker) others() {
	for i, r := range ch.ApprovedRegions {
		ch.region(ch.at("approved_regions", i), "approved_regions", r)
	}
	if ch.Store.DynamoDB != nil {
		ch.client("store.dynamodb", ch.Store.DynamoDB.Client, "store", "dynamodb")
	}
	if ch.root.Get("serve") != nil {
		host := ch.address(ch.at("serve", "listen"), "serve.listen", ch.Serve.Listen)
		if ch.Serve.Pprof && !loopback(host) {
			ch.fail(ch.at("serve", "pprof"), CodeSense, "serve.pprof: profiles are served on a loopback address only")
		}
	}
	if ch.AWS.Region != "" {
		ch.region(ch.at("aws", "region"), "aws.region", ch.AWS.Region)
	}
	if a := ch.Enrich.Accounts; a != nil && a.Organizations != nil {
		ch.client("enrich.accounts.organizations", a.Organizations.Client, "enrich", "accounts", "organizations")
	}
	ch.fields("alerts.group_by", ch.Alerts.GroupBy, "*", "alerts", "group_by")
	if ch.AWS.Endpoint != "" {
		ch.url(ch.at("aws", "endpoint"), "aws.endpoint", ch.AWS.Endpoint)
	}
	if a := ch.Query.Athena; a != nil {
		ch.client("query.athena", a.Client, "query", "athena")
		if a.Output != "" && !strings.HasPrefix(a.Output, "s3://") {
			ch.fail(ch.at("query", "athena", "output"), CodeValue, "query.athena.output: %s is no s3:// URL", quoted(a.Output))
		}
	}
	ch.scheduled()
	if ch.Lake.Keep && ch.Lake.Path == "" {
		ch.fail(ch.at("lake", "serve"), CodeMissing, "lake.serve: there is no lake.path to add to")
	}
}
