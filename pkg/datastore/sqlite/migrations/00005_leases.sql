-- +goose Up
CREATE TABLE leases (
  piped_id    TEXT    NOT NULL PRIMARY KEY,
  epoch       INTEGER NOT NULL,
  instance_id TEXT    NOT NULL,
  host        TEXT    NOT NULL,
  expires_at  INTEGER NOT NULL,
  released    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
