package gitcli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// idleAfter is how long an unused cat-file process is kept.
const idleAfter = time.Minute

// errMissing says that the mirror has no object of that name.
var errMissing = errors.New("object is missing")

// object is one object of a mirror. data is nil if the object is larger than
// the reader was willing to take.
type object struct {
	hash string
	kind string // commit, tree, blob or tag
	size int64
	data []byte
}

// objectReader reads objects through one long-lived "git cat-file --batch". It
// serves one request at a time; a read takes tens of microseconds.
type objectReader struct {
	start func() *exec.Cmd
	turn  chan struct{} // capacity 1; holding it is owning proc and closed
	proc  *catFile
	idle  *time.Timer
	over  bool
}

type catFile struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr *tailBuffer

	mu    sync.Mutex
	ended bool // the process may be reaped, and its id belong to another
}

func newObjectReader(start func() *exec.Cmd) *objectReader {
	return &objectReader{start: start, turn: make(chan struct{}, 1)}
}

// read returns the object that name (a hash or a full ref) resolves to. It
// returns errMissing if there is none.
func (r *objectReader) read(ctx context.Context, name string, limit int64) (object, error) {
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		return object{}, context.Cause(ctx)
	}
	if r.over {
		return object{}, errClosed
	}
	fresh := r.proc == nil
	obj, err := r.ask(ctx, name, limit)
	if err != nil && !fresh && ctx.Err() == nil && !errors.Is(err, errMissing) {
		// The process may have died since the last read, for reasons that have
		// nothing to do with this object.
		obj, err = r.ask(ctx, name, limit)
	}
	if err != nil && ctx.Err() != nil {
		return object{}, context.Cause(ctx)
	}
	return obj, err
}

// ask sends one request. After any error but errMissing the process is gone.
func (r *objectReader) ask(ctx context.Context, name string, limit int64) (object, error) {
	if r.proc == nil {
		proc, err := startCatFile(r.start())
		if err != nil {
			return object{}, err
		}
		r.proc = proc
	}
	stop := context.AfterFunc(ctx, r.proc.kill)
	obj, err := r.proc.request(name, limit)
	if !stop() || err != nil && !errors.Is(err, errMissing) || err == nil && obj.data == nil {
		// Killed, broken, or with an object in the pipe that nobody will read.
		text := r.stop()
		if err != nil && text != "" {
			err = fmt.Errorf("%w: %s", err, text)
		}
	}
	r.rest()
	return obj, err
}

// rest arms the timer that ends an idle process.
func (r *objectReader) rest() {
	if r.idle == nil {
		r.idle = time.AfterFunc(idleAfter, func() {
			select {
			case r.turn <- struct{}{}:
				r.stop()
				<-r.turn
			default: // in use, so not idle; that use arms the timer again
			}
		})
		return
	}
	r.idle.Reset(idleAfter)
}

// stop ends the process, if any, and returns what it printed.
func (r *objectReader) stop() string {
	if r.proc == nil {
		return ""
	}
	proc := r.proc
	r.proc = nil
	proc.kill()
	_ = proc.in.Close()
	_ = proc.cmd.Wait() // it was killed; the exit status says nothing more
	return strings.TrimSpace(proc.stderr.String())
}

// paused runs f while no process has the mirror open.
func (r *objectReader) paused(f func() error) error {
	r.turn <- struct{}{}
	defer func() { <-r.turn }()
	r.stop()
	return f()
}

// close ends the process for good. Later reads return errClosed.
func (r *objectReader) close() {
	r.turn <- struct{}{}
	defer func() { <-r.turn }()
	r.over = true
	r.stop()
	if r.idle != nil {
		r.idle.Stop()
	}
}

func startCatFile(cmd *exec.Cmd) (*catFile, error) {
	p := &catFile{cmd: cmd, stderr: &tailBuffer{limit: maxStderr}}
	cmd.Stderr = p.stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("starting git cat-file: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting git cat-file: %w", err)
	}
	p.in, p.out = in, bufio.NewReaderSize(out, 64<<10)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting git cat-file: %w", err)
	}
	return p, nil
}

// kill may be called at any time, from any goroutine, and more than once.
func (p *catFile) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ended {
		p.ended = true
		_ = killGroup(p.cmd.Process) // fails only if it has ended by itself
	}
}

// request speaks the batch protocol: "name LF", answered by "hash kind size LF
// content LF" or "name missing LF".
func (p *catFile) request(name string, limit int64) (object, error) {
	if _, err := io.WriteString(p.in, name+"\n"); err != nil {
		return object{}, fmt.Errorf("asking git cat-file: %w", err)
	}
	line, err := p.out.ReadString('\n')
	if err != nil {
		return object{}, fmt.Errorf("git cat-file ended: %w", err)
	}
	fields := strings.Fields(line)
	if len(fields) == 2 && fields[1] == "missing" {
		return object{}, errMissing
	}
	if len(fields) != 3 {
		return object{}, fmt.Errorf("git cat-file answered %q", strings.TrimSpace(line))
	}
	size, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil || size < 0 {
		return object{}, fmt.Errorf("git cat-file answered %q", strings.TrimSpace(line))
	}
	obj := object{hash: fields[0], kind: fields[1], size: size}
	if size > limit {
		return obj, nil
	}
	data := make([]byte, size+1) // with the line end that follows
	if _, err := io.ReadFull(p.out, data); err != nil {
		return object{}, fmt.Errorf("git cat-file ended in mid-object: %w", err)
	}
	obj.data = data[:size:size]
	return obj, nil
}
