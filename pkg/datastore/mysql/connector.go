package mysql

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql/driver"
	"errors"
	"fmt"
	"log"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"pipecd/pkg/model"
)

const (
	dialTimeout = 10 * time.Second
	// A server that says nothing for this long is taken for dead. It is longer than any statement of ours needs.
	ioTimeout = time.Minute
)

// TLS is how the connection to the server is protected.
type TLS struct {
	// CAFile has the certificates the server's must be signed by; "" for the system's.
	CAFile string
	// CertFile and KeyFile are this client's certificate; both or none.
	CertFile, KeyFile string
	// ServerName is the name in the server's certificate; "" for the host in the address.
	ServerName string
	// SkipVerify accepts any certificate: the connection is encrypted, and nobody knows with whom.
	SkipVerify bool
}

// connector opens connections with the session settings that package sqldb needs.
type connector struct {
	driver.Connector

	place string // for sentences: "the database pipecd at mysql:3306"
}

// newConnector reads the settings. The error is model.CodeInvalid; it never has the password.
func newConnector(ctx context.Context, o Options) (*connector, error) {
	config, err := o.config()
	if err != nil {
		return nil, err
	}
	// What the server sends and how: not for the URL to decide.
	config.ClientFoundRows, config.InterpolateParams, config.ParseTime, config.MultiStatements = true, true, true, false
	config.Loc, config.MaxAllowedPacket, config.RejectReadOnly = time.UTC, 0, true
	config.Logger = log.New(quiet{}, "", 0) // what goes wrong comes back as an error
	config.Timeout, config.ReadTimeout, config.WriteTimeout = dialTimeout, ioTimeout, ioTimeout
	config.Params = map[string]string{"sql_mode": "'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'"}
	for _, apply := range []mysql.Option{mysql.Charset("utf8mb4", "utf8mb4_bin"), mysql.BeforeConnect(o.credentials)} {
		if err := config.Apply(apply); err != nil {
			return nil, model.Wrap(model.CodeInternal, err, "preparing the connection to the database")
		}
	}
	if err := o.credentials(ctx, config); err != nil { // see now that the files can be read
		return nil, err
	}
	inner, err := mysql.NewConnector(config)
	if err != nil {
		return nil, model.Errorf(model.CodeInvalid, "the settings of the database at %s cannot be used: %w", config.Addr, err)
	}
	return &connector{inner, fmt.Sprintf("the database %s at %s", config.DBName, config.Addr)}, nil
}

// config returns what URL, database and TLS settings say.
func (o Options) config() (*mysql.Config, error) {
	if o.UsernameFile != "" && o.PasswordFile != "" {
		address, query, _ := strings.Cut(o.URL, "?")
		address, database, _ := strings.Cut(address, "/")
		if query != "" {
			query = "?" + query
		}
		if !strings.Contains(address, "(") {
			address = "tcp(" + address + ")"
		}
		o.URL = address + "/" + database + query
	}
	if !strings.Contains(o.URL, "/") {
		o.URL += "/"
	}
	config, err := mysql.ParseDSN(o.URL)
	if err != nil { // whose text may quote the URL, and with it a password
		return nil, model.Errorf(model.CodeInvalid,
			"the url of the database is no data source name such as user:password@tcp(host:3306)/database; an address alone, such as host:3306, needs usernameFile and passwordFile")
	}
	if err := o.refuseIgnored(config); err != nil {
		return nil, err
	}
	if o.Database != "" {
		config.DBName = o.Database
	}
	if config.DBName == "" {
		return nil, model.Errorf(model.CodeInvalid, "the database at %s has no name: set config.database of the datastore", config.Addr)
	}
	if o.TLS != nil {
		if config.TLS, err = o.TLS.load(config.Addr); err != nil {
			return nil, err
		}
	}
	return config, nil
}

// refuseIgnored refuses what the URL says and nobody would heed.
func (o Options) refuseIgnored(config *mysql.Config) error {
	if len(config.Params) > 0 { // what the driver does not know, it sends as variables of the session
		return model.Errorf(model.CodeInvalid, "the url of the database has parameters that are unknown or not for it to set: %s; remove them",
			strings.Join(slices.Sorted(maps.Keys(config.Params)), ", "))
	}
	if o.TLS != nil && config.TLSConfig != "" {
		return model.Errorf(model.CodeInvalid, "the url of the database says tls=%s beside config.tls of the datastore; remove it from the url", config.TLSConfig)
	}
	return nil
}

// credentials reads the files, for every connection anew. Line ends at the end are not part of them.
func (o Options) credentials(_ context.Context, config *mysql.Config) error {
	for _, file := range []struct {
		name string
		into *string
	}{{o.UsernameFile, &config.User}, {o.PasswordFile, &config.Passwd}} {
		if file.name == "" {
			continue
		}
		content, err := os.ReadFile(file.name)
		if err != nil {
			return model.Wrap(model.CodeInvalid, err, "reading the credentials of the database")
		}
		*file.into = strings.TrimRight(string(content), "\r\n")
	}
	return nil
}

func (t *TLS) load(address string) (*tls.Config, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	if t.ServerName != "" {
		host = t.ServerName
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host, InsecureSkipVerify: t.SkipVerify} //nolint:gosec // asked for in the configuration
	if t.CAFile != "" {
		content, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, model.Wrap(model.CodeInvalid, err, "reading the certificates of the database")
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(content) {
			return nil, model.Errorf(model.CodeInvalid, "the file %s has no certificate in PEM", t.CAFile)
		}
	}
	if t.CertFile != "" || t.KeyFile != "" {
		pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return nil, model.Wrap(model.CodeInvalid, err, "reading this client's certificate for the database")
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// Connect opens one connection and sets it up.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	executor, ok := conn.(driver.ExecerContext)
	if !ok {
		return nil, errors.Join(model.Errorf(model.CodeInternal, "the database driver cannot run a statement"), conn.Close())
	}
	if _, err := executor.ExecContext(ctx, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", nil); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// The servers' answers to an account they do not let in.
const (
	errAccessDenied         = 1045
	errDatabaseAccessDenied = 1044
	errUnknownDatabase      = 1049
)

// explain says in words why the first connection failed.
func (c *connector) explain(ctx context.Context, err error) error {
	doing := "connecting to " + c.place
	if own, ok := errors.AsType[*model.Error](err); ok {
		return own
	}
	answer, _ := errors.AsType[*mysql.MySQLError](err)
	certificate, _ := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case ctx.Err() != nil:
		return model.Wrap(model.CodeUnavailable, context.Cause(ctx), doing)
	case certificate != nil:
		return model.Wrap(model.CodeInvalid, err, doing+": its certificate is not trusted; set config.tls.caFile (or serverName) of the datastore")
	case answer == nil:
		return model.Wrap(model.CodeUnavailable, err, doing+": it does not answer; see that it runs and that its address is right")
	case answer.Number == errAccessDenied, answer.Number == errDatabaseAccessDenied:
		return model.Wrap(model.CodePermissionDenied, err, doing+": the server refuses the account; see that name and password are right and that it has all rights on the database")
	case answer.Number == errUnknownDatabase:
		return model.Wrap(model.CodeInvalid, err, doing+": the database does not exist; create it with CREATE DATABASE")
	default:
		return model.Wrap(model.CodeUnavailable, err, doing)
	}
}

// quiet swallows the driver's own log.
type quiet struct{}

func (quiet) Write(p []byte) (int, error) { return len(p), nil }
