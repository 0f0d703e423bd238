package simcloud

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"time"

	"pipecd/pkg/simcloud/wire"
)

const iamNamespace = "https://iam.amazonaws.com/doc/2010-05-08/"

// Role is a role of the account.
type Role struct {
	Name string
	// Path is what stands before the name in the ARN. Defaults to "/".
	Path string
	// TrustedService is who may assume the role. Defaults to ECS tasks.
	TrustedService string
}

func (r Role) withDefaults() Role {
	if r.Path == "" {
		r.Path = "/"
	}
	if r.TrustedService == "" {
		r.TrustedService = "ecs-tasks.amazonaws.com"
	}
	return r
}

// trust is the role's trust policy, encoded as descriptions have it.
func (r Role) trust() string {
	return url.QueryEscape(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + r.TrustedService + `"},"Action":"sts:AssumeRole"}]}`)
}

// role returns the role of the name. A cloud that was not told of roles has every one.
func (c *Cloud) role(name string) (Role, bool) {
	if c.cfg.Roles == nil {
		return Role{Name: name}.withDefaults(), true
	}
	i := slices.IndexFunc(c.cfg.Roles, func(r Role) bool { return r.Name == name })
	if i < 0 {
		return Role{}, false
	}
	return c.cfg.Roles[i].withDefaults(), true
}

// serveIAM answers the one operation of IAM that agents use.
func (c *Cloud) serveIAM(w http.ResponseWriter, r *http.Request, req request) {
	if err := r.ParseForm(); err != nil {
		refuse(w, req, wire.Errorf("ValidationError", "The request is not a form."))
		return
	}
	if req.operation != "GetRole" {
		refuse(w, req, wire.Errorf("InvalidAction", "The operation %s is not simulated.", req.operation))
		return
	}
	name := r.PostFormValue("RoleName")
	role, ok := c.role(name)
	if !ok {
		refuse(w, req, &wire.Error{Status: http.StatusNotFound, Code: "NoSuchEntity", Message: "The role with name " + name + " cannot be found."})
		return
	}
	type shown struct {
		Path                     string
		RoleName                 string
		RoleID                   string `xml:"RoleId"`
		Arn                      string
		CreateDate               string
		AssumeRolePolicyDocument string
		MaxSessionDuration       int
	}
	const hour = 3600
	wire.WriteXML(w, http.StatusOK, struct {
		XMLName   xml.Name         `xml:"GetRoleResponse"`
		Namespace string           `xml:"xmlns,attr"`
		Role      shown            `xml:"GetRoleResult>Role"`
		Metadata  responseMetadata `xml:"ResponseMetadata"`
	}{
		Namespace: iamNamespace,
		Role: shown{
			Path: role.Path, RoleName: role.Name, RoleID: "AROAEXAMPLE", Arn: "arn:aws:iam::" + c.cfg.Account + ":role" + role.Path + role.Name,
			CreateDate: time.Unix(0, 0).UTC().Format(time.RFC3339), AssumeRolePolicyDocument: role.trust(), MaxSessionDuration: hour,
		},
		Metadata: metadataOf(w),
	})
}
