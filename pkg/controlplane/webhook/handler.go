package webhook

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"

	"pipecd/pkg/controlplane/notify"
)

// Limits of deliveries.
const (
	maxBody     = 5 << 20          // a push lists at most some thousand commits
	bodyTimeout = 10 * time.Second // GitHub waits no longer for an answer either
	maxAtOnce   = 16               // bodies in memory
)

// Options is what a handler works with.
type Options struct {
	Secrets *Secrets    // nil means webhooks are off
	Hub     *notify.Hub // reaches the agents
	Shared  bool        // there may be other servers with agents
	Logger  *slog.Logger
}

// Handler answers deliveries of GitHub and GitLab, on the same address: their
// headers tell them apart. It is safe for concurrent use.
type Handler struct {
	secrets *Secrets
	hub     *notify.Hub
	shared  bool
	logger  *slog.Logger
	reading chan struct{} // has room for the bodies that are read
}

// New returns a handler that tells the agents. Without secrets webhooks are
// off, and it says so.
func New(o Options) *Handler {
	return &Handler{secrets: o.Secrets, hub: o.Hub, shared: o.Shared, logger: o.Logger, reading: make(chan struct{}, maxAtOnce)}
}

// answer is what a host is told. Hosts show it to people.
type answer struct {
	status int
	text   string
}

// Answers that say the same every time.

func answerOff() answer {
	return answer{
		http.StatusNotFound,
		"Webhooks are off here. Name a file with a secret in spec.webhook.secretFile of the control plane's configuration to switch them on.",
	}
}

func answerMethod() answer {
	return answer{http.StatusMethodNotAllowed, "A webhook is a POST request."}
}

func answerUnsigned() answer {
	return answer{
		http.StatusUnauthorized,
		"The delivery is not signed. Give the webhook the secret of the control plane: the field Secret on GitHub, Secret token on GitLab.",
	}
}

func answerForged() answer {
	return answer{
		http.StatusUnauthorized,
		"The signature is of another secret, or of another body. Compare the webhook's secret with the file that spec.webhook.secretFile names; the file is read when the control plane starts.",
	}
}

func answerBusy() answer {
	return answer{http.StatusServiceUnavailable, "Too many deliveries at once. Agents find the push by themselves when their syncInterval is over."}
}

func answerLarge() answer {
	return answer{
		http.StatusRequestEntityTooLarge,
		fmt.Sprintf("The delivery is larger than %d MiB and was not read. Agents find the push by themselves when their syncInterval is over.", maxBody>>20), // bytes of a MiB
	}
}

func answerSlow() answer {
	return answer{http.StatusRequestTimeout, fmt.Sprintf("The delivery did not arrive whole within %s.", bodyTimeout)}
}

func answerReady() answer {
	return answer{http.StatusOK, "The secret is right. Agents look at once when a push is told here."}
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := h.receive(w, r)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.text+"\n") // the host is gone; nobody to tell
}

// receive checks a delivery and acts on it.
func (h *Handler) receive(w http.ResponseWriter, r *http.Request) answer {
	switch {
	case h.secrets == nil:
		return answerOff()
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		return answerMethod()
	case !signs(r.Header):
		return answerUnsigned()
	}
	select {
	case h.reading <- struct{}{}:
		defer func() { <-h.reading }()
	default:
		return answerBusy()
	}
	body, err := readBody(w, r)
	if err != nil {
		return unread(err)
	}
	if !h.secrets.sign(r.Header, body) {
		h.logger.WarnContext(r.Context(), "refused a webhook whose signature is wrong", slog.String("from", r.RemoteAddr))
		return answerForged()
	}
	e, err := parse(r.Header, body)
	if err != nil {
		return answer{http.StatusBadRequest, "The delivery is signed but cannot be read: " + err.Error() + "."}
	}
	return h.act(r, e)
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	connection := http.NewResponseController(w)
	if err := connection.SetReadDeadline(time.Now().Add(bodyTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, err
	}
	return io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
}

func unread(err error) answer {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return answerLarge()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return answerSlow()
	default:
		return answer{http.StatusBadRequest, "The delivery broke off."}
	}
}

// act tells the agents of a push and nobody of anything else.
func (h *Handler) act(r *http.Request, e event) answer {
	switch e.kind {
	case kindPing:
		return answerReady()
	case kindPush:
	default:
		return answer{http.StatusAccepted, fmt.Sprintf("Nobody was told, because %q is not a push. Choose push events only.", e.name)}
	}
	branch, ok := e.where.branch()
	if !ok {
		return answer{http.StatusAccepted, fmt.Sprintf("Nobody was told, because agents follow branches and %s is none.", e.where.ref)}
	}
	topics := e.where.wakes(branch)
	agents := h.hub.Watching(topics...)
	h.hub.Notify(topics...)
	h.logger.InfoContext(r.Context(), "a push was told",
		slog.String("repository", e.where.repository), slog.String("branch", branch), slog.Int("agents", agents))
	return answer{http.StatusAccepted, h.told(agents, e.where.repository, branch)}
}

// told says who was told, as far as this server knows.
func (h *Handler) told(agents int, repository, branch string) string {
	others := ""
	if h.shared {
		others = " Agents that are connected to other servers are told too."
	}
	switch agents {
	case 0:
		if h.shared {
			return fmt.Sprintf("No agent that is connected to this server follows branch %s of %s.%s", branch, repository, others)
		}
		return fmt.Sprintf("No agent that is connected now follows branch %s of %s: compare with repositories in the agents' files.", branch, repository)
	case 1:
		return fmt.Sprintf("1 agent was told to look at %s, branch %s.%s", repository, branch, others)
	default:
		return fmt.Sprintf("%d agents were told to look at %s, branch %s.%s", agents, repository, branch, others)
	}
}
