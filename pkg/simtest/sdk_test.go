package simtest

import (
	"context"
	"time"
	_ "unsafe" // for the link below
)

// sdkSleep is how the AWS SDK sleeps. Its limiter of retries waits for fractions
// of a nanosecond, rounded down to nothing, until the clock has moved on; a
// virtual clock never does so by itself.
//
//go:linkname sdkSleep github.com/aws/aws-sdk-go-v2/internal/sdk.SleepWithContext
var sdkSleep func(context.Context, time.Duration) error

// letSDKSleep makes every sleep of the SDK take time.
func letSDKSleep() {
	sdkSleep = func(ctx context.Context, d time.Duration) error {
		if !wait(ctx, max(d, time.Nanosecond)) {
			return ctx.Err()
		}
		return nil
	}
}
