//go:build !unix

package sandbox

import "os/exec"

func ownGroup(*exec.Cmd) {}

func wasKilled(error) bool { return false }
