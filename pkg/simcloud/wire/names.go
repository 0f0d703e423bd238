package wire

import "strings"

// Names is how the members of a service's shapes are written in JSON. The SDK's
// Go names begin with a capital letter whatever the service.
type Names int

const (
	// LowerCamel is what the container service uses: serviceName.
	LowerCamel Names = iota
	// UpperCamel is what Application Auto Scaling uses: ServiceNamespace.
	UpperCamel
)

func (n Names) member(field string) string {
	if n == UpperCamel {
		return field
	}
	return strings.ToLower(field[:1]) + field[1:]
}

// Decode reads a request whose members are [LowerCamel].
func Decode(body []byte, in any) error { return LowerCamel.Decode(body, in) }

// Encode writes an SDK type with [LowerCamel] members.
func Encode(v any) ([]byte, error) { return LowerCamel.Encode(v) }
