package datadog

import (
	"net"
	"net/url"
	"strings"

	"pipecd/pkg/model"
)

// DefaultAddress is the site that is asked when none is configured.
const DefaultAddress = "datadoghq.com"

// baseURL returns the URL below which the API lives, without a slash at the
// end. address is the host of a site, with or without the leading app. or api.
// of its addresses, or a URL for anything else, such as a proxy.
func baseURL(address string) (string, error) {
	address = strings.TrimSpace(address)
	if address == "" {
		address = DefaultAddress
	}
	if strings.Contains(address, "://") {
		return fromURL(address)
	}
	host := strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(address), "app."), "api.")
	if !isHostname(host) || net.ParseIP(host) != nil {
		return "", model.Errorf(model.CodeInvalid,
			"the Datadog address %q is neither the host of a site, such as us5.datadoghq.com, nor a URL, such as http://127.0.0.1:8080", address)
	}
	return "https://api." + host, nil
}

func fromURL(address string) (string, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		// The text of err repeats the address, which may hold a password.
		return "", model.Errorf(model.CodeInvalid, "the Datadog address is not a URL")
	case u.User != nil:
		return "", model.Errorf(model.CodeInvalid, "the Datadog address holds a user name or a password: remove it, the keys are the credentials")
	case u.Scheme != "http" && u.Scheme != "https":
		return "", model.Errorf(model.CodeInvalid, "the Datadog address %q must begin with https:// or http://", address)
	case u.Hostname() == "":
		return "", model.Errorf(model.CodeInvalid, "the Datadog address %q has no host", address)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", model.Errorf(model.CodeInvalid, "the Datadog address %q must end with a host or a path", address)
	}
	return strings.TrimRight(u.String(), "/"), nil
}

// isHostname reports whether host is a dotted name as in the DNS.
func isHostname(host string) bool {
	labels := strings.Split(host, ".")
	if len(host) > 253 || len(labels) < 2 {
		return false
	}
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		if strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return true
}

// inClear reports whether requests to base can be read on the network.
func inClear(base string) bool {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback())
}
