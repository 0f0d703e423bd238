package simcloud

import (
	"encoding/xml"
	"net/http"
	"strings"
	"time"

	"pipecd/pkg/simcloud/wire"
)

const stsNamespace = "https://sts.amazonaws.com/doc/2011-06-15/"

// serveSTS answers the two operations of the token service that agents use.
// Any web identity token is accepted; the credentials it returns are, like all
// others, not verified afterwards.
func (c *Cloud) serveSTS(w http.ResponseWriter, r *http.Request, req request) {
	if err := r.ParseForm(); err != nil {
		refuse(w, req, wire.Errorf("ValidationError", "The request is not a form."))
		return
	}
	switch req.operation {
	case "GetCallerIdentity":
		c.getCallerIdentity(w, req)
	case "AssumeRoleWithWebIdentity":
		c.assumeRole(w, r, req)
	default:
		refuse(w, req, wire.Errorf("InvalidAction", "The operation %s is not simulated.", req.operation))
	}
}

func (c *Cloud) getCallerIdentity(w http.ResponseWriter, req request) {
	type result struct {
		Arn, UserId, Account string // names on the wire
	}
	wire.WriteXML(w, http.StatusOK, struct {
		XMLName   xml.Name         `xml:"GetCallerIdentityResponse"`
		Namespace string           `xml:"xmlns,attr"`
		Result    result           `xml:"GetCallerIdentityResult"`
		Metadata  responseMetadata `xml:"ResponseMetadata"`
	}{
		Namespace: stsNamespace,
		Result:    result{Arn: c.callerARN(req), UserId: req.credential.AccessKeyID, Account: c.cfg.Account},
		Metadata:  metadataOf(w),
	})
}

type responseMetadata struct {
	RequestID string `xml:"RequestId"`
}

func metadataOf(w http.ResponseWriter) responseMetadata {
	return responseMetadata{RequestID: w.Header().Get("X-Amzn-Requestid")}
}

// callerARN names the caller: a role session for credentials this cloud gave
// out, a user for all others.
func (c *Cloud) callerARN(req request) string {
	if role, ok := c.sessions.Load(req.credential.AccessKeyID); ok {
		if arn, ok := role.(string); ok {
			return arn
		}
	}
	return "arn:aws:iam::" + c.cfg.Account + ":user/" + req.credential.AccessKeyID
}

type stsCredentials struct {
	AccessKeyID     string `xml:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
	Expiration      string
}

type assumedRoleUser struct {
	AssumedRoleID string `xml:"AssumedRoleId"`
	Arn           string
}

type assumeRoleResult struct {
	Credentials                 stsCredentials
	AssumedRoleUser             assumedRoleUser
	SubjectFromWebIdentityToken string
	Provider                    string
	Audience                    string
}

func (c *Cloud) assumeRole(w http.ResponseWriter, r *http.Request, req request) {
	role, session := r.PostFormValue("RoleArn"), r.PostFormValue("RoleSessionName")
	_, name, ok := strings.Cut(role, ":role/")
	switch {
	case !strings.HasPrefix(role, "arn:aws:iam::") || !ok || name == "":
		refuse(w, req, wire.Errorf("ValidationError", "%q is not the ARN of a role.", role))
		return
	case session == "":
		refuse(w, req, wire.Errorf("ValidationError", "RoleSessionName is missing."))
		return
	case r.PostFormValue("WebIdentityToken") == "":
		refuse(w, req, wire.Errorf("InvalidIdentityToken", "WebIdentityToken is missing."))
		return
	}
	key := "ASIA" + strings.ToUpper(randomID())
	account := strings.Split(role, ":")[4]
	arn := "arn:aws:sts::" + account + ":assumed-role/" + name + "/" + session
	c.sessions.Store(key, arn)
	wire.WriteXML(w, http.StatusOK, struct {
		XMLName   xml.Name         `xml:"AssumeRoleWithWebIdentityResponse"`
		Namespace string           `xml:"xmlns,attr"`
		Result    assumeRoleResult `xml:"AssumeRoleWithWebIdentityResult"`
		Metadata  responseMetadata `xml:"ResponseMetadata"`
	}{
		Namespace: stsNamespace,
		Result: assumeRoleResult{
			Credentials: stsCredentials{
				AccessKeyID: key, SecretAccessKey: randomID(), SessionToken: randomID(),
				Expiration: time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
			},
			AssumedRoleUser:             assumedRoleUser{AssumedRoleID: "AROA" + strings.ToUpper(randomID()) + ":" + session, Arn: arn},
			SubjectFromWebIdentityToken: session,
			Provider:                    "simulated",
			Audience:                    "sts.amazonaws.com",
		},
		Metadata: metadataOf(w),
	})
}

// randomID returns sixteen random letters and digits.
func randomID() string {
	const length = 16
	return strings.ToLower(randomText())[:length]
}
