// Package ses sends messages as mail by Amazon SES, API version 2, as raw MIME
// messages: the same that the sink smtp sends. SES has no idempotency token, so
// an attempt without an answer may be delivered twice. Limits and error codes
// are of the Amazon SES API v2 Reference, SendEmail.
package ses

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/awsx"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/internal/outcome"
	"github.com/trailwarden/trailwarden/sink/mail"
)

// Config is a sender and who gets the mail.
type Config struct {
	From             string // a verified identity
	To, Cc, ReplyTo  []string
	ConfigurationSet string // optional
	IdentityARN      string // of From, when another account owns it
}

// Deps is what a sink needs from its surroundings.
type Deps struct {
	AWS aws.Config
	Now func() time.Time // time.Now when nil
}

type mailer struct {
	cfg       Config
	addresses mail.Addresses
	renderer  *mail.Renderer
	client    *sesv2.Client
	region    string
	now       func() time.Time
}

// New makes a sink; it contacts nobody.
func New(cfg Config, deps Deps) (sink.Sink, error) {
	addresses, err := mail.ParseAddresses(cfg.From, cfg.To, cfg.Cc, cfg.ReplyTo)
	if err != nil {
		return nil, fmt.Errorf("ses: %w", err)
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	return &mailer{cfg, addresses, mail.NewRenderer(), sesv2.NewFromConfig(awsx.Once(deps.AWS)), deps.AWS.Region, deps.Now}, nil
}

// codes are those of SendEmail that their kind does not class. The account's
// state and the sender's identity are the configuration's business: the sink
// pauses and nothing is lost.
func codes() outcome.Codes {
	return outcome.Codes{
		"TooManyRequestsException":           alert.Retry,
		"LimitExceededException":             alert.Retry,
		"AccountSuspendedException":          alert.Auth,
		"SendingPausedException":             alert.Auth,
		"MailFromDomainNotVerifiedException": alert.Auth,
		"NotFoundException":                  alert.Auth, // the configuration set
		"MessageRejected":                    alert.Reject,
		"BadRequestException":                alert.Reject,
	}
}

// Deliver sends n. Its receipt is the Message-ID that SES gave the alert's
// first mail; later ones refer to it.
func (s *mailer) Deliver(ctx context.Context, n sink.Notification) alert.Outcome {
	if err := ctx.Err(); err != nil {
		return outcome.Ended(err)
	}
	raw, err := s.compose(n)
	if err != nil {
		return outcome.Refused(err)
	}
	out, err := s.client.SendEmail(ctx, s.input(raw))
	if err != nil {
		o := outcome.Of(err, codes(), s.now())
		if o.Class == alert.Reject && strings.Contains(err.Error(), mail.Unverified) {
			o.Class = alert.Auth // every mail would end the same way
		}
		return o
	}
	receipt := n.Receipt
	if len(receipt) == 0 {
		receipt = []byte(aws.ToString(out.MessageId) + "@" + domain(s.region))
	}
	return alert.Outcome{Class: alert.OK, Receipt: receipt}
}

func (s *mailer) compose(n sink.Notification) ([]byte, error) {
	body, err := s.renderer.Render(n.Message)
	if err != nil {
		return nil, err
	}
	raw, err := s.addresses.Compose(n.Message, body, string(n.Receipt), s.now())
	if err == nil && len(raw) > sink.SESMessage.Max() {
		err = fmt.Errorf("the mail has %d bytes and the limit is %d", len(raw), sink.SESMessage.Max())
	}
	return raw, err
}

func (s *mailer) input(raw []byte) *sesv2.SendEmailInput {
	in := &sesv2.SendEmailInput{
		FromEmailAddress: aws.String(s.addresses.From.String()),
		Destination:      &types.Destination{ToAddresses: s.addresses.Recipients()},
		Content:          &types.EmailContent{Raw: &types.RawMessage{Data: raw}},
	}
	if s.cfg.ConfigurationSet != "" {
		in.ConfigurationSetName = &s.cfg.ConfigurationSet
	}
	if s.cfg.IdentityARN != "" {
		in.FromEmailAddressIdentityArn = &s.cfg.IdentityARN
	}
	return in
}

// domain is what follows the @ of the Message-IDs that SES gives, by region.
func domain(region string) string {
	if region == "us-east-1" {
		return "email.amazonses.com"
	}
	return region + ".amazonses.com"
}

// Preview shows subject, text, HTML and the whole MIME message.
func (s *mailer) Preview(n sink.Notification) (sink.Preview, error) {
	raw, err := s.compose(n)
	if err != nil {
		return sink.Preview{}, err
	}
	return s.renderer.Preview(n.Message, raw)
}

// Traits: SES allows one mail a second at first and tells when it is too much.
func (s *mailer) Traits() sink.Traits { return sink.Traits{} }
