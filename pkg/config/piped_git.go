package config

import (
	"regexp"
	"strings"
)

// Git is how repositories are reached.
type Git struct {
	// Username is the author of commits and the user of basic authentication.
	// Defaults to piped.
	Username string `yaml:"username,omitempty"`
	// Email is the author's address. Defaults to pipecd.dev@gmail.com.
	Email string `yaml:"email,omitempty"`
	// SSHConfigFilePath is accepted; the user's SSH configuration is not touched.
	SSHConfigFilePath string `yaml:"sshConfigFilePath,omitempty"`
	Host              string `yaml:"host,omitempty"`     // defaults to github.com
	HostName          string `yaml:"hostName,omitempty"` // defaults to Host
	// SSHKeyFile names a file with a private key; SSHKeyData is one in base64.
	SSHKeyFile string `yaml:"sshKeyFile,omitempty" config:"secretfile"`
	SSHKeyData Secret `yaml:"sshKeyData,omitempty"`
	// KnownHostsFile names a known_hosts file to check host keys against. By
	// default the agent keeps one of its own and accepts a host's first key.
	KnownHostsFile string `yaml:"knownHostsFile,omitempty" config:"file"`
	// Password is for basic authentication over HTTPS, in base64.
	Password Secret `yaml:"password,omitempty"`
}

// Repository is a Git repository whose applications are deployed.
type Repository struct {
	RepoID string `yaml:"repoId" config:"required"`
	Remote string `yaml:"remote" config:"required"` // a URL or user@host:path; may contain credentials
	Branch string `yaml:"branch" config:"required"`
}

// ChartRepoType is the kind of a Helm chart repository.
type ChartRepoType string

// The kinds of chart repositories.
const (
	ChartRepoHTTP ChartRepoType = "HTTP" // the default
	ChartRepoGit  ChartRepoType = "GIT"
)

func (ChartRepoType) allowed() []string { return []string{string(ChartRepoHTTP), string(ChartRepoGit)} }

// ChartRepo is a Helm chart repository.
type ChartRepo struct {
	Type       ChartRepoType `yaml:"type,omitempty"` // defaults to HTTP
	Name       string        `yaml:"name,omitempty"`
	Address    string        `yaml:"address,omitempty"`
	Username   string        `yaml:"username,omitempty"`
	Password   Secret        `yaml:"password,omitempty"`
	Insecure   bool          `yaml:"insecure,omitempty"` // defaults to false
	GitRemote  string        `yaml:"gitRemote,omitempty"`
	SSHKeyFile string        `yaml:"sshKeyFile,omitempty"`
}

// ChartRegistryType is the kind of a Helm chart registry.
type ChartRegistryType string

// ChartRegistryOCI is the only kind of chart registry.
const ChartRegistryOCI ChartRegistryType = "OCI"

func (ChartRegistryType) allowed() []string { return []string{string(ChartRegistryOCI)} }

// ChartRegistry is a Helm chart registry.
type ChartRegistry struct {
	Type     ChartRegistryType `yaml:"type,omitempty"` // defaults to OCI
	Address  string            `yaml:"address" config:"required"`
	Username string            `yaml:"username,omitempty"`
	Password Secret            `yaml:"password,omitempty"`
}

func (g *Git) finish(d *document, path string) {
	d.atMostOne(path, "sshKeyFile", "sshKeyData")
	d.base64(path+".sshKeyData", g.SSHKeyData)
	d.base64(path+".password", g.Password)
	if g.Password != "" {
		if g.SSHKeyFile != "" || g.SSHKeyData != "" {
			d.Errorf(path+".password", "expected a password or an SSH key, found both").hintf("remove one of them")
		}
		if g.Username == "" {
			d.Errorf(path+".username", "is required with a password")
		}
	}
	if g.Password == "" && d.has(path+".username") {
		d.Warnf(path+".username", "the agent makes no commits yet and has no password to log in with, so the field has no effect")
	}
	stringDefault(&g.Username, "piped")
	stringDefault(&g.Email, "pipecd.dev@gmail.com")
	stringDefault(&g.Host, "github.com")
	stringDefault(&g.HostName, g.Host)
	for _, field := range []string{"host", "hostName"} {
		if g.HostName == g.Host && d.has(fieldPath(path, field)) {
			d.Warnf(fieldPath(path, field), "the field has an effect only when hostName is another name than host, for which host is then an alias")
		}
	}
}

// helperRemote is a remote that makes Git run a program, such as ext::sh -c ...
var helperRemote = regexp.MustCompile(`^[A-Za-z0-9+.-]+::`)

// checkRemote refuses remotes that are not addresses.
func checkRemote(d *document, path, remote string) {
	switch {
	case strings.HasPrefix(remote, "-"):
		d.Errorf(path, "expected the address of a repository, found something that begins with a dash")
	case helperRemote.MatchString(remote):
		d.Errorf(path, "expected the address of a repository, found one that makes Git run a helper").
			hintf("write an https or ssh address")
	case strings.ContainsFunc(remote, func(r rune) bool { return r < ' ' || r == 0x7f }):
		d.Errorf(path, "expected the address of a repository, found control characters in it")
	}
}

func (r *Repository) finish(d *document, path string) {
	checkRemote(d, path+".remote", strings.TrimSpace(r.Remote))
	if strings.HasPrefix(r.Branch, "-") {
		d.Errorf(path+".branch", "expected the name of a branch, found something that begins with a dash")
	}
}

func (c *ChartRepo) finish(d *document, path string) {
	stringDefault(&c.Type, ChartRepoHTTP)
	require := func(field, value string) {
		if value == "" {
			d.Errorf(fieldPath(path, field), "is required with type %s", c.Type)
		}
	}
	switch c.Type {
	case ChartRepoHTTP:
		require("name", c.Name)
		require("address", c.Address)
	case ChartRepoGit:
		require("gitRemote", c.GitRemote)
	}
	checkRemote(d, path+".gitRemote", c.GitRemote)
}
