//go:build !unix

package pipeline

import "os"

// opener opens log files.
type opener struct{}

// logFile is an open file.
type logFile struct{ *os.File }

func (*opener) open(path string) (*logFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return &logFile{f}, nil
}

// release gives up what was only kept for the next file.
func (*opener) release() {}

// Size is the size in bytes of a regular file, and -1 of anything else.
func (f *logFile) Size() int64 {
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		return info.Size()
	}
	return -1
}
