// Package fault tests what only a real process can show: that it may be killed at any moment, and what it reads from the
// machine rather than from its caller.
//
// The flow: TestMain builds the binary once; start runs it in a folder of its own on port 0, with nothing in its environment
// but what the test gave; kill ends it by SIGKILL; start again on the same folder finds what was committed.
package fault
