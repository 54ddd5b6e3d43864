package sinktest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/trailwarden/trailwarden/sink"
)

// Teams stands in for a workflow that posts cards.
type Teams struct {
	Server
	Hook  string
	cards []json.RawMessage
}

// NewTeams starts a stand-in.
func NewTeams(t testing.TB) *Teams {
	s := &Teams{}
	s.serve(t, s.handle)
	s.Hook = s.URL + "/workflows/0a1b/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sig=" + Secret("teams signature")
	return s
}

// Cards are the messages that were accepted.
func (s *Teams) Cards() []json.RawMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]json.RawMessage(nil), s.cards...)
}

func (s *Teams) handle(w http.ResponseWriter, r *http.Request, body []byte) {
	if r.URL.Query().Get("sig") != Secret("teams signature") {
		answer(w, 401, "application/json", `{"error":{"code":"DirectApiAuthorizationRequired","message":"The request must be authenticated only by Shared Access scheme."}}`)
		return
	}
	faults := TeamsFaults(body)
	for _, f := range faults {
		s.fault("%s", f)
	}
	if len(faults) > 0 {
		answer(w, 400, "application/json", `{"error":{"code":"TriggerInputSchemaMismatch","message":"invalid"}}`)
		return
	}
	s.mu.Lock()
	s.cards = append(s.cards, body)
	s.mu.Unlock()
	w.WriteHeader(http.StatusAccepted)
}

// TeamsFaults is what a workflow would refuse, and what a card would make of
// text that others wrote.
func TeamsFaults(body []byte) []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if len(body) > sink.TeamsMessage.Max() || !utf8.Valid(body) {
		add("%d bytes, or not UTF-8", len(body))
	}
	var m struct {
		Type        string `json:"type"`
		Attachments []struct {
			ContentType string         `json:"contentType"`
			ContentURL  *string        `json:"contentUrl"`
			Content     map[string]any `json:"content"`
		} `json:"attachments"`
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return append(out, err.Error())
	}
	if m.Type != "message" || len(m.Attachments) != 1 {
		return append(out, "not a message with one card")
	}
	a := m.Attachments[0]
	if a.ContentType != "application/vnd.microsoft.card.adaptive" || a.ContentURL != nil || a.Content["type"] != "AdaptiveCard" {
		add("not an Adaptive Card")
	}
	if v := fmt.Sprint(a.Content["version"]); !strings.HasPrefix(v, "1.") || v > "1.5" {
		add("version %s", v)
	}
	return append(out, cardFaults("card", a.Content)...)
}

var backslashed = regexp.MustCompile(`\\[\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]`)

// cardFaults walks a card. Every text must be free of Markdown once escaped
// characters are taken out, and of anything that becomes a link by itself.
func cardFaults(where string, v any) []string {
	var out []string
	switch v := v.(type) {
	case map[string]any:
		for name, x := range v {
			s, isText := x.(string)
			switch {
			case isText && (name == "text" || name == "title" || name == "value" || name == "fallbackText"):
				if v["type"] != "Action.OpenUrl" { // a button's title is not Markdown
					out = append(out, textFaults(where+"."+name, s)...)
				}
			case isText && name == "url" && (!strings.HasPrefix(s, "https://") || strings.Contains(strings.ToLower(s), EvilHost)):
				out = append(out, where+" leads to "+s)
			case name == "entities" || name == "selectAction" || name == "backgroundImage":
				out = append(out, where+" has "+name)
			default:
				out = append(out, cardFaults(where+"."+name, x)...)
			}
		}
		if t, _ := v["type"].(string); t != "" && !elements[t] {
			out = append(out, where+" is a "+t)
		}
	case []any:
		for i, x := range v {
			out = append(out, cardFaults(fmt.Sprintf("%s[%d]", where, i), x)...)
		}
	}
	return out
}

// textFaults judges one text of a card.
func textFaults(where, s string) []string {
	var out []string
	if bare := backslashed.ReplaceAllString(s, ""); strings.ContainsAny(bare, "`*_{}[]()#<>&~|!\\") || listItem.MatchString(bare) && listItem.MatchString(s) {
		out = append(out, fmt.Sprintf("%s has Markdown: %.80q", where, s))
	}
	if strings.Contains(strings.ReplaceAll(s, `\`, ""), "://") && !strings.Contains(s, "s3://") || s == "" {
		out = append(out, fmt.Sprintf("%s has a link or is empty: %.80q", where, s))
	}
	return out
}

var listItem = regexp.MustCompile(`^\s*(?:[-+]|\d{1,9}[.)])(?:\s|$)`)

var elements = map[string]bool{"AdaptiveCard": true, "TextBlock": true, "FactSet": true, "Action.OpenUrl": true}
