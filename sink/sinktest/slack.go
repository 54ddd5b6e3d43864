package sinktest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/sink"
)

// Slack stands in for an incoming webhook and the API with a bot token.
type Slack struct {
	Server
	Hook   string // URL of the webhook
	Token  string
	Scopes map[string]bool // chat:write, channels:history
	// Closed are channels that the bot cannot use, with the code that says so.
	Closed map[string]string

	posts []SlackPost
}

// SlackPost is a message in the channel.
type SlackPost struct {
	Channel, TS, Thread, Text string
	Blocks, Metadata          json.RawMessage
	Edits                     int
}

// NewSlack starts a stand-in.
func NewSlack(t testing.TB) *Slack {
	s := &Slack{Token: Secret("slack token"), Scopes: map[string]bool{"chat:write": true, "channels:history": true}}
	s.serve(t, s.handle)
	s.Hook = s.URL + "/services/" + Secret("slack webhook path")
	return s
}

// Posts are the messages in the channel, oldest first.
func (s *Slack) Posts() []SlackPost {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]SlackPost(nil), s.posts...)
}

// Delete takes all messages away.
func (s *Slack) Delete() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.posts = nil
}

func (s *Slack) handle(w http.ResponseWriter, r *http.Request, body []byte) {
	if strings.HasPrefix(r.URL.Path, "/services/") {
		s.hook(w, r, body)
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		answer(w, 200, "application/json", `{"ok":false,"error":"invalid_form_data"}`)
		return
	}
	answer(w, 200, "application/json; charset=utf-8", s.api(strings.TrimPrefix(r.URL.Path, "/api/"), form, r.Header))
}

func (s *Slack) hook(w http.ResponseWriter, r *http.Request, body []byte) {
	var m struct {
		Text   string          `json:"text"`
		Blocks json.RawMessage `json:"blocks"`
	}
	switch {
	case r.URL.Path != "/services/"+Secret("slack webhook path"):
		answer(w, 404, "text/html", "no_service")
	case json.Unmarshal(body, &m) != nil || !utf8.Valid(body):
		answer(w, 400, "text/html", "invalid_payload")
	case m.Text == "" && len(m.Blocks) == 0:
		answer(w, 400, "text/html", "no_text")
	case s.refuses(m.Text, m.Blocks):
		answer(w, 400, "text/html", "invalid_blocks")
	default:
		s.keep(SlackPost{Channel: "hook", Text: m.Text, Blocks: m.Blocks})
		answer(w, 200, "text/html", "ok")
	}
}

func (s *Slack) refuses(text string, blocks json.RawMessage) bool {
	faults := SlackFaults(text, blocks)
	for _, f := range faults {
		s.fault("%s", f)
	}
	return len(faults) > 0
}

func (s *Slack) keep(p SlackPost) SlackPost {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.TS = fmt.Sprintf("1772000000.%06d", len(s.posts)+1)
	s.posts = append(s.posts, p)
	return p
}

func (s *Slack) api(method string, form url.Values, h http.Header) string {
	token := form.Get("token")
	if token == "" {
		token = strings.TrimPrefix(h.Get("Authorization"), "Bearer ")
	}
	scope := map[string]string{"chat.postMessage": "chat:write", "chat.update": "chat:write",
		"conversations.history": "channels:history", "conversations.replies": "channels:history"}[method]
	switch {
	case token != s.Token:
		return `{"ok":false,"error":"invalid_auth"}`
	case scope == "":
		return `{"ok":false,"error":"unknown_method"}`
	case !s.Scopes[scope]:
		return `{"ok":false,"error":"missing_scope","needed":"` + scope + `","provided":"identify"}`
	case s.Closed[form.Get("channel")] != "":
		return fmt.Sprintf(`{"ok":false,"error":%q}`, s.Closed[form.Get("channel")])
	case method != "chat.postMessage" && !strings.HasPrefix(form.Get("channel"), "C0"): // a name
		return `{"ok":false,"error":"channel_not_found"}`
	case strings.HasPrefix(method, "conversations."):
		return s.history(form)
	case form.Get("text") == "" && form.Get("blocks") == "":
		return `{"ok":false,"error":"no_text"}`
	case s.refuses(form.Get("text"), json.RawMessage(form.Get("blocks"))):
		return `{"ok":false,"error":"invalid_blocks"}`
	case method == "chat.update":
		return s.edit(form)
	}
	channel := form.Get("channel")
	if channel == "soc" {
		channel = "C0ALERTS"
	}
	p := s.keep(SlackPost{Channel: channel, Thread: form.Get("thread_ts"), Text: form.Get("text"),
		Blocks: json.RawMessage(form.Get("blocks")), Metadata: json.RawMessage(form.Get("metadata"))})
	return fmt.Sprintf(`{"ok":true,"channel":%q,"ts":%q,"message":%s}`, p.Channel, p.TS, p.shown(true))
}

