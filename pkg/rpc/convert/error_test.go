package convert_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"pipecd/pkg/model"
	"pipecd/pkg/rpc/convert"
)

func TestCodesRoundTrip(t *testing.T) {
	t.Parallel()
	for code, want := range map[model.Code]codes.Code{
		model.CodeInvalid:            codes.InvalidArgument,
		model.CodeNotFound:           codes.NotFound,
		model.CodeAlreadyExists:      codes.AlreadyExists,
		model.CodeFailedPrecondition: codes.FailedPrecondition,
		model.CodeUnauthenticated:    codes.Unauthenticated,
		model.CodePermissionDenied:   codes.PermissionDenied,
		model.CodeFenced:             codes.Aborted,
		model.CodeExhausted:          codes.ResourceExhausted,
		model.CodeUnavailable:        codes.Unavailable,
		model.CodeUnimplemented:      codes.Unimplemented,
		model.CodeInternal:           codes.Internal,
	} {
		if got := convert.CodeToGRPC(code); got != want {
			t.Errorf("%s became %s, want %s", code, got, want)
		}
		if got := convert.CodeFromGRPC(want); got != code {
			t.Errorf("%s became %s, want %s", want, got, code)
		}
		if got := convert.CodeFromConnect(convert.CodeToConnect(code)); got != code {
			t.Errorf("%s became %s", code, got)
		}
	}
	if got := convert.CodeToConnect("nonsense"); got != connect.CodeInternal {
		t.Errorf("got %s", got)
	}
}

func TestErrorToConnect(t *testing.T) {
	t.Parallel()
	secret := errors.New("dial tcp 10.0.0.3: password=hunter2")
	for name, c := range map[string]struct {
		err     error
		code    connect.Code
		message string
	}{
		"sentence": {
			model.Errorf(model.CodeNotFound, "application %s does not exist", "a1"),
			connect.CodeNotFound, "application a1 does not exist",
		},
		"wrapped by fmt": {
			fmt.Errorf("loading: %w", model.Errorf(model.CodeFenced, "a newer lease exists")),
			connect.CodeAborted, "a newer lease exists",
		},
		"cause stays here": {
			model.Wrap(model.CodeUnavailable, secret, "reading deployment d1"),
			connect.CodeUnavailable, "reading deployment d1: not available at the moment; try again",
		},
		"sentence of the cause": {
			model.Wrap(model.CodeFailedPrecondition, model.Errorf(model.CodeFailedPrecondition, "it is SUCCESS"), "cancelling d1"),
			connect.CodeFailedPrecondition, "cancelling d1: it is SUCCESS",
		},
		"internal": {
			model.Wrap(model.CodeInternal, secret, "SELECT 1"),
			connect.CodeInternal, "something went wrong inside the control plane; its log says what",
		},
		"no code":  {secret, connect.CodeInternal, "something went wrong inside the control plane; its log says what"},
		"cancel":   {fmt.Errorf("reading: %w", context.Canceled), connect.CodeCanceled, "the call was cancelled"},
		"deadline": {fmt.Errorf("reading: %w", context.DeadlineExceeded), connect.CodeDeadlineExceeded, "the call took too long"},
		"ready":    {connect.NewError(connect.CodeOutOfRange, "mine"), connect.CodeOutOfRange, "mine"},
		"a peer's verdict": {
			connect.NewError(connect.CodeNotFound, "theirs").WithRemote(),
			connect.CodeInternal, "something went wrong inside the control plane; its log says what",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := convert.ErrorToConnect(c.err)
			var e *connect.Error
			if !errors.As(got, &e) {
				t.Fatalf("got %T", got)
			}
			if e.Code() != c.code || e.Message() != c.message {
				t.Errorf("got %s %q, want %s %q", e.Code(), e.Message(), c.code, c.message)
			}
			if !errors.Is(got, c.err) {
				t.Error("the cause is lost for the log")
			}
		})
	}
	if err := convert.ErrorToConnect(nil); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestLongSentencesAreCut(t *testing.T) {
	t.Parallel()
	err := convert.ErrorToConnect(model.Errorf(model.CodeInvalid, "%s", strings.Repeat("あ", 5000)))
	var e *connect.Error
	if !errors.As(err, &e) || len(e.Message()) > 2060 || !strings.HasSuffix(e.Message(), "あ…") {
		t.Errorf("got %d bytes", len(e.Message()))
	}
}

func TestErrorFromStatus(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err     error
		code    model.Code
		message string
		is      error
	}{
		{status.Error(codes.NotFound, "gone"), model.CodeNotFound, "gone", nil},
		{status.Error(codes.Aborted, "a newer lease exists"), model.CodeFenced, "a newer lease exists", nil},
		{status.Error(codes.Unknown, "?"), model.CodeInternal, "?", nil},
		{status.Error(codes.DataLoss, ""), model.CodeInternal, "the call failed with data_loss", nil},
		{status.Error(codes.OutOfRange, "x"), model.CodeInvalid, "x", nil},
		{status.Error(codes.DeadlineExceeded, "x"), model.CodeUnavailable, "the call took too long: context deadline exceeded", context.DeadlineExceeded},
		{context.Canceled, model.CodeUnavailable, "the call was cancelled: context canceled", context.Canceled},
	} {
		got := convert.ErrorFromStatus(c.err)
		if model.CodeOf(got) != c.code || got.Error() != c.message || (c.is != nil && !errors.Is(got, c.is)) {
			t.Errorf("%v became %s %q", c.err, model.CodeOf(got), got)
		}
	}
	if err := convert.ErrorFromStatus(nil); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestErrorFromConnect(t *testing.T) {
	t.Parallel()
	got := convert.ErrorFromConnect(fmt.Errorf("call: %w", connect.NewError(connect.CodeAborted, "old").WithRemote()))
	if model.CodeOf(got) != model.CodeFenced || got.Error() != "old" {
		t.Errorf("got %s %q", model.CodeOf(got), got)
	}
	if err := convert.ErrorFromConnect(nil); err != nil {
		t.Errorf("got %v", err)
	}
}
