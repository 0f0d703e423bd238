// Package stores opens the datastore and the filestore that a configuration file
// names.
package stores

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"path/filepath"

	"pipecd/pkg/config"
	"pipecd/pkg/datastore"
	"pipecd/pkg/datastore/mysql"
	"pipecd/pkg/datastore/sqlite"
	"pipecd/pkg/filestore"
	"pipecd/pkg/filestore/local"
	"pipecd/pkg/filestore/objectstore"
	"pipecd/pkg/model"
)

// What is in a data directory.
const (
	DatabaseName = "pipecd.db"
	FilesName    = "files"
)

// Stores is where the state is.
type Stores struct {
	Data  datastore.Store
	Files filestore.Store

	// Shared says that other servers may use the same datastore.
	Shared bool
}

// Close closes both.
func (s Stores) Close() error { return errors.Join(s.Data.Close(), s.Files.Close()) }

// Open opens what the configuration names; dir is for what it does not. The error
// is model.CodeInvalid when the settings cannot work.
func Open(ctx context.Context, cfg *config.ControlPlane, dir string, logger *slog.Logger) (Stores, error) {
	data, err := OpenData(ctx, cfg.Datastore, dir, logger)
	if err != nil {
		return Stores{}, err
	}
	files, err := OpenFiles(ctx, cfg.Filestore, dir)
	if err != nil {
		return Stores{}, errors.Join(err, data.Close())
	}
	return Stores{Data: data, Files: files, Shared: cfg.Datastore.Type == config.DatastoreMySQL}, nil
}

// OpenData opens the datastore and brings its tables up to date.
func OpenData(ctx context.Context, d config.Datastore, dir string, logger *slog.Logger) (datastore.Store, error) {
	switch d.Type {
	case config.DatastoreMySQL:
		return mysql.Open(ctx, MySQLOptions(d.MySQL, logger))
	case config.DatastoreSQLite:
		return sqlite.Open(ctx, sqlite.Options{Path: DatabasePath(dir, d.SQLite.Path), Logger: logger})
	default:
		return nil, model.Errorf(model.CodeInvalid, "the datastore %s is not known", d.Type)
	}
}

// MySQLOptions returns the settings of a datastore on MySQL.
func MySQLOptions(m *config.MySQL, logger *slog.Logger) mysql.Options {
	o := mysql.Options{
		URL: m.URL.Reveal(), Database: m.Database, UsernameFile: m.UsernameFile, PasswordFile: m.PasswordFile,
		MaxConnections: m.MaxConnections, Logger: logger,
	}
	if t := m.TLS; t != nil {
		o.TLS = &mysql.TLS{CAFile: t.CAFile, CertFile: t.CertFile, KeyFile: t.KeyFile, ServerName: t.ServerName, SkipVerify: t.SkipVerify}
	}
	return o
}

// OpenFiles opens the filestore.
func OpenFiles(ctx context.Context, f config.Filestore, dir string) (filestore.Store, error) {
	switch f.Type {
	case config.FilestoreLocal:
		path := f.Local.Path
		if path == "" {
			path = filepath.Join(dir, FilesName)
		}
		return local.Open(path)
	case config.FilestoreMinIO:
		m := f.MinIO
		return opened(objectstore.OpenMinIO(ctx, objectstore.MinIO{
			Endpoint: m.Endpoint, Bucket: m.Bucket, AccessKeyFile: m.AccessKeyFile, SecretKeyFile: m.SecretKeyFile, CreateBucket: m.AutoCreateBucket,
		}))
	case config.FilestoreS3:
		s := f.S3
		return opened(objectstore.OpenS3(ctx, objectstore.S3{
			Bucket: s.Bucket, Region: s.Region, Profile: s.Profile, CredentialsFile: s.CredentialsFile, RoleARN: s.RoleARN, TokenFile: s.TokenFile,
		}))
	case config.FilestoreGCS:
		g := f.GCS
		return opened(objectstore.OpenGCS(ctx, objectstore.GCS{
			Bucket: g.Bucket, CredentialsFile: g.CredentialsFile, AccessKeyFile: g.AccessKeyFile, SecretKeyFile: g.SecretKeyFile,
		}))
	default:
		return nil, model.Errorf(model.CodeInvalid, "the filestore %s is not known", f.Type)
	}
}

// opened keeps a store that is nil from becoming an interface that is not.
func opened(s *objectstore.Store, err error) (filestore.Store, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// DatabasePath is the SQLite file: the one at path, or that in the data
// directory.
func DatabasePath(dir, path string) string { return cmp.Or(path, filepath.Join(dir, DatabaseName)) }

// Projects returns the projects of the configuration file.
func Projects(cfg *config.ControlPlane) []*model.Project {
	out := make([]*model.Project, 0, len(cfg.Projects))
	for _, p := range cfg.Projects {
		project := &model.Project{ID: p.ID, Description: p.Desc}
		if a := p.StaticAdmin; a != nil {
			project.StaticAdmin = &model.StaticAdmin{Username: a.Username, PasswordHash: a.PasswordHash.Reveal()}
		}
		out = append(out, project)
	}
	return out
}
