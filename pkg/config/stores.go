package config

import (
	"reflect"
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
	UsernameFile string `yaml:"usernameFile,omitempty"`
	PasswordFile string `yaml:"passwordFile,omitempty"`
}

// typedConfig is how a choice with settings stands in a document.
type typedConfig[T ~string] struct {
	Type   T     `yaml:"type"`
	Config *node `yaml:"config"`
}

func (s *Datastore) decodeNode(d *document, n *node, path string) bool {
	var raw typedConfig[DatastoreType]
	if !d.decode(n, reflect.ValueOf(&raw).Elem(), path) {
		return false
	}
	if d.has(path+".type") && raw.Type == "" {
		return true // not one that is allowed; reported
	}
	s.Type = raw.Type
	stringDefault(&s.Type, DatastoreSQLite)
	switch s.Type {
	case DatastoreMySQL:
		s.MySQL = &MySQL{}
		decodeTyped(d, raw.Config, s.MySQL, path+".config")
	case DatastoreSQLite:
		s.SQLite = &SQLite{}
		decodeTyped(d, raw.Config, s.SQLite, path+".config")
	}
	return true
}

func (s *Datastore) finish(d *document, path string) {
	if !d.has(path) {
		s.Type, s.SQLite = DatastoreSQLite, &SQLite{}
	}
	if s.MySQL == nil {
		return
	}
	if s.MySQL.URL != "" && s.MySQL.Database == "" && !strings.Contains(s.MySQL.URL.Reveal(), "/") {
		d.errorf(path+".config.database", "is required when the url does not contain one")
	}
	if hasUser, hasPass := s.MySQL.UsernameFile != "", s.MySQL.PasswordFile != ""; hasUser != hasPass {
		d.errorf(path+".config", "expected usernameFile and passwordFile together, found only one of them")
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
	AccessKeyFile    string `yaml:"accessKeyFile,omitempty"`
	SecretKeyFile    string `yaml:"secretKeyFile,omitempty"`
	AutoCreateBucket bool   `yaml:"autoCreateBucket,omitempty"` // defaults to false
}

// S3 is a filestore on Amazon S3. Without a file or role the standard
// credential chain is used.
type S3 struct {
	Bucket          string `yaml:"bucket" config:"required"`
	Region          string `yaml:"region,omitempty"`
	Profile         string `yaml:"profile,omitempty"`
	CredentialsFile string `yaml:"credentialsFile,omitempty"`
	RoleARN         string `yaml:"roleARN,omitempty"`
	TokenFile       string `yaml:"tokenFile,omitempty"`
}

// GCS is a filestore on Google Cloud Storage.
type GCS struct {
	Bucket          string `yaml:"bucket" config:"required"`
	CredentialsFile string `yaml:"credentialsFile,omitempty"`
}

func (s *Filestore) decodeNode(d *document, n *node, path string) bool {
	var raw typedConfig[FilestoreType]
	if !d.decode(n, reflect.ValueOf(&raw).Elem(), path) {
		return false
	}
	if d.has(path+".type") && raw.Type == "" {
		return true // not one that is allowed; reported
	}
	s.Type = raw.Type
	stringDefault(&s.Type, FilestoreLocal)
	path += ".config"
	switch s.Type {
	case FilestoreLocal:
		s.Local = &LocalFiles{}
		decodeTyped(d, raw.Config, s.Local, path)
	case FilestoreMinIO:
		s.MinIO = &MinIO{}
		decodeTyped(d, raw.Config, s.MinIO, path)
	case FilestoreS3:
		s.S3 = &S3{}
		decodeTyped(d, raw.Config, s.S3, path)
	case FilestoreGCS:
		s.GCS = &GCS{}
		decodeTyped(d, raw.Config, s.GCS, path)
	}
	return true
}

func (s *Filestore) finish(d *document, path string) {
	if !d.has(path) {
		s.Type, s.Local = FilestoreLocal, &LocalFiles{}
	}
	if s.MinIO != nil && s.MinIO.Endpoint != "" && !isWebURL(s.MinIO.Endpoint) {
		d.errorf(path+".config.endpoint", "expected a URL that begins with http:// or https://, found %s", quote(s.MinIO.Endpoint))
	}
}
