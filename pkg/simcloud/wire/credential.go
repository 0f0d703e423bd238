package wire

import (
	"net/http"
	"strings"
)

// Credential is what a Signature Version 4 header says about the caller.
type Credential struct {
	AccessKeyID string
	Region      string
	// Service is the signing name: ecs, elasticloadbalancing, sts.
	Service string
}

// signatureAlgorithm is the only one the SDK uses with static credentials.
const signatureAlgorithm = "AWS4-HMAC-SHA256"

// Authenticate reads the credential of a request. A request without one is
// refused with MissingAuthenticationToken, one that cannot be read with
// IncompleteSignature, as AWS does. The signature itself is not verified.
func Authenticate(r *http.Request) (Credential, *Error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return Credential{}, &Error{
			Status:  http.StatusForbidden,
			Code:    "MissingAuthenticationToken",
			Message: "Request is missing Authentication Token",
		}
	}
	algorithm, rest, _ := strings.Cut(header, " ")
	if algorithm != signatureAlgorithm {
		return Credential{}, incomplete("Authorization header requires the algorithm " + signatureAlgorithm + ".")
	}
	params := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		params[name] = value
	}
	for _, name := range []string{"Credential", "SignedHeaders", "Signature"} {
		if params[name] == "" {
			return Credential{}, incomplete("Authorization header requires '" + name + "' parameter.")
		}
	}
	scope := strings.Split(params["Credential"], "/")
	const parts = 5 // key, date, region, service, aws4_request
	if len(scope) != parts || scope[4] != "aws4_request" || scope[0] == "" {
		return Credential{}, incomplete("Credential must have exactly 5 slash-delimited elements: keyid/date/region/service/term.")
	}
	return Credential{AccessKeyID: scope[0], Region: scope[2], Service: scope[3]}, nil
}

func incomplete(message string) *Error {
	return &Error{Status: http.StatusForbidden, Code: "IncompleteSignature", Message: message}
}
