package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"buf.build/go/protovalidate"
	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connectproto"
	"google.golang.org/protobuf/proto"

	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/controlplane/webapi"
	"pipecd/pkg/model"
	"pipecd/pkg/observe"
	rpcauth "pipecd/pkg/rpc/auth"
	"pipecd/pkg/rpc/convert"
	webv1 "pipecd/pkg/rpc/gen/pipecd/web/v1"
)

const (
	callTimeout = 30 * time.Second // of a call that is not a stream
	sendTimeout = 20 * time.Second // of one message of a stream: a reader that stopped reading

	requestIDHeader = "X-Request-Id"
)

// call is what is known of a running call; inner interceptors add to it for the
// log.
type call struct {
	id      string
	spec    connect.Spec
	started time.Time
	attrs   []slog.Attr
}

type callKey struct{}

// describe adds attributes to the call's line in the log.
func describe(ctx context.Context, attrs ...slog.Attr) {
	if c, ok := ctx.Value(callKey{}).(*call); ok {
		c.attrs = append(c.attrs, attrs...)
	}
}

// account tells the observer about calls and logs them. Their id is in the log
// and in the response, so that a user's report leads to the line.
func account(logger *slog.Logger, to observe.Observer) connect.ServerInterceptor {
	return func(next connect.ServerFunc) connect.ServerFunc {
		return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
			c := &call{id: rand.Text()[:16], spec: spec, started: time.Now()}
			if info, ok := connect.CallInfoForServerContext(ctx); ok {
				info.ResponseHeader().Set(requestIDHeader, c.id)
				c.attrs = append(c.attrs, slog.String("peer", info.PeerAddr), slog.String("protocol", info.Protocol))
			}
			ctx, end := to.Begin(ctx, operationOf(ctx, c))
			err := next(context.WithValue(ctx, callKey{}, c), spec, stream)
			end(codeName(err), err)
			c.log(ctx, logger, err, time.Since(c.started))
			return err
		}
	}
}

// log writes the call's line: quietly when all is well, loudly for a defect.
func (c *call) log(ctx context.Context, logger *slog.Logger, err error, took time.Duration) {
	level := slog.LevelDebug
	attrs := append([]slog.Attr{
		slog.String("procedure", c.spec.Procedure), slog.String("code", codeName(err)),
		slog.Duration("took", took), slog.String("request", c.id),
	}, c.attrs...)
	if err != nil {
		level = slog.LevelInfo
		attrs = append(attrs, slog.String("error", causeOf(err)))
	}
	switch connect.CodeOf(err) {
	case connect.CodeInternal, connect.CodeUnknown, connect.CodeDataLoss:
		if err != nil {
			level = slog.LevelError
		}
	default:
	}
	logger.LogAttrs(ctx, level, "call", attrs...)
}

// causeOf returns the text for operators, which has more than the user is told.
func causeOf(err error) string {
	if e, ok := errors.AsType[*connect.Error](err); ok {
		if cause := errors.Unwrap(e); cause != nil {
			return cause.Error()
		}
	}
	return err.Error()
}

func codeName(err error) string {
	if err == nil {
		return "ok"
	}
	return connect.CodeOf(err).String()
}

// mapErrors turns the model's errors into the wire's. People's tools also get
// what a person needs beyond the sentence.
func mapErrors(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
		err := convert.ErrorToConnect(next(ctx, spec, stream))
		if err != nil && strings.HasPrefix(spec.Procedure, webPrefix) {
			return withTrouble(ctx, err)
		}
		return err
	}
}

func withTrouble(ctx context.Context, err error) error {
	ready, ok := errors.AsType[*connect.Error](err)
	if !ok {
		return err
	}
	trouble := &webv1.Trouble{Field: webapi.FieldOf(err)}
	if c, ok := ctx.Value(callKey{}).(*call); ok {
		trouble.RequestId = c.id
	}
	detail, packErr := connectproto.NewErrorDetail(trouble)
	if packErr != nil {
		return err // the sentence is worth more than its detail
	}
	return ready.WithDetail(detail)
}

// recoverPanics turns a panic into an error that carries the stack. It is a
// defect of ours, but no reason to end everybody's calls.
func recoverPanics(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = model.Wrap(model.CodeInternal, fmt.Errorf("panic: %v\n%s", p, debug.Stack()), "serving "+spec.Procedure)
			}
		}()
		return next(ctx, spec, stream)
	}
}

// limit gives calls a time limit. A stream has none, but it is ended when the
// server stops, and so is one whose reader does not read.
func limit(stopping context.Context) connect.ServerInterceptor {
	return func(next connect.ServerFunc) connect.ServerFunc {
		return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
			if spec.StreamType == connect.StreamTypeUnary {
				ctx, cancel := context.WithTimeout(ctx, callTimeout)
				defer cancel()
				return next(ctx, spec, stream)
			}
			ctx, cancel := context.WithCancelCause(ctx)
			defer cancel(nil)
			stop := context.AfterFunc(stopping, func() { cancel(context.Cause(stopping)) })
			defer stop()
			return next(ctx, spec, &impatient{ServerStream: stream, ctx: ctx, single: spec.StreamType == connect.StreamTypeServer})
		}
	}
}

// impatient is a stream on which sending has a time limit, and receiving until
// it is known that the other side is a caller: from then on whoever serves the
// stream says how long it waits.
type impatient struct {
	connect.ServerStream

	ctx    context.Context //nolint:containedctx // the stream is one call's, and so is the context
	single bool            // one message comes, and with it the end
	freed  bool
}

// Receive implements connect.ServerStream.
func (s *impatient) Receive(msg any) error {
	if s.single {
		defer s.free()
	} else {
		s.free()
	}
	return s.ServerStream.Receive(msg)
}

