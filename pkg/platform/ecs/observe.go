package ecs

import (
	"context"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"

	"pipecd/pkg/observe"
)

// observed tells o about every call of a client, as the outermost step of the
// call: retries and the wait for the rate limit are part of it.
func observed(o observe.Observer) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Observe",
			func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
				ctx, end := o.Begin(ctx, observe.Operation{
					Kind: observe.AWSCall, Group: awsmiddleware.GetServiceID(ctx), Name: awsmiddleware.GetOperationName(ctx),
				})
				out, metadata, err := next.HandleInitialize(ctx, in)
				end(outcomeOf(err), err)
				return out, metadata, err
			}), middleware.After)
	}
}

// outcomeOf is how a call ended: the code of the error that people are told.
func outcomeOf(err error) string { return observe.OutcomeOf(translate(err, "calling AWS")) }
