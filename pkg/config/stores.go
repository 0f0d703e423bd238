package config

import (
	"strings"
)

// DatastoreType is where records are kept.
type DatastoreType string

// The datastores.
const (
	DatastoreSQLite DatastoreType = "SQLITE" // embedded; the default
	DatastoreMySQL  DatastoreType = "MYSQL"
)

func (DatastoreType) allowed() []string {
	return []string{string(DatastoreSQLite), string(DatastoreMySQL)}
}

// Datastore is the choice and settings of the datastore. The field of its type
// is set, the others are nil.
type Datastore struct {
	Type   DatastoreType
	SQLite *SQLite
	MySQL  *MySQL
}

// SQLite is the embedded datastore.
type SQLite struct {
	// Path of the database file. Defaults to a file in the data directory.
	Path string `yaml:"path,omitempty"`
}

// MySQL is a datastore on MySQL or MariaDB.
type MySQL struct {
	// URL is a data source name such as user:password@tcp(host:3306). With both
	// files given it is the address alone.
	URL Secret `yaml:"url" config:"required"`
	// Database is appended to the URL; without it the URL must contain one.
	Database string `yaml:"database,omitempty"`
	// UsernameFile and PasswordFile name files with the credentials; both or none.
	UsernameFile string `yaml:"usernameFile,omitempty" config:"file"`
	PasswordFile string `yaml:"passwordFile,omitempty" config:"secretfile"`
	// TLS protects the connection; without it the URL decides.
	TLS *MySQLTLS `yaml:"tls,omitempty"`
	// MaxConnections of one replica. Defaults to 32.
	MaxConnections int `yaml:"maxConnections,omitempty"`
}

// MySQLTLS is how the connection to the datastore is protected. Empty, it is
// checked against the system's certificates.
type MySQLTLS struct {
	CAFile     string `yaml:"caFile,omitempty" config:"file"`        // certificates that the server's must be signed by
	CertFile   string `yaml:"certFile,omitempty" config:"file"`      // this client's; with KeyFile or not at all
	KeyFile    string `yaml:"keyFile,omitempty" config:"secretfile"` // of CertFile
	ServerName string `yaml:"serverName,omitempty"`                  // in the server's certificate; defaults to the host of the URL
	SkipVerify bool   `yaml:"insecureSkipVerify,omitempty"`          // accepts any certificate
}

func (s *Datastore) decodeNode(d *document, n *node, path string) bool {
	raw, ok := decodeChoice(d, n, path, DatastoreSQLite)
	if !ok {
		return false
	}
	s.Type = raw.Type
	switch s.Type {
	case DatastoreMySQL:
		s.MySQL = configOf[MySQL](d, raw.Config, path)
		refuseEmptyTLS(d, raw.Config, path+".config.tls")
	case DatastoreSQLite:
		s.SQLite = configOf[SQLite](d, raw.Config, path)
	}
	return true
}

// refuseEmptyTLS refuses a key with nothing after it. Elsewhere that is as good as
// no key; here it would leave a connection unprotected that somebody meant to
// protect.
func refuseEmptyTLS(d *document, raw *node, path string) {
	if raw == nil {
		return
	}
	for _, e := range raw.entries {
		if e.key == "tls" && e.value.kind == kindNull {
			d.seen[path] = mark{key: e.at, value: e.value}
			d.Errorf(path, "is empty, which would leave the connection unprotected: write {} to check the server against the system's certificates, or leave tls out")
		}
	}
}

func (s *Datastore) finish(d *document, path string) {
	if !d.has(path) {
		s.Type, s.SQLite = DatastoreSQLite, &SQLite{}
	}
	if s.MySQL == nil {
		return
	}
	if s.MySQL.URL != "" && s.MySQL.Database == "" && !strings.Contains(s.MySQL.URL.Reveal(), "/") {
		d.Errorf(path+".config.database", "is required when the url does not contain one")
	}
	if s.MySQL.MaxConnections < 0 {
		d.Errorf(path+".config.maxConnections", "expected a number of connections, found %d", s.MySQL.MaxConnections)
	}
	if t := s.MySQL.TLS; t != nil && (t.CertFile == "") != (t.KeyFile == "") {
		d.Errorf(path+".config.tls", "expected certFile and keyFile together, found only one of them")
	}
	if hasUser, hasPass := s.MySQL.UsernameFile != "", s.MySQL.PasswordFile != ""; hasUser != hasPass {
		d.Errorf(path+".config", "expected usernameFile and passwordFile together, found only one of them")
	}
}

// FilestoreType is where blobs are kept.
type FilestoreType string

