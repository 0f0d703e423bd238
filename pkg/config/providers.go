package config

import (
	"reflect"
)

// PlatformType is a kind of platform that applications run on.
type PlatformType string

// The platforms. Only ECS is deployed to; the others are read, so that a file
// shared with another agent loads.
const (
	PlatformECS        PlatformType = "ECS"
	PlatformKubernetes PlatformType = "KUBERNETES"
	PlatformTerraform  PlatformType = "TERRAFORM"
	PlatformCloudRun   PlatformType = "CLOUDRUN"
	PlatformLambda     PlatformType = "LAMBDA"
)

func (PlatformType) allowed() []string {
	return []string{
		string(PlatformECS), string(PlatformKubernetes), string(PlatformTerraform),
		string(PlatformCloudRun), string(PlatformLambda),
	}
}

// PlatformConfig is one platform provider: an account to deploy to.
type PlatformConfig struct {
	Name   string
	Type   PlatformType
	Labels map[string]string
	ECS    *ECSPlatform // set when Type is ECS
	Other  any          // the config of another type, as plain values
}

// ECSPlatform is how the AWS API is reached.
type ECSPlatform struct {
	Region    string `yaml:"region" config:"required"`
	AWSAccess `yaml:",inline"`
}

func (c *PlatformConfig) decodeNode(d *document, n *node, path string) bool {
	var raw struct {
		namedChoice[PlatformType]

		Labels map[string]string `yaml:"labels"`
	}
	if !d.decode(n, reflect.ValueOf(&raw).Elem(), path) {
		return false
	}
	c.Name, c.Type, c.Labels = raw.Name, raw.Type, raw.Labels
	if c.Type == PlatformECS {
		c.ECS = configOf[ECSPlatform](d, raw.Config, path)
	} else if raw.Config != nil {
		c.Other = raw.Config.native()
	}
	return true
}

func (c *PlatformConfig) finish(d *document, path string) {
	if c.ECS != nil {
		c.ECS.finish(d, path+".config")
	}
}

// AnalysisProviderType is a kind of metrics provider.
type AnalysisProviderType string

// The metrics providers.
const (
	AnalysisPrometheus  AnalysisProviderType = "PROMETHEUS"
	AnalysisDatadog     AnalysisProviderType = "DATADOG"
	AnalysisStackdriver AnalysisProviderType = "STACKDRIVER"
)

func (AnalysisProviderType) allowed() []string {
	return []string{string(AnalysisPrometheus), string(AnalysisDatadog), string(AnalysisStackdriver)}
}

// AnalysisProvider is one place to ask for metrics. The field of its type is
// set, the others are nil.
type AnalysisProvider struct {
	Name        string
	Type        AnalysisProviderType
	Prometheus  *Prometheus
	Datadog     *Datadog
	Stackdriver *Stackdriver
}

// Prometheus is a Prometheus server.
type Prometheus struct {
	Address      string `yaml:"address" config:"required"`
	UsernameFile string `yaml:"usernameFile,omitempty"`
	PasswordFile string `yaml:"passwordFile,omitempty"`
	// Delay is how late metrics arrive; a check looks at a window that ended this
	// long ago. 0 means none is known.
	Delay Duration `yaml:"delay,omitempty"`
}

// Datadog is an account at Datadog. Of each key exactly one of file and data
// (base64) is given.
type Datadog struct {
	Address            string `yaml:"address,omitempty"` // a site or a base URL; defaults to datadoghq.com
	APIKeyFile         string `yaml:"apiKeyFile,omitempty" config:"secretfile"`
	APIKeyData         Secret `yaml:"apiKeyData,omitempty"`
	ApplicationKeyFile string `yaml:"applicationKeyFile,omitempty" config:"secretfile"`
	ApplicationKeyData Secret `yaml:"applicationKeyData,omitempty"`
	// Delay is how late metrics arrive; a check looks at a window that ended this
	// long ago. 0 means none is known.
	Delay Duration `yaml:"delay,omitempty"`
}

// Stackdriver is a Google Cloud project's logs.
type Stackdriver struct {
	ServiceAccountFile string `yaml:"serviceAccountFile,omitempty"`
}

func (a *AnalysisProvider) decodeNode(d *document, n *node, path string) bool {
	var raw namedChoice[AnalysisProviderType]
	if !d.decode(n, reflect.ValueOf(&raw).Elem(), path) {
		return false
	}
	a.Name, a.Type = raw.Name, raw.Type
	switch a.Type {
	case AnalysisPrometheus:
		a.Prometheus = configOf[Prometheus](d, raw.Config, path)
	case AnalysisDatadog:
		a.Datadog = configOf[Datadog](d, raw.Config, path)
	case AnalysisStackdriver:
		a.Stackdriver = configOf[Stackdriver](d, raw.Config, path)
	}
	return true
}

func (a *AnalysisProvider) finish(d *document, path string) {
	path += ".config"
	if a.Prometheus != nil && a.Prometheus.Address != "" && !isWebURL(a.Prometheus.Address) {
		d.Errorf(path+".address", "expected a URL that begins with http:// or https://, found something else")
	}
	if a.Datadog == nil {
		return
	}
	d.exactlyOne(path, "apiKeyFile", "apiKeyData")
	d.exactlyOne(path, "applicationKeyFile", "applicationKeyData")
	d.base64(path+".apiKeyData", a.Datadog.APIKeyData)
	d.base64(path+".applicationKeyData", a.Datadog.ApplicationKeyData)
	stringDefault(&a.Datadog.Address, "datadoghq.com")
}
