package model

import "time"

// Project is a tenant: it owns agents, applications and their deployments.
type Project struct {
	ID          string // chosen by a person, e.g. "quickstart"
	Description string
	StaticAdmin *StaticAdmin // nil when password login is off
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// StaticAdmin is the one password account of a project.
type StaticAdmin struct {
	Username     string
	PasswordHash string // bcrypt
}

// Limits on what people and agents type; longer values are refused, never cut.
const (
	MaxNameLength        = 255    // bytes, names and ids
	MaxDescriptionLength = 4096   // bytes
	MaxReasonLength      = 16384  // bytes, status reasons and summaries
	MaxMetadataSize      = 524288 // bytes of all keys and values of one deployment or stage
)

// ValidateName refuses an empty name, one over MaxNameLength and one with
// control characters. what names the thing in the sentence.
func ValidateName(what, name string) error {
	if name == "" {
		return Errorf(CodeInvalid, "%s must not be empty", what)
	}
	if len(name) > MaxNameLength {
		return Errorf(CodeInvalid, "%s is %d bytes long; at most %d are kept", what, len(name), MaxNameLength)
	}
	for _, r := range name {
		if r < ' ' || r == 0x7f {
			return Errorf(CodeInvalid, "%s must not contain control characters", what)
		}
	}
	return nil
}

// ValidateID refuses what cannot be the id of a project or an agent: besides
// what ValidateName refuses, that which cannot be part of an agent's credential.
// what names the thing in the sentence.
func ValidateID(what, id string) error {
	if err := ValidateName(what, id); err != nil {
		return err
	}
	if !IsToken(id) {
		return Errorf(CodeInvalid, "%s must not contain spaces, commas or characters outside ASCII: it is part of the agents' credentials", what)
	}
	return nil
}

// IsToken reports whether s can be one part of an agent's credential: not empty,
// and only visible ASCII without the comma that separates the parts.
func IsToken(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f || s[i] == ',' {
			return false
		}
	}
	return s != ""
}
