package wire

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
)

// Error is a refusal as AWS sends it.
type Error struct {
	// Status is the HTTP status. Zero means 400.
	Status int
	// Code is the error type, such as ClusterNotFoundException.
	Code string
	// Message is the sentence a person reads.
	Message string
	// Fields are further members of the error shape, by wire name, such as the
	// resourceIds of a ConflictException. The query protocol ignores them.
	Fields map[string]any
}

// Errorf returns a client error (status 400) with the code.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Error returns the code and the message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// HTTPStatus returns the status to answer with.
func (e *Error) HTTPStatus() int {
	if e.Status == 0 {
		return http.StatusBadRequest
	}
	return e.Status
}

// WriteJSON writes e in the form of the JSON 1.1 protocol.
func (e *Error) WriteJSON(w http.ResponseWriter) {
	body := map[string]any{"__type": e.Code, "message": e.Message}
	maps.Copy(body, e.Fields)
	payload, err := json.Marshal(body)
	if err != nil {
		payload = []byte(`{"__type":"ServerException","message":"the error could not be encoded"}`)
	}
	w.Header().Set("X-Amzn-Errortype", e.Code)
	write(w, e.HTTPStatus(), JSONContentType, payload)
}

// WriteQuery writes e in the form of the query protocol, which the load
// balancers and the token service speak.
func (e *Error) WriteQuery(w http.ResponseWriter, namespace string) {
	type detail struct {
		Type    string `xml:"Type"`
		Code    string `xml:"Code"`
		Message string `xml:"Message"`
	}
	fault := "Sender"
	if e.HTTPStatus() >= http.StatusInternalServerError {
		fault = "Receiver"
	}
	WriteXML(w, e.HTTPStatus(), struct {
		XMLName   xml.Name `xml:"ErrorResponse"`
		Namespace string   `xml:"xmlns,attr,omitempty"`
		Error     detail   `xml:"Error"`
		RequestID string   `xml:"RequestId"`
	}{
		Namespace: namespace,
		Error:     detail{Type: fault, Code: e.Code, Message: e.Message},
		RequestID: w.Header().Get(requestIDHeader),
	})
}