// The filestores.
const (
	FilestoreLocal FilestoreType = "LOCAL" // a directory; the default
	FilestoreMinIO FilestoreType = "MINIO"
	FilestoreS3    FilestoreType = "S3"
	FilestoreGCS   FilestoreType = "GCS"
)

func (FilestoreType) allowed() []string {
	return []string{string(FilestoreLocal), string(FilestoreMinIO), string(FilestoreS3), string(FilestoreGCS)}
}

// Filestore is the choice and settings of the filestore. The field of its type
// is set, the others are nil.
type Filestore struct {
	Type  FilestoreType
	Local *LocalFiles
	MinIO *MinIO
	S3    *S3
	GCS   *GCS
}

// LocalFiles is a filestore in a directory.
type LocalFiles struct {
	// Path of the directory. Defaults to one in the data directory.
	Path string `yaml:"path,omitempty"`
}

// MinIO is a filestore on MinIO or another S3-compatible store.
type MinIO struct {
	Endpoint         string `yaml:"endpoint" config:"required"` // an http or https URL
	Bucket           string `yaml:"bucket" config:"required"`
	AccessKeyFile    string `yaml:"accessKeyFile,omitempty" config:"secretfile"` // required, like SecretKeyFile
	SecretKeyFile    string `yaml:"secretKeyFile,omitempty" config:"secretfile"`
	AutoCreateBucket bool   `yaml:"autoCreateBucket,omitempty"` // defaults to false
}

// S3 is a filestore on Amazon S3.
type S3 struct {
	Bucket    string `yaml:"bucket" config:"required"`
	Region    string `yaml:"region,omitempty"`
	AWSAccess `yaml:",inline"`
}

// finish refuses half of a web identity: the control plane would go on as
// somebody else.
func (s *S3) finish(d *document, path string) {
	if s.RoleARN != "" && s.TokenFile == "" {
		d.Errorf(path+".roleARN", "expected tokenFile beside it: the role is assumed only with a web identity token")
	}
	if s.TokenFile != "" && s.RoleARN == "" {
		d.Errorf(path+".tokenFile", "expected roleARN beside it: the token is used only to assume a role")
	}
}

// GCS is a filestore on Google Cloud Storage.
type GCS struct {
	Bucket          string `yaml:"bucket" config:"required"`
	CredentialsFile string `yaml:"credentialsFile,omitempty" config:"secretfile"` // of a service account; defaults to the machine's own account
	AccessKeyFile   string `yaml:"accessKeyFile,omitempty" config:"secretfile"`   // of an HMAC key, in place of CredentialsFile; both files or none
	SecretKeyFile   string `yaml:"secretKeyFile,omitempty" config:"secretfile"`
}

func (s *Filestore) decodeNode(d *document, n *node, path string) bool {
	raw, ok := decodeChoice(d, n, path, FilestoreLocal)
	if !ok {
		return false
	}
	s.Type = raw.Type
	switch s.Type {
	case FilestoreLocal:
		s.Local = configOf[LocalFiles](d, raw.Config, path)
	case FilestoreMinIO:
		s.MinIO = configOf[MinIO](d, raw.Config, path)
	case FilestoreS3:
		s.S3 = configOf[S3](d, raw.Config, path)
	case FilestoreGCS:
		s.GCS = configOf[GCS](d, raw.Config, path)
	}
	return true
}

func (s *Filestore) finish(d *document, path string) {
	if !d.has(path) {
		s.Type, s.Local = FilestoreLocal, &LocalFiles{}
	}
	if s.S3 != nil {
		s.S3.finish(d, path+".config")
	}
	if m := s.MinIO; m != nil {
		togetherKeys(d, path+".config", m.AccessKeyFile, m.SecretKeyFile)
		if m.AccessKeyFile == "" && m.SecretKeyFile == "" {
			d.Errorf(path+".config", "expected accessKeyFile and secretKeyFile, the files with the keys of the store, found neither")
		}
	}
	if s.GCS != nil {
		togetherKeys(d, path+".config", s.GCS.AccessKeyFile, s.GCS.SecretKeyFile)
		if s.GCS.CredentialsFile != "" && s.GCS.AccessKeyFile != "" {
			d.Errorf(path+".config", "expected credentialsFile or the two key files, found both")
		}
	}
	if s.MinIO != nil && s.MinIO.Endpoint != "" && !isWebURL(s.MinIO.Endpoint) {
		d.Errorf(path+".config.endpoint", "expected a URL that begins with http:// or https://, found %s", quote(s.MinIO.Endpoint))
	}
}

// togetherKeys refuses one key file without the other.
func togetherKeys(d *document, path, access, secret string) {
	if (access == "") != (secret == "") {
		d.Errorf(path, "expected accessKeyFile and secretKeyFile together, found only one of them")
	}
}
