package keyword_test

import (
	"fmt"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/rule/keyword"
)

func Example() {
	config, faults := keyword.Parse([]byte(`{"source": "iam|signin", "regexp": "Login|AccessKey"}`))
	if config == nil {
		fmt.Println(faults)
		return
	}
	match, _ := detect.Naive(config.Predicate(), []byte(`{"eventSource": "iam.amazonaws.com", "eventName": "CreateAccessKey"}`))
	fmt.Println(match)
	// Output: true
}
