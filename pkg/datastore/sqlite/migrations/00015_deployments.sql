-- +goose Up
CREATE TABLE deployments (
  id               TEXT    NOT NULL PRIMARY KEY,
  project_id       TEXT    NOT NULL,
  piped_id         TEXT    NOT NULL,
  application_id   TEXT    NOT NULL,
  application_name TEXT    NOT NULL,
  status           INTEGER NOT NULL,
  completed        INTEGER NOT NULL,
  created_at       INTEGER NOT NULL,
  updated_at       INTEGER NOT NULL,
  document         TEXT    NOT NULL,
  version          INTEGER NOT NULL
) STRICT;
