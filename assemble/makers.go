package assemble

import (
	"context"

	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/eventbridge"
	"github.com/trailwarden/trailwarden/sink/file"
	"github.com/trailwarden/trailwarden/sink/pagerduty"
	"github.com/trailwarden/trailwarden/sink/securityhub"
	"github.com/trailwarden/trailwarden/sink/servicenow"
	"github.com/trailwarden/trailwarden/sink/ses"
	"github.com/trailwarden/trailwarden/sink/slack"
	"github.com/trailwarden/trailwarden/sink/smtp"
	"github.com/trailwarden/trailwarden/sink/sns"
	"github.com/trailwarden/trailwarden/sink/stdout"
	"github.com/trailwarden/trailwarden/sink/teams"
	"github.com/trailwarden/trailwarden/sink/webhook"
)

// makers are the kinds of sink. Adding one is a folder below sink, a block in
// config.Sink, and a line here with its function below.
func makers() map[string]func(context.Context, *maker) (sink.Sink, error) {
	return map[string]func(context.Context, *maker) (sink.Sink, error){
		"eventbridge": makeEventBridge,
		"file":        makeFile,
		"ocsf":        makeOCSF,
		"pagerduty":   makePagerDuty,
		"securityhub": makeSecurityHub,
		"servicenow":  makeServiceNow,
		"ses":         makeSES,
		"slack":       makeSlack,
		"smtp":        makeSMTP,
		"sns":         makeSNS,
		"stdout":      makeStdout,
		"teams":       makeTeams,
		"webhook":     makeWebhook,
	}
}

func makeSlack(_ context.Context, m *maker) (sink.Sink, error) {
	c := m.sink.Slack
	client, err := m.egress(c.Outgoing)
	if err != nil {
		return nil, err
	}
	return slack.New(slack.Config{
		Webhook: m.Secret(c.Webhook), Token: m.Secret(c.Token), Channel: c.Channel,
		Style: c.Style, Fields: c.Fields, APIURL: c.APIURL,
	}, client, m.o.Now)
}

func makeSNS(ctx context.Context, m *maker) (sink.Sink, error) {
	c := *m.sink.SNS
	if c.Region == "" {
		c.Region = regionOf(first(c.Topic, c.Target))
	}
	cfg, err := m.AWS(ctx, c.Client)
	if err != nil {
		return nil, err
	}
	return sns.New(sns.Config{Topic: c.Topic, Target: c.Target, Style: sns.Style(c.Style), PerProtocol: c.PerProtocol},
		sns.Deps{AWS: cfg, Now: m.o.Now})
}

func makeSES(ctx context.Context, m *maker) (sink.Sink, error) {
	c := m.sink.SES
	cfg, err := m.AWS(ctx, c.Client)
	if err != nil {
		return nil, err
	}
	return ses.New(ses.Config{
		From: c.From, To: c.To, Cc: c.Cc, ReplyTo: c.ReplyTo,
		ConfigurationSet: c.ConfigurationSet, IdentityARN: c.IdentityARN,
	}, ses.Deps{AWS: cfg, Now: m.o.Now})
}

func makeSMTP(_ context.Context, m *maker) (sink.Sink, error) {
	c := m.sink.SMTP
	roots, err := authorities(c.CA)
	if err != nil {
		return nil, err
	}
	return smtp.New(smtp.Config{
		Server: c.Server, From: c.From, To: c.To, Cc: c.Cc, ReplyTo: c.ReplyTo,
		Username: m.Login(c.Username), Password: m.Secret(c.Password), TLS: smtp.TLS(c.TLS), Helo: c.Helo,
	}, smtp.Deps{Now: m.o.Now, Roots: roots})
}

func makeEventBridge(ctx context.Context, m *maker) (sink.Sink, error) {
	c := *m.sink.EventBridge
	if c.Region == "" {
		c.Region = regionOf(c.Bus)
	}
	cfg, err := m.AWS(ctx, c.Client)
	if err != nil {
		return nil, err
	}
	return eventbridge.New(eventbridge.Config{Bus: c.Bus, Source: c.Source, MaxEntry: int(c.MaxEntry)},
		eventbridge.Deps{AWS: cfg, Now: m.o.Now})
}

