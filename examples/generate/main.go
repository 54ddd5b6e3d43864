// Command generate makes the sample logs in examples/: a day in an imaginary
// organization of four accounts, with an intrusion hidden in it. Everything is
// invented: accounts, keys and addresses are those that AWS and RFC 5737 and
// 3849 set aside for documentation. The same logs come out on every run.
//
//	go run ./examples/generate -o examples
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	out := flag.String("o", "examples", "folder that receives AWSLogs/")
	flag.Parse()
	if err := write(*out, files(story())); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

// story is every record of the day, with the account and the time of delivery.
func story() []delivery {
	d := newDay()
	d.background()
	d.incident()
	return d.deliveries
}
