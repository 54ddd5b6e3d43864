package ses_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/message/messagetest"
	"github.com/trailwarden/trailwarden/sink"
	"github.com/trailwarden/trailwarden/sink/ses"
)

func config() ses.Config {
	return ses.Config{From: "Trailwarden <alerts@example.com>", To: []string{"one@example.com", "Zwei Löwen <two@example.com>"}, Cc: []string{"cc@example.com"}}
}

func must(t testing.TB, cfg aws.Config) sink.Sink {
	t.Helper()
	s, err := ses.New(config(), ses.Deps{AWS: cfg, Now: func() time.Time { return messagetest.Moment() }})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A mail that is sent is the mail that the preview shows, to every recipient;
// the receipt lets the next one refer to it.
func TestSendThroughAnEmulator(t *testing.T) {
	cfg := awstest.Config(t)
	identity := "alerts@example.com"
	if _, err := sesv2.NewFromConfig(cfg).CreateEmailIdentity(context.Background(), &sesv2.CreateEmailIdentityInput{EmailIdentity: &identity}); err != nil {
		t.Fatal(err)
	}
	s := must(t, cfg)
	first := s.Deliver(context.Background(), sink.Notification{Message: messagetest.Opened()})
	if first.Class != alert.OK || !strings.HasSuffix(string(first.Receipt), "@eu-west-1.amazonses.com") {
		t.Fatalf("%+v", first)
	}
	next := messagetest.Repeated()
	next.Sequence = 2
	second := s.Deliver(context.Background(), sink.Notification{Message: next, Receipt: first.Receipt})
	if second.Class != alert.OK || string(second.Receipt) != string(first.Receipt) {
		t.Fatalf("%+v, want the first receipt kept", second)
	}
	sent := awstest.SentMail(t, cfg)
	if len(sent) != 2 {
		t.Fatalf("%d mails were sent, want 2", len(sent))
	}
	// The emulator adds the header's addresses to the envelope's.
	if got := fmt.Sprint(sent[0].Destinations); !strings.HasPrefix(got, "[one@example.com two@example.com cc@example.com") {
		t.Errorf("sent to %s", got)
	}
	h := headers(t, sent[1].Raw)
	if got := h.Get("In-Reply-To"); got != "<"+string(first.Receipt)+">" {
		t.Errorf("In-Reply-To = %s, want the receipt", got)
	}
	if !strings.HasPrefix(h.Get("Subject"), "Re: ") || !strings.HasPrefix(headers(t, sent[0].Raw).Get("Subject"), "[HIGH]") {
		t.Errorf("subjects %q and %q", headers(t, sent[0].Raw).Get("Subject"), h.Get("Subject"))
	}
}

func headers(t testing.TB, raw string) netmail.Header {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return m.Header
}

// A sender that is not verified, and recipients who are not while the account is in
// the sandbox, pause the sink: the mails wait, as they are not at fault.
func TestUnverifiedSender(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Amzn-Errortype", "MessageRejected")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"message":"Email address is not verified. The following identities failed the check in region US-EAST-1: alerts@example.com"}`)
	}))
	defer s.Close()
	cfg := aws.Config{Region: "us-east-1", BaseEndpoint: &s.URL, Credentials: credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "secret", "")}
	o := must(t, cfg).Deliver(context.Background(), sink.Notification{Message: messagetest.Opened()})
	if o.Class != alert.Auth || !strings.Contains(o.Reason, "alerts@example.com") {
		t.Errorf("%+v, want a pause that names the identity", o)
	}
}

// Each error code of SendEmail has its class.
func TestErrorClasses(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		want   alert.Class
		unsure bool
	}{
		{429, "TooManyRequestsException", alert.Retry, false}, {400, "LimitExceededException", alert.Retry, false},
		{500, "InternalServiceErrorException", alert.Retry, true}, {503, "", alert.Retry, false},
		{400, "AccountSuspendedException", alert.Auth, false}, {400, "SendingPausedException", alert.Auth, false},
		{400, "MailFromDomainNotVerifiedException", alert.Auth, false}, {404, "NotFoundException", alert.Auth, false},
		{403, "AccessDeniedException", alert.Auth, false}, {403, "UnrecognizedClientException", alert.Auth, false}, {403, "ExpiredTokenException", alert.Auth, false},
		{400, "MessageRejected", alert.Reject, false}, {400, "BadRequestException", alert.Reject, false}, {413, "", alert.Reject, false},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Amzn-Errortype", c.code)
			w.WriteHeader(c.status)
			fmt.Fprint(w, `{"message":"no"}`)
		}))
		cfg := aws.Config{Region: "us-east-1", BaseEndpoint: &s.URL, Credentials: credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "secret", "")}
		o := must(t, cfg).Deliver(context.Background(), sink.Notification{Message: messagetest.Opened()})
		if o.Class != c.want || o.Unsure != c.unsure {
			t.Errorf("%d %s: %+v, want %s, unsure %v", c.status, c.code, o, c.want, c.unsure)
		}
		s.Close()
	}
}

func TestConfigMistakesAreNamed(t *testing.T) {
	if _, err := ses.New(ses.Config{From: "nobody"}, ses.Deps{}); err == nil || !strings.HasPrefix(err.Error(), "ses: from: ") {
		t.Errorf("%v", err)
	}
}
