// Package console logs in on devices over SSH and types commands there. Host
// keys are always verified; secrets are typed at the device's own questions and
// stand nowhere else.
//
//	secrets, err := console.NewSecrets(environ, "", nil, "edge-1")
//	s, err := console.Dial(ctx, addr, console.Options{
//		Username: "nbfwc", Platform: dialogue.Platform(),
//		KnownHosts: []string{"known_hosts"}, Secrets: secrets, ReadOnly: true,
//	})
//	defer s.Close()
//	answers, err := s.Do(ctx, targets.Command{Line: "show version", Any: true, Reads: true})
//
// # What is scrapligo's, and what isn't
//
// scrapligo has the driver, which is made of a definition of the platform, and
// the channel, through which everything is typed and everything that a device
// prints comes. The transport is ours. It lives with what was found in version
// 1.4.3:
//
//   - its own transports know no passphrases, no agent and no limit for the
//     handshake, and leave the connection open when the device ends the session
//     first: ours does all that (transport.go, connect.go, auth.go);
//   - its channel drops returns and escape sequences, the latter only if no chunk
//     ends inside: ours takes them away before, and leaves what they did to the
//     line (filter.go);
//   - its queue has no bound, forgets what is in it at the end, and tells nobody
//     when something comes: ours hands out a chunk for each that was taken out;
//   - it waits between two reads, which bounds its speed: ours blocks, and the
//     delay is 0;
//   - its operations stop at the first chunk that ends like a prompt, take prompts
//     out of the middle of answers, and type a refused secret up to seven times:
//     they are not used. The session reads from the channel by itself.
//
// # Which answer belongs to which command
//
// A line of an answer can look like a prompt, and a chunk can end there. So a
// prompt counts only when the device's command line has shown behind it what was
// typed for that purpose: the next command, if it was typed ahead, or else a
// probe, which is an empty line with some blanks, a random number of them. A
// device reads it only at its prompt. The echo of each command has to stand
// behind the prompt as well. Whatever else comes is ErrLost, and the session
// ends. Where the shell of a host is started with a prompt of ours, the prompt
// itself is a random word and proves the same.
package console
