package wire

import (
	"encoding/xml"
	"net/http"
	"strconv"

	"github.com/google/uuid"
)

// JSONContentType is the media type of the JSON 1.1 protocol.
const JSONContentType = "application/x-amz-json-1.1"

const requestIDHeader = "X-Amzn-Requestid"

// MaxBody is the largest request body that is read, in bytes. AWS refuses task
// definitions above 64 KiB; a megabyte leaves room for every other request.
const MaxBody = 1 << 20

// NewRequestID returns a fresh id and sets it as the answer's request id.
func NewRequestID(w http.ResponseWriter) string {
	id := uuid.NewString()
	w.Header().Set(requestIDHeader, id)
	return id
}

// WriteJSON encodes out, an output of the SDK, with [LowerCamel] members and
// answers 200.
func WriteJSON(w http.ResponseWriter, out any) { LowerCamel.WriteJSON(w, out) }

// WriteJSON encodes out, an output of the SDK, and answers 200.
func (n Names) WriteJSON(w http.ResponseWriter, out any) {
	payload, err := n.Encode(out)
	if err != nil {
		(&Error{Status: http.StatusInternalServerError, Code: "ServerException", Message: err.Error()}).WriteJSON(w)
		return
	}
	write(w, http.StatusOK, JSONContentType, payload)
}

// WriteXML encodes v with encoding/xml and answers with the status.
func WriteXML(w http.ResponseWriter, status int, v any) {
	payload, err := xml.Marshal(v)
	if err != nil {
		status, payload = http.StatusInternalServerError, []byte("<ErrorResponse/>")
	}
	write(w, status, "text/xml", append([]byte(xml.Header), payload...))
}

// write sends one complete answer. A client that went away is not an error of
// the server, so a failed write is dropped.
func write(w http.ResponseWriter, status int, contentType string, payload []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(payload)))
	w.WriteHeader(status)
	_, _ = w.Write(payload)
}
