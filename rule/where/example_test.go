package where_test

import (
	"fmt"

	"github.com/trailwarden/trailwarden/detect"
	"github.com/trailwarden/trailwarden/rule/where"
)

func Example() {
	condition, faults := where.Parse([]byte(`
all:
  - eventSource: {equals: iam.amazonaws.com}
  - eventName: {prefix: [Create, Attach]}
  - not: {errorCode: {exists: true}}
`))
	if condition == nil {
		fmt.Println(faults)
		return
	}
	for _, record := range []string{
		`{"eventSource": "iam.amazonaws.com", "eventName": "CreateUser"}`,
		`{"eventSource": "iam.amazonaws.com", "eventName": "CreateUser", "errorCode": "AccessDenied"}`,
	} {
		match, _ := detect.Naive(condition.Predicate(), []byte(record))
		fmt.Println(match)
	}
	// Output:
	// true
	// false
}

func ExampleParse_fault() {
	_, faults := where.Parse([]byte("eventName: {startswith: Delete}"))
	fmt.Println(faults[0].Code, faults[0].Fix)
	// Output: TW020 prefix
}
