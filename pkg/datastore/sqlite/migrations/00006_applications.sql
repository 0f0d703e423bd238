-- +goose Up
CREATE TABLE applications (
  id          TEXT    NOT NULL PRIMARY KEY,
  project_id  TEXT    NOT NULL,
  piped_id    TEXT    NOT NULL,
  name        TEXT    NOT NULL,
  sync_status INTEGER NOT NULL,
  disabled    INTEGER NOT NULL,
  deleted     INTEGER NOT NULL,
  place       TEXT,
  created_at  INTEGER NOT NULL,
  updated_at  INTEGER NOT NULL,
  document    TEXT    NOT NULL,
  version     INTEGER NOT NULL
) STRICT;
