// Package resident keeps what a running program holds in memory of its own file
// near what it uses.
//
// A start touches much of the program that is never asked for again: what makes
// the tables of all packages, reads the command line, the configuration and the
// rules. The system maps sixteen pages for every one that is touched, and they
// count as the process's memory until somebody needs the room. Trailwarden's
// file is a hundred megabytes large, of which a start leaves forty, and a scan
// uses ten.
package resident
