// Package memory is how rules remember: windows of records by group, sequences,
// what did not follow, values never seen before, rates against a group's own
// past, and CloudWatch alarms.
//
// A Spec says what is remembered. Its inputs are predicates on records, or the
// detections of another Spec; a record that matches an input is a hit, filed
// under the values of the group's fields. All meaning is in one place: the
// hits of a group, sorted by event time and then by the record's identity, go
// through the Spec's machine instant by instant, and the machine says in which
// stretches of time its condition holds. Each stretch is a Detection. So
// detections depend on the set of records alone, not on the order in which they
// came nor on how often.
//
// Two stores of hits lead to the same machines. History keeps everything until
// the end, for scans of files in whatever order; Engine judges as records come,
// with a bound on lateness, and keeps its groups in a State. Naive states the
// meaning once more in the plainest code, and tests hold all three equal.
//
// Times are event time in UTC, in steps of a millisecond; hits of one instant
// have no order among themselves and are judged together.
package memory
