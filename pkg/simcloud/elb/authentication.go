package elb

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// acceptAuthentication checks an authenticate action. An OIDC action must bring
// its client secret or say that the existing one stays; it is therefore refused
// when a caller writes back what it read, because reads leave the secret out.
func acceptAuthentication(a types.Action, previous []types.Action) (types.Action, error) {
	switch a.Type {
	case types.ActionTypeEnumAuthenticateOidc:
		return acceptOIDC(a, previous)
	case types.ActionTypeEnumAuthenticateCognito:
		c := a.AuthenticateCognitoConfig
		return a, required(map[string]*string{
			"UserPoolArn": c.UserPoolArn, "UserPoolClientId": c.UserPoolClientId, "UserPoolDomain": c.UserPoolDomain,
		})
	default:
		c := a.JwtValidationConfig
		return a, required(map[string]*string{"Issuer": c.Issuer, "JwksEndpoint": c.JwksEndpoint})
	}
}

func acceptOIDC(a types.Action, previous []types.Action) (types.Action, error) {
	c := *a.AuthenticateOidcConfig
	if err := required(map[string]*string{
		"Issuer": c.Issuer, "AuthorizationEndpoint": c.AuthorizationEndpoint, "TokenEndpoint": c.TokenEndpoint,
		"UserInfoEndpoint": c.UserInfoEndpoint, "ClientId": c.ClientId,
	}); err != nil {
		return a, err
	}
	keep := aws.ToBool(c.UseExistingClientSecret)
	switch {
	case c.ClientSecret != nil && keep:
		return a, invalid("ClientSecret and UseExistingClientSecret exclude each other")
	case c.ClientSecret == nil && !keep:
		return a, invalid("an authenticate-oidc action needs ClientSecret, or UseExistingClientSecret to keep the one it has")
	case keep:
		i := slices.IndexFunc(previous, func(p types.Action) bool { return p.AuthenticateOidcConfig != nil })
		if i < 0 {
			return a, invalid("UseExistingClientSecret was given, but the rule has no client secret yet")
		}
		c.ClientSecret = previous[i].AuthenticateOidcConfig.ClientSecret
	}
	c.UseExistingClientSecret = nil
	a.AuthenticateOidcConfig = &c
	return a, nil
}

func required(fields map[string]*string) error {
	names := make([]string, 0, len(fields))
	for name, value := range fields {
		if aws.ToString(value) == "" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return invalid("the action needs %s", names[0])
}

// readable returns the actions as a read shows them: without client secrets.
func readable(actions []types.Action) []types.Action {
	shown := slices.Clone(actions)
	for i, a := range shown {
		if a.AuthenticateOidcConfig == nil {
			continue
		}
		c := *a.AuthenticateOidcConfig
		c.ClientSecret = nil
		shown[i].AuthenticateOidcConfig = &c
	}
	return shown
}
