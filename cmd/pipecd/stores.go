package main

import (
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

// stores is where the state is.
type stores struct {
	data  datastore.Store
	files filestore.Store
	// shared says that other servers may use the same datastore.
	shared bool
}

func (s stores) close() error { return errors.Join(s.data.Close(), s.files.Close()) }

// openStores opens what the configuration names; dir is for what it does not.
func openStores(ctx context.Context, cfg *config.ControlPlane, dir string, logger *slog.Logger) (stores, error) {
	data, err := openData(ctx, cfg.Datastore, dir, logger)
	if err != nil {
		return stores{}, err
	}
	files, err := openFiles(ctx, cfg.Filestore, dir)
	if err != nil {
		return stores{}, errors.Join(err, data.Close())
	}
	return stores{data: data, files: files, shared: cfg.Datastore.Type == config.DatastoreMySQL}, nil
}

func openData(ctx context.Context, d config.Datastore, dir string, logger *slog.Logger) (datastore.Store, error) {
	switch d.Type {
	case config.DatastoreMySQL:
		store, err := mysql.Open(ctx, mysqlOptions(d.MySQL, logger))
		return store, misconfigured(err)
	case config.DatastoreSQLite:
		store, err := sqlite.Open(ctx, sqlite.Options{Path: databasePath(dir, d.SQLite.Path), Logger: logger})
		return store, misconfigured(err)
	default:
		return nil, model.Errorf(model.CodeInvalid, "the datastore %s is not known", d.Type)
	}
}

func mysqlOptions(m *config.MySQL, logger *slog.Logger) mysql.Options {
	o := mysql.Options{
		URL: m.URL.Reveal(), Database: m.Database, UsernameFile: m.UsernameFile, PasswordFile: m.PasswordFile,
		MaxConnections: m.MaxConnections, Logger: logger,
	}
	if t := m.TLS; t != nil {
		o.TLS = &mysql.TLS{CAFile: t.CAFile, CertFile: t.CertFile, KeyFile: t.KeyFile, ServerName: t.ServerName, SkipVerify: t.SkipVerify}
	}
	return o
}

func openFiles(ctx context.Context, f config.Filestore, dir string) (filestore.Store, error) {
	switch f.Type {
	case config.FilestoreLocal:
		path := f.Local.Path
		if path == "" {
			path = filepath.Join(dir, filesName)
		}
		store, err := local.Open(path)
		return store, misconfigured(err)
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
		return nil, misconfigured(err)
	}
	return s, nil
}

// misconfigured makes settings that cannot work an error about the
// configuration.
func misconfigured(err error) error {
	if model.CodeOf(err) == model.CodeInvalid {
		return usagef("%s", err)
	}
	return err
}
