-- +goose Up
CREATE TABLE deployment_chains (
  id         TEXT    NOT NULL PRIMARY KEY,
  project_id TEXT    NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  document   TEXT    NOT NULL,
  version    INTEGER NOT NULL
) STRICT;
