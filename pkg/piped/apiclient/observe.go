package apiclient

import (
	"context"
	"net/http"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"pipecd/pkg/observe"
)

// observed tells o about every attempt of a call, and sends what o wants to send
// along with it.
func observed(o observe.Observer) grpc.UnaryClientInterceptor {
	return func(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		headers := http.Header{}
		service, name := split(method)
		ctx, end := o.Begin(ctx, observe.Operation{Kind: observe.ControlPlaneCall, Group: service, Name: name, Header: headers})
		var pairs []string
		for key, values := range headers {
			for _, value := range values {
				pairs = append(pairs, strings.ToLower(key), value)
			}
		}
		ctx = metadata.AppendToOutgoingContext(ctx, pairs...)
		err := invoke(ctx, method, req, reply, conn, opts...)
		end(status.Code(err).String(), err)
		return err
	}
}

// split returns the service, without its package, and the method of
// "/package.Service/Method".
func split(method string) (service, name string) {
	service, name, _ = strings.Cut(strings.TrimPrefix(method, "/"), "/")
	return service[strings.LastIndexByte(service, '.')+1:], name
}