// shown is a message as answers repeat it: Slack writes all that is not ASCII,
// and the slash, as escapes.
func (p SlackPost) shown(metadata bool) string {
	m := map[string]any{"type": "message", "ts": p.TS, "text": p.Text, "blocks": p.Blocks}
	if metadata && len(p.Metadata) > 0 {
		m["metadata"] = p.Metadata
	}
	text, err := json.Marshal(m)
	if err != nil {
		return `{}`
	}
	var b strings.Builder
	for _, r := range string(text) {
		switch {
		case r == '/':
			b.WriteString(`\/`)
		case r < utf8.RuneSelf:
			b.WriteRune(r)
		default:
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, `\u%04x`, unit)
			}
		}
	}
	return b.String()
}

func (s *Slack) edit(form url.Values) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.posts {
		if p := &s.posts[i]; p.TS == form.Get("ts") && p.Channel == form.Get("channel") {
			p.Text, p.Blocks, p.Edits = form.Get("text"), json.RawMessage(form.Get("blocks")), p.Edits+1
			return fmt.Sprintf(`{"ok":true,"channel":%q,"ts":%q,"message":%s}`, p.Channel, p.TS, p.shown(false))
		}
	}
	return `{"ok":false,"error":"message_not_found"}`
}

func (s *Slack) history(form url.Values) string {
	ts, metadata := form.Get("ts"), form.Get("include_all_metadata") != ""
	var list []string
	for _, p := range s.Posts() {
		if p.Channel == form.Get("channel") && (ts == "" && p.Thread == "" || ts != "" && (p.Thread == ts || p.TS == ts)) {
			list = append(list, p.shown(metadata))
		}
	}
	if ts == "" {
		slices.Reverse(list) // a channel is told from its newest message on, a thread from its oldest
	}
	if limit, err := strconv.Atoi(form.Get("limit")); err == nil {
		list = list[:min(len(list), limit)]
	}
	return `{"ok":true,"messages":[` + strings.Join(list, ",") + `],"has_more":false}`
}

var entity = regexp.MustCompile(`&(?:amp|lt|gt);`)

// SlackFaults is what Slack would refuse in a message, and what it would make of
// text that others wrote: links, mentions, formatting.
func SlackFaults(text string, blocks json.RawMessage) []string {
	var f slackFaults
	f.limit("text", text, sink.SlackFallback)
	f.escaped("text", text)
	var list []map[string]any
	if err := json.Unmarshal(blocks, &list); err != nil {
		return append(f, "blocks are not a list: "+err.Error())
	}
	if len(list) == 0 || len(list) > sink.SlackBlocks.Max() {
		f.add("%d blocks", len(list))
	}
	total := 0
	for i, b := range list {
		total += f.block(fmt.Sprintf("block %d", i), b)
	}
	if total > sink.SlackWhole.Max() {
		f.add("%d characters in all blocks", total)
	}
	return f
}

type slackFaults []string

func (f *slackFaults) add(format string, args ...any) { *f = append(*f, fmt.Sprintf(format, args...)) }

