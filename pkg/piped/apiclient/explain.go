package apiclient

import (
	"context"
	"errors"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
)

// explain turns what a call answered into an error of the model: what was being
// done, what happened, what to do. ctx is the caller's, whose end is told apart
// from the deadline of one attempt.
func (o op) explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return model.Wrap(model.CodeUnavailable, context.Cause(ctx), o.doing+" was given up")
	}
	remote := convert.ErrorFromStatus(err)
	at, code := o.client.options.Address, model.CodeOf(remote)
	if isUnknownCall(err) {
		code = model.CodeUnimplemented
	}
	switch code {
	case model.CodeUnavailable:
		return model.Errorf(code, "%s: %w", o.doing, unavailable(at, err, remote))
	case model.CodeUnauthenticated:
		return model.Errorf(code, "%s: the control plane at %s does not accept this piped's credential (%s); check projectID, pipedID and the piped's key, and that the piped is not disabled",
			o.doing, at, status.Convert(err).Message())
	case model.CodeUnimplemented:
		return model.Errorf(code, "%s: %s does not answer as a control plane of this kind (%s); check the address", o.doing, at, status.Convert(err).Message())
	case model.CodeInvalid, model.CodeNotFound, model.CodeAlreadyExists, model.CodeFailedPrecondition,
		model.CodePermissionDenied, model.CodeFenced, model.CodeExhausted, model.CodeInternal:
		return model.Errorf(code, "%s: %w", o.doing, remote)
	default:
		return model.Errorf(code, "%s: %w", o.doing, remote)
	}
}

// unavailable says why the control plane did not answer.
func unavailable(address string, err, remote error) error {
	message := status.Convert(err).Message()
	switch {
	case errors.Is(remote, context.DeadlineExceeded):
		return model.Errorf(model.CodeUnavailable, "the control plane at %s did not answer in time", address)
	case !isTransport(message):
		return model.Errorf(model.CodeUnavailable, "the control plane at %s is not available: %s", address, message)
	default:
		return model.Errorf(model.CodeUnavailable, "the control plane at %s cannot be reached: %s", address, tidy(message))
	}
}

// isTransport reports whether the message is of our own transport rather than
// of the peer. gRPC tells them apart only in words.
func isTransport(message string) bool {
	for _, sign := range []string{"connection error", "transport", "name resolver", "error reading from server", "connection is draining"} {
		if strings.Contains(message, sign) {
			return true
		}
	}
	return false
}

// tidy strips the transport's wrapping and adds what to do where the cause is
// known.
func tidy(message string) string {
	message = strings.TrimPrefix(message, `connection error: desc = "`)
	message = strings.TrimPrefix(message, "transport: ")
	message = strings.TrimPrefix(message, "Error while dialing: ")
	message = strings.TrimSuffix(message, `"`)
	switch {
	case strings.Contains(message, "does not look like a TLS handshake"):
		message += " (it speaks plaintext: start the piped with --insecure, or use the TLS port)"
	case strings.Contains(message, "certificate signed by unknown authority"):
		message += " (give the piped the authority's certificate with --cert-file)"
	case strings.Contains(message, "looked like an HTTP/1.1 header"):
		message += " (it speaks HTTP/1.1 or TLS where plaintext HTTP/2 is expected)"
	}
	return message
}

// isUnknownCall reports whether the answer means that the peer does not know the
// service or the method: UNIMPLEMENTED, or a gateway's page with status 200.
func isUnknownCall(err error) bool {
	s := status.Convert(err)
	switch s.Code() {
	case codes.Unimplemented:
		return true
	case codes.Unknown:
		return strings.Contains(s.Message(), "content-type") && strings.Contains(s.Message(), "200")
	default:
		return false
	}
}