// free lifts the limits of requests that are not streams. On HTTP/2 a write
// deadline that passes ends the stream even when nothing is being sent.
func (s *impatient) free() {
	if c, ok := connection(s.ctx); ok && !s.freed {
		_ = c.SetReadDeadline(time.Time{}) // fails only when the connection is gone
		_ = c.SetWriteDeadline(time.Time{})
	}
	s.freed = true
}

// Send implements connect.ServerStream.
func (s *impatient) Send(msg any) error {
	c, ok := connection(s.ctx)
	if !ok {
		return s.ServerStream.Send(msg)
	}
	if err := c.SetWriteDeadline(time.Now().Add(sendTimeout)); err != nil {
		return s.ServerStream.Send(msg)
	}
	err := s.ServerStream.Send(msg)
	return errors.Join(err, c.SetWriteDeadline(time.Time{}))
}

// identify finds out who calls, before anything of the message is read.
func identify(pipeds *auth.Pipeds, people follower) connect.ServerInterceptor {
	return func(next connect.ServerFunc) connect.ServerFunc {
		return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
			info, ok := connect.CallInfoForServerContext(ctx)
			if !ok {
				return model.Errorf(model.CodeInternal, "the call has no metadata")
			}
			header := info.RequestHeader()
			switch {
			case strings.HasPrefix(spec.Procedure, pipedPrefix), strings.HasPrefix(spec.Procedure, agentPrefix):
				caller, err := pipeds.Check(ctx, header.Get(rpcauth.HeaderAuthorization), header.Get(rpcauth.HeaderLeaseEpoch))
				if err != nil {
					return err
				}
				describe(ctx, slog.String("piped", caller.Piped.ID), slog.Int64("epoch", caller.Fence.Epoch))
				return next(auth.WithPiped(ctx, caller), spec, stream)
			case webapi.IsPublic(spec.Procedure):
				return next(ctx, spec, stream)
			default: // closed by default: a service that is new here needs a session
				user, err := people.sessions.Check(ctx, header.Values("Cookie"))
				if err != nil {
					return err
				}
				describe(ctx, slog.String("project", user.ProjectID), slog.String("user", user.Username))
				ctx = auth.WithUser(ctx, user)
				if spec.StreamType == connect.StreamTypeUnary {
					return next(ctx, spec, stream)
				}
				return people.whileLoggedIn(ctx, user, func(ctx context.Context) error { return next(ctx, spec, stream) })
			}
		}
	}
}

// newValidator makes what knows the rules of the proto files, once per process:
// it remembers the rules of each message that it saw.
var newValidator = sync.OnceValues(func() (protovalidate.Validator, error) { return protovalidate.New() }) //nolint:gochecknoglobals // as the rules are

// newValidation returns the interceptor that checks every message that comes in
// against the rules of the proto files.
func newValidation() (connect.ServerInterceptor, error) {
	validator, err := newValidator()
	if err != nil {
		return nil, model.Wrap(model.CodeInternal, err, "preparing the validation of requests")
	}
	return func(next connect.ServerFunc) connect.ServerFunc {
		return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
			return next(ctx, spec, checked{ServerStream: stream, validator: validator, lasting: spec.StreamType&connect.StreamTypeClient != 0})
		}
	}, nil
}

// checked is a stream whose messages are valid when they arrive.
type checked struct {
	connect.ServerStream

	validator protovalidate.Validator
	lasting   bool // many messages may come; that none comes any more is how it ends
}

func (s checked) Receive(msg any) error {
	if err := s.ServerStream.Receive(msg); err != nil {
		if s.lasting {
			return err
		}
		return unread(err)
	}
	m, ok := msg.(proto.Message)
	if !ok {
		return nil
	}
	err := s.validator.Validate(m)
	var invalid *protovalidate.ValidationError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &invalid):
		return webapi.InField(fieldOf(invalid), model.Errorf(model.CodeInvalid, "invalid request: %s", violations(invalid)))
	default:
		return model.Wrap(model.CodeInternal, err, "checking a request")
	}
}

// unread says whose fault it is that a message could not be read: the sender's,
// never a defect here, whatever the code of the library is.
func unread(err error) error {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return model.Errorf(model.CodeInvalid, "the request did not arrive whole within %s", readTimeout)
	case errors.Is(err, io.EOF), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	switch connect.CodeOf(err) {
	case connect.CodeInternal, connect.CodeUnknown, connect.CodeDataLoss:
		return model.Errorf(model.CodeInvalid, "the request cannot be read: it broke off, or is not what its content type says")
	case connect.CodeResourceExhausted: // to send it again does not help
		return model.Errorf(model.CodeInvalid, "the request is larger than this call takes: %s", messageOf(err))
	default:
		return err
	}
}

// messageOf returns what the library says, without its code.
func messageOf(err error) string {
	if e, ok := errors.AsType[*connect.Error](err); ok {
		return e.Message()
	}
	return err.Error()
}

// fieldOf returns the first field that is wrong.
func fieldOf(e *protovalidate.ValidationError) string {
	for _, v := range e.Violations {
		if path := protovalidate.FieldPathString(v.Proto.GetField()); path != "" {
			return path
		}
	}
	return ""
}

func violations(e *protovalidate.ValidationError) string {
	out := make([]string, len(e.Violations))
	for i, v := range e.Violations {
		message := v.Proto.GetMessage()
		if v.RuleValue.IsValid() && v.Proto.GetRuleId() == "string.min_len" && v.RuleValue.Uint() == 1 {
			message = "must not be empty"
		}
		out[i] = strings.TrimPrefix(protovalidate.FieldPathString(v.Proto.GetField())+": "+message, ": ")
	}
	return strings.Join(out, "; ")
}
