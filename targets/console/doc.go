// Package console logs in on devices over SSH and types commands there. Host
// keys are always verified; secrets are typed at the device's own questions and
// stand nowhere else.
package console
