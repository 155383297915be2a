// Package targettest is what must hold for every target, as tests: what is
// written is read back, what a device has been told it does, every command of a
// plan leaves every packet treated as before or as after, nothing of others is
// touched. Each target runs it with an emulated device that was written from
// the vendor's documents without looking at the target.
//
// The package has its own idea of what a job means: a walk over its rules,
// packet by packet.
package targettest
