// Command trailwarden reads AWS CloudTrail logs and says what in them deserves
// attention.
package main

import "os"

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
