//go:build !unix

package main

import "os"

// hangup is empty where there is no such signal: files that change reload.
var hangup []os.Signal
