// Package convert translates between the wire's messages and the model, and
// between the wire's status codes and the model's error codes.
//
// Every message has a pair of functions, XToPB and XFromPB, that name each
// field once. They never fail and take nothing for granted: a missing message
// becomes a zero value, an unknown enum number is kept as a number (checking
// the content is the business of the validation rules and of the model).
// Converting to the wire and back gives an equal value as long as it holds
// only what the wire can carry:
//
//   - times are whole seconds since 1970 in UTC, and the zero time is 0;
//   - text is UTF-8 (other bytes become U+FFFD, or the message could not be sent
//     at all; commit messages and program output are full of them);
//   - empty lists and maps are nil.
//
// What is on the wire and not in the model (plugins, deployment chains, traces)
// is left out and lost. Error codes are in error.go.
package convert
