package ecs

import "pipecd/pkg/simcloud/wire"

// refuse returns an error of the given type.
func refuse(code, format string, args ...any) error { return wire.Errorf(code, format, args...) }

// invalid returns an InvalidParameterException, the type for nearly every
// refusal about a parameter.
func invalid(format string, args ...any) error {
	return wire.Errorf("InvalidParameterException", format, args...)
}

// client returns a ClientException, the type the task definition operations use.
func client(format string, args ...any) error {
	return wire.Errorf("ClientException", format, args...)
}

// conflict returns a ConflictException that names the resources in the way.
func conflict(message string, arns []string) error {
	return &wire.Error{Code: "ConflictException", Message: message, Fields: map[string]any{"resourceIds": arns}}
}
