package realservers

import (
	"os"
	"path/filepath"
)

// KeyFiles writes the keys of a MinIO of ours into files below dir.
func KeyFiles(dir string) (access, secret string, err error) {
	const private = 0o600
	access, secret = filepath.Join(dir, "minio-access-key"), filepath.Join(dir, "minio-secret-key")
	if err := os.WriteFile(access, []byte(MinIOAccessKey+"\n"), private); err != nil {
		return "", "", err
	}
	return access, secret, os.WriteFile(secret, []byte(MinIOSecretKey+"\n"), private)
}
