package sns

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/trailwarden/trailwarden/internal/re2"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/fit"
	"github.com/trailwarden/trailwarden/sink/page"
)

// input makes the call. Subject, attributes and message together keep within
// the limit of a message.
func (p *publisher) input(m *message.Message) (*sns.PublishInput, error) {
	in := &sns.PublishInput{
		Subject:           aws.String(subject(m)),
		MessageAttributes: attributes(m),
	}
	if p.cfg.Topic != "" {
		in.TopicArn = &p.cfg.Topic
	} else {
		in.TargetArn = &p.cfg.Target
	}
	if p.fifo {
		key := key(m)
		in.MessageGroupId = aws.String(key)
		in.MessageDeduplicationId = aws.String(fmt.Sprintf("%s:%d", key, m.Sequence))
	}
	text, err := p.text(m, sink.SNSMessage.Max()-overhead(in))
	if err != nil {
		return nil, err
	}
	if in.Message = &text; p.cfg.PerProtocol {
		in.MessageStructure = aws.String("json")
	}
	return in, nil
}

// subject is ASCII: older mail gateways take nothing else.
func subject(m *message.Message) string {
	s := "[" + strings.ToUpper(m.Severity.String()) + "] " + page.Header(m.Headline)
	return sink.Subject(s, sink.SNSSubject.Max())
}

// attributes are what subscription filters can ask for.
func attributes(m *message.Message) map[string]types.MessageAttributeValue {
	out := map[string]types.MessageAttributeValue{}
	for name, value := range map[string]string{
		"severity": m.Severity.String(), "rule": m.Rule.ID, "account": m.Where.Account, "region": m.Where.Region,
		"kind": string(m.Kind), "status": string(m.Status), "key": key(m),
	} {
		if value = sink.Cut(sink.Line(value), 256, sink.Characters); value != "" {
			out[name] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
		}
	}
	return out
}

func overhead(in *sns.PublishInput) int {
	n := len(*in.Subject)
	for name, a := range in.MessageAttributes {
		n += len(name) + len(*a.DataType) + len(*a.StringValue)
	}
	if in.MessageGroupId != nil { // not said to count, so counted
		n += len(*in.MessageGroupId) + len(*in.MessageDeduplicationId) + 64
	}
	return n
}

func attributeLines(in *sns.PublishInput) string {
	var lines []string
	for name, a := range in.MessageAttributes {
		lines = append(lines, name+": "+*a.StringValue+"\n")
	}
	if in.MessageGroupId != nil {
		lines = append(lines, "MessageGroupId: "+*in.MessageGroupId+"\n", "MessageDeduplicationId: "+*in.MessageDeduplicationId+"\n")
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// plainKey is what a deduplication id takes, with room for the sequence.
var plainKey = re2.Own(`^[0-9A-Za-z-]{1,100}$`)

// key is the alert's key; one of other characters than ours have is hashed.
func key(m *message.Message) string {
	if plainKey.MatchString(m.Key) {
		return m.Key
	}
	sum := sha256.Sum256([]byte(m.Key + "\x00" + m.Headline))
	return hex.EncodeToString(sum[:])
}

// text is the message of at most limit bytes.
func (p *publisher) text(m *message.Message, limit int) (string, error) {
	if !p.cfg.PerProtocol {
		return p.cfg.Style.text(m, limit)
	}
	for budget := limit / 2; budget > 4096; budget /= 2 {
		main, err := p.cfg.Style.text(m, budget)
		if err != nil {
			return "", err
		}
		short := sink.Cut(sink.Line(subject(m)), longestSMS, sink.Characters)
		all, err := json.Marshal(map[string]string{
			"default": main, "email": page.Text(m, budget), "sms": short, "application": short,
		})
		if err != nil || len(all) <= limit {
			return string(all), err
		}
	}
	return "", fmt.Errorf("the message does not fit into %d bytes for all protocols", limit)
}

// longestSMS is one part of a text message.
const longestSMS = 140

func (s Style) text(m *message.Message, limit int) (string, error) {
	switch s {
	case JSON:
		body, err := fit.JSON(m, limit)
		return string(body), err
	case Lines:
		return linesText(m, limit), nil
	}
	return page.Text(m, limit), nil
}

// linesText falls back to the page where there is no record to show.
func linesText(m *message.Message, limit int) string {
	if m.Text != "" || len(m.Events) == 0 {
		return page.Text(m, limit)
	}
	var out string
	fit.To(m, func(c *message.Message) bool {
		out = lines(c)
		return len(out) <= limit
	})
	return sink.Cut(out, limit, sink.Bytes)
}
