package confine

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Apply gives everything up but what l keeps. Files and network are given up by
// the calling thread only: lock the goroutine to its thread and have the process
// replaced by another program (exec), which then has the limits as a whole. An
// error means that the system has the means and they failed; means that it lacks
// are missing from the report.
func Apply(l Limits) (Report, error) {
	var r Report
	if err := limit(unix.RLIMIT_DATA, l.Memory); err != nil {
		return r, fmt.Errorf("limit of memory: %w", err)
	}
	if err := limit(unix.RLIMIT_AS, l.AddressSpace); err != nil {
		return r, fmt.Errorf("limit of address space: %w", err)
	}
	if err := limit(unix.RLIMIT_CORE, 1); err != nil { // no dumps of logs
		return r, err
	}
	r.Memory = l.Memory > 0
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return r, fmt.Errorf("no new privileges: %w", err)
	}
	var err error
	if r.Files, err = restrictFiles(l); err != nil {
		return r, fmt.Errorf("limit of files: %w", err)
	}
	if r.Network, err = restrictCalls(); err != nil {
		return r, fmt.Errorf("limit of network: %w", err)
	}
	return r, nil
}

func limit(resource int, n uint64) error {
	if n == 0 {
		return nil
	}
	return unix.Setrlimit(resource, &unix.Rlimit{Cur: n, Max: n})
}

// Rights on files as of each version of Landlock (landlock(7)).
const (
	readRights  = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	runRights   = readRights | unix.LANDLOCK_ACCESS_FS_EXECUTE
	allRights1  = 1<<13 - 1 // the first version has thirteen
	writeRights = readRights | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_MAKE_REG |
		unix.LANDLOCK_ACCESS_FS_REMOVE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_MAKE_DIR
)

// system are the places of programs and libraries, which say nothing of anybody.
var system = [...]string{"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache"}

// memoryFacts are what allocators ask the system for. Without the first, the
// engine's has every page that it frees mapped anew; without the second it cannot
// ask for large pages.
var memoryFacts = [...]string{"/proc/sys/vm/overcommit_memory", "/sys/kernel/mm/transparent_hugepage/enabled"}

// restrictFiles leaves the files of l to the thread; ok is false where the
// system has no Landlock.
func restrictFiles(l Limits) (ok bool, err error) {
	version, _, e := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if e != 0 || version < 1 {
		return false, nil
	}
	attr := unix.LandlockRulesetAttr{Handled_access_fs: rightsOf(int(version))}
	if version >= 4 {
		attr.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	}
	size := uintptr(8) // what the first version knows
	if version >= 4 {
		size = 16 // and the network
	}
	set, _, e := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), size, 0)
	if e != 0 {
		return false, e
	}
	defer unix.Close(int(set))
	if err := allowAll(int(set), l, attr.Handled_access_fs); err != nil {
		return false, err
	}
	if _, _, e := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, set, 0, 0); e != 0 {
		return false, e
	}
	return true, nil
}

// rightsOf are all rights that a version knows, and so can deny.
func rightsOf(version int) uint64 {
	rights := uint64(allRights1)
	for i, right := range []uint64{unix.LANDLOCK_ACCESS_FS_REFER, unix.LANDLOCK_ACCESS_FS_TRUNCATE, 0, unix.LANDLOCK_ACCESS_FS_IOCTL_DEV} {
		if version >= i+2 {
			rights |= right
		}
	}
	return rights
}

func allowAll(set int, l Limits, known uint64) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for _, path := range append([]string{self}, system[:]...) {
		if err := allow(set, path, runRights&known); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	for _, path := range memoryFacts {
		if err := allow(set, path, unix.LANDLOCK_ACCESS_FS_READ_FILE&known); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	for _, path := range l.Read {
		if err := allow(set, path, readRights&known); err != nil {
			return err
		}
	}
	for _, path := range l.Write {
		if err := allow(set, path, writeRights&known); err != nil {
			return err
		}
	}
	return nil
}

func allow(set int, path string, rights uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		rights &= unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	attr := unix.LandlockPathBeneathAttr{Allowed_access: rights, Parent_fd: int32(fd)}
	if _, _, e := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(set), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&attr)), 0, 0, 0); e != 0 {
		return &os.PathError{Op: "allow", Path: path, Err: e}
	}
	return nil
}

// arch is how the kernel names this processor to a filter of system calls.
func arch() uint32 {
	switch runtime.GOARCH {
	case "amd64":
		return unix.AUDIT_ARCH_X86_64
	case "arm64":
		return unix.AUDIT_ARCH_AARCH64
	}
	return 0
}

// refused are the system calls that reach other machines or other processes.
var refused = [...]uint32{
	unix.SYS_SOCKET, unix.SYS_SOCKETPAIR, unix.SYS_CONNECT, unix.SYS_BIND, unix.SYS_LISTEN, unix.SYS_ACCEPT4,
	unix.SYS_SENDTO, unix.SYS_SENDMSG, unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV,
	unix.SYS_IO_URING_SETUP, unix.SYS_MEMFD_CREATE, unix.SYS_SHMGET, unix.SYS_PIDFD_GETFD,
}

// restrictCalls installs a filter (seccomp(2)) that refuses those calls.
func restrictCalls() (bool, error) {
	a := arch()
	if a == 0 {
		return false, nil
	}
	load := func(at uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at}
	}
	answer := func(k uint32) unix.SockFilter { return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: k} }
	const no = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	n := uint8(len(refused))
	code := []unix.SockFilter{
		load(4), // the architecture
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: a, Jt: 1},
		answer(unix.SECCOMP_RET_KILL_PROCESS),
		load(0), // the number of the call; above this bit it is that of another ABI
		{Code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, K: 0x40000000, Jt: n + 1},
	}
	for i, nr := range refused {
		code = append(code, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: nr, Jt: n - uint8(i)})
	}
	code = append(code, answer(unix.SECCOMP_RET_ALLOW), answer(no))
	prog := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&prog)), 0, 0)
	if errors.Is(err, unix.EINVAL) { // a kernel without filters
		return false, nil
	}
	return err == nil, err
}
