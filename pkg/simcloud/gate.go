package simcloud

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"pipecd/pkg/simcloud/autoscaling"
	"pipecd/pkg/simcloud/ecs"
	"pipecd/pkg/simcloud/wire"
)

// The signing names of the services.
const (
	serviceECS         = "ecs"
	serviceELB         = "elasticloadbalancing"
	serviceAutoScaling = "application-autoscaling"
	serviceSTS         = "sts"
	serviceIAM         = "iam"
	serviceECR         = "ecr"
	serviceDatadog     = "datadog"
)

// request is what the gate found out about a request.
type request struct {
	service, operation string
	credential         wire.Credential
	refusal            *wire.Error // set: it is refused
}

// serveAWS is the gate in front of the AWS services.
func (c *Cloud) serveAWS(w http.ResponseWriter, r *http.Request) {
	wire.NewRequestID(w)
	req := c.identify(w, r)
	c.pass(w, r, req, func(w http.ResponseWriter) {
		switch {
		case req.refusal != nil:
			refuse(w, req, req.refusal)
		case req.service == serviceECS:
			c.ECS.ServeHTTP(w, r)
		case req.service == serviceELB:
			c.ELB.ServeHTTP(w, r)
		case req.service == serviceAutoScaling:
			c.AutoScaling.ServeHTTP(w, r)
		case req.service == serviceSTS:
			c.serveSTS(w, r, req)
		case req.service == serviceIAM:
			c.serveIAM(w, r, req)
		case req.service == serviceECR:
			c.serveECR(w, r, req)
		}
	})
}

// pass counts a call, disturbs it as configured, and records its end.
func (c *Cloud) pass(w http.ResponseWriter, r *http.Request, req request, serve func(http.ResponseWriter)) {
	call := Call{Service: req.service, Operation: req.operation, At: time.Now()}
	nth := c.recorder.begin(req.service, req.operation)
	var fault wire.Fault
	if c.cfg.Faults != nil {
		if f := c.cfg.Faults(req.service, req.operation, nth); f != nil {
			fault = *f
		}
	}
	if !linger(r, fault.Delay) {
		return
	}
	if fault.Lost {
		serve(&blackHole{header: http.Header{}})
		c.recorder.end(call)
		panic(http.ErrAbortHandler) // net/http's way to cut a connection
	}
	seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
	if fault.Error != nil {
		refuse(seen, req, fault.Error)
	} else {
		serve(seen)
	}
	call.Status = seen.status
	c.recorder.end(call)
}

// identify finds the service, the operation and the caller of a request, and
// whether it is refused already. It leaves the body readable.
func (c *Cloud) identify(w http.ResponseWriter, r *http.Request) request {
	var req request
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, wire.MaxBody))
	if err != nil {
		req.refusal = &wire.Error{
			Status: http.StatusRequestEntityTooLarge, Code: "RequestEntityTooLarge", Message: "The request could not be read: " + err.Error(),
		}
		return req
	}
	r.Body = io.NopCloser(bytes.NewReader(body))

	amzTarget := r.Header.Get("X-Amz-Target")
	if name, ok := strings.CutPrefix(amzTarget, ecs.TargetPrefix); ok {
		req.service, req.operation = serviceECS, name
	} else if name, ok := strings.CutPrefix(amzTarget, autoscaling.TargetPrefix); ok {
		req.service, req.operation = serviceAutoScaling, name
	} else if name, ok := strings.CutPrefix(amzTarget, ecrTarget); ok {
		req.service, req.operation = serviceECR, name
	} else if form, err := url.ParseQuery(string(body)); err == nil {
		req.operation = form.Get("Action")
		if req.operation == "AssumeRoleWithWebIdentity" { // the one call that needs no signature
			req.service = serviceSTS
			return req
		}
	}
	req.credential, req.refusal = wire.Authenticate(r)
	if req.refusal != nil {
		return req
	}
	if req.service == "" {
		req.service = req.credential.Service
	}
	req.refusal = c.admit(req)
	return req
}

// admit refuses what is meant for something else and what is not permitted.
func (c *Cloud) admit(req request) *wire.Error {
	known := slices.Contains([]string{serviceECS, serviceELB, serviceAutoScaling, serviceSTS, serviceIAM, serviceECR}, req.service)
	switch {
	case !known || req.operation == "":
		return wire.Errorf("UnknownOperationException", "The service %q with the operation %q is not simulated.", req.service, req.operation)
	case req.service != req.credential.Service:
		return &wire.Error{
			Status: http.StatusForbidden, Code: "InvalidSignatureException",
			Message: "Credential should be scoped to correct service: '" + req.service + "'.",
		}
	// The token service and IAM have a global endpoint that answers every region.
	case req.service != serviceSTS && req.service != serviceIAM && req.credential.Region != c.cfg.Region:
		return &wire.Error{
			Status: http.StatusForbidden, Code: "InvalidSignatureException",
			Message: "Credential should be scoped to a valid region, not '" + req.credential.Region + "'; this endpoint is in " + c.cfg.Region + ".",
		}
	}
	action := req.service + ":" + req.operation
	for _, denial := range c.cfg.Denials {
		if denial.covers(req.credential.AccessKeyID, action) {
			return c.denied(req, action)
		}
	}
	return nil
}

func (c *Cloud) denied(req request, action string) *wire.Error {
	message := "User: " + c.callerARN(req) + " is not authorized to perform: " + action +
		" on resource: * because no identity-based policy allows the " + action + " action"
	if req.service == serviceECS || req.service == serviceAutoScaling || req.service == serviceECR {
		return wire.Errorf("AccessDeniedException", "%s", message)
	}
	return &wire.Error{Status: http.StatusForbidden, Code: "AccessDenied", Message: message}
}

// refuse writes an error in the protocol of the service.
func refuse(w http.ResponseWriter, req request, refusal *wire.Error) {
	switch req.service {
	case serviceELB:
		refusal.WriteQuery(w, "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/")
	case serviceSTS:
		refusal.WriteQuery(w, stsNamespace)
	case serviceIAM:
		refusal.WriteQuery(w, iamNamespace)
	case serviceDatadog:
		writeJSON(w, refusal.HTTPStatus(), map[string]any{"errors": []string{refusal.Message}})
	case serviceECS, serviceAutoScaling, serviceECR:
		refusal.WriteJSON(w)
	default: // nothing says which protocol it is; the form of the query protocol is the older habit
		refusal.WriteQuery(w, "")
	}
}

// linger waits and reports whether the client is still there.
func linger(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// statusWriter remembers the status it writes.
type statusWriter struct {
	http.ResponseWriter

	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets [http.ResponseController] reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// blackHole takes an answer that nobody gets.
type blackHole struct{ header http.Header }

func (b *blackHole) Header() http.Header         { return b.header }
func (b *blackHole) Write(p []byte) (int, error) { return len(p), nil }
func (b *blackHole) WriteHeader(int)             {}
