package config

// SSOProvider is the kind of a single sign-on provider.
type SSOProvider string

// The providers.
const (
	SSOGitHub SSOProvider = "GITHUB"
	SSOOIDC   SSOProvider = "OIDC"
)

func (SSOProvider) allowed() []string { return []string{string(SSOGitHub), string(SSOOIDC)} }

// SharedSSO is a named single sign-on setting.
type SharedSSO struct {
	Name     string      `yaml:"name" config:"required"`
	Provider SSOProvider `yaml:"provider" config:"required"`
	// SessionTTL is how long a session lasts, in hours. 0 means the server's default.
	SessionTTL int        `yaml:"sessionTtl,omitempty"`
	GitHub     *GitHubSSO `yaml:"github,omitempty"`
	OIDC       *OIDCSSO   `yaml:"oidc,omitempty"`
}

// GitHubSSO is single sign-on through GitHub or GitHub Enterprise.
type GitHubSSO struct {
	ClientID     string `yaml:"clientId" config:"required"`
	ClientSecret Secret `yaml:"clientSecret" config:"required"`
	BaseURL      string `yaml:"baseUrl,omitempty"`
	UploadURL    string `yaml:"uploadUrl,omitempty"`
	ProxyURL     string `yaml:"proxyUrl,omitempty"`
}

// OIDCSSO is single sign-on through OpenID Connect. Endpoints that are empty
// come from the issuer's discovery document.
type OIDCSSO struct {
	ClientID              string   `yaml:"clientId" config:"required"`
	ClientSecret          Secret   `yaml:"clientSecret" config:"required"`
	Issuer                string   `yaml:"issuer" config:"required"`
	RedirectURI           string   `yaml:"redirectUri,omitempty"`
	AuthorizationEndpoint string   `yaml:"authorizationEndpoint,omitempty"`
	TokenEndpoint         string   `yaml:"tokenEndpoint,omitempty"`
	UserInfoEndpoint      string   `yaml:"userInfoEndpoint,omitempty"`
	ProxyURL              string   `yaml:"proxyUrl,omitempty"`
	Scopes                []string `yaml:"scopes,omitempty"`
	UsernameClaimKey      string   `yaml:"usernameClaimKey,omitempty"`
	AvatarURLClaimKey     string   `yaml:"avatarUrlClaimKey,omitempty"`
	RolesClaimKey         string   `yaml:"rolesClaimKey,omitempty"`
}

func (s *SharedSSO) finish(d *document, path string) {
	d.notNegative(path+".sessionTtl", s.SessionTTL)
	switch {
	case s.Provider == SSOGitHub && s.GitHub == nil:
		d.Errorf(path+".github", "is required with provider GITHUB")
	case s.Provider == SSOOIDC && s.OIDC == nil:
		d.Errorf(path+".oidc", "is required with provider OIDC")
	}
}
