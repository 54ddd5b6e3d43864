package rule_test

import (
	"fmt"

	"github.com/trailwarden/trailwarden/rule"
)

func ExampleLoadText() {
	set, faults := rule.LoadText("eventbridge", "root.json", []byte(`{"detail": {"userIdentity": {"type": ["Root"]}}}`), rule.Options{})
	for _, f := range faults {
		fmt.Println(f)
	}
	for _, r := range set.Rules {
		fmt.Println(r.ID, r.Language)
	}
	// Output: root eventbridge
}

func ExampleLoadText_fault() {
	_, faults := rule.LoadText("where", "rule.yaml", []byte("id: x\nmatch:\n  where:\n    eventName: {begins: Delete}\n"), rule.Options{})
	fmt.Println(faults[0].File, faults[0].Line, faults[0].Code)
	// Output: rule.yaml 4 TW020
}
