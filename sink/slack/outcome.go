package slack

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"github.com/slack-go/slack"
	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/internal/visible"
	"github.com/trailwarden/trailwarden/sink/egress"
)

// classes of Slack's error codes; what is not here is a reject. A channel that
// is gone or closed to us is a matter of configuration: the queue is kept.
var classes = map[string]alert.Class{
	"ratelimited": alert.Retry, "rate_limited": alert.Retry, "message_limit_exceeded": alert.Retry,
	"internal_error": alert.Retry, "fatal_error": alert.Retry, "service_unavailable": alert.Retry,
	"request_timeout": alert.Retry, "rollup_error": alert.Retry, "team_added_to_org": alert.Retry,
	"external_channel_migrating": alert.Retry,

	"invalid_auth": alert.Auth, "not_authed": alert.Auth, "token_revoked": alert.Auth, "token_expired": alert.Auth,
	"account_inactive": alert.Auth, "missing_scope": alert.Auth, "no_permission": alert.Auth, "access_denied": alert.Auth,
	"not_in_channel": alert.Auth, "channel_not_found": alert.Auth, "is_archived": alert.Auth, "channel_is_archived": alert.Auth,
	"not_allowed_token_type": alert.Auth, "org_login_required": alert.Auth, "ekm_access_denied": alert.Auth,
	"team_access_not_granted": alert.Auth, "two_factor_setup_required": alert.Auth, "accesslimited": alert.Auth,
	"restricted_action": alert.Auth, "restricted_action_read_only_channel": alert.Auth,
	"restricted_action_thread_only_channel": alert.Auth, "restricted_action_non_threadable_channel": alert.Auth,
	"enterprise_is_restricted": alert.Auth, "messages_tab_disabled": alert.Auth, "posting_to_general_channel_denied": alert.Auth,

	"action_prohibited": alert.Auth, "invalid_token": alert.Auth, "no_service": alert.Auth, "no_service_id": alert.Auth,
	"no_team": alert.Auth, "team_disabled": alert.Auth, "no_active_hooks": alert.Auth, "user_not_found": alert.Auth,
}

// unsure are codes after which the message may be there all the same.
var unsure = map[string]bool{"internal_error": true, "fatal_error": true, "request_timeout": true, "rollup_error": true}

// answer is what Slack's API answers; errors come with HTTP 200 too.
type answer struct {
	OK       bool
	Error    string
	TS       string
	Channel  string
	Needed   string
	Metadata struct {
		Messages []string `json:"messages"`
	}
	Messages []posted // of a channel or thread
}

// posted is a message of a channel.
type posted struct {
	TS       string              `json:"ts"`
	Metadata slack.SlackMetadata `json:"metadata"`
}

// readAnswer reads as much of an answer as there is. Slack repeats the whole
// message in it, with six bytes for each character that is not ASCII, so that
// the end of a long one is not read; what counts comes first.
func readAnswer(body []byte) (got answer) {
	d := json.NewDecoder(bytes.NewReader(body))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return got
	}
	into := map[string]any{"ok": &got.OK, "error": &got.Error, "ts": &got.TS, "channel": &got.Channel,
		"needed": &got.Needed, "response_metadata": &got.Metadata}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return got
		}
		name, _ := t.(string)
		to, ok := into[name]
		if !ok {
			to = &json.RawMessage{}
		}
		if name == "messages" {
			got.Messages, err = readPosted(d)
		} else {
			err = d.Decode(to)
		}
		if err != nil {
			return got
		}
	}
	return got
}

func readPosted(d *json.Decoder) (all []posted, err error) {
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return nil, err
	}
	for d.More() {
		var m posted
		if err := d.Decode(&m); err != nil {
			return all, err
		}
		all = append(all, m)
	}
	_, err = d.Token()
	return all, err
}

// byCode is the outcome of an error code.
func byCode(code, reason string, a egress.Answer, now time.Time) alert.Outcome {
	class, ok := classes[code]
	if !ok {
		class = alert.Reject
	}
	o := alert.Outcome{Class: class, Reason: "slack: " + visible.Text(reason)}
	if class == alert.Retry {
		o.NotUntil, o.Unsure = egress.RetryAfter(a.Header, now), unsure[code]
	}
	return o
}

// apiOutcome judges a call of the API by status and body.
func apiOutcome(r *egress.Recorder, now time.Time) (alert.Outcome, answer) {
	if !r.Asked {
		return alert.Outcome{Class: alert.Reject, Reason: "slack: the message was not accepted by the client"}, answer{}
	}
	got := readAnswer(r.Answer.Body)
	status := r.Answer.Status
	switch {
	case r.Err == nil && got.Error != "" && !got.OK && status != 429 && (status < 500 || classes[got.Error] != ""):
		reason := strings.Join(append([]string{got.Error, got.Needed}, got.Metadata.Messages...), " ")
		return byCode(got.Error, short(r.Answer.Redact(reason)), r.Answer, now), got
	case r.Err == nil && status == 200 && !got.OK:
		return alert.Outcome{Class: alert.Retry, Unsure: true, Reason: "slack: an answer that is not Slack's: " + r.Answer.Reason()}, answer{}
	}
	return prefixed(egress.Outcome(r.Answer, r.Err, now)), got
}

// hookOutcome judges an answer of an incoming webhook: its body is the word ok
// or an error code.
func hookOutcome(a egress.Answer, err error, now time.Time) alert.Outcome {
	word := strings.TrimSpace(string(a.Body))
	got := readAnswer(a.Body)
	if got.OK {
		word = "ok"
	} else if got.Error != "" {
		word = got.Error
	}
	switch {
	case err != nil || a.Status == 429:
	case a.Status == 200 && word == "ok":
		return alert.Outcome{Class: alert.OK}
	case classes[word] != "":
		return byCode(word, a.Reason(), a, now)
	case a.Status == 200 && got.Error != "":
		return alert.Outcome{Class: alert.Reject, Reason: "slack: " + a.Reason()}
	case a.Status >= 200 && a.Status < 300:
		return alert.Outcome{Class: alert.Retry, Unsure: true, Reason: "slack: an answer that is not Slack's: " + a.Reason()}
	}
	return prefixed(egress.Outcome(a, err, now))
}

func prefixed(o alert.Outcome) alert.Outcome {
	if o.Reason != "" {
		o.Reason = "slack: " + o.Reason
	}
	return o
}

func short(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.TrimSpace(s[:min(len(s), 300)])
}
