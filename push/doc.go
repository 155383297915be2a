// Package push changes devices and keeps the record: one push at a time on a
// device, each command written down before it is sent, so that what a crash or
// a broken connection leaves behind can be finished or undone.
//
// What comes in are a Device with its target, its dialogue and a job, and a Dial
// that logs in on it. What goes out is an Outcome that says where the device
// stands; it was asked for that in a new session, after the last command. What
// can't be found out is Unknown and never a guess.
//
// The package knows no vendor, no policy and no SSH. Where a push is unfinished
// the device itself is asked how far it got; the record holds what it was to do
// and what it was before.
package push
