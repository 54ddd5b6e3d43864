package awstest_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/trailwarden/trailwarden/internal/awstest"
	"github.com/trailwarden/trailwarden/internal/needs"
)

func TestMain(m *testing.M) { os.Exit(awstest.Main(m)) }

// Two Configs are two accounts that see nothing of each other.
func TestAccountsAreApart(t *testing.T) {
	a, b := awstest.Config(t), awstest.Config(t)
	id, err := sts.NewFromConfig(a).GetCallerIdentity(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := aws.ToString(id.Account); got != awstest.AccountID(t, a) {
		t.Errorf("caller's account = %s, want %s", got, awstest.AccountID(t, a))
	}
	awstest.Topic(t, a)
	for _, c := range []struct {
		cfg  aws.Config
		want int
	}{{a, 1}, {b, 0}} {
		out, err := sns.NewFromConfig(c.cfg).ListTopics(context.Background(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Topics) != c.want {
			t.Errorf("account %s has %d topics, want %d", awstest.AccountID(t, c.cfg), len(out.Topics), c.want)
		}
	}
}

// What the helpers make exists and works together.
func TestResources(t *testing.T) {
	cfg := awstest.Config(t)
	awstest.Bucket(t, cfg)
	awstest.Table(t, cfg, "pk", "sk")
	topic := awstest.Topic(t, cfg)
	queueURL, arn := awstest.Queue(t, cfg)
	awstest.Subscribe(t, cfg, topic, arn, nil)
	_, err := sns.NewFromConfig(cfg).Publish(context.Background(),
		&sns.PublishInput{TopicArn: &topic, Message: aws.String("hello")})
	if err != nil {
		t.Fatal(err)
	}
	got := awstest.Receive(t, cfg, queueURL)
	if len(got) != 1 || aws.ToString(got[0].Body) != "hello" {
		t.Errorf("received %v, want one message hello", got)
	}
	awstest.FIFOTopic(t, cfg)
	awstest.FIFOQueue(t, cfg)
}

// Env gives a child process the account.
func TestEnv(t *testing.T) {
	cfg := awstest.Config(t)
	env := strings.Join(awstest.Env(t, cfg), "\n")
	for _, want := range []string{"AWS_ENDPOINT_URL=http://127.0.0.1:", "AWS_REGION=" + awstest.Region, "AWS_SESSION_TOKEN="} {
		if !strings.Contains(env, want) {
			t.Errorf("no %s in %s", want, env)
		}
	}
}

// A test process that ends without a word takes its server along.
func TestServerEndsWithTheProcess(t *testing.T) {
	if os.Getenv("AWSTEST_CHILD") != "" {
		os.Stdout.WriteString("endpoint " + awstest.Endpoint(t) + "\n")
		os.Exit(0)
	}
	awstest.Endpoint(t) // skips where there is none
	cmd := exec.Command(os.Args[0], "-test.run=^TestServerEndsWithTheProcess$")
	cmd.Env = append(os.Environ(), "AWSTEST_CHILD=1")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(out), "endpoint ")
	endpoint, _, _ := strings.Cut(rest, "\n")
	if !goneSoon(endpoint) {
		t.Errorf("%s still answers after its test process ended", endpoint)
	}
}

// Where Python cannot be had, a test is skipped with one line, unless the
// emulator is required.
func TestWithoutPython(t *testing.T) {
	if os.Getenv("AWSTEST_CHILD") != "" {
		awstest.Config(t)
		return
	}
	for _, c := range []struct {
		needs, want string
	}{{"", "--- SKIP"}, {"aws", "--- FAIL"}} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestWithoutPython$", "-test.v")
		cmd.Env = []string{"AWSTEST_CHILD=1", needs.Variable + "=" + c.needs, "PATH=/nowhere",
			"XDG_CACHE_HOME=" + t.TempDir(), "HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir()}
		out, _ := cmd.CombinedOutput()
		if !strings.Contains(string(out), c.want) || !strings.Contains(string(out), "python3 is needed") {
			t.Errorf("%s=%q: got\n%s\nwant %s and why", needs.Variable, c.needs, out, c.want)
		}
	}
}
