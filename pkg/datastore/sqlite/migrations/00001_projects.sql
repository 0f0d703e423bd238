-- +goose Up
CREATE TABLE projects (
  id         TEXT    NOT NULL PRIMARY KEY,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  document   TEXT    NOT NULL,
  version    INTEGER NOT NULL
) STRICT;
