package message_test

import (
	"encoding/json"
	"strings"
	"testing"

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
