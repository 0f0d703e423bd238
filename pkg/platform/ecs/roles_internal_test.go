package ecs

import (
	"net/url"
	"testing"
)

func TestAssumable(t *testing.T) {
	t.Parallel()
	for policy, want := range map[string]bool{
		`{"Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"}}]}`:                     true,
		`{"Statement":{"Effect":"Allow","Principal":{"Service":["ec2.amazonaws.com","ecs-tasks.amazonaws.com"]}}}`: true,
		`{"Statement":[{"Effect":"Allow","Principal":"*"}]}`:                                                       true,
		`{"Statement":[{"Effect":"Deny","Principal":{"Service":"ecs-tasks.amazonaws.com"}}]}`:                      false,
		`{"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"}}]}`:                  false,
		`{"Statement":[{"Effect":"Allow","Principal":{"Service":"ecs.amazonaws.com"}}]}`:                           false,
		`{"Statement":[]}`: false,
		`no policy`:        true,
		``:                 true,
	} {
		if got := assumable(url.QueryEscape(policy)); got != want {
			t.Errorf("%s: %t", policy, got)
		}
	}
	if !assumable("%zz") {
		t.Error("what cannot be read is a no")
	}
}

func TestParseECR(t *testing.T) {
	t.Parallel()
	for image, want := range map[string]ecrImage{
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop":                 {"123456789012", "eu-west-1", "shop", "", ""},
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/shop:v1":         {"123456789012", "eu-west-1", "team/shop", "v1", ""},
		"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/shop:v1":          {"123456789012", "cn-north-1", "shop", "v1", ""},
		"123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com/shop:latest": {"123456789012", "us-gov-west-1", "shop", "latest", ""},
		"123456789012.dkr-ecr.eu-west-1.on.aws/shop:v1":                     {"123456789012", "eu-west-1", "shop", "v1", ""},
	} {
		if got, ok := parseECR(image); !ok || got != want {
			t.Errorf("%s: %+v %t", image, got, ok)
		}
	}
	for _, image := range []string{
		"", "shop", "example.com/shop:v1", "123.dkr.ecr.eu-west-1.amazonaws.com/shop", "123456789012.dkr.ecr.eu-west-1.amazonaws.com.example.com/shop",
		"example.com/123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop:v1",
	} {
		if got, ok := parseECR(image); ok {
			t.Errorf("%s: %+v", image, got)
		}
	}
}
