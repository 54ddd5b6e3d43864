// Package e2e holds one test for each published write-up and for the topology
// that we recommend: its stacks are made in an AWS emulator from the rendered
// CloudFormation, CloudTrail's files and events are put where CloudTrail puts
// them, the function's real binary runs with the settings that the stack gave
// it, and the message is read at its sink.
//
// The emulator runs no functions. What would call one is read from what the
// stacks made, judged by the checks of package doctor (notification, permission,
// target, role), and handed to the binary by the emulated Runtime API. Where the
// emulator delivers itself, as from a bucket over a topic into a queue, the
// message is taken from there.
package e2e
