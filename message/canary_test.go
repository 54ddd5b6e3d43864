package message_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/trailwarden/trailwarden/alert"
	"github.com/trailwarden/trailwarden/message"
	"github.com/trailwarden/trailwarden/message/messagetest"
)

// No secret of a record appears anywhere in its message: not in the words, not in
// the fields, not in the raw record.
func TestCanariesAppearNowhere(t *testing.T) {
	all := messagetest.Canaries()
	for _, c := range all {
		t.Run(c.Name, func(t *testing.T) {
			text, err := json.Marshal(c.Message)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range c.Secrets {
				if i := strings.Index(string(text), s); i >= 0 {
					t.Errorf("the secret %q is shown: …%s…", s, text[max(0, i-80):min(len(text), i+len(s)+20)])
				}
			}
			if !json.Valid(c.Message.Events[0].Raw) {
				t.Errorf("raw is not JSON: %s", c.Message.Events[0].Raw)
			}
			if !strings.Contains(string(text), "CreateUser") || !strings.Contains(string(text), messagetest.EventID) {
				t.Error("what is no secret is gone")
			}
		})
	}
	t.Logf("%d records with secrets", len(all))
}

// Fields that the user chose below a secret's name, or beside it, are masked too.
func TestChosenFieldsAreMasked(t *testing.T) {
	const canary = "c4n4ry-by-path"
	b := builder(t, message.Options{Fields: []string{"requestParameters.value", "requestParameters.password.text", "requestParameters.password", "requestParameters.secret.list", "requestParameters.name"}})
	m := build(t, b, messagetest.Alert(json.RawMessage(`{"requestParameters":{"name":"DB_PASSWORD","value":"`+canary+`","password":{"text":"`+canary+`"},"secret":{"list":["`+canary+`"]}}}`)), alert.Delivery{Kind: alert.Opened})
	if text, _ := json.Marshal(m); strings.Contains(string(text), canary) {
		t.Errorf("%s", text)
	}
	if f := m.Events[0].Fields; len(f) != 5 || f[4].Value != "DB_PASSWORD" {
		t.Errorf("%v", f)
	}
}
