package engine

// closing closes logs one after the other, in the background: a stage's status
// does not wait for the last lines of its log. It belongs to one goroutine.
type closing struct {
	last chan struct{} // closed when the log that was closed last is; nil before the first
}

// begin closes a log after those before it.
func (c *closing) begin(closeLog func()) {
	before, done := c.last, make(chan struct{})
	c.last = done
	go func() {
		defer close(done)
		if before != nil {
			<-before
		}
		closeLog()
	}()
}

// wait returns when all logs are closed, each of which takes limited time.
func (c *closing) wait() {
	if c.last != nil {
		<-c.last
	}
}
