//go:build unix

package sandbox

import (
	"errors"
	"os/exec"
	"syscall"
)

// ownGroup puts the child into a process group of its own, which is killed as a
// whole.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

// wasKilled tells whether the process was ended by the system or gave itself up,
// as programs do whose memory is refused.
func wasKilled(err error) bool {
	var e *exec.ExitError
	if !errors.As(err, &e) {
		return false
	}
	s, ok := e.Sys().(syscall.WaitStatus)
	return ok && s.Signaled() && (s.Signal() == syscall.SIGKILL || s.Signal() == syscall.SIGABRT || s.Signal() == syscall.SIGSEGV)
}
