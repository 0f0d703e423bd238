package pipedapi

import (
	"pipecd/pkg/controlplane/auth"
	"pipecd/pkg/model"
)

// missing makes the error for a thing that does not exist begin as agents know
// it. doing completes the sentence: "get application x". Other errors are
// returned as they are.
func missing(err error, doing string) error {
	if model.CodeOf(err) != model.CodeNotFound {
		return err
	}
	return model.Wrap(model.CodeNotFound, err, "Entity was not found to "+doing)
}

// notOf is the error for a thing that is not the caller's. In another project it
// does not exist, in the words for what exists nowhere: who is there is nobody's
// business. In the caller's own project sentence says whose it is not.
func notOf(caller *auth.Piped, projectID, what, id, sentence string) error {
	if projectID != caller.Piped.ProjectID {
		return model.Errorf(model.CodeNotFound, "%s %q does not exist", what, id)
	}
	return model.Errorf(model.CodePermissionDenied, "%s", sentence)
}

// Limits of what one call may bring, beside those of the model. The whole
// message is limited by the server.
const (
	maxConfigSize    = 1 << 20 // bytes of an agent's own configuration
	maxOutputSize    = 8 << 20 // bytes of a command's output
	maxObjectSize    = 2 << 20 // bytes of an object that plugins share
	maxObjects       = 100     // objects of one plugin for one application
	maxBatch         = 1000    // applications or events of one call
	maxStages        = 500     // stages of one plan
	maxResponseBytes = 3 << 20 // gRPC clients take 4 MiB by default
)

// checkCount refuses a list that is too long.
func checkCount(what string, n, most int) error {
	if n > most {
		return model.Errorf(model.CodeInvalid, "the call brings %d %s; at most %d are taken at once", n, what, most)
	}
	return nil
}

// checkSize refuses what is too large to be kept.
func checkSize(what string, size, most int) error {
	if size > most {
		return model.Errorf(model.CodeInvalid, "%s is %d bytes long; at most %d are kept", what, size, most)
	}
	return nil
}

// checkReason refuses a text that is too long to be kept whole.
func checkReason(what, text string) error { return checkSize(what, len(text), model.MaxReasonLength) }