func (f *slackFaults) limit(where, s string, b sink.Bound) {
	if n := b.Meter().Len(s); n > b.Max() {
		f.add("%s has %d %s, the limit is %d", where, n, b.Limit().Unit, b.Max())
	}
	if !utf8.ValidString(s) {
		f.add("%s is not UTF-8", where)
	}
}

func (f *slackFaults) escaped(where, s string) {
	if bare := entity.ReplaceAllString(s, ""); strings.ContainsAny(bare, "<>&") {
		f.add("%s has an unescaped character: %.80q", where, bare)
	}
	if strings.Contains(s, "://") && !strings.Contains(s, "s3://") || strings.Contains(strings.ToLower(s), "://"+EvilHost) {
		f.add("%s has a link: %.80q", where, s)
	}
}

func (f *slackFaults) block(where string, b map[string]any) int {
	kind, _ := b["type"].(string)
	id, _ := b["block_id"].(string)
	f.limit(where+" block_id", id, sink.SlackID)
	switch kind {
	case "header":
		return f.object(where, b["text"], sink.SlackHeader, "plain_text")
	case "section":
		n := 0
		if b["text"] != nil {
			n += f.object(where, b["text"], sink.SlackSection, "")
		}
		fields, _ := b["fields"].([]any)
		if len(fields) > sink.SlackFields.Max() || b["text"] == nil && len(fields) == 0 {
			f.add("%s has %d fields", where, len(fields))
		}
		for _, o := range fields {
			n += f.object(where+" field", o, sink.SlackField, "plain_text")
		}
		return n
	case "context":
		elements, _ := b["elements"].([]any)
		if len(elements) == 0 || len(elements) > sink.SlackContext.Max() {
			f.add("%s has %d elements", where, len(elements))
		}
		for _, o := range elements {
			f.object(where, o, sink.SlackField, "plain_text")
		}
	case "actions":
		f.actions(where, b)
	default:
		f.add("%s is of type %q", where, kind)
	}
	return 0
}

func (f *slackFaults) actions(where string, b map[string]any) {
	elements, _ := b["elements"].([]any)
	if len(elements) == 0 || len(elements) > sink.SlackActions.Max() {
		f.add("%s has %d elements", where, len(elements))
	}
	for _, e := range elements {
		button, _ := e.(map[string]any)
		link, _ := button["url"].(string)
		id, _ := button["action_id"].(string)
		f.object(where+" button", button["text"], sink.SlackButton, "plain_text")
		f.limit(where+" action_id", id, sink.SlackID)
		f.limit(where+" url", link, sink.SlackURL)
		if strings.Contains(strings.ToLower(link), EvilHost) || !strings.HasPrefix(link, "https://") {
			f.add("%s leads to %q", where, link)
		}
	}
}

// object judges a text object. In mrkdwn only our own words may stand, or a
// block of code without a backtick in it.
func (f *slackFaults) object(where string, o any, b sink.Bound, want string) int {
	m, _ := o.(map[string]any)
	kind, _ := m["type"].(string)
	s, _ := m["text"].(string)
	f.limit(where, s, b)
	f.escaped(where, s)
	code := len(s) > 6 && strings.HasPrefix(s, "```") && strings.HasSuffix(s, "```") && !strings.Contains(s[3:len(s)-3], "`")
	switch {
	case s == "":
		f.add("%s is empty", where)
	case want != "" && kind != want:
		f.add("%s is %q", where, kind)
	case kind == "mrkdwn" && m["verbatim"] != true:
		f.add("%s is not verbatim", where)
	case kind == "mrkdwn" && !code && !heading.MatchString(s):
		f.add("%s has formatting: %.80q", where, s)
	case kind == "plain_text" && m["emoji"] != false:
		f.add("%s has emoji", where)
	}
	return sink.SlackSection.Meter().Len(s)
}

var heading = regexp.MustCompile(`^\*[A-Za-z ]+\*$`)
