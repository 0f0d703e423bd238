-- +goose Up
CREATE TABLE events (
  id         TEXT    NOT NULL PRIMARY KEY,
  project_id TEXT    NOT NULL,
  event_key  TEXT    NOT NULL,
  status     INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  document   TEXT    NOT NULL,
  version    INTEGER NOT NULL
) STRICT;
