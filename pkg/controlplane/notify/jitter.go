package notify

import (
	"math/rand/v2"
	"time"
)

// Jittered returns d, up to a fifth more or less, so that those who began
// together do not look together.
func Jittered(d time.Duration) time.Duration {
	const part = 5
	return d - d/part + rand.N(2*d/part+1)
}
