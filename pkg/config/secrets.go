package config

// SecretManagementType is how secrets in repositories are encrypted.
type SecretManagementType string

// The ways of encryption.
const (
	SecretKeyPair SecretManagementType = "KEY_PAIR"
	SecretGCPKMS  SecretManagementType = "GCP_KMS"
)

func (SecretManagementType) allowed() []string {
	return []string{string(SecretKeyPair), string(SecretGCPKMS)}
}

// SecretManagement is how secrets in repositories are encrypted. The field of
// its type is set, the other is nil.
type SecretManagement struct {
	Type    SecretManagementType
	KeyPair *KeyPair
	GCPKMS  *GCPKMS
}

// KeyPair is an RSA key pair. Of each key exactly one of file and data (base64)
// is given.
type KeyPair struct {
	PrivateKeyFile string `yaml:"privateKeyFile,omitempty"`
	PrivateKeyData Secret `yaml:"privateKeyData,omitempty"`
	PublicKeyFile  string `yaml:"publicKeyFile,omitempty"`
	PublicKeyData  string `yaml:"publicKeyData,omitempty"`
}

// GCPKMS is a key of Google Cloud KMS.
type GCPKMS struct {
	KeyName                   string `yaml:"keyName" config:"required"`
	DecryptServiceAccountFile string `yaml:"decryptServiceAccountFile,omitempty"`
	EncryptServiceAccountFile string `yaml:"encryptServiceAccountFile,omitempty"`
}

func (s *SecretManagement) decodeNode(d *document, n *node, path string) bool {
	raw, ok := decodeChoice[SecretManagementType](d, n, path, "")
	if !ok {
		return false
	}
	s.Type = raw.Type
	switch s.Type {
	case SecretKeyPair:
		s.KeyPair = configOf[KeyPair](d, raw.Config, path)
		s.KeyPair.finish(d, path+".config")
	case SecretGCPKMS:
		s.GCPKMS = configOf[GCPKMS](d, raw.Config, path)
	}
	return true
}

func (k *KeyPair) finish(d *document, path string) {
	d.exactlyOne(path, "privateKeyFile", "privateKeyData")
	d.exactlyOne(path, "publicKeyFile", "publicKeyData")
	d.base64(path+".privateKeyData", k.PrivateKeyData)
	d.base64(path+".publicKeyData", Secret(k.PublicKeyData))
}
