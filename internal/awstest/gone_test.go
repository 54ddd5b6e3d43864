package awstest_test

import (
	"net"
	"strings"
	"time"
)

// goneSoon dials until nobody answers; the server needs a moment to see its
// standard input close.
func goneSoon(endpoint string) bool {
	address := strings.TrimPrefix(endpoint, "http://")
	for range 100 {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return true
		}
		conn.Close()
		time.Sleep(100 * time.Millisecond)
	}
	return false
}