func makeFile(_ context.Context, m *maker) (sink.Sink, error) {
	c := m.sink.File
	return file.New(file.Config{Path: c.Path, Format: file.NDJSON, Rotate: int64(c.Rotate), Keep: c.Keep},
		file.Deps{Now: m.o.Now, Version: m.o.Version})
}

func makeOCSF(_ context.Context, m *maker) (sink.Sink, error) {
	c := m.sink.OCSF
	return file.New(file.Config{Path: c.Path, Format: file.OCSF, Rotate: int64(c.Rotate), Keep: c.Keep},
		file.Deps{Now: m.o.Now, Version: m.o.Version})
}

func makeStdout(_ context.Context, m *maker) (sink.Sink, error) {
	return stdout.New(stdout.Config{Format: stdout.Format(m.sink.Stdout.Format)}, stdout.Deps{Out: m.o.Out})
}

func makePagerDuty(_ context.Context, m *maker) (sink.Sink, error) {
	c := m.sink.PagerDuty
	client, err := m.egress(c.Outgoing)
	if err != nil {
		return nil, err
	}
	return pagerduty.New(pagerduty.Config{
		RoutingKey: m.Secret(c.RoutingKey), Site: c.Site, URL: c.URL, Component: c.Component, Class: c.Class,
	}, client, m.o.Now)
}

func makeTeams(_ context.Context, m *maker) (sink.Sink, error) {
	c := m.sink.Teams
	client, err := m.egress(c.Outgoing)
	if err != nil {
		return nil, err
	}
	return teams.New(teams.Config{Webhook: m.Secret(c.Webhook)}, client, m.o.Now)
}

func makeWebhook(_ context.Context, m *maker) (sink.Sink, error) {
	c := m.sink.Webhook
	client, err := m.egress(c.Outgoing)
	if err != nil {
		return nil, err
	}
	secrets := map[string]sink.Secret{}
	for name, s := range c.Headers {
		secrets[name] = m.Secret(s)
	}
	return webhook.New(webhook.Config{
		URL: m.Secret(c.URL), Format: c.Format, HMAC: m.Secret(c.HMAC), Token: m.Secret(c.Token),
		Secrets: secrets, Headers: c.Plain, Source: c.Source, Max: int(c.Max), Certificate: m.certificate(c.Cert, c.CertKey),
	}, client, m.o.Now)
}

func makeServiceNow(_ context.Context, m *maker) (sink.Sink, error) {
	c := m.sink.ServiceNow
	client, err := m.egress(c.Outgoing)
	if err != nil {
		return nil, err
	}
	return servicenow.New(servicenow.Config{
		Instance: c.Instance, Table: c.Table, Auth: c.Auth, Username: m.Login(c.Username), Password: m.Secret(c.Password),
		ClientID: m.Login(c.ClientID), ClientSecret: m.Secret(c.ClientSecret),
		Fields: c.Fields, Required: c.Required, DisplayValues: c.DisplayValue, Urgency: c.Urgency, Impact: c.Impact,
		Inactive: c.Inactive, ReopenWithin: c.Reopen.Std(), States: servicenow.States(c.States),
		CloseCode: c.CloseCode, CloseNotes: c.CloseNotes, Journal: c.Journal,
		Ledger: newLedger(m.o.Shared, m.sink.Name),
	}, client, m.o.Now)
}

func makeSecurityHub(ctx context.Context, m *maker) (sink.Sink, error) {
	c := m.sink.SecurityHub
	cfg, err := m.AWS(ctx, c.Client)
	if err != nil {
		return nil, err
	}
	return securityhub.New(securityhub.Config{Account: c.Account, Types: c.Types}, securityhub.Deps{AWS: cfg, Now: m.o.Now})
}
